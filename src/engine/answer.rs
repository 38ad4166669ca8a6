//! An answer that may not have come.

use std::fmt;

use crate::diagnostic::{Code, Finding};

/// What was asked, or why it is not known. There is deliberately no default: whoever uses an answer
/// says what shall happen when there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Answer<T> {
    Known(T),
    /// The reason, as a clause without a final stop.
    Unknown(String),
}

/// In every reason that is not about an engine that is away.
pub const NOT_UNDERSTOOD: &str = "the engine's answer is not understood";

impl<T> Answer<T> {
    pub fn unknown(reason: impl fmt::Display) -> Self {
        Self::Unknown(reason.to_string())
    }

    /// The engine has answered, and this of it is not what it was asked for.
    pub fn not_understood(what: impl fmt::Display) -> Self {
        Self::Unknown(format!("{NOT_UNDERSTOOD}: {what}"))
    }

    /// The answer of a computation that stops at the first thing that is not known.
    pub fn trying(work: impl FnOnce() -> Result<T, String>) -> Self {
        work().into()
    }

    pub fn is_known(&self) -> bool {
        matches!(self, Self::Known(_))
    }

    pub fn known(self) -> Option<T> {
        self.into_result().ok()
    }

    /// Why it is not known.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Known(_) => None,
            Self::Unknown(reason) => Some(reason),
        }
    }

    pub fn as_ref(&self) -> Answer<&T> {
        match self {
            Self::Known(value) => Answer::Known(value),
            Self::Unknown(reason) => Answer::Unknown(reason.clone()),
        }
    }

    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Answer<U> {
        self.and_then(|value| Answer::Known(change(value)))
    }

    pub fn and_then<U>(self, next: impl FnOnce(T) -> Answer<U>) -> Answer<U> {
        match self {
            Self::Known(value) => next(value),
            Self::Unknown(reason) => Answer::Unknown(reason),
        }
    }

    /// Puts what was asked in front of the reason: "cannot list containers: no answer within 10 s".
    pub fn context(self, question: impl fmt::Display) -> Self {
        match self {
            Self::Unknown(reason) => Self::Unknown(format!("{question}: {reason}")),
            known @ Self::Known(_) => known,
        }
    }

    /// For `?`; the error is the reason.
    pub fn into_result(self) -> Result<T, String> {
        match self {
            Self::Known(value) => Ok(value),
            Self::Unknown(reason) => Err(reason),
        }
    }
}

/// What there is to say where an answer did not come, or is not what was asked for.
pub fn unanswered(message: impl Into<String>) -> Finding {
    let message = message.into();
    let code = if message.contains(NOT_UNDERSTOOD) { Code::EngineAnswer } else { Code::EngineUnavailable };
    let help = super::trouble::remedy(&message).unwrap_or(code.remedy());
    Finding::error(code, message).help(help)
}

/// The finding for a client that cannot be run. `reason` is a clause without a final stop.
pub fn no_client(reason: String) -> Finding {
    let help = super::trouble::remedy(&reason).unwrap_or(Code::ComposeUnavailable.remedy());
    Finding::error(Code::ComposeUnavailable, reason).help(help)
}

impl<T, E: fmt::Display> From<Result<T, E>> for Answer<T> {
    fn from(result: Result<T, E>) -> Self {
        match result {
            Ok(value) => Self::Known(value),
            Err(error) => Self::unknown(error),
        }
    }
}

/// All of them, or the first reason.
impl<T> FromIterator<Answer<T>> for Answer<Vec<T>> {
    fn from_iter<I: IntoIterator<Item = Answer<T>>>(answers: I) -> Self {
        answers.into_iter().map(Answer::into_result).collect::<Result<Vec<T>, String>>().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_stays_so_through_every_step() {
        let unknown: Answer<u32> = Answer::unknown("no answer within 10 s");
        let later = unknown.map(|value| value + 1).and_then(Answer::Known).context("cannot list containers");
        assert_eq!(later.reason(), Some("cannot list containers: no answer within 10 s"));
        assert_eq!(later.known(), None);
    }

    #[test]
    fn one_missing_answer_makes_the_whole_unknown() {
        let all: Answer<Vec<u32>> =
            [Answer::Known(1), Answer::unknown("x"), Answer::Known(3)].into_iter().collect();
        assert_eq!(all, Answer::unknown("x"));
        let all: Answer<Vec<u32>> = [Answer::Known(1), Answer::Known(3)].into_iter().collect();
        assert_eq!(all, Answer::Known(vec![1, 3]));
    }
}

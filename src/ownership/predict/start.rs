//! What a service's first program does about its user, as far as its image shows that.

use super::{Question, Subject, entry, switch};
use crate::engine::Answer;
use crate::yaml::Node;

/// How a service begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Start {
    /// Under s6, which needs root until its services run.
    Supervised,
    /// By becoming another user.
    Switches {
        /// The program that does it.
        by: &'static str,
        /// To whom, as written; `None` where a variable says it.
        account: Option<String>,
        /// Whether it leaves that out where it is not root.
        asks: bool,
        /// The script, or "its command".
        place: String,
    },
    /// Nothing that is text says that it becomes another user.
    Plain,
}

impl Start {
    /// Whether it works for a user who is not root.
    pub fn needs_root(&self) -> bool {
        match self {
            Self::Supervised => true,
            Self::Switches { asks, .. } => !asks,
            Self::Plain => false,
        }
    }
}

/// Whether a script is the one with which s6-overlay begins.
pub(super) fn is_supervisor(path: &str, text: &str) -> bool {
    path == "/init" && text.contains("s6")
}

/// Looks at what a service runs first; unknown, with the reason, until its image is there.
pub fn start(question: &Question<'_>, name: &str, service: &Node) -> Answer<Start> {
    let Some(subject) = Subject::of(question, name, service) else {
        return Answer::unknown("it has no container");
    };
    let (entrypoint, command) = subject.words();
    let all: Vec<String> = entrypoint.into_iter().chain(command).collect();
    let found = |found: switch::Switch, place: &str| Start::Switches {
        by: found.by,
        account: found.account,
        asks: found.asks,
        place: place.to_owned(),
    };
    let in_words = switch::of_words(&all).or_else(|| switch::of_script(entry::script(&all)?));
    if let Some(switch) = in_words {
        return Answer::Known(found(switch, "its command"));
    }
    question.images.inspect(&subject.image_name).and_then(|_| {
        entry::look(&subject, question.images).map(|looked| {
            let mut scripts = looked.scripts();
            scripts
                .find_map(|(path, text)| {
                    if is_supervisor(path, &text) {
                        return Some(Start::Supervised);
                    }
                    switch::of_script(&text).map(|switch| found(switch, path))
                })
                .unwrap_or(Start::Plain)
        })
    })
}

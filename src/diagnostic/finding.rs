use crate::source::{Origin, Span};

use super::Code;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing; changes nothing.
    Note,
    Warning,
    /// Stops a launch.
    Error,
}

/// A place in an input and what is to be said of it.
#[derive(Clone, Debug)]
pub struct Label {
    pub span: Span,
    pub text: String,
}

/// One thing that is wrong.
#[derive(Clone, Debug)]
pub struct Finding {
    pub code: Code,
    pub severity: Severity,
    /// One sentence, without a final stop where it quotes Compose.
    pub message: String,
    /// The first one is the place where it is wrong; others explain.
    pub labels: Vec<Label>,
    /// What to do.
    pub help: Option<String>,
    /// What programs and groups of findings know it by.
    pub about: Option<Box<About>>,
}

/// The parts of a finding about the posture or a service, beside its text.
#[derive(Clone, Debug, Default)]
pub struct About {
    /// The service that it is about. The message names it as `services.NAME` or ``service `NAME` ``.
    pub service: Option<String>,
    /// The rule of the catalogue that is broken.
    pub rule: Option<&'static str>,
    /// The line of the policy that demands what does not hold: the same for many findings.
    pub demanded: Option<Label>,
    /// The stricter posture that would refuse it, where a policy only warns of that.
    pub ahead: Option<&'static str>,
    /// The waiver that would allow it.
    pub waiver: Option<Waivable>,
}

/// A waiver of the rule that a finding is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waivable {
    /// A service's name, or `*`.
    pub service: String,
    /// The values to allow; none for a rule about one setting that is there or not.
    pub allow: Vec<String>,
}

impl Finding {
    pub fn error(code: Code, message: impl Into<String>) -> Self {
        Self::new(Severity::Error, code, message)
    }

    pub fn warning(code: Code, message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, code, message)
    }

    pub fn note(code: Code, message: impl Into<String>) -> Self {
        Self::new(Severity::Note, code, message)
    }

    fn new(severity: Severity, code: Code, message: impl Into<String>) -> Self {
        Self { code, severity, message: message.into(), labels: Vec::new(), help: None, about: None }
    }

    /// Points at a place.
    #[must_use]
    pub fn at(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label { span, text: text.into() });
        self
    }

    /// Points at where a value was written, if it was written in a file.
    #[must_use]
    pub fn at_origin(self, origin: Origin, text: impl Into<String>) -> Self {
        match origin.span() {
            Some(span) => self.at(span, text),
            None => self,
        }
    }

    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help = Some(text.into());
        self
    }

    /// Names the service that it is about, so that the same fault of many services is one message.
    #[must_use]
    pub fn of_service(mut self, name: impl Into<String>) -> Self {
        self.about_mut().service = Some(name.into());
        self
    }

    /// Names the rule that is broken, the place that demands it, and the waiver that would allow it.
    #[must_use]
    pub fn of_rule(
        mut self,
        rule: &'static str,
        by: Origin,
        text: impl Into<String>,
        waiver: Waivable,
    ) -> Self {
        let about = self.about_mut();
        about.rule = Some(rule);
        about.demanded = by.span().map(|span| Label { span, text: text.into() });
        about.waiver = Some(waiver);
        self
    }

    /// Says that only a stricter posture would refuse it.
    #[must_use]
    pub fn ahead_of(mut self, posture: &'static str) -> Self {
        self.about_mut().ahead = Some(posture);
        self
    }

    /// The stricter posture that would refuse it, where a policy only warns of that.
    pub fn ahead(&self) -> Option<&'static str> {
        self.about.as_ref()?.ahead
    }

    fn about_mut(&mut self) -> &mut About {
        self.about.get_or_insert_default()
    }

    /// The service that it is about.
    pub fn service(&self) -> Option<&str> {
        self.about.as_ref()?.service.as_deref()
    }

    /// The rule that is broken.
    pub fn rule(&self) -> Option<&'static str> {
        self.about.as_ref()?.rule
    }

    /// The place that demands what does not hold.
    pub fn demanded(&self) -> Option<&Label> {
        self.about.as_ref()?.demanded.as_ref()
    }

    /// The waiver that would allow it.
    pub fn waiver(&self) -> Option<&Waivable> {
        self.about.as_ref()?.waiver.as_ref()
    }
}

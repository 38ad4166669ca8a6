//! What is said of a command line that cannot be read.

use std::ffi::OsStr;

use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::flags::BadValue;
use super::grammar;
use super::spec::{Flag, Spec};
use crate::diagnostic::{Code, Finding};

/// Where the mistake is: before the command, or after its name.
#[derive(Clone, Copy)]
pub struct Place {
    pub program: &'static str,
    pub spec: Option<&'static Spec>,
}

impl Place {
    /// A finding with this message, which says where help is.
    pub fn finding(self, message: impl Into<String>) -> Finding {
        self.with_tips(message, Vec::new())
    }

    pub fn bad_value(self, bad: BadValue) -> Finding {
        self.finding(bad.0)
    }

    /// What clap refused, in the words that Compose uses, with clap's suggestions.
    pub fn refusal(self, error: &clap::Error) -> Finding {
        let said = |kind| match error.get(kind) {
            Some(ContextValue::String(text)) => vec![text.clone()],
            Some(ContextValue::Strings(texts)) => texts.clone(),
            _ => Vec::new(),
        };
        let argument = said(ContextKind::InvalidArg).into_iter().next().unwrap_or_default();
        match error.kind() {
            ErrorKind::UnknownArgument if argument.starts_with('-') => {
                let mut tips: Vec<String> = said(ContextKind::SuggestedArg)
                    .iter()
                    .map(|flag| format!("Did you mean {flag}?"))
                    .collect();
                tips.extend(self.tip_for_root_flag(&argument));
                let what = if argument.starts_with("--") { "flag" } else { "shorthand flag" };
                self.with_tips(format!("unknown {what}: {argument}"), tips)
            }
            ErrorKind::UnknownArgument => self.finding(format!("unexpected argument: {argument}")),
            ErrorKind::InvalidValue | ErrorKind::WrongNumberOfValues | ErrorKind::TooFewValues => {
                let flag = argument.split([' ', '=']).next().unwrap_or_default();
                self.finding(format!("flag needs an argument: {flag}"))
            }
            _ => {
                let text = error.render().to_string();
                let line = text.lines().next().unwrap_or_default();
                self.finding(line.trim_start_matches("error: ").to_owned())
            }
        }
    }

    /// A word where a command should be.
    pub fn unknown_command(self, word: &OsStr) -> Finding {
        let parent = self.spec.map(|spec| spec.name);
        let shown = match self.spec {
            Some(spec) => grammar::shown_command(self.program, spec),
            None => grammar::shown_root(self.program),
        };
        let error = shown.no_binary_name(true).try_get_matches_from([word]).err();
        let tips = match error.as_ref().and_then(|error| error.get(ContextKind::SuggestedSubcommand)) {
            Some(ContextValue::String(name)) => vec![format!("Did you mean `{name}`?")],
            Some(ContextValue::Strings(names)) => {
                names.iter().map(|name| format!("Did you mean `{name}`?")).collect()
            }
            _ => Vec::new(),
        };
        let path = parent.map(|name| format!("{name} ")).unwrap_or_default();
        self.with_tips(format!("unknown command: {:?}", format!("{path}{}", word.display())), tips)
    }

    fn tip_for_root_flag(self, argument: &str) -> Option<String> {
        let spec = self.spec?;
        let is = |flag: &&'static Flag| match argument.strip_prefix("--") {
            Some(long) => long.split('=').next() == Some(flag.long),
            None => flag.short.is_some_and(|short| argument.strip_prefix('-') == Some(&short.to_string())),
        };
        let flag = grammar::root_flags().find(is)?;
        let (long, program, name) = (flag.long, self.program, spec.name);
        Some(format!("`--{long}` belongs before the command: `{program} --{long} … {name}`."))
    }

    fn with_tips(self, message: impl Into<String>, mut tips: Vec<String>) -> Finding {
        let command = self.spec.map(|spec| format!(" {}", spec.name)).unwrap_or_default();
        tips.push(format!("See `{}{command} --help`.", self.program));
        Finding::error(Code::Usage, message).help(tips.join(" "))
    }
}

/// How many words a command may have, in Compose's words.
pub fn wrong_number(least: usize, most: usize, given: usize) -> Option<String> {
    if given < least {
        return Some(format!("requires at least {least} arg(s), only received {given}"));
    }
    (given > most).then(|| format!("accepts at most {most} arg(s), received {given}"))
}

//! What must not be shown: values that come from the environment or from env files, and whatever looks
//! like a credential.
//!
//! A [`Redactor`] knows the values of one run. [`Redactor::text`] is for messages, in which a value becomes the
//! `${NAME}` it came from; [`Redactor::value`] for one value of the model under its name;
//! [`Redactor::finding`] and [`Redactor::sources`] for what is underlined. [`written`] needs no run: it
//! takes credentials out of text as it was written, and leaves every `${…}` as it is.

mod credential;
mod glance;
mod known;

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

use crate::diagnostic::{Finding, Sink};
use crate::project::{Environment, Inputs};
use crate::source::{FileId, SourceMap};

pub use credential::{is_plain, names_secret, written};

use known::Known;

/// Stands where a credential stood.
pub const REDACTED: &str = "[redacted]";

/// The values of one run, and what is shown in their place.
#[derive(Clone, Debug, Default)]
pub struct Redactor {
    /// `None` where values may be shown.
    hides: Option<Hidden>,
}

#[derive(Clone, Debug, Default)]
struct Hidden {
    known: Known,
    /// What is hidden of each file.
    hidden: HashMap<FileId, Vec<Range<usize>>>,
}

/// Finds the credentials of a file by the names of their keys; `None` if the file cannot be parsed.
pub type Places<'f> = dyn Fn(FileId, &str) -> Option<Vec<Range<usize>>> + 'f;

impl Redactor {
    /// Hides nothing: `--show-values`.
    pub fn off() -> Self {
        Self::default()
    }

    /// Hides every variable that an input names, everything that env files hold, and what looks like a credential
    /// in the inputs.
    ///
    /// Where the words of a file do not tell what a credential is, a mapping in the place of a value, `places` is asked,
    /// which reads the file; where it cannot, all that stands there is hidden.
    pub fn new(inputs: &Inputs, environment: &Environment, places: &Places<'_>) -> Self {
        let mut known = Known::default();
        let mut hidden = HashMap::new();
        for (id, file) in inputs.sources().entries() {
            if inputs.holds_values(id) {
                known.add_env_file(&file.text, environment);
                hidden.insert(id, known::assigned(&file.text));
            } else {
                let mut credentials = credential::in_file(&file.text);
                if credential::is_unclear(&file.text) {
                    let found = places(id, &file.text);
                    credentials.extend(found.unwrap_or_else(|| credential::all_below(&file.text)));
                    credentials.sort_unstable_by_key(|range| (range.start, range.end));
                }
                known.add_named(&file.text, environment);
                known.add_credentials(&file.text, &credentials);
                hidden.insert(id, credentials);
            }
        }
        for (id, file) in inputs.sources().entries().filter(|(id, _)| !inputs.holds_values(*id)) {
            known.forget_words(shown(&file.text, hidden.get(&id).map_or(&[], Vec::as_slice)));
        }
        known.finish();
        Self { hides: Some(Hidden { known, hidden }) }
    }

    /// Whether values are hidden at all.
    pub fn hides(&self) -> bool {
        self.hides.is_some()
    }

    /// Free text, such as a message.
    pub fn text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        match &self.hides {
            None => Cow::Borrowed(text),
            Some(hidden) => {
                let text = hidden.known.replace(text);
                match credential::in_message(&text) {
                    Cow::Owned(clean) => Cow::Owned(clean),
                    Cow::Borrowed(_) => text,
                }
            }
        }
    }

    /// The value of something that is called `name`: a variable, a label, an option.
    pub fn value<'t>(&self, name: &str, text: &'t str) -> Cow<'t, str> {
        match &self.hides {
            None => Cow::Borrowed(text),
            Some(hidden) => match hidden.known.replace_whole(text) {
                Some(shown) => Cow::Owned(shown.to_owned()),
                None => match written(name, text) {
                    Cow::Owned(clean) => Cow::Owned(self.text(&clean).into_owned()),
                    Cow::Borrowed(text) => self.text(text),
                },
            },
        }
    }

    /// A finding with its message, its labels and its remedy clean.
    #[must_use]
    pub fn finding(&self, finding: &Finding) -> Finding {
        let mut finding = finding.clone();
        if self.hides() {
            finding.message = self.text(&finding.message).into_owned();
            finding.help = finding.help.map(|help| self.text(&help).into_owned());
            for label in &mut finding.labels {
                label.text = self.text(&label.text).into_owned();
            }
        }
        finding
    }

    /// As [`Self::finding`], of all.
    #[must_use]
    pub fn sink(&self, sink: &Sink) -> Sink {
        let mut clean = Sink::new();
        clean.extend(sink.findings().iter().map(|finding| self.finding(finding)));
        clean
    }

    /// The inputs of the run as they may be shown: what is hidden is overwritten by as many `*`, so that every place
    /// stays where it is.
    #[must_use]
    pub fn sources(&self, sources: &SourceMap) -> SourceMap {
        let Some(hidden) = &self.hides else { return sources.clone() };
        let mut clean = SourceMap::default();
        for (id, file) in sources.entries() {
            let ranges = match hidden.hidden.get(&id) {
                Some(known) => known.clone(),
                None => credential::in_file(&file.text),
            };
            let text = if ranges.is_empty() { file.text.clone() } else { starred(&file.text, ranges).into() };
            clean.add(file.shown_as(text));
        }
        clean
    }
}

/// Whether a file's text has a credential in it, by itself or by the name before it.
pub fn holds_credential(text: &str) -> bool {
    !credential::in_file(text).is_empty() || credential::is_unclear(text)
}

/// The parts of a text that lie between what is hidden.
fn shown<'t>(text: &'t str, hidden: &'t [Range<usize>]) -> impl Iterator<Item = &'t str> {
    let starts = std::iter::once(0).chain(hidden.iter().map(|range| range.end));
    let ends = hidden.iter().map(|range| range.start).chain([text.len()]);
    starts.zip(ends).filter_map(|(start, end)| text.get(start..end))
}

/// Every byte of the ranges but line breaks as a star.
fn starred(text: &str, mut ranges: Vec<Range<usize>>) -> String {
    ranges.sort_unstable_by_key(|range| range.start);
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for range in ranges {
        let start = range.start.max(at);
        let Some(hidden) = text.get(start..range.end) else { continue };
        out.push_str(text.get(at..start).unwrap_or_default());
        for character in hidden.chars() {
            match character {
                '\n' | '\r' => out.push(character),
                _ => out.extend(std::iter::repeat_n('*', character.len_utf8())),
            }
        }
        at = range.end;
    }
    out.push_str(text.get(at..).unwrap_or_default());
    out
}

#[cfg(test)]
mod tests;

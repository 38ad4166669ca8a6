//! The values of a run, longest first, and what is shown in their place.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};
use std::ops::Range;

use crate::project::template::{Fault, TemplateError, expand};
use crate::project::{Environment, dotenv};

use super::{REDACTED, credential};

/// From this length on a value is hidden wherever it stands; a shorter one only as a word of its own.
const CERTAIN: usize = 8;

/// What is shorter is no secret, and hiding it would spoil every text.
const SHORTEST: usize = 3;

/// Words that say nothing although they came from the environment.
const COMMON: &[&str] = &[
    "true",
    "false",
    "yes",
    "yml",
    "json",
    "yaml",
    "none",
    "null",
    "latest",
    "info",
    "warn",
    "error",
    "debug",
    "localhost",
    "default",
    "bridge",
    "host",
    "always",
    "never",
    "unless-stopped",
    "on-failure",
    "tcp",
    "udp",
    "root",
    "bind",
    "volume",
    "user",
    "image",
    "service",
    "services",
    "file",
    "port",
    "linux",
    "docker",
];

/// Variables that say where somebody is, which a message about a path has to say too.
const PLACES: &[&str] = &["HOME", "PWD", "OLDPWD", "PATH"];

/// Compose's own settings: the project's name, files and profiles, without which no message says what it is
/// about.
fn is_setting(name: &str) -> bool {
    name.starts_with("COMPOSE_") && !credential::names_secret(name)
}

#[derive(Clone, Debug, Default)]
pub struct Known {
    /// A value and what it is shown as.
    found: BTreeMap<String, String>,
    /// The same, sorted by value.
    sorted: Vec<(String, String)>,
    /// For each of these the longest other one that it begins with, if any. An env file may hold half a million
    /// values, and no text is gone through once for each of them.
    begins_with: Vec<Option<usize>>,
}

impl Known {
    /// Every variable of the environment that a text names.
    pub fn add_named(&mut self, text: &str, environment: &Environment) {
        let mut seen = HashSet::new();
        // Hardly any word begins like a variable.
        let mut begins = [false; 256];
        for begin in environment.iter().filter_map(|(name, _)| name.bytes().next()) {
            if let Some(known) = begins.get_mut(usize::from(begin)) {
                *known = true;
            }
        }
        let is_known = |word: &str| {
            word.bytes().next().and_then(|begin| begins.get(usize::from(begin))).is_some_and(|known| *known)
        };
        let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
        for word in words.filter(|word| is_known(word)) {
            if !PLACES.contains(&word)
                && !is_setting(word)
                && let Some(value) = environment.get(word)
                && seen.insert(word)
            {
                self.add(value, &format!("${{{word}}}"));
            }
        }
    }

    /// Everything that an env file assigns, as written and as it reads.
    pub fn add_env_file(&mut self, text: &str, environment: &Environment) {
        let lookup = |name: &str| environment.get(name).map(str::to_owned);
        let read = dotenv::parse(text, &lookup).map(|parsed| parsed.values).unwrap_or_default();
        let written = dotenv::parse_raw(text, &lookup).map(|parsed| parsed.values).unwrap_or_default();
        let mut settings = HashSet::new();
        for (name, value) in read {
            if is_setting(&name) {
                settings.insert(value);
            } else {
                self.add(&value, &format!("${{{name}}}"));
            }
        }
        for (name, value) in written {
            if is_setting(&name) {
                settings.insert(value);
            } else {
                self.add_written(&value, &format!("${{{name}}}"), true);
            }
        }
        for range in assigned(text) {
            let value = text.get(range).unwrap_or_default().trim_matches(['"', '\'', ' ']);
            if !settings.contains(value) {
                self.add_written(value, REDACTED, true);
            }
        }
    }

    /// What looks like a credential in a file.
    pub fn add_credentials(&mut self, text: &str, found: &[Range<usize>]) {
        for range in found {
            let value = text.get(range.clone()).unwrap_or_default();
            self.add_written(value.trim().trim_matches(['"', '\'']), REDACTED, false);
        }
    }

    /// A text as it was written, in which `$` begins a variable. Names of variables are no values; with `keeps_words`,
    /// the words of an error in `${NAME:?words}` are.
    fn add_written(&mut self, text: &str, shown: &str, keeps_words: bool) {
        if !text.contains('$') {
            return self.add(text, shown);
        }
        // An expression without quotes may have been cut at a comma.
        let closed = || literals(&format!("{text}}}"), keeps_words);
        let Some(found) = literals(text, keeps_words).or_else(closed) else {
            return self.add(text, shown);
        };
        let parts = found.iter().flat_map(|text| text.split(GAP)).filter(|part| !part.is_empty());
        let parts: Vec<&str> = parts.collect();
        if !parts.is_empty() {
            self.add_one(text, shown);
        }
        parts.into_iter().for_each(|part| self.add(part, shown));
    }

    /// A value as it is.
    fn add(&mut self, value: &str, shown: &str) {
        self.add_one(value, shown);
        let escaped = value.escape_debug().to_string();
        if escaped != value {
            self.add_one(&escaped, shown);
        }
        // A short form takes a value apart, and a message may show a part.
        let parts = value.split(|c: char| c.is_whitespace() || ":=,@;?{}[]$\"'".contains(c));
        for part in parts.filter(|part| part.len() >= CERTAIN && *part != value) {
            self.add_one(part, shown);
        }
    }

    fn add_one(&mut self, value: &str, shown: &str) {
        let digits = value.bytes().all(|byte| byte.is_ascii_digit());
        let trivial = value.len() < SHORTEST
            || digits && value.len() < 4
            || COMMON.contains(&value.to_ascii_lowercase().as_str())
            || value == REDACTED
            || value.starts_with("${");
        if !trivial {
            self.found.entry(value.to_owned()).or_insert_with(|| shown.to_owned());
        }
    }

    /// Forgets the values that are words of what is shown anyway, such as a password that is also the name of a
    /// service or of an image: hiding those elsewhere hides nothing, and rewrites names.
    pub fn forget_words<'t>(&mut self, shown: impl Iterator<Item = &'t str>) {
        if self.found.is_empty() {
            return;
        }
        let is_part = |c: char| c.is_alphanumeric() || c == '_';
        for text in shown {
            for word in text.split(|c| !is_part(c)).filter(|word| !word.is_empty()) {
                self.found.remove(word);
            }
            for word in text.split(|c: char| !is_part(c) && !"-.".contains(c)).filter(|word| !word.is_empty())
            {
                self.found.remove(word);
            }
        }
    }

    pub fn finish(&mut self) {
        self.sorted = std::mem::take(&mut self.found).into_iter().collect();
        // Those that what follows may begin with, each beginning with the one before it.
        let mut open: Vec<usize> = Vec::new();
        self.begins_with = Vec::with_capacity(self.sorted.len());
        for (at, (value, _)) in self.sorted.iter().enumerate() {
            while let Some(last) = open.last()
                && !self.sorted.get(*last).is_some_and(|(other, _)| value.starts_with(other.as_str()))
            {
                open.pop();
            }
            self.begins_with.push(open.last().copied());
            open.push(at);
        }
    }

    /// What stands for a text that is a value as a whole.
    pub fn replace_whole(&self, text: &str) -> Option<&str> {
        let at = self.sorted.binary_search_by(|(value, _)| value.as_str().cmp(text)).ok()?;
        self.sorted.get(at).map(|(_, shown)| shown.as_str())
    }

    /// Every value that a text begins with.
    fn beginning<'k>(&'k self, text: &'k str) -> impl Iterator<Item = usize> + 'k {
        let above = self.sorted.partition_point(|(value, _)| value.as_str() <= text);
        // Whatever the text begins with, the greatest value up to it begins with as well.
        let shorter = |at: &usize| self.begins_with.get(*at).copied().flatten();
        std::iter::successors(above.checked_sub(1), shorter)
            .skip_while(|at| !self.sorted.get(*at).is_some_and(|(value, _)| text.starts_with(value.as_str())))
    }

    /// The text with every value replaced, the longest first and none inside what stands for another.
    pub fn replace<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let mut found: Vec<(Range<usize>, usize)> = Vec::new();
        for (start, _) in text.char_indices() {
            for known in self.beginning(text.get(start..).unwrap_or_default()) {
                let Some((value, _)) = self.sorted.get(known) else { continue };
                let range = start..start + value.len();
                if value.len() >= CERTAIN || is_word(text, &range) {
                    found.push((range, known));
                }
            }
        }
        found.sort_by_key(|(range, known)| (std::cmp::Reverse(range.len()), *known, range.start));
        let mut covered = vec![false; if found.is_empty() { 0 } else { text.len() }];
        let mut taken: Vec<(Range<usize>, &str)> = Vec::new();
        for (range, known) in found {
            // What is taken already is no shorter, so that it has one of the two ends if it has anything.
            let ends = [range.start, range.end - 1];
            if ends.iter().any(|at| covered.get(*at) == Some(&true)) {
                continue;
            }
            if let (Some((_, shown)), Some(bytes)) = (self.sorted.get(known), covered.get_mut(range.clone()))
            {
                bytes.fill(true);
                taken.push((range, shown));
            }
        }
        if taken.is_empty() {
            return Cow::Borrowed(text);
        }
        taken.sort_by_key(|(range, _)| range.start);
        let mut out = String::with_capacity(text.len());
        let mut at = 0;
        for (range, shown) in taken {
            out.push_str(text.get(at..range.start).unwrap_or_default());
            out.push_str(shown);
            at = range.end;
        }
        out.push_str(text.get(at..).unwrap_or_default());
        Cow::Owned(out)
    }
}

/// Stands for the value of a variable in [`literals`].
const GAP: char = '\0';

/// What a text says by itself, as Compose reads it: without the names of variables, with what stands in for one that
/// is missing and with what is said only where one is there. With `keeps_words`, the words of an error count as well.
/// `None` where the text cannot be read.
fn literals(text: &str, keeps_words: bool) -> Option<Vec<String>> {
    let gap = || Some(GAP.to_string());
    let mut found = vec![expand(text, &|_| gap()).ok()?.text];
    let mut required = HashSet::new();
    loop {
        let name = match expand(text, &|name| gap().filter(|_| required.contains(name))) {
            Ok(expansion) => {
                found.push(expansion.text);
                return Some(found);
            }
            Err(TemplateError { fault: Fault::Required { name, message }, .. }) => {
                found.extend(message.filter(|_| keeps_words));
                name
            }
            Err(_) => return None,
        };
        if !required.insert(name) {
            return None;
        }
    }
}

fn is_word(text: &str, range: &Range<usize>) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    let before = text.get(..range.start).and_then(|text| text.chars().next_back());
    let after = text.get(range.end..).and_then(|text| text.chars().next());
    !before.is_some_and(part) && !after.is_some_and(part)
}

/// What stands behind the first `=` or `:` of each line of an env file; all of a line that has neither.
pub fn assigned(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let content = line.trim_end();
        let behind = content.find(['=', ':']).map_or(0, |sign| sign + 1);
        let value = content.get(behind..).unwrap_or_default();
        let value_start = start + behind + (value.len() - value.trim_start().len());
        if !content.trim_start().starts_with('#') && value_start < start + content.len() {
            found.push(value_start..start + content.len());
        }
        start += line.len();
    }
    found
}

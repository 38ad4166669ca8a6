//! Bounds on what one load may make of its inputs: a few short files can ask for more than any
//! memory holds, by includes of includes, by services that extend services, by ranges of ports.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::diagnostic::{Code, Finding};
use crate::source::Origin;
use crate::yaml::{Node, Value};

/// Values that may be looked at, over all documents and levels. A project of 10,000 services has about half a
/// million, and Compose takes a minute for two.
const NODES: usize = 3_000_000;
/// Values that services may take over from those they extend: twenty thousand services with fifty each.
const COPIES: usize = 1_000_000;
/// Includes, each counted as often as it is loaded.
const LEVELS: usize = 1_000;
/// Bytes of included files, each counted as often as it is loaded.
const TEXT: usize = 128 * 1024 * 1024;
/// Variables that env files and label files may give to services.
const VARIABLES: usize = 1_000_000;
/// Includes within includes, and services that extend one another. The loader calls itself for each.
pub const DEEPEST: usize = 100;
/// Bytes that variables may put into values.
const GROWTH: usize = 64 * 1024 * 1024;
/// Ports that short forms may stand for.
const PORTS: usize = 200_000;

/// What is spent already.
#[derive(Debug, Default)]
pub struct Budget {
    nodes: usize,
    levels: usize,
    ports: usize,
    copies: usize,
    text: usize,
    variables: usize,
    /// Shared with the interpolation, which only reads the rest.
    growth: AtomicUsize,
}

impl Budget {
    /// Counts the values below `node`, which are about to be gone through.
    pub fn nodes(&mut self, node: &Node, at: Origin) -> Result<(), Finding> {
        self.nodes = self.nodes.saturating_add(weight(node));
        within(self.nodes, NODES, at, "the project has too many values", "with this, more than")
    }

    /// Counts the values below `node`, which `extends` is about to copy. They stay in memory, all at once.
    pub fn copies(&mut self, node: &Node, at: Origin) -> Result<(), Finding> {
        self.copies = self.copies.saturating_add(weight(node));
        within(self.copies, COPIES, at, "`extends` makes too many copies", "with this, more than")
    }

    /// Counts the text of an include.
    pub fn text(&mut self, bytes: usize, at: Origin) -> Result<(), Finding> {
        self.text = self.text.saturating_add(bytes);
        within(self.text, TEXT, at, "the includes have too much text", "with this one, bytes: more than")
    }

    /// Counts what a file gives to a service.
    pub fn variables<'v>(
        &mut self,
        variables: impl Iterator<Item = (&'v String, &'v String)>,
        at: Origin,
    ) -> Result<(), Finding> {
        let mut bytes = 0;
        for (name, value) in variables {
            self.variables += 1;
            bytes += name.len() + value.len();
        }
        let what = "the files of services have too many variables";
        within(self.variables, VARIABLES, at, what, "with this one, more than")?;
        if self.growth(bytes) { Ok(()) } else { Err(Self::overgrowth("with this file,", at)) }
    }

    /// Whether what services get from files is too much: there is no use in going on.
    pub fn is_spent(&self) -> bool {
        self.overgrown() || self.variables > VARIABLES
    }

    /// What is said where [`Self::growth`] says no.
    pub fn overgrowth(place: &str, at: Origin) -> Finding {
        let what = format!("{place} the values of variables fill more memory than a project may have");
        Finding::error(Code::InputTooLarge, what)
            .at_origin(at, "up to this one")
            .help("Variables of this size do not belong into a compose file.")
    }

    pub fn level(&mut self, at: Origin) -> Result<(), Finding> {
        self.levels += 1;
        within(self.levels, LEVELS, at, "too many includes", "with this one, more than")
    }

    pub fn ports(&mut self, count: usize, at: Origin) -> Result<(), Finding> {
        self.ports = self.ports.saturating_add(count);
        within(self.ports, PORTS, at, "too many ports", "with this range, more than")
    }

    /// Whether so many bytes more are allowed.
    pub fn growth(&self, bytes: usize) -> bool {
        self.growth.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes) <= GROWTH
    }

    /// Whether [`Self::growth`] said no already.
    pub fn overgrown(&self) -> bool {
        self.growth.load(Ordering::Relaxed) > GROWTH
    }
}

fn within(spent: usize, limit: usize, at: Origin, what: &str, label: &str) -> Result<(), Finding> {
    if spent <= limit {
        return Ok(());
    }
    Err(Finding::error(Code::InputTooLarge, what)
        .at_origin(at, format!("{label} {limit}"))
        .help("Split the project, or remove what multiplies its parts."))
}

fn weight(node: &Node) -> usize {
    1 + match &node.value {
        Value::Seq(items) => items.iter().map(weight).sum(),
        Value::Map(map) => map.iter().map(|(_, child)| weight(child)).sum(),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::{dotenv, template};
    use crate::yaml::Limits;

    #[test]
    fn the_page_of_limits_has_them_all() {
        let page = include_str!("../../docs/limits.md");
        let number = |number: usize| {
            let digits = number.to_string();
            let groups: Vec<&str> =
                digits.as_bytes().rchunks(3).rev().map(|group| str::from_utf8(group).unwrap()).collect();
            groups.join(",")
        };
        let bytes = |bytes: usize| format!("{} MiB", bytes / (1024 * 1024));
        let file = Limits::default();
        for (what, bound) in [
            ("collections within collections in a file", number(file.depth)),
            ("values of a file, aliases counted once", number(file.nodes)),
            ("values that a file's aliases stand for", number(file.alias_nodes)),
            ("documents of a file", number(file.documents)),
            ("values that are merged, over all documents and includes", number(NODES)),
            ("values that services take over by `extends`", number(COPIES)),
            ("services that extend one another, files that include one another, in a chain", number(DEEPEST)),
            ("includes, each as often as it is loaded", number(LEVELS)),
            ("bytes of included files, each as often as it is loaded", bytes(TEXT)),
            ("variables that env files and label files give to services", number(VARIABLES)),
            ("bytes that variables put into values, over the project", bytes(GROWTH)),
            ("bytes that variables put into one text", bytes(template::MAX_GROWTH)),
            ("`${…}` within `${…}`", number(template::MAX_DEPTH)),
            ("bytes that the values of an env file have beyond its own", bytes(dotenv::MAX_GROWTH)),
            ("ports that short forms such as `1-100:1-100` stand for", number(PORTS)),
        ] {
            assert!(page.contains(&format!("| {what} | {bound} |")), "{what}: {bound}");
        }
    }
}

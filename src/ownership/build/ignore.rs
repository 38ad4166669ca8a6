//! What `.dockerignore` keeps out of a context.

use std::path::{Path, PathBuf};

use crate::host::pattern::matches;

/// The patterns in order; the last one that fits decides.
#[derive(Default)]
pub struct Ignore(Vec<(bool, Vec<String>)>);

impl Ignore {
    /// The one that belongs to the Dockerfile, else the context's.
    pub fn read(context: &Path, dockerfile: &Path) -> Self {
        let mut own = dockerfile.as_os_str().to_owned();
        own.push(".dockerignore");
        let text = std::fs::read_to_string(PathBuf::from(own))
            .or_else(|_| std::fs::read_to_string(context.join(".dockerignore")));
        Self::parse(&text.unwrap_or_default())
    }

    fn parse(text: &str) -> Self {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let pattern = |line: &str| {
            let (keeps, pattern) = line.strip_prefix('!').map_or((false, line), |rest| (true, rest));
            let parts = pattern.split('/').filter(|part| !part.is_empty() && *part != ".");
            (keeps, parts.map(str::to_owned).collect::<Vec<_>>())
        };
        Self(lines.map(pattern).filter(|(_, parts)| !parts.is_empty()).collect())
    }

    /// Whether a path of the context is left out. A directory of which a later pattern keeps something is
    /// not.
    pub fn excludes(&self, relative: &Path) -> bool {
        let names: Vec<&[u8]> =
            relative.components().map(|part| part.as_os_str().as_encoded_bytes()).collect();
        let mut excluded = false;
        for (keeps, parts) in &self.0 {
            // A pattern means what it names and all below.
            let fits =
                (1..=names.len()).any(|length| names.get(..length).is_some_and(|names| fits(parts, names)));
            let leads_there = *keeps && leads(parts, &names);
            if fits || leads_there {
                excluded = !keeps;
            }
        }
        excluded
    }
}

fn fits(parts: &[String], names: &[&[u8]]) -> bool {
    match (parts.split_first(), names.split_first()) {
        (None, None) => true,
        (Some((part, rest)), _) if part == "**" => {
            (0..=names.len()).any(|skipped| names.get(skipped..).is_some_and(|names| fits(rest, names)))
        }
        (Some((part, parts)), Some((name, names))) => matches(part.as_bytes(), name) && fits(parts, names),
        _ => false,
    }
}

/// Whether a pattern names something below these directories.
fn leads(parts: &[String], names: &[&[u8]]) -> bool {
    parts.len() > names.len()
        && parts.iter().zip(names).all(|(part, name)| part != "**" && matches(part.as_bytes(), name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_pattern_that_fits_decides() {
        let ignore = Ignore::parse("# x\n/a\nb/*\n!b/keep\n**/*.log\n!important.log\n");
        for (path, excluded) in [
            ("a", true),
            ("a/deep", true),
            ("b", false),
            ("b/x", true),
            ("b/keep", false),
            ("b/keep/x", false),
            ("x.log", true),
            ("c/d/x.log", true),
            ("important.log", false),
            ("c", false),
        ] {
            assert_eq!(ignore.excludes(Path::new(path)), excluded, "{path}");
        }
    }
}

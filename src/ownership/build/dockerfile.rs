//! The `COPY` and `ADD` instructions of a Dockerfile, as far as they take files of the context as they are.

use crate::host::Owner;

/// One instruction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copy {
    /// Of the instruction's first line, from 1.
    pub line: usize,
    /// Relative to the context.
    pub sources: Vec<String>,
    /// As `--chown` has it; `None` is root.
    pub owner: Option<Owner>,
    /// As `--chmod` has it, for all that is copied, directories too; `None` where the files keep theirs.
    pub mode: Option<u32>,
}

struct Instruction {
    line: usize,
    keyword: String,
    rest: String,
}

/// The instructions of the stage that becomes the image: the last one, or the one with this name, and of
/// the stages that it begins with.
pub fn copies(text: &str, target: Option<&str>) -> Vec<Copy> {
    let mut stages: Vec<(Option<String>, String, Vec<Copy>)> = Vec::new();
    for instruction in instructions(text) {
        match instruction.keyword.as_str() {
            "FROM" => {
                let words: Vec<&str> =
                    instruction.rest.split_whitespace().filter(|word| !word.starts_with("--")).collect();
                let name = words.iter().position(|word| word.eq_ignore_ascii_case("as"));
                let name = name.and_then(|at| words.get(at + 1)).map(|name| name.to_lowercase());
                stages.push((name, words.first().unwrap_or(&"").to_lowercase(), Vec::new()));
            }
            "COPY" | "ADD" => {
                if let (Some((.., copies)), Some(copy)) = (stages.last_mut(), copy(&instruction)) {
                    copies.push(copy);
                }
            }
            _ => {}
        }
    }
    let target = target.filter(|name| !name.is_empty()).map(str::to_lowercase);
    let mut at = match &target {
        Some(name) => stages.iter().position(|(known, ..)| known.as_ref() == Some(name)),
        None => stages.len().checked_sub(1),
    };
    let mut found = Vec::new();
    while let Some((_, base, copies)) = at.and_then(|at| stages.get(at)) {
        found.extend(copies.iter().cloned());
        // A stage can only begin with an earlier one.
        at = stages.iter().take(at.unwrap_or(0)).rposition(|(name, ..)| name.as_ref() == Some(base));
    }
    found
}

fn copy(instruction: &Instruction) -> Option<Copy> {
    let mut rest = instruction.rest.trim();
    let (mut owner, mut mode) = (None, None);
    while let Some(flag) = rest.strip_prefix("--") {
        let (flag, after) = flag.split_once(char::is_whitespace)?;
        rest = after.trim_start();
        let (name, value) = flag.split_once('=').unwrap_or((flag, ""));
        match name {
            "from" => return None,
            // One in letters may spare directories, as `u=rwX` does, and one of a variable is not known.
            "chmod" => mode = Some(u32::from_str_radix(value, 8).ok().filter(|mode| *mode <= 0o7777)?),
            "chown" => owner = Some(numeric(value)?),
            _ => {}
        }
    }
    // What stands in the Dockerfile itself has a mode of its own.
    if rest.starts_with("<<") {
        return None;
    }
    let mut words: Vec<String> = if rest.starts_with('[') {
        serde_json::from_str(rest).ok()?
    } else {
        rest.split_whitespace().map(str::to_owned).collect()
    };
    words.pop()?;
    // What is fetched, and what a variable names, is not in the context by that name.
    words.retain(|word| !word.contains("://") && !word.contains('$'));
    (!words.is_empty()).then_some(Copy { line: instruction.line, sources: words, owner, mode })
}

/// `--chown` in numbers; one with names says nothing that could be compared.
fn numeric(value: &str) -> Option<Owner> {
    let (uid, gid) = value.split_once(':').unwrap_or((value, value));
    Some(Owner::new(uid.parse().ok()?, gid.parse().ok()?))
}

/// Lines that belong together, as one; without comments and the text of here-documents.
fn instructions(text: &str) -> Vec<Instruction> {
    let mut found = Vec::new();
    let mut lines = text.lines().enumerate();
    while let Some((at, line)) = lines.next() {
        let line = line.trim_start();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let mut whole = line.trim_end().to_owned();
        while whole.ends_with('\\') {
            whole.pop();
            let next = lines.by_ref().map(|(_, line)| line.trim()).find(|line| !line.starts_with('#'));
            let Some(next) = next else { break };
            whole.push(' ');
            whole.push_str(next);
        }
        for end in here_documents(&whole) {
            let _ = lines.by_ref().find(|(_, line)| line.trim() == end);
        }
        let (keyword, rest) = whole.split_once(char::is_whitespace).unwrap_or((&whole, ""));
        let (keyword, rest) = (keyword.to_ascii_uppercase(), rest.trim().to_owned());
        found.push(Instruction { line: at + 1, keyword, rest });
    }
    found
}

/// The words that end the here-documents begun in a line.
fn here_documents(line: &str) -> Vec<String> {
    let words = line.split("<<").skip(1);
    words
        .map(|word| {
            let word = word.trim_start_matches('-').split_whitespace().next().unwrap_or_default();
            word.trim_matches(['"', '\'']).to_owned()
        })
        .filter(|word| !word.is_empty() && word.chars().all(|c| c.is_alphanumeric() || c == '_'))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sources(text: &str, target: Option<&str>) -> Vec<(usize, String)> {
        copies(text, target).into_iter().map(|copy| (copy.line, copy.sources.join(" "))).collect()
    }

    #[test]
    fn a_stage_includes_those_that_it_begins_with() {
        let text = "FROM a AS base\nCOPY one /\nFROM b AS other\nCOPY two /\nFROM --platform=x base as last\nCOPY three /\n";
        assert_eq!(sources(text, None), [(6, "three".into()), (2, "one".into())]);
        assert_eq!(sources(text, Some("other")), [(4, "two".into())]);
        assert!(sources(text, Some("none")).is_empty());
    }

    #[test]
    fn long_lines_comments_and_here_documents_are_read_as_they_are_meant() {
        let text = "FROM a\nRUN <<EOT\nCOPY no /\nEOT\ncopy a \\\n # between\n b \\\n /to\nADD https://x/y $Z c /to\n";
        assert_eq!(sources(text, None), [(5, "a b".into()), (9, "c".into())]);
    }
}

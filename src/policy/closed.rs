//! Whether a file is provably whole: closed by YAML's own document end marker.

/// Whether the last line that is neither blank nor a comment is `...`, and the only line that starts so. A file
/// cut anywhere loses that line; a marker further up would let a cut behind it go unnoticed.
pub fn closed(text: &str) -> bool {
    let mut markers = text.split('\n').filter(|line| line.starts_with("..."));
    let last = text
        .split('\n')
        .rev()
        .map(|line| line.strip_suffix('\r').unwrap_or(line))
        .find(|line| !matches!(line.trim_start().chars().next(), None | Some('#')));
    last.is_some_and(is_marker) && markers.next().is_some() && markers.next().is_none()
}

/// `...`, and behind it at most a comment.
fn is_marker(line: &str) -> bool {
    let behind = line.strip_prefix("...").map(|rest| (rest, rest.trim_start_matches([' ', '\t'])));
    behind.is_some_and(|(rest, trimmed)| {
        trimmed.is_empty() || trimmed.len() < rest.len() && trimmed.starts_with('#')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_closed_by_one_marker_on_its_last_line() {
        for text in [
            "a: 1\n...",
            "a: 1\n...\n",
            "a: 1\r\n...\r\n",
            "...\n\n  \n",
            "a: 1\n...\n# later\n  # too\n",
            "a: 1\n... # end\n",
            "a: 1\n... \n",
        ] {
            assert!(closed(text), "{text:?}");
        }
        for text in [
            "",
            "a: 1\n",
            "a: 1\n..",
            "a: 1\n ...",
            "a: 1\n...\nb: 1\n",
            "a: 1\n...# end\n",
            "a: 1\n....\n",
            "# ...\n",
            "x...",
            "a: 1\r...",
        ] {
            assert!(!closed(text), "{text:?}");
        }
    }

    #[test]
    fn a_marker_between_documents_does_not_close() {
        assert!(!closed("a: 1\n...\n---\nb: 1\n...\n"));
        assert!(!closed("a: 1\n... # one\n---\nb: 1\n...\n"));
    }

    #[test]
    fn no_cut_of_a_closed_file_is_closed_with_less_in_it() {
        let text = "services:\n  a:\n    command: \"...\"\n    x-y: |\n      ...\n... # end\n# more\n";
        assert!(closed(text));
        for at in 0..text.len() {
            let cut = text.get(..at).unwrap();
            let content = |text: &str| text.split_once("\n...").map(|(content, _)| content.to_owned());
            assert!(!closed(cut) || content(cut) == content(text), "{cut:?}");
        }
    }
}

//! Booleans in strings, with the words of older YAML.

/// A boolean, and whether its word is one that YAML 1.2 no longer has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Boolean {
    pub value: bool,
    pub deprecated: bool,
}

impl Boolean {
    /// What Compose warns of where the word, given as it was written, is deprecated.
    pub fn warning(self, word: &str) -> Option<String> {
        let better = self.value;
        self.deprecated
            .then(|| format!("\"{word}\" for boolean is not supported by YAML 1.2, please use `{better}`"))
    }
}

/// Reads a word in any case.
///
/// # Errors
///
/// Any other word, the empty one and numbers among them.
pub fn parse(text: &str) -> Result<Boolean, String> {
    let (value, deprecated) = match text.to_lowercase().as_str() {
        "true" => (true, false),
        "false" => (false, false),
        "y" | "yes" | "on" => (true, true),
        "n" | "no" | "off" => (false, true),
        _ => return Err(format!("invalid boolean: {text}")),
    };
    Ok(Boolean { value, deprecated })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn true_and_false_are_read_in_any_case() {
        for (word, value) in [("true", true), ("TRUE", true), ("False", false), ("false", false)] {
            assert_eq!(parse(word), Ok(Boolean { value, deprecated: false }));
            assert_eq!(parse(word).unwrap().warning(word), None);
        }
    }

    #[test]
    fn the_words_of_older_yaml_are_read_and_warned_of() {
        for (word, value) in
            [("y", true), ("Yes", true), ("ON", true), ("n", false), ("No", false), ("off", false)]
        {
            assert_eq!(parse(word), Ok(Boolean { value, deprecated: true }));
        }
        let warning = parse("Yes").unwrap().warning("Yes").unwrap();
        assert_eq!(warning, "\"Yes\" for boolean is not supported by YAML 1.2, please use `true`");
        let warning = parse("n").unwrap().warning("n").unwrap();
        assert_eq!(warning, "\"n\" for boolean is not supported by YAML 1.2, please use `false`");
    }

    #[test]
    fn anything_else_is_refused() {
        for word in ["1", "0", "", "t", "maybe", " true"] {
            assert_eq!(parse(word), Err(format!("invalid boolean: {word}")));
        }
    }
}

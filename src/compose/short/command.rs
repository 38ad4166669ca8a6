//! `command`, `entrypoint` and hook commands written as one string: shell-like words, but no shell.

/// Splits `line` into words.
///
/// An unquoted `;`, `&`, `|`, `<` or `>` ends the command and what follows is dropped without a word,
/// as Compose does: `a && b` runs `a`. Nothing is expanded; `` `…` `` and `$(…)` stay one word.
///
/// # Errors
///
/// A quote or substitution that is not closed, a parenthesis that opens none, or a last backslash.
pub fn split(line: &str) -> Result<Vec<String>, String> {
    let mut splitter = Splitter::default();
    for character in line.chars() {
        if splitter.take(character)? == Flow::Stop {
            break;
        }
    }
    splitter.finish()
}

#[derive(Default)]
#[allow(clippy::struct_excessive_bools)] // Quotes of different kinds can be open at once.
struct Splitter {
    words: Vec<String>,
    word: String,
    /// Whether there is a word at all: `''` is one, nothing is none.
    started: bool,
    escaped: bool,
    single: bool,
    double: bool,
    back: bool,
    dollar: bool,
}

#[derive(PartialEq, Eq)]
enum Flow {
    Go,
    Stop,
}

impl Splitter {
    fn take(&mut self, character: char) -> Result<Flow, String> {
        if self.escaped {
            self.escaped = false;
            self.push(character);
            return Ok(Flow::Go);
        }
        match character {
            '\\' if self.single => self.word.push(character),
            '\\' => self.escaped = true,
            ' ' | '\t' | '\r' | '\n' => self.space(character),
            '`' => {
                if !(self.single || self.double || self.dollar) {
                    self.back = !self.back;
                }
                self.push(character);
            }
            ')' => {
                if !(self.single || self.double || self.back) {
                    self.dollar = !self.dollar;
                }
                self.push(character);
            }
            '(' if !(self.single || self.double || self.back) => {
                if self.dollar || !self.word.ends_with('$') {
                    return Err(INVALID.to_owned());
                }
                self.dollar = true;
                self.word.push(character);
            }
            '"' if !(self.single || self.dollar) => {
                self.started |= self.double;
                self.double = !self.double;
            }
            '\'' if !(self.double || self.dollar) => {
                self.started |= self.single;
                self.single = !self.single;
            }
            ';' | '&' | '|' | '<' | '>' if !self.inside() => {
                // A number before `>` names a file descriptor in a shell, so it is no word. Only the
                // first character is looked at: `2x>y` loses its word too.
                if character == '>' && self.word.starts_with(|first: char| first.is_ascii_digit()) {
                    self.started = false;
                }
                return Ok(Flow::Stop);
            }
            _ => self.push(character),
        }
        Ok(Flow::Go)
    }

    fn space(&mut self, character: char) {
        if self.inside() {
            self.word.push(character);
        } else if self.started {
            self.words.push(std::mem::take(&mut self.word));
            self.started = false;
        }
    }

    fn push(&mut self, character: char) {
        self.word.push(character);
        self.started = true;
    }

    fn inside(&self) -> bool {
        self.single || self.double || self.back || self.dollar
    }

    fn finish(mut self) -> Result<Vec<String>, String> {
        if self.escaped || self.inside() {
            return Err(INVALID.to_owned());
        }
        if self.started {
            self.words.push(self.word);
        }
        Ok(self.words)
    }
}

const INVALID: &str = "invalid command line string";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn words(line: &str) -> Vec<String> {
        split(line).unwrap()
    }

    #[test]
    fn white_space_separates() {
        assert_eq!(words(" a\tb\r\nc "), ["a", "b", "c"]);
        assert_eq!(words("  "), [""; 0]);
        assert_eq!(words("a\u{b}b é\u{a0}b"), ["a\u{b}b", "é\u{a0}b"]);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(line in "[a-z2 \t\n'\"`$()\\\\;&|<>é]{0,40}|.*") {
            let _ = split(&line);
        }
    }
}

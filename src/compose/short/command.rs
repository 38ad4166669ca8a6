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

    fn refused(line: &str) {
        assert_eq!(split(line), Err("invalid command line string".to_owned()), "{line}");
    }

    #[test]
    fn white_space_separates() {
        assert_eq!(words(" a\tb\r\nc "), ["a", "b", "c"]);
        assert_eq!(words("  "), [""; 0]);
        assert_eq!(words("a\u{b}b é\u{a0}b"), ["a\u{b}b", "é\u{a0}b"]);
    }

    #[test]
    fn quotes_group_and_adjacent_pieces_join() {
        assert_eq!(words(r#"'a b' "c d""#), ["a b", "c d"]);
        assert_eq!(words(r#"a"b"c'd'"#), ["abcd"]);
        assert_eq!(words(r#"a "" '' b"#), ["a", "", "", "b"]);
        assert_eq!(words("''"), [""]);
    }

    #[test]
    fn a_backslash_takes_the_next_character_as_it_is() {
        assert_eq!(words(r#""a\nb""#), ["anb"]);
        assert_eq!(words(r"a\\ b"), ["a\\", "b"]);
        assert_eq!(words(r"a\ b \;c \'d"), ["a b", ";c", "'d"]);
        assert_eq!(words(r#""a\"b""#), ["a\"b"]);
        assert_eq!(words("a\\\n b"), ["a\n", "b"]);
    }

    #[test]
    fn a_backslash_in_single_quotes_is_itself() {
        assert_eq!(words(r"'a\' b"), [r"a\", "b"]);
        refused(r"'a\'b'");
    }

    #[test]
    fn nothing_is_expanded_and_nothing_is_a_comment() {
        assert_eq!(words("#a * $X"), ["#a", "*", "$X"]);
    }

    #[test]
    fn substitutions_stay_one_word() {
        assert_eq!(words("a $(b ; c) d"), ["a", "$(b ; c)", "d"]);
        assert_eq!(words("`a ; b` c"), ["`a ; b`", "c"]);
        assert_eq!(words(r#"$(a "b" c) d"#), [r#"$(a "b" c)"#, "d"]);
        assert_eq!(words("$(a `b` c)"), ["$(a `b` c)"]);
        assert_eq!(words("a$(b)c$(d)e"), ["a$(b)c$(d)e"]);
        assert_eq!(words(r#""$(x)" y"#), ["$(x)", "y"]);
        assert_eq!(words(r"\$(a)"), ["$(a)"]);
        assert_eq!(words("`a`b`c`"), ["`a`b`c`"]);
    }

    #[test]
    fn quotes_within_back_quotes_are_dropped() {
        assert_eq!(words(r#"`a "b" c` d"#), ["`a b c`", "d"]);
        assert_eq!(words(r"`a\`b` c"), ["`a`b`", "c"]);
        refused(r#"`a "b` c"#);
    }

    #[test]
    fn operators_of_the_shell_end_the_command() {
        for line in ["a;b", "a & b", "a | b", "a < b", "a > b", "a && b > c", "a; 'open"] {
            assert_eq!(words(line), ["a"], "{line}");
        }
        assert_eq!(words(";a"), [""; 0]);
        assert_eq!(words(r#""a;b" c&d"#), ["a;b", "c"]);
    }

    #[test]
    fn a_number_directly_before_a_redirection_is_no_word() {
        assert_eq!(words("a 2>x"), ["a"]);
        assert_eq!(words("a 22>x"), ["a"]);
        assert_eq!(words("a5>x y"), ["a5"]);
        assert_eq!(words("5abc>x y"), [""; 0]);
        assert_eq!(words(r#"a "2">x"#), ["a"]);
        assert_eq!(words("2 >x"), ["2"]);
        assert_eq!(words("2<x"), ["2"]);
    }

    #[test]
    fn parentheses_that_open_no_substitution_are_refused() {
        for line in ["echo (x)", "$(a (b))", "$((1+2))", "a ) b", "a) b"] {
            refused(line);
        }
        // A closing one opens, for the reference, and the next one closes.
        assert_eq!(words("a ) b )"), ["a", ") b )"]);
        assert_eq!(words(r#""a$"(b)"#), ["a$(b)"]);
    }

    #[test]
    fn what_is_left_open_is_refused() {
        for line in ["'a", "\"a", "`a", "$(a", "$(a;b", "a\\", "\"a`b\" `"] {
            refused(line);
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(line in "[a-z2 \t\n'\"`$()\\\\;&|<>é]{0,40}|.*") {
            let _ = split(&line);
        }
    }
}

//! What can hold no credential, told at a glance: nearly every text of a project.
//!
//! Whoever adds a way to tell a credential in `credential` sees to it that this does not hide it; a test compares
//! the two on texts put together from everything that matters to either.

use super::credential::{PREFIXES, SHORTEST_SHAPE, SHORTEST_WORD};

/// Whether a name may hold a word that makes its value a secret.
pub fn may_name(name: &str) -> bool {
    if !name.is_ascii() {
        return true;
    }
    let mut rest = name.as_bytes();
    while let [_, tail @ ..] = rest {
        if begins_word(rest) {
            return true;
        }
        rest = tail;
    }
    false
}

/// What a byte may be part of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Nothing that is looked for.
    Other,
    /// Ends a word, and is no part of one.
    Between,
    At,
    Dollar,
    Dash,
    /// Words for secrets begin with it.
    Letter,
    NotAscii,
}

#[expect(clippy::indexing_slicing, reason = "the loop's bound; iterators are not for constants")]
static KINDS: [Kind; 256] = {
    let mut kinds = [Kind::Other; 256];
    let between = b"\t\n\x0b\x0c\r \"'`<>()[]{},;|/:=?&";
    let letters = b"abcdjkpstABCDJKPST";
    let mut at = 0;
    while at < between.len() {
        kinds[between[at] as usize] = Kind::Between;
        at += 1;
    }
    at = 0;
    while at < letters.len() {
        kinds[letters[at] as usize] = Kind::Letter;
        at += 1;
    }
    at = 128;
    while at < 256 {
        kinds[at] = Kind::NotAscii;
        at += 1;
    }
    kinds[b'@' as usize] = Kind::At;
    kinds[b'$' as usize] = Kind::Dollar;
    kinds[b'-' as usize] = Kind::Dash;
    kinds
};

/// Whether nothing in a text can be taken for a credential: nothing in it is a name for one, no URL has a user, no
/// option is followed by one, and no word is long enough to be one.
pub fn is_harmless(text: &str) -> bool {
    look(text) != Look::Doubtful
}

/// Whether, on top of that, nothing in it stands for something else.
pub fn is_plain(text: &str) -> bool {
    look(text) == Look::Plain
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Look {
    Doubtful,
    /// Harmless, with a `$`.
    Expression,
    Plain,
}

fn look(text: &str) -> Look {
    let bytes = text.as_bytes();
    let mut start = 0;
    let (mut has_at, mut has_dollar) = (false, false);
    for (at, byte) in bytes.iter().enumerate() {
        let kind = KINDS.get(usize::from(*byte)).copied().unwrap_or(Kind::NotAscii);
        if kind == Kind::Other {
            continue;
        }
        match kind {
            Kind::Letter if !bytes.get(at..).is_some_and(begins_word) => {}
            kind @ (Kind::Between | Kind::At | Kind::Dollar) => {
                if at - start >= SHORTEST_TOKEN && may_be_token(bytes, start, at) {
                    return Look::Doubtful;
                }
                has_at |= kind == Kind::At;
                has_dollar |= kind == Kind::Dollar;
                start = at + 1;
            }
            Kind::Dash if bytes.get(at + 1) != Some(&b'u') => {}
            Kind::Other => {}
            Kind::Dash | Kind::Letter | Kind::NotAscii => return Look::Doubtful,
        }
    }
    if may_be_token(bytes, start, bytes.len()) || has_at && text.contains("://") {
        return Look::Doubtful;
    }
    if has_dollar { Look::Expression } else { Look::Plain }
}

/// Whether one of the words that make a name a secret one, or the beginning of some, stands here.
#[inline]
fn begins_word(rest: &[u8]) -> bool {
    let [first, second, ..] = rest else { return false };
    // Of letters, this is the lower case.
    let word: &[u8] = match (first | 0x20, second | 0x20) {
        (b'a', b'u') => b"auth",
        (b'b', b'e') => b"bearer",
        (b'c', b'o') => b"cookie",
        (b'c', b'r') => b"cred",
        (b'd', b's') => b"dsn",
        (b'j', b'w') => b"jwt",
        (b'k', b'e') => b"key",
        (b'p', b'a') => b"pass",
        (b'p', b'e') => b"pepper",
        (b'p', b'w') => b"pw",
        (b's', b'a') => b"salt",
        (b's', b'e') => b"secret",
        (b't', b'o') => b"token",
        _ => return false,
    };
    rest.get(..word.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(word))
}

/// Whether a word has the length and the characters of a token.
fn may_be_token(bytes: &[u8], start: usize, end: usize) -> bool {
    let word = bytes.get(start..end).unwrap_or_default();
    if word.len() < SHORTEST_TOKEN {
        return false;
    }
    let has = |kind: fn(&u8) -> bool| word.iter().any(kind);
    word.len() >= SHORTEST_WORD && has(u8::is_ascii_uppercase) && has(u8::is_ascii_digit)
        || PREFIXES.iter().any(|prefix| word.starts_with(prefix.as_bytes()))
}

/// Of what tokens of well-known services begin with.
const SHORTEST_PREFIX: usize = 3;

const SHORTEST_TOKEN: usize = SHORTEST_PREFIX + SHORTEST_SHAPE;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::credential::{SECRET_WORDS, defaults, in_text, in_yaml, is_secret_name};
    use super::*;

    fn is_clean(text: &str) -> bool {
        in_text(text).is_empty() && defaults(text).is_empty() && in_yaml(text).is_empty()
    }

    #[test]
    fn every_word_and_every_prefix_is_seen() {
        for word in SECRET_WORDS.iter().chain(&["key", "keys"]) {
            assert!(
                may_name(word) && may_name(&word.to_uppercase()) && may_name(&format!("a_{word}")),
                "{word}"
            );
        }
        for prefix in PREFIXES {
            assert!(prefix.len() >= SHORTEST_PREFIX, "{prefix}");
            let token = format!("{prefix}{}", "A1".repeat(SHORTEST_SHAPE));
            assert!(!is_harmless(&token) && !is_harmless(&format!("x:{token}/y")), "{prefix}");
        }
    }

    #[test]
    fn ordinary_texts_are_harmless() {
        for text in [
            "registry.example/app-0:${TAG:-1.2.3}",
            "curl -f http://localhost",
            "./data/0",
            "unless-stopped",
            "service-10",
            "app@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            "LEVEL=${LEVEL:-info}",
        ] {
            assert!(is_harmless(text), "{text}");
            assert_eq!(is_plain(text), !text.contains('$'), "{text}");
        }
    }

    fn piece() -> impl Strategy<Value = &'static str> {
        prop::sample::select(vec![
            "a",
            "x1",
            "B",
            "password",
            "PW",
            "Token",
            "api",
            "key",
            "Key",
            "dsn",
            "salt",
            "wort",
            "_",
            ".",
            "-",
            "-",
            "--",
            "-u",
            "--user",
            "user:",
            "://",
            "@",
            "/",
            "?",
            "&",
            "=",
            "=",
            ":",
            ": ",
            " ",
            " ",
            "\n",
            "\t",
            "\u{b}",
            "\"",
            "'",
            "{",
            "}",
            ",",
            ";",
            "|",
            "$",
            "${",
            ":-",
            "-----BEGIN ",
            "PRIVATE KEY",
            "-----END ",
            "ghp_",
            "sk-",
            "SG.",
            "eyJ",
            "abcdefGHIJ01",
            "Zk3v9QbT1xLm82RwPa0YcD4eUs",
            "12345678901234567890",
            "é",
            "\u{212a}ey",
            "\u{a0}",
            "0",
            "true",
        ])
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            cases: 4000, failure_persistence: None, ..ProptestConfig::default()
        })]

        #[test]
        fn nothing_harmless_is_a_credential(pieces in prop::collection::vec(piece(), 0..9)) {
            let text = pieces.concat();
            prop_assert!(is_clean(&text) || !is_harmless(&text), "{text:?}");
            prop_assert!(is_harmless(&text) && text.is_ascii() && !text.contains('$') || !is_plain(&text), "{text:?}");
            prop_assert!(!is_secret_name(&text) || may_name(&text), "{text:?}");
        }
    }
}

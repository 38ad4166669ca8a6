//! Patterns for names, as in Go's `path.Match`.

/// One place of a pattern.
#[derive(Debug)]
enum Token {
    /// `*`
    Many,
    /// `?`
    One,
    Literal(char),
    /// `[a-c]`, `[^x]`
    Class {
        negated: bool,
        ranges: Vec<(char, char)>,
    },
}

/// A pattern that is well formed.
#[derive(Debug)]
pub struct Glob(Vec<Token>);

impl Glob {
    pub fn new(pattern: &str) -> Option<Self> {
        let mut tokens = Vec::new();
        let mut rest = pattern.chars().peekable();
        while let Some(c) = rest.next() {
            tokens.push(match c {
                '*' => Token::Many,
                '?' => Token::One,
                '\\' => Token::Literal(rest.next()?),
                '[' => {
                    let negated = rest.next_if_eq(&'^').is_some();
                    let mut ranges = Vec::new();
                    while ranges.is_empty() || rest.peek() != Some(&']') {
                        let low = member(&mut rest)?;
                        let high = if rest.next_if_eq(&'-').is_some() { member(&mut rest)? } else { low };
                        ranges.push((low, high));
                    }
                    rest.next();
                    Token::Class { negated, ranges }
                }
                c => Token::Literal(c),
            });
        }
        Some(Self(tokens))
    }

    pub fn matches(&self, name: &str) -> bool {
        let name: Vec<char> = name.chars().collect();
        // The usual greedy match with one point to go back to.
        let (mut p, mut n, mut star) = (0, 0, None);
        while let Some(c) = name.get(n) {
            match self.0.get(p) {
                Some(Token::Many) => {
                    star = Some((p, n));
                    p += 1;
                }
                Some(token) if token.takes(*c) => {
                    p += 1;
                    n += 1;
                }
                _ => match star {
                    Some((at, from)) => {
                        p = at + 1;
                        n = from + 1;
                        star = Some((at, n));
                    }
                    None => return false,
                },
            }
        }
        self.0.get(p..).unwrap_or_default().iter().all(|token| matches!(token, Token::Many))
    }
}

impl Token {
    fn takes(&self, c: char) -> bool {
        match self {
            Self::Many => false,
            Self::One => true,
            Self::Literal(literal) => *literal == c,
            Self::Class { negated, ranges } => {
                ranges.iter().any(|(low, high)| (*low..=*high).contains(&c)) != *negated
            }
        }
    }
}

fn member(rest: &mut impl Iterator<Item = char>) -> Option<char> {
    match rest.next()? {
        '-' | ']' => None,
        '\\' => rest.next(),
        c => Some(c),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, name: &str) -> bool {
        Glob::new(pattern).is_some_and(|glob| glob.matches(name))
    }

    #[test]
    fn globs_match_whole_names() {
        for (pattern, name) in
            [("a*", "abc"), ("?b*", "ab"), ("*", ""), ("[a-c]x", "bx"), ("[^a]", "b"), ("\\*", "*")]
        {
            assert!(matches(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in
            [("a", "ab"), ("a?c", "ac"), ("", "a"), ("[^a]", "a"), ("[a", "a"), ("[]", "]"), ("[]a]", "a")]
        {
            assert!(!matches(pattern, name), "{pattern} {name}");
        }
    }
}

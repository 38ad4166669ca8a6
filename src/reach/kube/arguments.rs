//! Words that Kubernetes would replace variables in.

/// A text that comes out of Kubernetes as it goes in: there `$(NAME)` is a variable, and `$$` one dollar sign.
pub fn literal(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        out.push(c);
        if c == '$' && matches!(characters.peek(), Some('$' | '(')) {
            out.push('$');
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As the API describes it: a doubled dollar sign is one, a name in parentheses is its value, and anything else
    /// stays.
    fn expand(text: &str) -> String {
        let mut out = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('$') {
            out.push_str(before);
            rest = after;
            if let Some(after) = rest.strip_prefix('$') {
                out.push('$');
                rest = after;
            } else if let Some((name, after)) = rest.strip_prefix('(').and_then(|inner| inner.split_once(')'))
            {
                out.push_str("VALUE-OF-");
                out.push_str(name);
                rest = after;
            } else {
                out.push('$');
            }
        }
        out + rest
    }

    #[test]
    fn what_is_written_is_what_arrives() {
        assert_eq!(literal("echo $(date) $HOME"), "echo $$(date) $HOME");
        assert_eq!(expand("$(date)"), "VALUE-OF-date");
        let parts = ["$", "(", ")", "a", "$$"];
        let mut texts = vec![String::new()];
        for _ in 0..6 {
            texts =
                texts.iter().flat_map(|text| parts.iter().map(move |part| format!("{text}{part}"))).collect();
            for text in &texts {
                assert_eq!(expand(&literal(text)), *text);
            }
        }
    }
}

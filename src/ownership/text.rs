//! What was written where a value came from: for messages that can say more than the value does.

use crate::project::Environment;
use crate::source::{Origin, SourceMap};

/// The text in the source, without its quotes; empty where the value was not written in a file.
pub(super) fn written(origin: Origin, sources: &SourceMap) -> &str {
    let text = origin.span().map_or("", |span| sources.text(span)).trim();
    let unquoted = ['"', '\''].iter().find_map(|quote| text.strip_prefix(*quote)?.strip_suffix(*quote));
    unquoted.unwrap_or(text)
}

/// The names of the variables in a text that have no value, in the order written, each once.
pub(super) fn without_value(text: &str, environment: &Environment) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once('$') {
        rest = after;
        if let Some(escaped) = after.strip_prefix('$') {
            rest = escaped;
            continue;
        }
        let expression = after.strip_prefix('{').unwrap_or(after);
        let name: String =
            expression.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
        let has_value = environment.get(&name).is_some_and(|value| !value.is_empty());
        if !name.is_empty() && !has_value && !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// `a`, `a and b`, `a, b and c`.
pub(super) fn list(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_without_a_value_are_found_and_literal_dollars_are_not() {
        let environment = Environment::new([("SET".into(), "1".into()), ("BLANK".into(), String::new())]);
        let find = |text| without_value(text, &environment);
        assert_eq!(find("${UID}:${GID}"), ["UID", "GID"]);
        assert_eq!(find("$UID:${UID:-}${BLANK}"), ["UID", "BLANK"]);
        assert!(find("${SET}:$SET $$UID $").is_empty());
    }

    #[test]
    fn lists_read_as_prose() {
        let names = ["a".to_owned(), "b".to_owned(), "c".to_owned()];
        assert_eq!((list(&names[..1]).as_str(), list(&names[..2]).as_str()), ("a", "a and b"));
        assert_eq!(list(&names), "a, b and c");
    }
}

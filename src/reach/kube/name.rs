//! Names that Kubernetes takes (DNS-1123, and DNS-1035 for Services), and that no two objects have.

use std::collections::BTreeMap;

/// As long as a label of DNS is.
const LONGEST: usize = 63;

/// The nearest name of lower-case letters, digits and hyphens.
pub fn label(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let mapped: String =
        lower.chars().map(|c| if c.is_ascii_lowercase() || c.is_ascii_digit() { c } else { '-' }).collect();
    mapped.trim_matches('-').to_owned()
}

/// A label of DNS-1123.
pub fn is_label(text: &str) -> bool {
    let ends = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    text.len() <= LONGEST
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
        && ends(text.chars().next())
        && ends(text.chars().next_back())
}

/// A label that begins with a letter, as Services have.
pub fn is_service_name(text: &str) -> bool {
    is_label(text) && text.starts_with(|c: char| c.is_ascii_lowercase())
}

/// A name of labels with points between them.
pub fn is_subdomain(text: &str) -> bool {
    text.len() <= 253 && !text.is_empty() && text.split('.').all(is_label)
}

/// What may stand as the key of a label or annotation.
pub fn is_qualified(text: &str) -> bool {
    let (domain, name) = match text.split_once('/') {
        Some((domain, name)) => (Some(domain), name),
        None => (None, text),
    };
    domain.is_none_or(is_subdomain) && is_plain(name) && name.len() <= LONGEST
}

fn is_plain(name: &str) -> bool {
    let ends = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
        && ends(name.chars().next())
        && ends(name.chars().next_back())
}

/// What may stand as a key in a `ConfigMap` or Secret.
pub fn is_key(text: &str) -> bool {
    let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    !text.is_empty() && text.len() <= 253 && text.chars().all(known) && text != "." && !text.starts_with("..")
}

/// The nearest key.
pub fn key(text: &str) -> String {
    let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let mapped: String = text.chars().map(|c| if known(c) { c } else { '-' }).collect();
    mapped.trim_matches(['-', '.']).to_owned()
}

/// Who has which name.
#[derive(Debug, Default)]
pub struct Names(BTreeMap<(&'static str, String), String>);

impl Names {
    /// Takes a name for a place.
    ///
    /// # Errors
    /// The place that has it.
    pub fn take(&mut self, kind: &'static str, name: &str, place: &str) -> Result<(), String> {
        let known = self.0.entry((kind, name.to_owned())).or_insert_with(|| place.to_owned());
        if known == place { Ok(()) } else { Err(known.clone()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_dns() {
        assert_eq!(label("My_App.db"), "my-app-db");
        assert_eq!(label("_x_"), "x");
        for (text, is_one) in [
            ("a", true),
            ("a-1", true),
            ("-a", false),
            ("a-", false),
            ("A", false),
            ("a_b", false),
            ("", false),
            ("1a", true),
        ] {
            assert_eq!(is_label(text), is_one, "{text}");
        }
        assert!(!is_service_name("1a") && is_service_name("a1"));
        assert!(!is_label(&"a".repeat(64)) && is_label(&"a".repeat(63)));
        assert!(
            is_qualified("traefik.http.routers.x.rule") && is_qualified("a.b/c_d") && is_qualified("App")
        );
        assert!(
            !is_qualified("a/b/c") && !is_qualified("x[0]") && !is_qualified("/x") && !is_qualified("-x")
        );
        assert!(is_key("agent.json") && !is_key("..x") && !is_key("a/b") && !is_key(""));
        assert_eq!(key("/etc/agent.json"), "etc-agent.json");
    }

    #[test]
    fn a_name_is_taken_once() {
        let mut names = Names::default();
        assert_eq!(names.take("Service", "a", "services.a"), Ok(()));
        assert_eq!(names.take("Service", "a", "services.a"), Ok(()));
        assert_eq!(names.take("Secret", "a", "secrets.a"), Ok(()));
        assert_eq!(names.take("Service", "a", "services.A"), Err("services.a".to_owned()));
    }
}

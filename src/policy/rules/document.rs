//! The catalogue as a page of the documentation.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::json;

use super::super::posture::Posture;
use super::keys::{Judged, KEYS};
use super::{Allow, CATALOGUE, Rule};

/// The catalogue for programs.
pub fn json() -> serde_json::Value {
    let one = |rule: &Rule| {
        let postures: Vec<&str> = Posture::ALL
            .into_iter()
            .filter(|posture| rule.from.is_some_and(|from| *posture >= from))
            .map(Posture::name)
            .collect();
        let overlays: Vec<&str> = rule.overlays.iter().map(|(name, _)| *name).collect();
        let allows = match rule.allow {
            Allow::Nothing => None,
            Allow::Values(what) => Some(what),
        };
        json!({
            "id": rule.id,
            "forbids": rule.forbids,
            "why": rule.why,
            "postures": postures,
            "overlays": overlays,
            "cis": { "benchmark": "CIS Docker Benchmark 1.6.0", "items": rule.cis },
            "owasp": { "sheet": "OWASP Docker Security Cheat Sheet", "items": rule.owasp },
            "model": rule.model,
            "live": rule.live,
            "fix": rule.fix,
            "waiver_allows": allows,
        })
    };
    CATALOGUE.iter().map(one).collect()
}

/// `docs/rules.md`
pub fn document() -> String {
    let mut text = String::from(
        "# Rules\n\n\
         <!-- Generated from the catalogue; SEAWORTHY_BLESS=1 cargo test rewrites it. -->\n\n\
         What an overlay cannot express is a rule. Every rule judges the effective model, of every service of every \
         profile, and says what to look for on the live container. A rule refuses a launch from its posture on, which \
         each service can have [for itself](policy.md#posture); under `observe` it warns. A waiver in `seaworthy.yaml` names the service, the rule, what is allowed and why:\n\n\
         ```yaml\nwaivers:\n  - { service: proxy, rule: cap-add, allow: [NET_BIND_SERVICE], reason: \"binds :443\" }\n```\n\n\
         Rules about networks and volumes are about the project: a waiver of one is for the service `\"*\"`.\n\n\
         One more name stands in waivers alone: `not-enforceable` allows a setting that [Swarm](swarm.md) or \
         [Kubernetes](kubernetes.md) cannot hold.\n\n\
         CIS numbers are those of the CIS Docker Benchmark 1.6.0; OWASP numbers those of the Docker Security Cheat \
         Sheet.\n\n\
         | rule | from | a service may not … | CIS | OWASP |\n|---|---|---|---|---|\n",
    );
    for rule in CATALOGUE.iter() {
        let _ = writeln!(
            text,
            "| [`{id}`](#{id}) | {} | {} | {} | {} |",
            enforced(rule),
            rule.forbids,
            list(rule.cis),
            list(rule.owasp),
            id = rule.id
        );
    }
    for rule in CATALOGUE.iter() {
        let _ = write!(text, "\n## {}\n\nA service may not {}. {}\n\n", rule.id, rule.forbids, rule.why);
        let _ = writeln!(text, "- Enforced from: {}", enforced(rule));
        for (overlay, key) in rule.overlays {
            let _ = writeln!(
                text,
                "- The built-in overlay `{overlay}` sets `{key}`; a waiver of this rule takes it out for the service."
            );
        }
        let _ = writeln!(text, "- Model: {}", rule.model);
        let _ = writeln!(text, "- Live: {}", rule.live);
        let _ = writeln!(text, "- Fix: {}", rule.fix);
        let allow = match rule.allow {
            Allow::Nothing => "nothing to choose: the setting is there or not".to_owned(),
            Allow::Values(what) => format!("{what}, one by one"),
        };
        let _ = writeln!(text, "- A waiver allows: {allow}");
        if !rule.cis.is_empty() || !rule.owasp.is_empty() {
            let _ = writeln!(text, "- CIS {}; OWASP {}", list(rule.cis), list(rule.owasp));
        }
    }
    text.push_str(&keys());
    text
}

/// Lists the rules that judge each key, and why the other keys need none.
fn keys() -> String {
    let mut text = String::from(
        "\n## Keys and their rules\n\n\
         Every key that Compose knows is judged by the rules beside it, or needs none. `*` stands for a name, `[]` for an \
         element of a list. A key that seaworthy does not know is refused by [`unjudged-key`](#unjudged-key).\n\n\
         | key | rules |\n|---|---|\n",
    );
    let mut harmless: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (key, judged) in KEYS {
        match judged {
            Judged::By(rules) => {
                let rules: Vec<String> = rules.iter().map(|rule| format!("[`{rule}`](#{rule})")).collect();
                let _ = writeln!(text, "| `{key}` | {} |", rules.join(", "));
            }
            Judged::Harmless(why) => harmless.entry(why).or_default().push(format!("`{key}`")),
        }
    }
    text.push_str("\nThese need none:\n\n");
    for (why, keys) in harmless {
        let _ = writeln!(text, "- {}: it {why}.", keys.join(", "));
    }
    text
}

fn enforced(rule: &Rule) -> String {
    match (rule.from, rule.overlays.first()) {
        (Some(posture), _) => posture.name().to_owned(),
        (None, Some((overlay, _))) => format!("overlay {overlay}"),
        (None, None) => Posture::Contained.name().to_owned(),
    }
}

fn list(items: &[&str]) -> String {
    if items.is_empty() { "–".to_owned() } else { items.join(", ") }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn the_page_is_in_step_with_the_catalogue() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/rules.md");
        let page = document();
        if std::env::var_os("SEAWORTHY_BLESS").is_some() {
            std::fs::write(&path, &page).unwrap();
        }
        let written = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(written == page, "docs/rules.md is stale: run SEAWORTHY_BLESS=1 cargo test --lib policy");
    }
}

//! When the engine starts a container again.

use super::field::fields;
use crate::compose::text;
use crate::yaml::Node;

fields! {
    RESTART: Text = "restart";
    POLICY: Part = "deploy.restart_policy";
    CONDITION: Text = "deploy.restart_policy.condition";
    ATTEMPTS: Text = "deploy.restart_policy.max_attempts";
}

/// The engine's restart policy, by its own names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restart {
    /// `no`, `on-failure`, `unless-stopped`, `always`, or what the engine will refuse.
    pub name: String,
    /// The number of attempts; 0 is without a bound.
    pub attempts: u64,
}

impl Restart {
    /// The policy of a service, and the key that decides it: Compose hands over the one under `deploy` where there is one.
    pub fn of_service(service: &Node) -> Option<(Self, &'static str, &Node)> {
        if let Some(policy) = POLICY.node(service) {
            let place = CONDITION.node(service).unwrap_or(policy);
            let (condition, attempts) = (CONDITION.text(service), ATTEMPTS.text(service));
            return Some((Self::deployed(condition, attempts), POLICY.path(), place));
        }
        let (node, written) = RESTART.written(service)?;
        Some((Self::of_text(&written), RESTART.path(), node))
    }

    /// Reads `restart`: `NAME[:ATTEMPTS]`.
    pub fn of_text(written: &str) -> Self {
        let (name, attempts) = written.split_once(':').unwrap_or((written, ""));
        Self { name: name.to_owned(), attempts: attempts.parse().unwrap_or(0) }
    }

    /// Reads `deploy.restart_policy`.
    pub fn of_deploy(policy: &Node) -> Self {
        let field = |key: &str| policy.get(key).map(text);
        Self::deployed(field("condition"), field("max_attempts"))
    }

    /// Compose takes a missing condition for `no`.
    fn deployed(condition: Option<String>, attempts: Option<String>) -> Self {
        let condition = condition.unwrap_or_default();
        let name = match condition.as_str() {
            "" | "none" => "no".to_owned(),
            "any" => "always".to_owned(),
            _ => condition,
        };
        Self { name, attempts: attempts.unwrap_or_default().parse().unwrap_or(0) }
    }

    /// A container that is not started again.
    pub fn never() -> Self {
        Self { name: "no".to_owned(), attempts: 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::FileId;
    use crate::yaml::{Limits, parse};

    /// As Compose 2.40.3 made the containers of these.
    #[test]
    fn deploy_wins_and_says_no_where_it_says_nothing() {
        for (service, name, attempts) in [
            ("{restart: 'no', deploy: {restart_policy: {condition: any}}}", "always", 0),
            ("{restart: always, deploy: {restart_policy: {condition: none}}}", "no", 0),
            (
                "{restart: 'on-failure:3', deploy: {restart_policy: {condition: on-failure, max_attempts: 5}}}",
                "on-failure",
                5,
            ),
            ("{restart: always, deploy: {restart_policy: {max_attempts: 2}}}", "no", 2),
            ("{deploy: {restart_policy: {condition: unless-stopped}}}", "unless-stopped", 0),
            ("{restart: 'on-failure:3'}", "on-failure", 3),
            ("{restart: always, deploy: {replicas: 2}}", "always", 0),
        ] {
            let node = parse(FileId(0), service, Limits::default()).unwrap().remove(0).root;
            let (found, _, _) = Restart::of_service(&node).unwrap();
            assert_eq!((found.name.as_str(), found.attempts), (name, attempts), "{service}");
        }
        let none = parse(FileId(0), "{restart: ''}", Limits::default()).unwrap().remove(0).root;
        assert_eq!(Restart::of_service(&none).map(|(restart, ..)| restart), None);
    }
}

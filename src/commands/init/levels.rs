//! A posture for each service while a policy is put together.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::policy::Posture;

use super::text::scalar;

/// The posture of most services, and of the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Levels {
    pub default: Posture,
    pub others: BTreeMap<String, Posture>,
}

impl Levels {
    pub fn all(posture: Posture) -> Self {
        Self { default: posture, others: BTreeMap::new() }
    }

    /// What most have is the default; of two that as many have, the stricter one.
    pub fn of_services(postures: &BTreeMap<String, Posture>) -> Self {
        let having = |posture: Posture| postures.values().filter(|one| **one == posture).count();
        let default = Posture::ALL.into_iter().max_by_key(|posture| having(*posture)).unwrap_or_default();
        let others = postures.iter().filter(|(_, posture)| **posture != default);
        Self { default, others: others.map(|(name, posture)| (name.clone(), *posture)).collect() }
    }

    pub fn of(&self, service: &str) -> Posture {
        self.others.get(service).copied().unwrap_or(self.default)
    }

    /// `posture:` of the policy.
    pub fn text(&self) -> String {
        if self.others.is_empty() {
            return format!("posture: {}\n", self.default);
        }
        let mut text = format!("posture:\n  default: {}\n  services:\n", self.default);
        for (name, posture) in &self.others {
            let _ = writeln!(text, "    {}: {posture}", scalar(name));
        }
        text
    }

    /// For people: `hardened, but plex baseline`.
    pub fn describe(&self) -> String {
        let others: Vec<String> =
            self.others.iter().map(|(name, posture)| format!("{name} {posture}")).collect();
        match others.as_slice() {
            [] => self.default.to_string(),
            [_] | [_, _] | [_, _, _] => format!("{}, but {}", self.default, others.join(", ")),
            many => format!("{}, but another for {} services", self.default, many.len()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn most_services_decide_on_the_default_and_the_stricter_of_equals() {
        let of = |pairs: &[(&str, Posture)]| {
            Levels::of_services(&pairs.iter().map(|(name, one)| ((*name).to_owned(), *one)).collect())
        };
        let equal = of(&[("a", Posture::Hardened), ("b", Posture::Baseline)]);
        assert_eq!(equal.text(), "posture:\n  default: hardened\n  services:\n    b: baseline\n");
        assert_eq!(equal.describe(), "hardened, but b baseline");
        let most = of(&[("a", Posture::Hardened), ("b", Posture::Baseline), ("c", Posture::Baseline)]);
        assert_eq!(
            (most.default, most.of("a"), most.of("b")),
            (Posture::Baseline, Posture::Hardened, Posture::Baseline)
        );
        assert_eq!(Levels::all(Posture::Contained).text(), "posture: contained\n");
    }
}

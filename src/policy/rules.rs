//! The catalogue of rules: what an overlay cannot express, each with its reason and its remedy.
//!
//! A rule is data and a predicate on the decoded model of all services of every profile. Rules that
//! belong together share a file, which holds their wording and their tests.

mod breach;
mod document;
mod kernel;
mod keys;
mod mount;
mod paths;
mod subject;

mod build;
mod capabilities;
mod containers;
mod devices;
mod elsewhere;
mod enforced;
mod files;
mod hooks;
mod images;
mod limits;
mod mounts;
mod namespaces;
mod network;
mod options;
mod ports;
mod resources;
mod security;
pub mod user;

#[cfg(test)]
mod tests;

use super::posture::Posture;

pub use breach::Breach;
pub use containers::LOADER;
pub use document::{document, json};
pub use elsewhere::NOT_ENFORCEABLE;
pub use files::FileVariables;
pub use kernel::STANDARD_CAPABILITIES;
pub use paths::{engine_socket, in_a_home, is_of_host, real};
pub use subject::{Service, View};

/// What a waiver of a rule can allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Allow {
    /// The rule is about one setting that is there or not.
    Nothing,
    /// Some of these, named one by one.
    Values(&'static str),
}

/// What a rule looks at.
#[derive(Clone, Copy, Debug)]
pub enum Check {
    /// Each service for itself.
    Service(fn(&Service<'_>, &mut Vec<Breach>)),
    /// The project's networks, volumes and the like; only a waiver for `*` is about these.
    Project(fn(&View<'_>, &mut Vec<Breach>)),
}

/// One rule of the catalogue.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Stable, kebab-case.
    pub id: &'static str,
    /// Completes "a service may not …".
    pub forbids: &'static str,
    pub why: &'static str,
    /// The weakest posture that enforces it; without one it is enforced where its overlay is laid.
    pub from: Option<Posture>,
    /// Built-in overlays with which it is enforced, whatever the posture.
    pub laid_with: &'static [&'static str],
    /// Keys by which another service takes part in what the rule is about: it counts at the strictest posture of all
    /// of them.
    pub joined_by: &'static [&'static str],
    /// Whether it warns where nothing enforces it.
    pub warns: bool,
    /// Built-in overlays, each with its key that demands the same; a waiver takes those keys out.
    pub overlays: &'static [(&'static str, &'static str)],
    /// Items of the CIS Docker Benchmark 1.6.0.
    pub cis: &'static [&'static str],
    /// Items of the OWASP Docker Security Cheat Sheet.
    pub owasp: &'static [&'static str],
    /// What must hold on the merged model.
    pub model: &'static str,
    /// What must hold on the created container, or where else it shows.
    pub live: &'static str,
    pub fix: &'static str,
    pub allow: Allow,
    /// Whether a value that a waiver allows covers a value found.
    pub same: fn(&str, &str) -> bool,
    /// Every value that there is, where that can be told; a waiver that allows another is misspelt.
    pub known: &'static [&'static str],
    pub check: Check,
}

impl Rule {
    /// What most rules have; each fills in its own.
    const COMMON: Self = Self {
        id: "",
        forbids: "",
        why: "",
        from: None,
        laid_with: &[],
        joined_by: &[],
        warns: false,
        overlays: &[],
        cis: &[],
        owasp: &[],
        model: "",
        live: "",
        fix: "",
        allow: Allow::Nothing,
        same: same_text,
        known: &[],
        check: Check::Project(|_, _| {}),
    };
}

fn same_text(allowed: &str, found: &str) -> bool {
    allowed == found
}

/// Whether the kernel has a capability of this name.
pub fn is_capability(name: &str) -> bool {
    kernel::CAPABILITIES.contains(&name)
}

/// Every rule, in the order of the documentation.
pub static CATALOGUE: std::sync::LazyLock<Vec<Rule>> = std::sync::LazyLock::new(|| {
    let families: [&[Rule]; 16] = [
        security::RULES,
        capabilities::RULES,
        namespaces::RULES,
        user::RULES,
        mounts::RULES,
        devices::RULES,
        network::RULES,
        ports::RULES,
        limits::RULES,
        enforced::RULES,
        resources::RULES,
        hooks::RULES,
        containers::RULES,
        options::RULES,
        images::RULES,
        build::RULES,
    ];
    families.into_iter().flatten().copied().collect()
});

/// A rule of the catalogue, or one that only waivers name.
pub fn find(id: &str) -> Option<&'static Rule> {
    CATALOGUE.iter().chain(elsewhere::RULES).find(|rule| rule.id == id)
}

/// Whether a rule is judged where a project is taken to another target, and not here.
pub fn is_judged_elsewhere(rule: &Rule) -> bool {
    elsewhere::RULES.iter().any(|known| known.id == rule.id)
}

/// Every rule that a waiver can name.
pub fn waivable() -> impl Iterator<Item = &'static Rule> {
    CATALOGUE.iter().chain(elsewhere::RULES)
}

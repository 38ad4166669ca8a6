//! An engine that has other files than we have.

use crate::compose::Model;
use crate::diagnostic::{Code, Finding};
use crate::engine::Location;
use crate::model::mount;
use crate::ownership::{StatePolicy, Strategy};
use crate::source::Origin;

/// Why no bind source can be judged or created from here, where that is so.
pub fn elsewhere(location: &Location) -> Option<&str> {
    match location {
        Location::Here | Location::VirtualMachine => None,
        Location::Elsewhere(reason) => Some(reason),
    }
}

/// What is to be said of a project with bind mounts whose engine is elsewhere: refused with a policy,
/// which could not be kept; a warning without one. `None` where the project has no bind mounts.
pub fn judge(model: &Model, reason: &str, strict: bool) -> Option<Finding> {
    let binds = binds(model);
    let (first, origin) = binds.first()?;
    let message = format!("the bind sources of service `{first}` are on another machine: {reason}");
    let finding = if strict {
        Finding::error(Code::RemoteEngine, message)
    } else {
        Finding::warning(Code::RemoteEngine, message)
    };
    let help = if strict {
        "Run seaworthy on the engine's machine, or use named volumes instead. With `repair: helper` in the policy, \
         the helper looks at them there, and makes and repairs what lies below the roots."
    } else {
        "Nothing was prepared: what is missing there, the engine creates as root."
    };
    let finding = finding.at_origin(*origin, "meant for the engine's machine").help(help);
    Some(binds.iter().skip(1).fold(finding, |finding, (_, origin)| finding.at_origin(*origin, "")))
}

/// What a policy asks for that the helper cannot do on another machine.
pub fn impossible(state: &StatePolicy, has_copies: bool) -> Vec<Finding> {
    let refused = |what: &str, help: &str| {
        Finding::error(Code::RemoteEngine, format!("{what}, and the engine is on another machine")).help(help)
    };
    let is_mapped = state.declared.iter().any(|state| state.strategy == Strategy::Idmap);
    let mapped = is_mapped.then(|| {
        refused(
            "`strategy: idmap` takes a mount of this machine's",
            "Use another strategy, or run it on the engine's machine.",
        )
    });
    let copied = has_copies.then(|| {
        refused(
            "`copies` are written on this machine",
            "Make them on the engine's machine, or give the file by a config with `content:`.",
        )
    });
    mapped.into_iter().chain(copied).collect()
}

/// Services and places of their bind mounts.
fn binds(model: &Model) -> Vec<(&str, Origin)> {
    let mut found = Vec::new();
    for (name, service) in model.services() {
        for mount in mount::VOLUMES.items(service) {
            if mount::TYPE.str(mount) == Some("bind") {
                found.push((name, mount::SOURCE.node(mount).map_or(mount.origin, |source| source.origin)));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Severity;
    use crate::ownership::DeclaredState;
    use crate::ownership::testing::model;

    const BINDS: &str = "services:\n  a:\n    volumes: [{type: bind, source: /x, target: /x}]\n";

    #[test]
    fn a_project_that_needs_this_machine_is_refused_with_a_policy_and_warned_of_without() {
        let (with, _) = model(BINDS);
        let finding = judge(&with, "it is reached through ssh://h", true).unwrap();
        assert_eq!((finding.code, finding.severity), (Code::RemoteEngine, Severity::Error));
        assert_eq!(judge(&with, "", false).unwrap().severity, Severity::Warning);
        let (without, _) = model("services:\n  a:\n    volumes: [{type: volume, source: x, target: /x}]\n");
        assert!(judge(&without, "", true).is_none());
    }

    #[test]
    fn what_the_helper_cannot_do_there_is_refused() {
        let state = |strategy| StatePolicy {
            declared: vec![DeclaredState { path: "/x".into(), from: Vec::new(), strategy }],
            ..StatePolicy::default()
        };
        assert!(impossible(&state(Strategy::Acl), false).is_empty());
        assert_eq!(impossible(&state(Strategy::Idmap), true).len(), 2);
    }

    #[test]
    fn only_another_machine_is_elsewhere() {
        assert_eq!(elsewhere(&Location::Here), None);
        assert_eq!(elsewhere(&Location::VirtualMachine), None);
        assert_eq!(elsewhere(&Location::Elsewhere("x".into())), Some("x"));
    }
}

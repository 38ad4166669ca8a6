//! Services with different users in one tree.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::compose::text;
use crate::diagnostic::{Code, Finding};
use crate::host::{Kind, Owner};
use crate::model::{namespace, program};

use super::explain::shown;
use super::judge::Judged;
use super::{BindQuestion, Outcome, Role};

/// One service's use of a directory.
struct User<'a> {
    service: &'a str,
    /// Whether it is a container that runs before the service's own.
    is_hook: bool,
    owner: Owner,
    groups: BTreeSet<u32>,
    writes: bool,
    /// Whether it is root and may use what belongs to anybody.
    overrides: bool,
    judged: &'a Judged,
}

/// What does not go together, one finding per directory.
pub(super) fn conflicts(judged: &[Judged], question: &BindQuestion<'_>) -> Vec<Finding> {
    let mut trees: BTreeMap<&Path, Vec<User<'_>>> = BTreeMap::new();
    for one in judged {
        let decision = &one.decision;
        let is_tree = matches!(decision.role, Role::Bind | Role::Volume) && decision.kind == Kind::Directory;
        if !is_tree || matches!(decision.outcome, Outcome::Refuse(_)) {
            continue;
        }
        let Some(owner) = decision.owner.as_ref().known().copied() else { continue };
        let groups = one.groups.iter().copied().chain([owner.gid]).collect();
        let service = decision.service.as_str();
        let writes = !decision.read_only;
        let tree = trees.entry(&one.real).or_default();
        let hooks = writes.then(|| before(question, service, owner)).into_iter().flatten();
        tree.extend(hooks.map(|owner| User {
            service,
            is_hook: true,
            owner,
            groups: BTreeSet::from([owner.gid]),
            writes,
            overrides: false,
            judged: one,
        }));
        tree.push(User {
            service,
            is_hook: false,
            owner,
            groups,
            writes,
            overrides: one.overrides,
            judged: one,
        });
    }
    let strict = question.policy.is_some();
    let mut findings = Vec::new();
    for (path, users) in &trees {
        if (question.shared)(path) {
            continue;
        }
        if let Some(finding) = same_tree(path, users, question, strict) {
            findings.push(finding);
        } else if strict {
            let above = path.ancestors().skip(1).filter_map(|above| trees.get_key_value(above));
            findings.extend(
                above.filter_map(|(above, others)| nested(path, users, above, others, question)).take(1),
            );
        }
    }
    findings
}

/// The users of `pre_start` containers, which get the service's mounts: those that are neither the service's user
/// nor root, who may write what is anybody's. A name is the image's to resolve.
fn before(question: &BindQuestion<'_>, service: &str, own: Owner) -> Vec<Owner> {
    let node = question.model.services().find(|(name, _)| *name == service).map(|(_, node)| node);
    let Some(node) = node else { return Vec::new() };
    let hooks = program::PRE_START.items(node);
    let users = hooks.iter().filter_map(|hook| numbers(&text(program::HOOK_USER.node(hook)?)));
    let mut users = users.filter(|user| user.uid != 0).peekable();
    if users.peek().is_none() {
        return Vec::new();
    }
    let mode = namespace::USERNS.or_empty(node);
    let map = (question.maps)(mode).known();
    users.filter_map(|user| map.as_ref()?.to_host(user)).filter(|user| user.uid != own.uid).collect()
}

/// `UID` or `UID:GID`. A user without a group is in that of root, which no one shares by.
fn numbers(user: &str) -> Option<Owner> {
    user.parse().or_else(|_| format!("{user}:0").parse()).ok()
}

fn disagree(users: &[&User<'_>]) -> bool {
    let Some(first) = users.first() else { return false };
    let differ = users.iter().any(|user| user.owner.uid != first.owner.uid);
    // A group that all of them have is one of the ways to share.
    let shared = users.iter().fold(first.groups.clone(), |shared, user| &shared & &user.groups);
    differ && users.iter().any(|user| user.writes) && shared.iter().all(|gid| *gid == 0)
}

/// Whether all but those that may use what belongs to anybody are one user: then only what root makes there can be
/// out of somebody's reach.
fn is_of_one(users: &[&User<'_>]) -> bool {
    let mut others = users.iter().filter(|user| !user.overrides).map(|user| user.owner.uid);
    let first = others.next();
    others.all(|uid| Some(uid) == first)
}

fn same_tree(path: &Path, users: &[User<'_>], question: &BindQuestion<'_>, strict: bool) -> Option<Finding> {
    let users: Vec<&User<'_>> = users.iter().collect();
    if !disagree(&users) {
        return None;
    }
    let name = |user: &User<'_>| {
        let before = if user.is_hook { "the pre_start of " } else { "" };
        format!("{before}`{}` as {}", user.service, user.owner)
    };
    let who: Vec<String> = users.iter().map(|user| name(user)).collect();
    let shown = shown(path, &question.model.directory);
    let message = format!("{shown} is written by services with different users: {}", who.join(", "));
    let is_observed = users.iter().all(|user| (question.observed)(user.service));
    let finding = if strict && !is_observed && !is_of_one(&users) {
        Finding::error(Code::BindShared, message)
    } else {
        Finding::warning(Code::BindShared, message)
    };
    let finding = users.iter().fold(finding, |finding, user| {
        let label = format!("{} {}", user.owner, if user.writes { "reads and writes" } else { "reads" });
        finding.at_origin(user.judged.decision.origin, label)
    });
    // `hardened` refuses `group_add:`, and a group of the user itself serves everywhere.
    Some(finding.help(format!(
        "Declare it in the policy, `state: [{{path: {shown}, strategy: acl}}]` (or `strategy: group`, where their users \
         have one group: `UID:5005`), and it is kept usable for all of them. Or give them one user, or let only one of \
         them write and mount the others read-only with files that they may read."
    )))
}

/// One tree inside another one: each can be what was meant.
fn nested(
    path: &Path,
    users: &[User<'_>],
    above: &Path,
    others: &[User<'_>],
    question: &BindQuestion<'_>,
) -> Option<Finding> {
    let all: Vec<&User<'_>> = users.iter().chain(others).collect();
    if !disagree(&all) {
        return None;
    }
    let (inner, outer) = (users.first()?, others.first()?);
    let directory = &question.model.directory;
    let message = format!(
        "{} of service `{}` ({}) lies inside {} of service `{}` ({})",
        shown(path, directory),
        inner.service,
        inner.owner,
        shown(above, directory),
        outer.service,
        outer.owner
    );
    Some(
        Finding::warning(Code::BindShared, message)
            .at_origin(inner.judged.decision.origin, "inside the other one")
            .at_origin(outer.judged.decision.origin, "around it")
            .help("What one of them writes, the other may not be able to read."),
    )
}

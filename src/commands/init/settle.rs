//! From a posture to a policy with which the project is green under it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::diagnostic::{Code, Finding};
use crate::engine::Answer;
use crate::host::{Kind, Owner};
use crate::ownership::bind::{BindDecision, Outcome, Role};
use crate::policy::Posture;
use crate::policy::rules::{Allow, user};
use crate::run::session::Session;
use crate::run::verify::Verified;

use super::attempt::{Attempt, Drift};
use super::draft::{Draft, Made, Missing};
use super::evidence::Evidence;
use super::levels::Levels;
use super::roots::{OF_THE_HOST, is_half, of_missing};
use super::seen::Seen;
use super::text;

/// More rounds than a project can need: each adds something that the findings name.
const ROUNDS: usize = 32;

/// A policy that is green.
pub(super) struct Settled {
    pub draft: Draft,
}

/// Tries, and adds what is missing, until nothing is refused. The last session says what no policy can change.
pub(super) fn settle<'s>(seen: &'s Seen<'_>, postures: Levels) -> Result<Settled, Box<Session<'s>>> {
    let mut draft = Draft::new(postures, seen.roots.clone());
    for service in &seen.services {
        choose_user(&mut draft, seen, &service.name, 0);
    }
    let mut last = None;
    for _ in 0..ROUNDS {
        let mut attempt = Attempt::new(seen, &text::bare(seen, &draft), Drift::Refused);
        let mended = if attempt.is_green() {
            let foreseen = attempt.foreseen(seen);
            let mut others = false;
            for service in foreseen {
                // Another user where there is one; else it is the image's own affair.
                others |= draft.users.contains_key(&service) && next_user(&mut draft, seen, &service);
            }
            others |= leave_to_successors(&mut draft, seen, &attempt);
            if !others && attempt.is_green() {
                return Ok(Settled { draft });
            }
            others
        } else {
            mend(&mut draft, seen, &attempt)
        };
        // A setting that the host's policy refuses does not answer the finding.
        if attempt.verified.is_some() || last.is_none() {
            last = Some(attempt.session);
        }
        if !mended {
            break;
        }
    }
    Err(Box::new(last.unwrap_or_else(|| Session::new(&seen.request))))
}

/// Adds what the errors ask for. `false` where none of them asks for anything that a policy can give.
fn mend(draft: &mut Draft, seen: &Seen<'_>, attempt: &Attempt<'_>) -> bool {
    let Some(verified) = &attempt.verified else { return false };
    let mut mended = false;
    for finding in attempt.errors() {
        if let (Some(rule), Some(waiver)) = (finding.rule(), finding.waiver()) {
            mended |= draft.waive(&waiver.service, rule, waiver.allow.clone());
            let is_root =
                |user: &String| user == user::BY_IMAGE || user::doubtful(user) == Some(user::IS_ROOT);
            // A waiver with `entrypoint` gives the capabilities itself.
            if rule == user::RULE && waiver.allow.iter().any(is_root) {
                keep_capabilities(draft, seen, &waiver.service);
            }
        }
    }
    // The key of an overlay that was undone is said as that, and not as the rule.
    for verdict in attempt.failing() {
        let service = if verdict.is_of_service() { verdict.place.as_str() } else { "*" };
        let value = verdict.value.clone().filter(|_| verdict.rule.allow != Allow::Nothing);
        if is_switch(draft, service) && verdict.rule.id == user::RULE {
            continue;
        }
        if value.is_some() || verdict.rule.allow == Allow::Nothing {
            mended |= draft.waive(service, verdict.rule.id, value);
        }
    }
    if mended {
        return true;
    }
    for bind in &verified.host.binds {
        if let Outcome::Refuse(finding) = &bind.outcome {
            mended |= mend_bind(draft, seen, bind, finding, attempt);
        }
    }
    if attempt.errors().any(|finding| finding.code == Code::BindShared) {
        mended |= share(draft, verified);
    }
    mended
}

fn mend_bind(
    draft: &mut Draft,
    seen: &Seen<'_>,
    bind: &BindDecision,
    finding: &Finding,
    attempt: &Attempt<'_>,
) -> bool {
    let is_mount = matches!(bind.role, Role::Bind | Role::Volume);
    match finding.code {
        Code::BindOutside | Code::BindMissing if is_half(bind, attempt.session.sink.findings()) => false,
        Code::BindOutside if is_mount && is_of_the_host(draft, bind) => declare(draft, bind, Made::OfTheHost),
        Code::BindOutside if is_mount => add_root(draft, seen, &bind.source),
        Code::BindMissing if bind.role == Role::Bind && bind.kind == Kind::File => {
            declare(draft, bind, Made::File)
        }
        // In the host's top directory.
        Code::BindMissing if is_mount && bind.kind == Kind::Directory => add_root(draft, seen, &bind.source),
        Code::BindAccess => {
            next_user(draft, seen, &bind.service)
                || (is_switch(draft, &bind.service)
                    && draft.waive(&bind.service, user::RULE, ["DAC_OVERRIDE".to_owned()]))
                || (matches!(bind.owner, Answer::Known(owner) if owner.uid == 0)
                    && draft.postures.of(&bind.service) >= Posture::Hardened
                    && keep_capabilities(draft, seen, &bind.service))
        }
        _ => false,
    }
}

/// Whether the draft waives for it that it is mounted at all: then it is no place to create things in.
fn is_of_the_host(draft: &Draft, bind: &BindDecision) -> bool {
    let source = bind.source.to_string_lossy();
    OF_THE_HOST.iter().any(|rule| {
        let allowed = draft.waivers.get(&(bind.service.clone(), *rule));
        allowed.is_some_and(|allowed| allowed.iter().any(|path| path.trim_end_matches('/') == source))
    })
}

/// One path, and nothing around it.
fn declare(draft: &mut Draft, bind: &BindDecision, made: Made) -> bool {
    let missing = Missing { service: bind.service.clone(), made };
    draft.create.insert(bind.source.clone(), missing).is_none()
}

/// Gives a directory that root creates to the user that the service becomes, because that user could not enter it.
fn leave_to_successors(draft: &mut Draft, seen: &Seen<'_>, attempt: &Attempt<'_>) -> bool {
    let mut changed = false;
    for bind in attempt.verified.iter().flat_map(|verified| &verified.host.binds) {
        let service = seen.service(&bind.service);
        let is_root = |service: &&Evidence| {
            let named = draft.users.contains_key(&service.name) || service.said.is_some();
            !named && service.image.is_some_and(|owner| owner.uid == 0)
        };
        if let Some(owner) = service.filter(is_root).and_then(|service| service.becomes)
            && matches!(bind.outcome, Outcome::Create(_))
            && bind.kind == Kind::Directory
            && !bind.read_only
            && !draft.create.contains_key(&bind.source)
        {
            changed |= declare(draft, bind, Made::For(owner));
        }
    }
    changed
}

fn add_root(draft: &mut Draft, seen: &Seen<'_>, source: &Path) -> bool {
    let Some(root) = of_missing(source) else { return false };
    if draft.roots.is_empty() {
        draft.roots.insert(seen.directory.clone());
    }
    draft.roots.insert(root)
}

/// Whether the draft waives root for a service because its start becomes another user.
fn is_switch(draft: &Draft, service: &str) -> bool {
    let allowed = draft.waivers.get(&(service.to_owned(), user::RULE));
    allowed.is_some_and(|allowed| allowed.contains(user::ENTRYPOINT))
}

/// Root that starts a program needs them more often than not: to take over a volume, to become another user.
fn keep_capabilities(draft: &mut Draft, seen: &Seen<'_>, service: &str) -> bool {
    let drops = seen.service(service).is_some_and(|service| service.drops_all);
    !drops && draft.waive(service, "cap-drop", None)
}

/// Directories that several users write are kept usable for all of them.
fn share(draft: &mut Draft, verified: &Verified) -> bool {
    let mut users: BTreeMap<&PathBuf, Vec<(&BindDecision, Owner)>> = BTreeMap::new();
    for bind in &verified.host.binds {
        let is_tree = matches!(bind.role, Role::Bind | Role::Volume) && bind.kind == Kind::Directory;
        let decision = verified.users.iter().find(|user| user.service == bind.service);
        let inside = decision.and_then(|decision| decision.user.as_ref().known());
        if is_tree && let Some(inside) = inside {
            users.entry(&bind.source).or_default().push((bind, inside.owner));
        }
    }
    let mut mended = false;
    for (path, sharers) in users {
        let Some((_, first)) = sharers.first() else { continue };
        if sharers.iter().all(|(_, owner)| owner.uid == first.uid) {
            continue;
        }
        mended |= draft.shared.insert(path.clone());
        // Lists give nothing of root's away, and root needs none.
        let other = sharers.iter().find(|(_, owner)| owner.uid != 0);
        if let Some((bind, owner)) = other
            && sharers.iter().any(|(_, owner)| owner.uid == 0)
            && matches!(bind.outcome, Outcome::Create(_))
        {
            declare(draft, bind, Made::For(*owner));
        }
    }
    mended
}

/// Takes the next possibility for a service's user.
fn next_user(draft: &mut Draft, seen: &Seen<'_>, service: &str) -> bool {
    let at = draft.at.get(service).map_or(0, |at| at + 1);
    choose_user(draft, seen, service, at)
}

fn choose_user(draft: &mut Draft, seen: &Seen<'_>, name: &str, at: usize) -> bool {
    let Some(service) = seen.service(name).filter(|service| service.said.is_none()) else { return false };
    let Some(possible) = service.possibility(at) else { return false };
    draft.at.insert(name.to_owned(), at);
    match possible {
        Some(user) => {
            draft.users.insert(name.to_owned(), user.clone());
        }
        None => {
            draft.users.remove(name);
        }
    }
    // A changed user makes earlier waivers void.
    draft.waivers.retain(|(service, rule), _| {
        service != name || !["user-root", "cap-drop", "group-add"].contains(rule)
    });
    true
}

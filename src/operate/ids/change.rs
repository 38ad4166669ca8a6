//! What would be otherwise if the engine mapped users.

use serde::Serialize;

use super::Looked;
use crate::engine::{Answer, IdMap};
use crate::host::Owner;
use crate::ownership::bind::view::{MountView, ServiceView, There};
use crate::ownership::command::give;

/// One thing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    pub service: String,
    /// The path in the container, where it is about one.
    pub target: Option<String>,
    pub effect: Effect,
    pub what: String,
    /// What to do before it is turned on.
    pub remedy: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// The service would not start.
    Refused,
    /// What it can do now, it could not do any more.
    Breaks,
    /// A number on the host would be another one.
    Renumbered,
    /// The engine would not find it any more.
    LeftBehind,
    /// It stays as it is.
    CarriesOver,
    Unknown,
}

/// In the order of the services.
pub(super) fn all(looked: &Looked<'_>, then: &[ServiceView], map: &IdMap) -> Vec<Change> {
    // Nothing is turned on that is on.
    if looked.in_force.as_ref().known() == Some(map) {
        return Vec::new();
    }
    let mut changes = Vec::new();
    for (now, then) in looked.now.iter().zip(then) {
        changes.extend(refused(looked, now));
        changes.extend(of_user(now, then));
        for (before, after) in now.mounts.iter().zip(&then.mounts) {
            changes.push(of_mount(now, then, before, after));
        }
    }
    changes
}

fn refused(looked: &Looked<'_>, service: &ServiceView) -> Option<Change> {
    let keys = (looked.refused)(&service.name);
    if keys.is_empty() || service.userns_mode == "host" {
        return None;
    }
    let keys = keys.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(" and ");
    Some(Change {
        service: service.name.clone(),
        target: None,
        effect: Effect::Refused,
        what: format!("the engine would refuse {keys} together with mapped users"),
        remedy: Some("Take it out, or keep the service as it is with `userns_mode: host`.".to_owned()),
    })
}

/// Whatever on the host compares owners by number.
fn of_user(now: &ServiceView, then: &ServiceView) -> Option<Change> {
    let change = |effect, what, remedy: Option<&str>| {
        let remedy = remedy.map(str::to_owned);
        Some(Change { service: now.name.clone(), target: None, effect, what, remedy })
    };
    match (&now.owner, &then.owner) {
        (Answer::Known(before), Answer::Known(after)) if before == after => None,
        (Answer::Known(before), Answer::Known(after)) => change(
            Effect::Renumbered,
            format!("its processes and new files would be {after} on the host instead of {before}"),
            Some(
                "What compares that number on the host (health checks, backups, quotas, firewall and audit rules) has to \
                 know the new one; `seaworthy whois` says whose it is.",
            ),
        ),
        (_, Answer::Unknown(reason)) | (Answer::Unknown(reason), _) => {
            change(Effect::Unknown, format!("whom it would be is not known: {reason}"), None)
        }
    }
}

fn of_mount(service: &ServiceView, then: &ServiceView, before: &MountView, after: &MountView) -> Change {
    let (effect, what, remedy) = effect(service, then, before, after);
    let target = Some(before.target.display().to_string());
    Change { service: service.name.clone(), target, effect, what, remedy }
}

fn effect(
    service: &ServiceView,
    then: &ServiceView,
    before: &MountView,
    after: &MountView,
) -> (Effect, String, Option<String>) {
    if let Some(volume) = &before.volume {
        return (
            Effect::LeftBehind,
            format!(
                "volume `{volume}` stays in the engine's present data directory, and a new one is begun in another"
            ),
            Some(
                "Copy it over, or keep the state in a bind mount. Turned off again, the old one is there as before."
                    .to_owned(),
            ),
        );
    }
    if service.userns_mode == "host" {
        return (Effect::CarriesOver, "`userns_mode: host` keeps its numbers".to_owned(), None);
    }
    if before.is_shown {
        return (
            Effect::CarriesOver,
            "`strategy: idmap` shows it as the service's own under any map".to_owned(),
            None,
        );
    }
    let (was, is) = match (&before.there, &after.there) {
        (Answer::Known(Some(was)), Answer::Known(Some(is))) => (was, is),
        (Answer::Known(None), _) => {
            let whose = owner(then).map_or_else(String::new, |owner| format!(", as {owner}'s"));
            return (Effect::CarriesOver, format!("it is not there yet, and would be made{whose}"), None);
        }
        (Answer::Unknown(reason), _) | (_, Answer::Unknown(reason)) => {
            return (Effect::Unknown, reason.clone(), None);
        }
        (_, Answer::Known(None)) => return (Effect::Unknown, "it went away meanwhile".to_owned(), None),
    };
    let lost = match (lost(&was.reads, &is.reads), lost(&was.writes, &is.writes)) {
        (Ok(false), Ok(false)) => {
            return (Effect::CarriesOver, format!("it is {}'s, and nothing changes", was.owner), None);
        }
        (Ok(true), Ok(true)) => "read and write",
        (Ok(true), _) => "read",
        (_, Ok(true)) => "write",
        (Err(reason), _) | (_, Err(reason)) => return (Effect::Unknown, reason, None),
    };
    (
        Effect::Breaks,
        format!("it could not {lost} it any more: on disk it is {}'s{}", was.owner, seen(is)),
        remedy(then, before, was),
    )
}

fn seen(is: &There) -> String {
    is.seen.as_ref().known().map(|seen| format!(", seen as {seen}'s")).unwrap_or_default()
}

fn owner(view: &ServiceView) -> Option<Owner> {
    view.owner.as_ref().known().copied()
}

/// Whether something that can be done now could not be done any more.
fn lost(before: &Answer<bool>, after: &Answer<bool>) -> Result<bool, String> {
    match (before, after) {
        (Answer::Known(before), Answer::Known(after)) => Ok(*before && !*after),
        (Answer::Unknown(reason), _) | (_, Answer::Unknown(reason)) => Err(reason.clone()),
    }
}

fn remedy(then: &ServiceView, mount: &MountView, was: &There) -> Option<String> {
    let path = mount.source.as_ref().known()?.as_deref()?;
    let owner = owner(then)?;
    Some(format!(
        "`strategy: idmap` in the policy keeps it usable under any map, and the files their owner's. Else, when it is \
         turned on: {}",
        give(path, was.kind, owner)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::Kind;

    fn view(mode: &str, owner: u32, mount: MountView) -> ServiceView {
        ServiceView {
            name: "a".into(),
            userns_mode: mode.into(),
            map: Answer::Known(IdMap::identity()),
            inside: Answer::Known(Owner::new(1000, 1000)),
            groups: Vec::new(),
            owner: Answer::Known(Owner::new(owner, owner)),
            mounts: vec![mount],
        }
    }

    fn mount(reads: Answer<bool>, writes: Answer<bool>, seen: u32) -> MountView {
        let there = There {
            kind: Kind::Directory,
            owner: Owner::new(1000, 1000),
            mode: 0o750,
            seen: Answer::Known(Owner::new(seen, seen)),
            reads,
            writes,
        };
        MountView {
            target: "/t".into(),
            source: Answer::Known(Some("/srv/t".into())),
            volume: None,
            read_only: false,
            is_shown: false,
            there: Answer::Known(Some(there)),
        }
    }

    fn of(before: MountView, after: MountView) -> (Effect, String, Option<String>) {
        let (now, then) = (view("", 1000, before), view("", 101_000, after));
        effect(&now, &then, &now.mounts[0], &then.mounts[0])
    }

    #[test]
    fn what_could_not_be_done_any_more_is_named_with_a_way_out() {
        let can = || mount(Answer::Known(true), Answer::Known(true), 1000);
        let (found, what, remedy) = of(can(), mount(Answer::Known(false), Answer::Known(false), 65534));
        assert_eq!(found, Effect::Breaks);
        assert_eq!(
            what,
            "it could not read and write it any more: on disk it is 1000:1000's, seen as 65534:65534's"
        );
        assert!(remedy.unwrap().ends_with("sudo chown -R 101000:101000 /srv/t"));
        let (found, what, _) = of(can(), mount(Answer::Known(true), Answer::Known(false), 65534));
        assert!(found == Effect::Breaks && what.starts_with("it could not write it"));
        assert_eq!(of(can(), can()).0, Effect::CarriesOver);
        let unknown = mount(Answer::unknown("nfs"), Answer::unknown("nfs"), 1);
        assert_eq!(of(can(), unknown).0, Effect::Unknown);
    }

    #[test]
    fn volumes_stay_behind_and_mapped_mounts_carry_over() {
        let can = || mount(Answer::Known(true), Answer::Known(true), 1000);
        let volume = MountView { volume: Some("v".into()), ..can() };
        assert_eq!(of(volume.clone(), volume).0, Effect::LeftBehind);
        let shown = MountView { is_shown: true, ..can() };
        assert_eq!(of(shown.clone(), shown).0, Effect::CarriesOver);
        let host = view("host", 1000, can());
        assert_eq!(effect(&host, &host, &host.mounts[0], &host.mounts[0]).0, Effect::CarriesOver);
    }

    #[test]
    fn another_number_on_the_host_is_said_and_the_same_one_is_not() {
        let can = || mount(Answer::Known(true), Answer::Known(true), 1000);
        let change = of_user(&view("", 1000, can()), &view("", 101_000, can())).unwrap();
        assert_eq!(change.effect, Effect::Renumbered);
        assert!(change.what.contains("101000:101000 on the host instead of 1000:1000"));
        assert_eq!(of_user(&view("", 1000, can()), &view("", 1000, can())), None);
    }
}

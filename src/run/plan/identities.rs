//! The picture of who the services are without and with mapped users, made of what `ids` finds out.

use crate::engine::idmap::shown;
use crate::engine::{Answer, IdMap, Info};
use crate::operate::accounts::Accounts;
use crate::operate::ids::{Effect, HostUser, Looked, Mount, Report, Rights, Service, report, words};
use crate::plan::{
    PlanConflict, PlanEffect, PlanHostUser, PlanIdentities, PlanIdentity, PlanRights, PlanSeen, PlanSide,
};
use crate::run::decide::Decided;
use crate::run::identities::{Places, assumed, elsewhere, mapping, refused};
use crate::run::images::LazyEngine;
use crate::run::policy::id_map;
use crate::run::session::Session;

/// Looks at both sides. Of the one that is in force the engine itself is asked, and the other one is assumed.
///
/// # Errors
/// Why nothing can be said.
pub fn identities(
    session: &Session<'_>,
    decided: &Decided<'_>,
    engine: &LazyEngine,
) -> Result<PlanIdentities, String> {
    if let Some(reason) = elsewhere(engine) {
        return Err(reason);
    }
    let accounts = Accounts::read().map_err(|error| error.to_string())?;
    let in_force = id_map(engine, "");
    let map = assumed(None, &in_force).map_err(|finding| finding.message)?;
    let (is_off, is_on, unknown) = match &in_force {
        Answer::Known(map) => (map.is_identity(), !map.is_identity(), None),
        Answer::Unknown(reason) => (false, false, Some(reason.clone())),
    };
    let places = Places::of(decided, &decided.selected, engine);
    let look = |is_now: bool, map: &IdMap, info: &Info| {
        places.look(session, &|mode| if is_now { id_map(engine, mode) } else { map.for_mode(info, mode) })
    };
    let off = look(is_off, &IdMap::identity(), &Info::default());
    let on = look(is_on, &map, &mapping());
    let report = report(
        &Looked {
            project: &decided.selected.name,
            now: &off,
            then: Some((&on, &map)),
            in_force: &in_force,
            refused: &|name| refused(&decided.selected, name),
        },
        &accounts,
    );
    let side = |is_now, map: &IdMap| PlanSide {
        is_now,
        map: if map.uids() == map.gids() {
            shown(map.uids())
        } else {
            format!("users {}, groups {}", shown(map.uids()), shown(map.gids()))
        },
    };
    let picture = Picture { report: &report, is_off, is_on, unknown: unknown.clone() };
    Ok(PlanIdentities {
        off: PlanSide { is_now: is_off, map: "every number is the same on the host".to_owned() },
        on: side(is_on, &map),
        unknown,
        services: report.services.iter().map(|service| picture.service(service)).collect(),
        conflicts: report
            .conflicts
            .iter()
            .map(|conflict| PlanConflict {
                path: conflict.path.display().to_string(),
                only_on: conflict.assumed,
                users: conflict.users(),
                ways_out: conflict.ways_out.clone(),
            })
            .collect(),
    })
}

/// The report, in which off is now and on is then, whichever is in force.
struct Picture<'r> {
    report: &'r Report,
    is_off: bool,
    is_on: bool,
    unknown: Option<String>,
}

impl Picture<'_> {
    fn service(&self, service: &Service) -> PlanIdentity {
        let own = self.report.changes.iter().filter(|change| change.service == service.name);
        let changes = own.filter_map(|change| {
            Some(PlanEffect {
                target: change.target.clone(),
                // Everything else is what the two sides show.
                effect: match change.effect {
                    Effect::Refused => "refused",
                    Effect::Breaks => "breaks",
                    _ => return None,
                },
                what: change.what.clone(),
                remedy: change.remedy.clone(),
            })
        });
        let on = service.then.as_ref().unwrap_or(&service.now);
        let reasons = [&service.now.unknown, &on.unknown];
        let unknown = reasons.into_iter().flatten().find(|reason| Some(*reason) != self.unknown.as_ref());
        let is_said =
            |reason: &String| reasons.into_iter().flatten().chain(&self.unknown).any(|one| one == reason);
        PlanIdentity {
            service: service.name.clone(),
            inside: words::inside(service),
            unknown: unknown.cloned(),
            off: host_user(&service.now),
            on: host_user(on),
            changes: changes.collect(),
            mounts: service.mounts.iter().map(|mount| self.mount(mount, &is_said)).collect(),
        }
    }

    fn mount(&self, mount: &Mount, is_said: &dyn Fn(&String) -> bool) -> PlanSeen {
        // An engine that maps users has its volumes in another directory.
        let rights = |rights: &Rights, other_is_now: bool| PlanRights {
            is_left_behind: mount.volume.is_some() && mount.disk.is_some() && other_is_now,
            is_there: mount.disk.is_some(),
            seen: words::seen(mount, rights),
            reads: rights.reads,
            writes: rights.writes,
        };
        PlanSeen {
            target: mount.target.display().to_string(),
            disk: words::disk(mount),
            unknown: mount.unknown.clone().filter(|reason| !is_said(reason)),
            off: rights(&mount.now, self.is_on),
            on: rights(mount.then.as_ref().unwrap_or(&mount.now), self.is_off),
        }
    }
}

fn host_user(user: &HostUser) -> PlanHostUser {
    PlanHostUser { owner: words::owner(user), name: words::name(user) }
}

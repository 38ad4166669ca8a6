//! What the policy says, as `ownership` asks for it: plain values, without the policy's own types.

use std::collections::BTreeMap;

use crate::compose::Model;
use crate::engine::{Answer, IdMap};
use crate::ownership::bind::{BindPolicy, Copied, Declared};
use crate::ownership::copies::{self, DeclaredCopy};
use crate::ownership::predict::{Question, needs};
use crate::ownership::{
    self, Allowed, DeclaredState, Images, Placed, StatePolicy, UserPolicy, UserSpec, Users,
};
use crate::policy::binds::CreateKind;
use crate::policy::copies::Copy;
use crate::policy::rules::user;
use crate::policy::state::{RepairSetting, Strategy};
use crate::policy::{Located, Policy, UserSetting};

use super::images::LazyEngine;

/// The rule that the users that are given answer to as well.
const ROOT: &str = user::RULE;

/// `user:` of the policy, for the services of a model.
pub fn users(policy: &Policy, model: &Model) -> UserPolicy {
    let placed = |setting: &Located<UserSetting>| {
        let spec = match setting.value {
            UserSetting::Fixed(owner) => UserSpec::Fixed(owner),
            UserSetting::Image => UserSpec::Image,
            UserSetting::Caller => UserSpec::Caller,
            UserSetting::PerService => UserSpec::PerService,
        };
        Placed::new(spec, setting.origin.span())
    };
    UserPolicy {
        default: policy.users.default.as_ref().map(placed),
        services: policy
            .users
            .services
            .iter()
            .map(|(name, setting)| (name.clone(), placed(setting)))
            .collect(),
        refuses_root: model
            .services()
            .map(|(name, _)| name)
            .filter(|name| policy.demands(ROOT, name) && policy.waivers_of(ROOT, name).next().is_none())
            .map(str::to_owned)
            .collect(),
        ..UserPolicy::default()
    }
}

/// The services that are refused for being root and whose images become another user, with the further capabilities that
/// this takes. Looks into those images.
pub fn switching(
    policy: &Policy,
    model: &Model,
    users: &Users,
    images: &dyn Images,
) -> BTreeMap<String, Vec<&'static str>> {
    let question = Question::of_start(model, &users.decisions, images);
    let is_refused = |name: &str| {
        let is_root =
            users.of(name).and_then(|one| one.user.as_ref().known()).is_some_and(|user| user.owner.uid == 0);
        is_root && policy.demands(ROOT, name) && policy.waivers_of(ROOT, name).next().is_none()
    };
    let refused = model.services().filter(|(name, _)| is_refused(name));
    refused.filter_map(|(name, service)| Some((name.to_owned(), needs(&question, name, service)?))).collect()
}

/// `binds:` of the policy.
pub fn binds(policy: &Policy) -> BindPolicy {
    let binds = &policy.binds;
    BindPolicy {
        roots: binds.roots.iter().flatten().map(|root| root.value.clone()).collect(),
        create: binds
            .create
            .iter()
            .map(|create| Declared {
                path: create.path.value.clone(),
                content: match &create.kind {
                    CreateKind::File { content } => Some(content.clone()),
                    CreateKind::Directory => None,
                },
                mode: create.mode,
                owner: create.owner,
                span: create.path.origin.span(),
            })
            .collect(),
        copies: policy
            .copies
            .iter()
            .map(|copy| Copied { from: copy.from.clone(), to: copy.to.value.clone(), mode: copy_mode(copy) })
            .collect(),
        mode: binds.mode.as_ref().map(|mode| mode.value),
    }
}

fn copy_mode(copy: &Copy) -> u32 {
    copy.mode.unwrap_or(copies::MODE)
}

/// `copies:` of the policy.
pub fn derived(policy: &Policy) -> Vec<DeclaredCopy> {
    let one = |copy: &Copy| DeclaredCopy {
        from: copy.from.clone(),
        to: copy.to.value.clone(),
        is_json: copy.is_json,
        drop: copy.drop.clone(),
        mode: copy_mode(copy),
        span: copy.to.origin.span(),
    };
    policy.copies.iter().map(one).collect()
}

/// `state:` and `repair:` of the policy.
pub fn state(policy: &Policy) -> StatePolicy {
    let declared = policy.state.iter().map(|state| DeclaredState {
        path: state.path.value.clone(),
        from: state.from.clone(),
        strategy: match state.strategy {
            None => ownership::Strategy::Unsaid,
            Some(Strategy::Chown) => ownership::Strategy::Chown,
            Some(Strategy::Idmap) => ownership::Strategy::Idmap,
            Some(Strategy::Group) => ownership::Strategy::Group,
            Some(Strategy::Acl) => ownership::Strategy::Acl,
        },
    });
    StatePolicy {
        declared: declared.collect(),
        repair: match policy.repair {
            RepairSetting::Auto => Allowed::Any,
            RepairSetting::Host => Allowed::Host,
            RepairSetting::Helper => Allowed::Helper,
            RepairSetting::Never => Allowed::Nobody,
        },
    }
}

/// The engine's map of users for a service's `userns_mode:`.
pub fn id_map(engine: &LazyEngine, userns_mode: &str) -> Answer<IdMap> {
    engine.get().and_then(|engine| {
        engine.id_map().and_then(|map| {
            if userns_mode.is_empty() { Answer::Known(map) } else { map.for_mode(engine.info(), userns_mode) }
        })
    })
}

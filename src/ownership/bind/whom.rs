//! The user of a service as the host sees it.

use crate::engine::{Answer, IdMap};
use crate::host::{Credentials, Owner};
use crate::model::{capability, identity, security};
use crate::ownership::UserDecision;
use crate::yaml::Node;

/// Who will use what is mounted.
#[derive(Clone, Debug)]
pub(crate) struct Whom {
    /// In the container's numbers.
    pub inside: Answer<Owner>,
    /// In the host's numbers.
    pub owner: Answer<Owner>,
    /// In the host's numbers, without the primary group.
    pub groups: Vec<u32>,
    /// The same in the container's numbers.
    pub inside_groups: Vec<u32>,
    /// Whether root in the container may pass over the permissions of files whose owner its map has.
    pub overrides: bool,
    pub map: Answer<IdMap>,
}

impl Whom {
    pub fn of(service: &Node, decision: Option<&UserDecision>, map: Answer<IdMap>) -> Self {
        let user = match decision {
            Some(decision) => decision.user.clone(),
            None => Answer::unknown("nothing was decided about its user"),
        };
        let inside = user.as_ref().map(|user| user.owner);
        let owner = inside.clone().and_then(|inside| on_host(&map, inside));
        let mut groups = user.as_ref().known().map(|user| user.supplementary.clone()).unwrap_or_default();
        let added = identity::GROUPS.items(service).iter();
        groups.extend(added.filter_map(|node| node.as_str()?.parse::<u32>().ok()));
        let inside_groups = groups.clone();
        if let Some(map) = map.as_ref().known() {
            groups = groups.into_iter().filter_map(|gid| map.gid_to_host(gid)).collect();
        }
        let is_root = inside.as_ref().known().is_some_and(|owner| owner.uid == 0);
        Self { inside, owner, groups, inside_groups, overrides: is_root && keeps_override(service), map }
    }

    /// As the kernel of the host judges it, leaving out what a capability would let pass.
    pub fn credentials(&self) -> Option<Credentials> {
        let owner = self.owner.as_ref().known().copied()?;
        Some(Credentials { owner, groups: self.groups.clone(), dac_override: false })
    }

    pub fn is_root(&self) -> bool {
        self.inside.as_ref().known().is_some_and(|owner| owner.uid == 0)
    }

    /// A user of the container's in the host's numbers.
    pub fn on_host(&self, inside: Owner) -> Answer<Owner> {
        on_host(&self.map, inside)
    }

    /// Whether the permissions of a file of this owner do not stop it.
    pub fn passes_over(&self, owner: Owner) -> bool {
        self.overrides
            && self.map.as_ref().known().is_some_and(|map| {
                map.uid_to_container(owner.uid).is_some() && map.gid_to_container(owner.gid).is_some()
            })
    }
}

fn on_host(map: &Answer<IdMap>, inside: Owner) -> Answer<Owner> {
    map.as_ref().and_then(|map| match map.to_host(inside) {
        Some(owner) => Answer::Known(owner),
        None => Answer::Unknown(format!("the engine's map of users has nobody for {inside}")),
    })
}

fn keeps_override(service: &Node) -> bool {
    keeps(service, "DAC_OVERRIDE")
}

/// Whether a capability is left that the engine grants to root by itself.
pub(in crate::ownership) fn keeps(service: &Node, wanted: &str) -> bool {
    if security::PRIVILEGED.is_on(service) {
        return true;
    }
    let (added, dropped) = (capability::added(service), capability::dropped(service));
    let has = |names: &[String], wanted: &[&str]| names.iter().any(|name| wanted.contains(&name.as_str()));
    // Naming the capability itself counts more than naming all of them.
    if has(&dropped, &[wanted]) {
        return false;
    }
    has(&added, &[wanted, "ALL"]) || !has(&dropped, &["ALL"])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::idmap::Range;
    use crate::ownership::testing::model;
    use crate::ownership::{Identity, UserSource};

    fn whom(service: &str, uid: u32, map: IdMap) -> Whom {
        let (model, _) = model(&format!("services:\n  a: {service}\n"));
        let user = Identity { owner: Owner::new(uid, uid), supplementary: vec![5], home: None };
        let decision = UserDecision {
            service: "a".into(),
            value: None,
            groups: Vec::new(),
            user: Answer::Known(user),
            from: UserSource::Image,
            spec: None,
            inject: false,
            awaits_image: false,
        };
        Whom::of(model.root.at(&["services", "a"]).unwrap(), Some(&decision), Answer::Known(map))
    }

    fn remapped() -> IdMap {
        let range = vec![Range { container: 0, host: 100_000, length: 65536 }];
        IdMap::new(range.clone(), range)
    }

    #[test]
    fn users_and_groups_go_through_the_engines_map() {
        let whom = whom("{group_add: ['7', name, '70000']}", 1000, remapped());
        let credentials = whom.credentials().unwrap();
        assert_eq!(credentials.owner, Owner::new(101_000, 101_000));
        assert_eq!(credentials.groups, [100_005, 100_007]);
    }

    #[test]
    fn a_user_whom_the_map_lacks_is_unknown() {
        let whom = whom("{}", 70_000, remapped());
        assert!(whom.owner.reason().unwrap().contains("nobody for 70000"));
        assert!(whom.credentials().is_none());
    }

    #[test]
    fn only_root_that_kept_the_capability_passes_over_permissions() {
        let of = |service: &str, uid| whom(service, uid, IdMap::identity()).passes_over(Owner::new(5, 5));
        assert!(of("{}", 0) && of("{cap_drop: [ALL], cap_add: [cap_dac_override]}", 0));
        assert!(of("{privileged: true, cap_drop: [ALL]}", 0));
        assert!(!of("{}", 1) && !of("{cap_drop: [all]}", 0) && !of("{cap_drop: [DAC_OVERRIDE]}", 0));
    }

    #[test]
    fn root_of_a_mapping_engine_passes_over_nothing_of_others() {
        let root = whom("{}", 0, remapped());
        assert!(root.passes_over(Owner::new(100_005, 100_005)));
        for other in [Owner::new(5, 5), Owner::new(5, 100_005), Owner::new(100_005, 5)] {
            assert!(!root.passes_over(other), "{other}");
        }
    }
}

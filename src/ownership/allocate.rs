//! A user of its own for every service, the same one at every launch.

use std::collections::{BTreeMap, BTreeSet};

use super::spec::MAX_ID;
use crate::host::Owner;

/// The first user that `per-service` gives, where the policy names no other.
pub const DEFAULT_BASE: u32 = 20_001;

/// More services than there are users left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no free user is left from {base} upwards")]
pub struct Exhausted {
    pub base: u32,
}

/// Gives each of `services` a user.
///
/// A service that `known` has keeps its user, whatever else changes. The others get, in the order of
/// their names, the lowest numbers from `base` upwards that neither a known service nor `taken` has.
/// `known` also holds services that are gone: their number is not given to another one, which would
/// inherit their files. So, where the answer is remembered, adding, removing and reordering services
/// never changes a user that was given.
pub fn allocate<'a>(
    services: impl IntoIterator<Item = &'a str>,
    known: &BTreeMap<String, Owner>,
    taken: &BTreeSet<u32>,
    base: u32,
) -> Result<BTreeMap<String, Owner>, Exhausted> {
    let mut used: BTreeSet<u32> = known.values().flat_map(|owner| [owner.uid, owner.gid]).collect();
    used.extend(taken);
    // Never root, whatever the policy says the base is.
    let mut next = base.max(1);
    let mut given = BTreeMap::new();
    let wanted: BTreeSet<&str> = services.into_iter().collect();
    for service in wanted {
        if let Some(owner) = known.get(service) {
            given.insert(service.to_owned(), *owner);
            continue;
        }
        while used.contains(&next) {
            next = next.saturating_add(1);
        }
        if next > MAX_ID {
            return Err(Exhausted { base });
        }
        given.insert(service.to_owned(), Owner::new(next, next));
        next += 1;
    }
    Ok(given)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Known = BTreeMap<String, Owner>;

    fn give(services: &[&str], known: &Known) -> Known {
        allocate(services.iter().copied(), known, &BTreeSet::new(), 20_001).unwrap()
    }

    #[test]
    fn users_are_given_from_the_base_in_the_order_of_names() {
        let given = give(&["web", "agent", "db"], &Known::new());
        let numbers: Vec<_> = given.iter().map(|(name, owner)| (name.as_str(), owner.to_string())).collect();
        assert_eq!(
            numbers,
            [("agent", "20001:20001".into()), ("db", "20002:20002".into()), ("web", "20003:20003".into())]
        );
    }

    #[test]
    fn the_user_of_a_service_that_is_gone_is_not_given_again() {
        let known = give(&["gone"], &Known::new());
        assert_eq!(give(&["new"], &known)["new"], Owner::new(20_002, 20_002));
        assert_eq!(give(&["gone"], &known)["gone"], Owner::new(20_001, 20_001));
    }

    #[test]
    fn users_that_others_have_are_passed_over_and_root_is_never_given() {
        let taken = BTreeSet::from([1, 2, 4]);
        let given = allocate(["a", "b"], &Known::new(), &taken, 0).unwrap();
        assert_eq!((given["a"].uid, given["b"].uid), (3, 5));
    }

    #[test]
    fn when_no_user_is_left_that_is_an_error() {
        let given = allocate(["a", "b"], &Known::new(), &BTreeSet::new(), MAX_ID);
        assert_eq!(given, Err(Exhausted { base: MAX_ID }));
        assert!(allocate(["a"], &Known::new(), &BTreeSet::new(), MAX_ID).is_ok());
        assert!(allocate(["a"], &Known::new(), &BTreeSet::new(), u32::MAX).is_err());
    }

    /// What the lock does: what was ever given is remembered.
    fn remember(known: &mut Known, given: &Known) {
        known.extend(given.iter().map(|(name, owner)| (name.clone(), *owner)));
    }

    proptest! {
        #[test]
        fn a_given_user_never_changes_and_is_never_shared(
            generations in prop::collection::vec(prop::collection::vec("[a-e]{1,2}", 0..8), 1..8),
            taken in prop::collection::btree_set(20_000_u32..20_020, 0..6),
        ) {
            let mut known = Known::new();
            for services in &generations {
                let given = allocate(services.iter().map(String::as_str), &known, &taken, 20_001).unwrap();
                for (service, owner) in &given {
                    prop_assert!(known.get(service).is_none_or(|before| before == owner));
                    prop_assert!(!taken.contains(&owner.uid) && owner.uid >= 20_001);
                }
                remember(&mut known, &given);
                let users: BTreeSet<u32> = known.values().map(|owner| owner.uid).collect();
                prop_assert_eq!(users.len(), known.len());
            }
        }

        #[test]
        fn the_order_of_services_makes_no_difference(
            mut services in prop::collection::vec("[a-z]{1,3}", 0..12),
        ) {
            let forward = allocate(services.iter().map(String::as_str), &Known::new(), &BTreeSet::new(), 1);
            services.reverse();
            let backward = allocate(services.iter().map(String::as_str), &Known::new(), &BTreeSet::new(), 1);
            prop_assert_eq!(forward, backward);
        }
    }
}

//! What a mode or an access control list has to become.

use super::{By, Share};
use crate::host::access::acl::Acl;
use crate::host::{Kind, Stat};

const ALL: u32 = 7;
const READS: u32 = 5;

/// What decides about an entry. Whoever shares it may do what its owner may: what the owner closed to
/// writing was somebody's decision.
pub(super) fn access(share: &Share, stat: &Stat, now: Option<&Acl>) -> Acl {
    let mut list = now.cloned().unwrap_or_else(|| Acl::of_mode(stat.mode));
    // As for a repair: the owner gets in, and can read.
    list.owner |= if stat.kind == Kind::Directory { ALL } else { 4 };
    let owner = list.owner;
    granted(share, list, owner)
}

/// What is made in a directory begins with. Those who share it are named; nobody else is let in by it.
pub(super) fn default(share: &Share, now: Option<&Acl>) -> Acl {
    granted(share, Acl { owner: ALL, ..now.cloned().unwrap_or_default() }, ALL)
}

fn granted(share: &Share, list: Acl, owner: u32) -> Acl {
    // What a mask held back from others must not come back when it is widened.
    let mut list = effective(list);
    match &share.by {
        By::Group(_) => list.group |= owner,
        By::List(users) => {
            // Not those who shared it once and do not any more.
            list.users.retain(|(uid, _)| !share.from.contains(uid) && !users.contains_key(uid));
            let bits = |writes: bool| owner & if writes { ALL } else { READS };
            list.users.extend(users.iter().map(|(uid, writes)| (*uid, bits(*writes))));
            list.users.sort_unstable();
        }
    }
    if !list.users.is_empty() || !list.groups.is_empty() {
        let named = list.users.iter().chain(&list.groups).map(|(_, bits)| *bits);
        list.mask = Some(named.fold(list.group, |mask, bits| mask | bits));
    }
    list
}

/// The same without a mask.
pub(super) fn effective(mut list: Acl) -> Acl {
    let mask = list.mask.take().unwrap_or(ALL);
    list.group &= mask;
    list.users.iter_mut().chain(&mut list.groups).for_each(|(_, bits)| *bits &= mask);
    list
}

/// A mode that says the same as a list without names. In a directory with the setgid bit, what is made has
/// the directory's group.
pub(super) fn mode(now: u32, list: &Acl, sets_group: bool) -> u32 {
    let special = now & 0o7000 | if sets_group { 0o2000 } else { 0 };
    special | list.owner << 6 | list.group << 3 | list.others
}

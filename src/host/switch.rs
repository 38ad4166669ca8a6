//! Acting on files as somebody else.
//!
//! On Linux a thread has credentials of its own. A thread of ours takes on the filesystem identity of
//! the other user (`setfsuid`, not `setuid`: a process of that user can neither signal nor trace us
//! meanwhile), does the work, and ends; the rest of the process never changes.

use std::io;

use rustix::io::Errno;
use rustix::process::getgroups;
use rustix::thread::{CapabilitySet, CapabilitySets, Gid, capabilities, set_capabilities, set_thread_groups};

use super::{Credentials, sys};

/// Why the identity could not be taken on. The work was not begun.
#[derive(Debug, thiserror::Error)]
pub enum SwitchError {
    #[error("this process may not {0}")]
    NotPermitted(&'static str),
    #[error("cannot {action}: {source}")]
    Io { action: &'static str, source: io::Error },
    #[error("the thread that did it ended early")]
    Ended,
}

/// Runs `work` on a thread of its own whose file operations the kernel judges as those of `who`: user,
/// group, supplementary groups, and of all capabilities at most `CAP_DAC_OVERRIDE`. Acting as the user
/// that we are already needs no privilege.
pub fn run_as<T: Send>(who: &Credentials, work: impl FnOnce() -> T + Send) -> Result<T, SwitchError> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new()
            .name("as another user".to_owned())
            .spawn_scoped(scope, || assume(who).map(|()| work()))
            .map_err(|source| SwitchError::Io { action: "start a thread", source })?;
        thread.join().map_err(|_| SwitchError::Ended)?
    })
}

/// Takes on the identity, for the rest of this thread's life.
fn assume(who: &Credentials) -> Result<(), SwitchError> {
    let refused = |action: &'static str| {
        move |errno: Errno| match errno {
            Errno::PERM => SwitchError::NotPermitted(action),
            errno => SwitchError::Io { action, source: errno.into() },
        }
    };
    // The order matters: each step needs a capability that a later one gives up.
    if !has_groups(who).map_err(refused("read its own groups"))? {
        let groups: Vec<Gid> = who.groups.iter().map(|gid| Gid::from_raw(*gid)).collect();
        set_thread_groups(&groups).map_err(refused("set other groups"))?;
    }
    if !sys::set_filesystem_group(who.owner.gid) {
        return Err(SwitchError::NotPermitted("act as another group"));
    }
    if !sys::set_filesystem_user(who.owner.uid) {
        return Err(SwitchError::NotPermitted("act as another user"));
    }
    // Leaving user 0 drops the capabilities over files by itself; staying user 0, or being another user
    // with capabilities, does not.
    let held = capabilities(None).map_err(refused("read its capabilities"))?;
    let kept = if who.dac_override { CapabilitySet::DAC_OVERRIDE } else { CapabilitySet::empty() };
    if !held.permitted.contains(kept) {
        return Err(SwitchError::NotPermitted("override file permissions"));
    }
    set_capabilities(None, CapabilitySets { effective: kept, permitted: kept, inheritable: held.inheritable })
        .map_err(refused("give up its capabilities"))
}

/// Whether the supplementary groups are these already; setting them is a privilege even then.
fn has_groups(who: &Credentials) -> rustix::io::Result<bool> {
    // The primary group may stand among them or not; it makes no difference to what is allowed.
    let normal = |groups: Vec<u32>| {
        let mut groups: Vec<u32> = groups.into_iter().filter(|gid| *gid != who.owner.gid).collect();
        groups.sort_unstable();
        groups.dedup();
        groups
    };
    let ours = getgroups()?.into_iter().map(Gid::as_raw).collect();
    Ok(normal(ours) == normal(who.groups.clone()))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{MetadataExt, PermissionsExt};

    use super::*;
    use crate::host::Owner;
    use crate::host::owner::is_root;

    /// The lines of this thread's status that say who it is.
    fn status() -> Vec<String> {
        let text = fs::read_to_string("/proc/thread-self/status").unwrap();
        ["Uid:", "Gid:", "Groups:", "CapEff:", "CapPrm:"]
            .map(|key| {
                text.lines().find_map(|line| line.strip_prefix(key)).unwrap().trim().replace('\t', " ")
            })
            .to_vec()
    }

    #[test]
    fn the_thread_is_the_other_user_for_files_only_and_ours_stays() {
        if !is_root() {
            return; // only root may switch
        }
        let before = status();
        let who = Credentials { groups: vec![30003, 999], ..Credentials::plain(Owner::new(10001, 20002)) };
        let there = run_as(&who, status).unwrap();
        assert_eq!(there[..3], ["0 0 0 10001", "0 0 0 20002", "999 30003"]);
        assert_eq!(there[3..], ["0000000000000000", "0000000000000000"]);
        assert_eq!(status(), before);
    }

    #[test]
    fn root_without_the_override_is_held_to_the_modes_and_root_with_it_is_not() {
        if !is_root() {
            return; // only root may switch
        }
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("secret");
        fs::write(&path, "x").unwrap();
        std::os::unix::fs::chown(&path, Some(3001), Some(3001)).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        let mut who = Credentials::plain(Owner::ROOT);
        let refused = run_as(&who, || fs::read(&path)).unwrap().unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::PermissionDenied);
        who.dac_override = true;
        assert_eq!(run_as(&who, || fs::read(&path)).unwrap().unwrap(), b"x");
    }

    #[test]
    fn acting_as_ourselves_needs_no_privilege() {
        let groups = getgroups().unwrap().into_iter().map(Gid::as_raw).collect();
        let who = Credentials { groups, ..Credentials::plain(Owner::current()) };
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("f");
        run_as(&who, || fs::write(&path, "")).unwrap().unwrap();
        assert_eq!(fs::metadata(&path).unwrap().uid(), who.owner.uid);
    }

    #[test]
    fn one_who_has_switched_may_not_switch_again() {
        if !is_root() {
            return; // only root may switch
        }
        let one = Credentials::plain(Owner::new(3001, 3001));
        let other = Credentials::plain(Owner::new(3002, 3002));
        // setfsuid also accepts the real user's id, so a step back to ours is not what is refused here.
        let error = run_as(&one, || run_as(&other, || ())).unwrap().unwrap_err();
        assert!(matches!(error, SwitchError::NotPermitted(_)), "{error}");
    }

    #[test]
    fn a_panic_of_the_work_is_an_error_and_not_ours() {
        let groups = getgroups().unwrap().into_iter().map(Gid::as_raw).collect();
        let who = Credentials { groups, ..Credentials::plain(Owner::current()) };
        assert!(matches!(run_as(&who, || panic!("expected by this test")), Err::<(), _>(SwitchError::Ended)));
    }
}

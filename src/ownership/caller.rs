//! The person behind this process.

use std::path::{Path, PathBuf};

use crate::diagnostic::{Code, Finding};
use crate::host::owner::sudo_caller;
use crate::host::{Credentials, Dir, DirError, Owner};

/// Who runs seaworthy, and who is taken for the user `caller`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The user and group of this process.
    pub process: Owner,
    /// The supplementary groups of this process.
    pub groups: Vec<u32>,
    /// Whom `caller` stands for; `None` where that would be root.
    pub person: Option<Owner>,
    /// What `~` stands for.
    pub home: Option<PathBuf>,
}

impl Caller {
    /// Looks at this process, at `sudo`'s variables and at the owner of the project directory, where there
    /// is one.
    ///
    /// # Errors
    /// A finding where that directory cannot be looked at.
    pub fn find(project_directory: &Path, home: Option<&Path>) -> Result<Self, Finding> {
        let directory = match Dir::open(project_directory).and_then(|dir| dir.stat()) {
            Ok(stat) => Some(stat.owner),
            Err(DirError::Missing(_) | DirError::NotADirectory { .. }) => None,
            Err(error) => {
                return Err(Finding::error(Code::UserInvalid, format!("whose project it is: {error}"))
                    .help("Its owner may be the one whom `caller` means. Correct the cause and run again."));
            }
        };
        let process = Owner::current();
        let person = person(process, sudo_caller(), directory);
        Ok(Self { process, groups: groups(), person, home: home.map(Path::to_owned) })
    }

    /// Whom the kernel judges what this process does to files by.
    pub fn credentials(&self) -> Credentials {
        let dac_override = self.may_chown();
        Credentials { owner: self.process, groups: self.groups.clone(), dac_override }
    }

    /// Everybody whose files must not get to a service only because a repair was asked for.
    pub fn operators(&self) -> impl Iterator<Item = u32> {
        [Some(self.process), self.person, sudo_caller()].into_iter().flatten().map(|owner| owner.uid)
    }

    /// Whether files may be given to any user.
    pub fn may_chown(&self) -> bool {
        self.process.uid == 0
    }
}

fn groups() -> Vec<u32> {
    let groups = rustix::process::getgroups().unwrap_or_default();
    groups.into_iter().map(rustix::process::Gid::as_raw).collect()
}

/// The first of these who is not root.
fn person(process: Owner, sudo: Option<Owner>, directory: Option<Owner>) -> Option<Owner> {
    [Some(process), sudo, directory].into_iter().flatten().find(|owner| owner.uid != 0)
}

/// Whether this process is root; apart from [`Caller`] for tests that need it.
#[cfg(test)]
pub(crate) fn runs_as_root() -> bool {
    crate::host::owner::is_root()
}

#[cfg(test)]
mod tests {
    use super::*;

    const OP: Owner = Owner::new(1500, 1501);
    const OTHER: Owner = Owner::new(1600, 1600);

    #[test]
    fn the_caller_is_never_root() {
        assert_eq!(person(OP, None, Some(Owner::ROOT)), Some(OP));
        assert_eq!(person(Owner::ROOT, Some(OP), Some(OTHER)), Some(OP));
        assert_eq!(person(Owner::ROOT, None, Some(OTHER)), Some(OTHER));
        assert_eq!(person(Owner::ROOT, Some(Owner::ROOT), Some(Owner::ROOT)), None);
        assert_eq!(person(Owner::ROOT, None, None), None);
    }

    #[test]
    fn only_root_may_give_files_away() {
        let caller = |process| Caller { process, groups: Vec::new(), person: None, home: None };
        assert!(caller(Owner::ROOT).may_chown() && !caller(OP).may_chown());
        assert_eq!(Caller::find(Path::new("/"), None).unwrap().may_chown(), runs_as_root());
    }
}

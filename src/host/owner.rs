//! Who owns a file, and who is asking.

use std::ffi::OsString;
use std::fmt;
use std::str::FromStr;
use std::sync::OnceLock;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A numeric user and group, as the kernel of this machine counts them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Owner {
    pub uid: u32,
    pub gid: u32,
}

/// Why a text is not an owner.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not UID:GID in decimal digits")]
pub struct ParseOwnerError(pub String);

impl Owner {
    pub const ROOT: Self = Self { uid: 0, gid: 0 };

    pub const fn new(uid: u32, gid: u32) -> Self {
        Self { uid, gid }
    }

    /// The effective user and group of this process.
    pub fn current() -> Self {
        Self { uid: rustix::process::geteuid().as_raw(), gid: rustix::process::getegid().as_raw() }
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.uid, self.gid)
    }
}

impl FromStr for Owner {
    type Err = ParseOwnerError;

    /// Strictly `UID:GID`: both present, decimal, without sign, space or leading zero, and neither of
    /// them 4294967295, which system calls read as "leave it as it is".
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parse = || {
            let (uid, gid) = text.split_once(':')?;
            Some(Self { uid: parse_id(uid)?, gid: parse_id(gid)? })
        };
        parse().ok_or_else(|| ParseOwnerError(text.to_owned()))
    }
}

/// Written as text, `10001:10001`, wherever it is kept.
impl Serialize for Owner {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Owner {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

fn parse_id(text: &str) -> Option<u32> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let canonical = digits && (text == "0" || !text.starts_with('0'));
    canonical.then(|| text.parse().ok()).flatten().filter(|id| *id != u32::MAX)
}

/// Whom the kernel judges a file operation by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credentials {
    pub owner: Owner,
    /// Supplementary groups; the primary one need not be repeated.
    pub groups: Vec<u32>,
    /// Whether `CAP_DAC_OVERRIDE` is held over the files in question.
    pub dac_override: bool,
}

impl Credentials {
    /// A user without supplementary groups and without capabilities.
    pub fn plain(owner: Owner) -> Self {
        Self { owner, groups: Vec::new(), dac_override: false }
    }

    pub(crate) fn in_group(&self, gid: u32) -> bool {
        self.owner.gid == gid || self.groups.contains(&gid)
    }
}

/// Whether a number is that of the machine's root. In a user namespace whose first user is somebody else, nobody
/// has it.
pub fn is_machines_root(uid: u32) -> bool {
    static FIRST_IS_ROOT: OnceLock<bool> = OnceLock::new();
    let first_is_root =
        || !begins_with_another(&std::fs::read_to_string("/proc/self/uid_map").unwrap_or_default());
    uid == 0 && *FIRST_IS_ROOT.get_or_init(first_is_root)
}

/// By the text of a map. One that cannot be read is not known to: what may be root's is not touched.
fn begins_with_another(map: &str) -> bool {
    let mut numbers = map.split_whitespace().map(str::parse::<u32>);
    matches!((numbers.next(), numbers.next()), (Some(Ok(0)), Some(Ok(outside))) if outside != 0)
}

/// Whether this process runs as root.
pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Who called `sudo`, where this process runs as root under it.
pub fn sudo_caller() -> Option<Owner> {
    sudo_caller_in(is_root(), |name| std::env::var_os(name))
}

/// The variables count only when we are root: anybody may set them, but only root can act on them.
fn sudo_caller_in(is_root: bool, variable: impl Fn(&str) -> Option<OsString>) -> Option<Owner> {
    let id = |name| parse_id(variable(name)?.to_str()?);
    is_root.then(|| Some(Owner { uid: id("SUDO_UID")?, gid: id("SUDO_GID")? })).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_user_of_a_namespace_is_root_only_where_it_is_outside() {
        assert!(!begins_with_another("         0          0 4294967295\n") && !begins_with_another(""));
        assert!(begins_with_another("         0       1500          1\n         1     100000      65536\n"));
    }

    #[test]
    fn an_owner_reads_back_as_it_prints() {
        for text in ["0:0", "10001:10001", "4294967294:1"] {
            assert_eq!(text.parse::<Owner>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn anything_but_two_plain_numbers_is_refused() {
        for text in [
            "",
            ":",
            "1",
            "1:",
            ":1",
            "1:2:3",
            "+1:2",
            "-1:2",
            " 1:2",
            "1:2 ",
            "01:2",
            "1:02",
            "a:1",
            "0x1:1",
            "4294967295:0",
            "0:4294967295",
            "4294967296:0",
            "١:١",
        ] {
            assert_eq!(text.parse::<Owner>(), Err(ParseOwnerError(text.into())), "{text:?}");
        }
    }

    #[test]
    fn the_sudo_caller_counts_only_for_root_and_only_when_complete() {
        let set = |name: &str| Some(OsString::from(if name == "SUDO_UID" { "1500" } else { "1501" }));
        assert_eq!(sudo_caller_in(true, set), Some(Owner::new(1500, 1501)));
        assert_eq!(sudo_caller_in(false, set), None);
        assert_eq!(sudo_caller_in(true, |name| (name == "SUDO_UID").then(|| "1500".into())), None);
        assert_eq!(sudo_caller_in(true, |_| Some("root".into())), None);
    }
}

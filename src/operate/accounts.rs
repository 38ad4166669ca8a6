//! Names of this machine's users and groups, as its own files have them.

use std::path::Path;

use crate::engine::user::{find_login_name, find_user_name};
use crate::host::{Owner, ReadError, read_found};

/// More than any such file has.
const LARGEST: u64 = 16 << 20;

/// The texts of `/etc/passwd` and `/etc/group`; empty where there is none.
#[derive(Clone, Debug, Default)]
pub(crate) struct Accounts {
    passwd: String,
    group: String,
}

impl Accounts {
    /// # Errors
    /// Where a file is there and cannot be read.
    pub(crate) fn read() -> Result<Self, ReadError> {
        let text = |path: &str| match read_found(Path::new(path), LARGEST) {
            Ok(content) => Ok(String::from_utf8_lossy(&content.bytes).into_owned()),
            Err(ReadError::Missing(_)) => Ok(String::new()),
            Err(error) => Err(error),
        };
        Ok(Self { passwd: text("/etc/passwd")?, group: text("/etc/group")? })
    }

    pub(crate) fn user(&self, uid: u32) -> Option<String> {
        find_user_name(&self.passwd, uid)
    }

    /// The name of a user who logs in here; of root there is nothing to say.
    pub(crate) fn login(&self, uid: u32) -> Option<String> {
        find_login_name(&self.passwd, uid).filter(|_| uid != 0)
    }

    /// Name, password and number come first in both files.
    pub(crate) fn group(&self, gid: u32) -> Option<String> {
        find_user_name(&self.group, gid)
    }

    /// `root:docker`, with numbers where there is no name.
    pub(crate) fn describe(&self, owner: Owner) -> String {
        let user = self.user(owner.uid).unwrap_or_else(|| owner.uid.to_string());
        let group = self.group(owner.gid).unwrap_or_else(|| owner.gid.to_string());
        format!("{user}:{group}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_name_is_shown_as_a_number() {
        let accounts = Accounts {
            passwd: "root:x:0:0:root:/root:/bin/sh\nop:x:1500:1501::/home/op:/bin/sh\n".into(),
            group: "root:x:0:\ndocker:x:999:op\n".into(),
        };
        assert_eq!(accounts.describe(Owner::new(0, 999)), "root:docker");
        assert_eq!(accounts.describe(Owner::new(1500, 1501)), "op:1501");
        assert_eq!(accounts.describe(Owner::new(7, 0)), "7:root");
    }

    #[test]
    fn whoever_has_a_shell_logs_in() {
        let accounts = Accounts {
            passwd: "root:x:0:0:root:/root:/bin/sh\nop:x:1000:1000::/home/op:/bin/zsh\n\
                     web:x:33:33::/var/www:/usr/sbin/nologin\nold:x:1001:1001::/home/old:/bin/false\n\
                     bare:x:1002:1002::/home/bare:\n"
                .into(),
            group: String::new(),
        };
        let login = |uid| accounts.login(uid);
        assert_eq!((login(1000).as_deref(), login(1002).as_deref()), (Some("op"), Some("bare")));
        assert!([0, 33, 1001, 4711].into_iter().all(|uid| login(uid).is_none()));
    }
}

//! POSIX access control lists, as the kernel hands them out.

use std::io;
use std::path::Path;

use rustix::io::Errno;

use crate::host::{Credentials, Owner};

/// What decides about a file.
pub const ACCESS: &str = "system.posix_acl_access";

/// What files that are made in a directory begin with, whatever the umask of those who make them.
pub const DEFAULT: &str = "system.posix_acl_default";

/// What named users and groups may do. All permissions are three bits, as in a mode.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Acl {
    /// The same as in the mode.
    pub owner: u32,
    /// The owning group's own entry.
    pub group: u32,
    pub others: u32,
    /// The most that anybody but the owner and the others may get.
    pub mask: Option<u32>,
    pub users: Vec<(u32, u32)>,
    pub groups: Vec<(u32, u32)>,
}

/// Reads the list of a path, following a link; `None` where it has none, or where the filesystem knows
/// none.
pub fn read(path: &Path) -> io::Result<Option<Acl>> {
    match read_named(path, ACCESS) {
        Err(Errno::NOTSUP) => Ok(None),
        result => Ok(result?),
    }
}

/// Reads the access list or the default list of a path; `None` where it has none.
pub fn read_named(path: &Path, name: &str) -> rustix::io::Result<Option<Acl>> {
    let mut value = vec![0u8; 1024];
    loop {
        match rustix::fs::getxattr(path, name, &mut value) {
            Ok(length) => {
                return parse(value.get(..length).unwrap_or_default()).map(Some).ok_or(Errno::INVAL);
            }
            Err(Errno::NODATA) => return Ok(None),
            // An extended attribute never exceeds 64 KiB.
            Err(Errno::RANGE) if value.len() < 1 << 16 => value.resize(value.len() * 8, 0),
            Err(errno) => return Err(errno),
        }
    }
}

/// The binary form: a version (2) in four bytes, then entries of eight: tag, permissions (two bytes
/// each), id (four bytes), all little-endian.
fn parse(bytes: &[u8]) -> Option<Acl> {
    let (version, entries) = bytes.split_first_chunk::<4>()?;
    if u32::from_le_bytes(*version) != 2 || entries.len() % 8 != 0 {
        return None;
    }
    let mut list = Acl::default();
    for entry in entries.chunks_exact(8) {
        let (tag, rest) = entry.split_first_chunk::<2>()?;
        let (permissions, id) = rest.split_first_chunk::<2>()?;
        let permissions = u32::from(u16::from_le_bytes(*permissions)) & 7;
        let id = u32::from_le_bytes(*id.first_chunk::<4>()?);
        match u16::from_le_bytes(*tag) {
            0x01 => list.owner = permissions,
            0x02 => list.users.push((id, permissions)),
            0x04 => list.group = permissions,
            0x08 => list.groups.push((id, permissions)),
            0x10 => list.mask = Some(permissions),
            0x20 => list.others = permissions,
            _ => return None,
        }
    }
    Some(list)
}

impl Acl {
    /// What a mode says, as a list.
    pub fn of_mode(mode: u32) -> Self {
        Self { owner: mode >> 6 & 7, group: mode >> 3 & 7, others: mode & 7, ..Self::default() }
    }

    /// Whether a mode can say all of it.
    pub fn is_minimal(&self) -> bool {
        self.mask.is_none() && self.users.is_empty() && self.groups.is_empty()
    }

    /// As the kernel takes it: the entries in its order, named ones by their ids.
    pub fn encode(&self) -> Vec<u8> {
        let named = |tag: u16, entries: &[(u32, u32)]| {
            let mut entries: Vec<_> = entries.iter().map(|(id, bits)| (tag, *bits, *id)).collect();
            entries.sort_unstable_by_key(|(_, _, id)| *id);
            entries
        };
        let own = |tag: u16, bits: u32| vec![(tag, bits, u32::MAX)];
        let mask = self.mask.map(|mask| own(0x10, mask)).unwrap_or_default();
        let all = [
            own(0x01, self.owner),
            named(0x02, &self.users),
            own(0x04, self.group),
            named(0x08, &self.groups),
            mask,
            own(0x20, self.others),
        ];
        let entry = |(tag, bits, id): (u16, u32, u32)| {
            let [low, high, ..] = bits.to_le_bytes();
            let ([tag_low, tag_high], [a, b, c, d]) = (tag.to_le_bytes(), id.to_le_bytes());
            [tag_low, tag_high, low, high, a, b, c, d]
        };
        let entries = all.into_iter().flatten().flat_map(entry);
        2u32.to_le_bytes().into_iter().chain(entries).collect()
    }

    /// What somebody who is not the owner gets of `wanted` bits. Of several groups one must allow all of
    /// it: they do not add up.
    pub fn granted(&self, owner: Owner, who: &Credentials, wanted: u32) -> u32 {
        let masked = |bits: u32| bits & self.mask.unwrap_or(7);
        if let Some((_, bits)) = self.users.iter().find(|(id, _)| *id == who.owner.uid) {
            return masked(*bits);
        }
        let own = who.in_group(owner.gid).then_some(self.group);
        let named = self.groups.iter().filter(|(id, _)| who.in_group(*id)).map(|(_, bits)| *bits);
        let mut member = false;
        for bits in own.into_iter().chain(named) {
            member = true;
            if masked(bits) & wanted == wanted {
                return masked(bits);
            }
        }
        if member { 0 } else { self.others }
    }
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsRawFd;

    use rustix::fs::{CWD, Mode, OFlags};

    use super::*;
    use crate::host::access::{Access, Verdict, check_below};
    use crate::host::owner::is_root;
    use crate::host::run_as;

    fn entry(tag: u16, permissions: u16, id: u32) -> Vec<u8> {
        [&tag.to_le_bytes()[..], &permissions.to_le_bytes(), &id.to_le_bytes()].concat()
    }

    fn list(entries: &[(u16, u16, u32)]) -> Vec<u8> {
        let mut bytes = vec![2, 0, 0, 0];
        for (tag, permissions, id) in entries {
            bytes.extend(entry(*tag, *permissions, *id));
        }
        bytes
    }

    /// `u::rw-,u:1500:rwx,g::---,g:7:r--,g:8:-w-,m::rw-,o::--x`
    fn example() -> Vec<u8> {
        let none = u32::MAX;
        list(&[(1, 6, none), (2, 7, 1500), (4, 0, none), (8, 4, 7), (8, 2, 8), (16, 6, none), (32, 1, none)])
    }

    fn granted(uid: u32, groups: &[u32], wanted: u32) -> u32 {
        let (gid, groups) = groups.split_first().unwrap();
        let who = Credentials { groups: groups.to_vec(), ..Credentials::plain(Owner::new(uid, *gid)) };
        parse(&example()).unwrap().granted(Owner::new(1, 2), &who, wanted) & wanted
    }

    #[test]
    fn a_named_user_gets_his_entry_within_the_mask() {
        assert_eq!(granted(1500, &[7], 7), 6);
    }

    #[test]
    fn groups_do_not_add_up() {
        assert_eq!(granted(9, &[7], 4), 4);
        assert_eq!(granted(9, &[7, 8], 2), 2);
        assert_eq!(granted(9, &[7, 8], 6), 0);
    }

    #[test]
    fn a_member_is_not_one_of_the_others() {
        assert_eq!(granted(9, &[2], 1), 0);
        assert_eq!(granted(9, &[9], 1), 1);
    }

    #[test]
    fn anything_but_a_list_is_refused() {
        assert_eq!(parse(&[]), None);
        assert_eq!(parse(&[1, 0, 0, 0]), None);
        assert_eq!(parse(&[2, 0, 0, 0, 1]), None);
        assert_eq!(parse(&list(&[(3, 7, 0)])), None);
    }

    #[test]
    fn a_list_set_on_a_file_reads_back_and_decides_as_the_kernel_does() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("f");
        std::fs::write(&path, "").unwrap();
        assert_eq!(read(&path).unwrap(), None);
        let flags = rustix::fs::XattrFlags::empty();
        if rustix::fs::setxattr(&path, "system.posix_acl_access", &example(), flags).is_err() {
            return; // this filesystem has no access control lists
        }
        assert_eq!(read(&path).unwrap(), parse(&example()));
        if !is_root() {
            return; // only root can ask the kernel as others
        }
        for (uid, groups) in [(1500, vec![9]), (9, vec![7]), (9, vec![9, 8]), (9, vec![7, 8]), (9, vec![9])] {
            let who = Credentials {
                groups: groups[1..].to_vec(),
                ..Credentials::plain(Owner::new(uid, groups[0]))
            };
            for (read, write) in [(true, false), (false, true), (true, true)] {
                let file = rustix::fs::openat(CWD, &path, OFlags::PATH, Mode::empty()).unwrap();
                let name = format!("/proc/self/fd/{}", file.as_raw_fd());
                let options = std::fs::OpenOptions::new().read(read).write(write).clone();
                let kernel = run_as(&who, || options.open(&name).is_ok()).unwrap();
                let wanted = Access { read, write, execute: false };
                let ours = check_below(&path, Path::new(""), &who, wanted).unwrap() == Verdict::Allowed;
                assert_eq!(ours, kernel, "{who:?} {wanted}");
            }
        }
    }
}

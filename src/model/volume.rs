//! What a volume is mounted from, by its driver and options.
//!
//! The options of the driver `local` go to the kernel's `mount` as they stand. Only those are known here whose effect
//! is: everything else is listed as unknown, for a rule to refuse.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use super::resource;
use crate::compose::text;
use crate::yaml::Node;

/// The kind of storage behind a volume.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A directory that the engine makes and keeps.
    Directory,
    /// Memory.
    Memory,
    /// A directory of another machine.
    Share,
    /// A directory of the host, by `o: bind`.
    Bind,
    /// Something that cannot be told.
    Unknown,
}

/// A driver or an option whose effect is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unknown {
    /// `driver`, or the key in `driver_opts`.
    pub key: String,
    /// `KEY=VALUE`; of the mount options the one that is not known, as `o=OPTION`.
    pub shown: String,
}

/// A volume as its driver and options describe it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Volume {
    pub kind: Kind,
    /// Of a bind the directory, absolute.
    pub device: Option<String>,
    pub unknown: Vec<Unknown>,
}

/// What begins the name of a volume among places that hold state: paths of the host are absolute, this is not.
const PLACE: &str = "volume:";

/// A volume, by its key in the model, among directories of the host that hold state.
pub fn place(key: &str) -> PathBuf {
    PathBuf::from(format!("{PLACE}{key}"))
}

/// The key of the volume that a place is or lies in; `None` for a path of the host.
pub fn key_of(place: &Path) -> Option<&str> {
    place.iter().next()?.to_str()?.strip_prefix(PLACE)
}

/// Whether a place, as text, is a volume of this key or lies in it.
pub fn is(place: &str, key: &str) -> bool {
    key_of(Path::new(place)) == Some(key)
}

/// Options of every file system that take something away, or change nothing that matters to others.
const COMMON: &[&str] = &[
    "ro",
    "rw",
    "nosuid",
    "nodev",
    "noexec",
    "suid",
    "exec",
    "noatime",
    "relatime",
    "strictatime",
    "nodiratime",
    "atime",
    "diratime",
    "sync",
    "async",
    "dirsync",
    "defaults",
];
const MEMORY: &[&str] = &["size", "nr_inodes", "nr_blocks", "mode", "uid", "gid", "huge"];
const NFS: &[&str] = &[
    "addr",
    "clientaddr",
    "soft",
    "hard",
    "softerr",
    "nolock",
    "lock",
    "local_lock",
    "vers",
    "nfsvers",
    "minorversion",
    "proto",
    "port",
    "mountaddr",
    "mountport",
    "mountproto",
    "mountvers",
    "mounthost",
    "timeo",
    "retrans",
    "retry",
    "rsize",
    "wsize",
    "bsize",
    "namlen",
    "sec",
    "tcp",
    "udp",
    "intr",
    "nointr",
    "ac",
    "noac",
    "acl",
    "noacl",
    "actimeo",
    "acregmin",
    "acregmax",
    "acdirmin",
    "acdirmax",
    "cto",
    "nocto",
    "nconnect",
    "max_connect",
    "lookupcache",
    "fsc",
    "nofsc",
    "resvport",
    "noresvport",
    "rdirplus",
    "nordirplus",
    "sharecache",
    "nosharecache",
    "migration",
    "nomigration",
    "bg",
    "fg",
    "posix",
    "trunkdiscovery",
    "notrunkdiscovery",
    "xprtsec",
];
const CIFS: &[&str] = &[
    "addr",
    "ip",
    "port",
    "username",
    "user",
    "password",
    "pass",
    "domain",
    "dom",
    "workgroup",
    "guest",
    "sec",
    "vers",
    "uid",
    "gid",
    "forceuid",
    "noforceuid",
    "forcegid",
    "noforcegid",
    "file_mode",
    "dir_mode",
    "iocharset",
    "nocase",
    "ignorecase",
    "perm",
    "noperm",
    "dynperm",
    "nobrl",
    "brl",
    "mfsymlinks",
    "sfu",
    "seal",
    "sign",
    "soft",
    "hard",
    "unix",
    "nounix",
    "posix",
    "noposix",
    "posixpaths",
    "noposixpaths",
    "serverino",
    "noserverino",
    "cache",
    "actimeo",
    "acdirmax",
    "acregmax",
    "rsize",
    "wsize",
    "bsize",
    "nolease",
    "noblocksend",
    "echo_interval",
    "max_credits",
    "handletimeout",
    "persistenthandles",
    "nopersistenthandles",
    "resilienthandles",
    "noresilienthandles",
    "multichannel",
    "max_channels",
    "servern",
    "netbiosname",
    "mapposix",
    "mapchars",
    "nomapchars",
    "setuids",
    "nosetuids",
    "nodfs",
    "rasize",
    "esize",
    "closetimeo",
    "intr",
    "nointr",
    "linux",
    "nolinux",
    "noacl",
    "acl",
    "nouser_xattr",
    "user_xattr",
    "unicode",
    "nounicode",
    "compress",
    "cifsacl",
    "nocifsacl",
    "idsfromsid",
    "modefromsid",
];
const BIND: &[&str] = &["bind", "rbind", "private", "rprivate"];

impl Volume {
    /// The volume that a model declares.
    pub fn of(node: &Node) -> Self {
        let driver = resource::DRIVER.text(node).unwrap_or_default();
        let options = resource::OPTIONS.entries(node);
        let options: Vec<(&str, String)> = options.map(|(key, value)| (key, text(value))).collect();
        Self::read(&driver, options.iter().map(|(key, value)| (*key, value.as_str())))
    }

    /// Reads the driver and options that the engine reports.
    pub fn read<'o>(driver: &str, options: impl Iterator<Item = (&'o str, &'o str)>) -> Self {
        if !matches!(driver, "" | "local") {
            let unknown = vec![Unknown { key: "driver".to_owned(), shown: format!("driver={driver}") }];
            return Self { kind: Kind::Unknown, device: None, unknown };
        }
        let (mut kind, mut device, mut words, mut others) = ("", None, Vec::new(), Vec::new());
        for (key, value) in options {
            match key {
                "type" => kind = value,
                "device" => device = Some(value),
                "o" => words.extend(value.split(',').map(str::trim).filter(|word| !word.is_empty())),
                // A quota, which the engine sets on its own directory.
                "size" => {}
                _ => others.push(Unknown { key: key.to_owned(), shown: format!("{key}={value}") }),
            }
        }
        let name = |word: &str| word.split('=').next().unwrap_or_default().to_owned();
        let binds = words.iter().any(|word| matches!(name(word).as_str(), "bind" | "rbind"));
        let (meant, known): (Kind, &[&str]) = match kind {
            "" | "none" | "bind" if binds => (Kind::Bind, BIND),
            _ if binds => (Kind::Unknown, BIND),
            "" if device.is_none() && words.is_empty() => (Kind::Directory, &[]),
            "tmpfs" => (Kind::Memory, MEMORY),
            "nfs" | "nfs4" => (Kind::Share, NFS),
            "cifs" | "smb3" => (Kind::Share, CIFS),
            _ => (Kind::Unknown, &[]),
        };
        let mut unknown = others;
        let mut refuse = |key: &str, shown: Cow<'_, str>| {
            unknown.push(Unknown { key: key.to_owned(), shown: format!("{key}={shown}") });
        };
        if meant == Kind::Unknown {
            refuse("type", kind.into());
        }
        let is_place = match meant {
            Kind::Bind => device.is_some_and(|device| device.starts_with('/')),
            // Of the other machine; a place of this one begins with a slash.
            Kind::Share => device.is_some_and(|device| {
                if kind.starts_with("nfs") { device.contains(":/") } else { device.starts_with("//") }
            }),
            _ => true,
        };
        if !is_place {
            refuse("device", device.unwrap_or_default().into());
        }
        for word in words {
            let name = name(word);
            if meant != Kind::Unknown && !COMMON.contains(&name.as_str()) && !known.contains(&name.as_str()) {
                refuse("o", word.into());
            }
        }
        let device = device.filter(|_| meant == Kind::Bind && is_place).map(str::to_owned);
        Self { kind: if unknown.is_empty() { meant } else { Kind::Unknown }, device, unknown }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(driver: &str, options: &[(&str, &str)]) -> Volume {
        Volume::read(driver, options.iter().copied())
    }

    #[test]
    fn a_volume_is_told_from_a_path() {
        assert_eq!((key_of(&place("a_b")), key_of(Path::new("/volume:a"))), (Some("a_b"), None));
        assert_eq!(key_of(&place("a").join("b/c")), Some("a"));
    }

    #[test]
    fn what_is_known_has_a_kind() {
        for (options, kind) in [
            (&[][..], Kind::Directory),
            (&[("size", "10G")], Kind::Directory),
            (&[("type", "tmpfs"), ("device", "tmpfs"), ("o", "size=100m,uid=1000,noexec")], Kind::Memory),
            (&[("type", "nfs"), ("device", ":/export"), ("o", "addr=10.0.0.1,rw,nfsvers=4")], Kind::Share),
            (&[("type", "nfs4"), ("device", "nas:/export")], Kind::Share),
            (
                &[("type", "cifs"), ("device", "//nas/share"), ("o", "username=a,password=b,vers=3.0")],
                Kind::Share,
            ),
            (&[("type", "none"), ("device", "/srv/data"), ("o", "bind")], Kind::Bind),
            (&[("device", "/srv/data"), ("o", "ro, rbind")], Kind::Bind),
        ] {
            let volume = read("local", options);
            assert_eq!((&volume.kind, volume.unknown.is_empty()), (&kind, true), "{options:?} {volume:?}");
            assert_eq!(volume.device.is_some(), kind == Kind::Bind);
        }
    }

    #[test]
    fn what_is_not_known_is_named() {
        for (driver, options, shown) in [
            ("rclone", &[("remote", "x")][..], "driver=rclone"),
            ("", &[("type", "proc"), ("device", "proc")], "type=proc"),
            ("", &[("type", "overlay"), ("device", "overlay"), ("o", "lowerdir=/")], "type=overlay"),
            ("", &[("type", "tmpfs"), ("device", "x"), ("o", "bind")], "type=tmpfs"),
            ("", &[("type", "none"), ("o", "bind"), ("device", "../../../../etc")], "device=../../../../etc"),
            ("", &[("type", "none"), ("o", "bind,rshared"), ("device", "/srv/x")], "o=rshared"),
            ("", &[("type", "none"), ("o", "bind")], "device="),
            ("", &[("type", "nfs"), ("device", "/srv")], "device=/srv"),
            ("", &[("type", "cifs"), ("device", "/dev/sda")], "device=/dev/sda"),
            (
                "",
                &[("type", "cifs"), ("device", "//nas/x"), ("o", "credentials=/root/c")],
                "o=credentials=/root/c",
            ),
            ("", &[("device", "/dev/sdb1")], "type="),
            ("", &[("o", "size=1g")], "type="),
            ("", &[("mountpoint", "/")], "mountpoint=/"),
        ] {
            let volume = read(driver, options);
            assert_eq!(volume.kind, Kind::Unknown, "{options:?}");
            assert_eq!(volume.unknown.first().unwrap().shown, shown, "{options:?}");
        }
    }
}

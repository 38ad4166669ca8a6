//! Which places of the host a container must not have.

use std::path::{Component, Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// The place a path leads to: symbolic links followed, also where they lead to nothing yet.
pub fn real(path: &Path) -> PathBuf {
    follow(path, 0)
}

/// The kernel follows no more links than this either.
const MOST_LINKS: usize = 40;

fn follow(path: &Path, links: usize) -> PathBuf {
    // Where not even the beginning is there, nothing leads anywhere else.
    if is_absent(&beginning(path)) {
        return path.to_path_buf();
    }
    if let Ok(found) = path.canonicalize() {
        return found;
    }
    let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else { return path.to_path_buf() };
    let parent = follow(parent, links);
    match path.read_link() {
        Ok(target) if links < MOST_LINKS => {
            follow(&crate::policy::binds::clean(&parent.join(target)), links + 1)
        }
        _ => parent.join(name),
    }
}

fn beginning(path: &Path) -> PathBuf {
    path.components().take(2).collect()
}

fn is_absent(path: &Path) -> bool {
    path.symlink_metadata().is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound)
}

/// Where the paths of one model lead. Those that begin alike are looked up once where nothing is there.
#[derive(Debug, Default)]
pub struct Ways {
    absent: Mutex<Vec<PathBuf>>,
}

impl Ways {
    /// Both ways to see a source: as written, and where it leads.
    pub fn both(&self, path: &str) -> Vec<PathBuf> {
        let written = clean(path);
        if self.is_absent(&written) {
            return vec![written];
        }
        let resolved = real(&written);
        if resolved == written { vec![written] } else { vec![resolved, written] }
    }

    /// Whether not even the beginning is there.
    fn is_absent(&self, path: &Path) -> bool {
        let known = |absent: &[PathBuf]| absent.iter().any(|beginning| path.starts_with(beginning));
        let known = known(&self.absent.lock().unwrap_or_else(PoisonError::into_inner));
        known || {
            let beginning = beginning(path);
            let absent = is_absent(&beginning);
            // Every path begins with the empty one.
            if absent && beginning.is_absolute() {
                self.absent.lock().unwrap_or_else(PoisonError::into_inner).push(beginning);
            }
            absent
        }
    }
}

/// As [`crate::policy::binds::clean`], which most paths need not be taken apart for.
pub fn clean(path: &str) -> PathBuf {
    let mut names = path.split('/');
    let is_clean = names.next() == Some("") && names.all(|name| !matches!(name, "" | "." | ".."));
    if is_clean { PathBuf::from(path) } else { crate::policy::binds::clean(Path::new(path)) }
}

/// The first directories of everything that is listed here, homes aside.
const TOPS: &[&str] = &[
    "bin", "boot", "dev", "etc", "home", "lib", "lib32", "lib64", "libx32", "proc", "root", "run", "sbin",
    "sys", "usr", "var",
];

/// Whether a path may be, or lie in, a directory that a host has of its own. Of most paths nothing more need
/// be asked.
fn is_of_system(path: &Path) -> bool {
    match path.components().nth(1) {
        Some(Component::Normal(top)) => TOPS.iter().any(|known| top == *known),
        _ => true,
    }
}

const SOCKETS: &[&str] = &[
    "docker.sock",
    "docker-raw.sock",
    "containerd.sock",
    "containerd.sock.ttrpc",
    "crio.sock",
    "dockershim.sock",
    "podman.sock",
    "buildkitd.sock",
    "docker_engine",
];

/// Directories in which engines keep their sockets.
const SOCKET_DIRECTORIES: &[&str] = &[
    "/run",
    "/var/run",
    "/run/docker",
    "/run/containerd",
    "/run/crio",
    "/run/podman",
    "/run/buildkit",
    "/var/run/docker",
    "/var/run/containerd",
    "/var/run/crio",
    "/var/run/podman",
    "/run/user",
    "/var/run/user",
];

/// Whether an engine's socket, or a directory that holds one, is at this place.
pub fn engine_socket(path: &Path) -> bool {
    let named = path.file_name().and_then(|name| name.to_str()).is_some_and(|name| {
        let before = SOCKETS.iter().find_map(|socket| name.strip_suffix(socket));
        before.is_some_and(|before| before.is_empty() || before.ends_with('\\'))
    });
    let directory = || SOCKET_DIRECTORIES.iter().any(|directory| path == Path::new(directory));
    named || is_of_system(path) && (directory() || user_runtime(path))
}

/// `/run/user/UID`, where a rootless engine has its socket.
fn user_runtime(path: &Path) -> bool {
    ["/run/user", "/var/run/user"].iter().any(|base| {
        path.strip_prefix(base).is_ok_and(|rest| {
            let parts: Vec<_> = rest.components().collect();
            match parts.as_slice() {
                [_] => true,
                [_, Component::Normal(name)] => *name == "podman" || *name == "docker",
                _ => false,
            }
        })
    })
}

/// Nobody needs these, or anything below them, from the host.
const SENSITIVE_TREES: &[&str] = &[
    "/bin",
    "/boot",
    "/dev",
    "/etc",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/proc",
    "/root",
    "/sbin",
    "/sys",
    "/usr",
    "/var/lib/containerd",
    "/var/lib/containers",
    "/var/lib/docker",
    "/var/lib/kubelet",
    "/var/log",
    "/var/spool/cron",
];

/// Harmless as directories below, but not as a whole.
const SENSITIVE_WHOLES: &[&str] = &["/", "/home", "/var", "/var/lib"];

/// What programs are given everywhere, and cannot harm with.
const HARMLESS: &[&str] = &[
    "/dev/log",
    "/dev/null",
    "/dev/random",
    "/dev/urandom",
    "/dev/zero",
    "/etc/ca-certificates",
    "/etc/hostname",
    "/etc/localtime",
    "/etc/machine-id",
    "/etc/pki/tls/certs",
    "/etc/ssl/certs",
    "/etc/timezone",
    "/usr/local/share/ca-certificates",
    "/usr/share/ca-certificates",
    "/usr/share/zoneinfo",
];

/// The sensitive directory of the host that a path is, or lies in.
pub fn sensitive(path: &Path, read_only: bool) -> Option<&'static str> {
    if !is_of_system(path) {
        return None;
    }
    let device = path.starts_with("/dev");
    if (read_only || device) && HARMLESS.iter().any(|harmless| path.starts_with(harmless)) {
        return None;
    }
    let whole = SENSITIVE_WHOLES.iter().find(|whole| path == Path::new(whole));
    whole.or_else(|| SENSITIVE_TREES.iter().find(|tree| path.starts_with(tree))).copied()
}

/// Whether a path is or leads to a directory that nobody but the host should have.
pub fn is_of_host(path: &str) -> bool {
    Ways::default().both(path).iter().any(|path| engine_socket(path) || sensitive(path, false).is_some())
}

/// Whether a path is or leads to a home or the credentials in one.
pub fn in_a_home(path: &str, home: Option<&Path>) -> bool {
    Ways::default().both(path).iter().any(|path| in_home(path, home).is_some())
}

/// Directories below a home that hold credentials.
const SECRETS: &[&str] = &[
    ".aws",
    ".azure",
    ".bash_history",
    ".config/gcloud",
    ".docker",
    ".git-credentials",
    ".gnupg",
    ".kube",
    ".netrc",
    ".password-store",
    ".pgpass",
    ".ssh",
    ".vault-token",
    ".zsh_history",
];

/// A home as a whole, or the credentials in it.
pub fn in_home(path: &Path, home: Option<&Path>) -> Option<String> {
    let homes = home.into_iter().chain([Path::new("/root")]);
    for home in homes {
        let Ok(below) = path.strip_prefix(home) else { continue };
        if below.as_os_str().is_empty() {
            return Some(home.display().to_string());
        }
        if let Some(found) = SECRETS.iter().find(|secret| below.starts_with(secret)) {
            return Some(format!("~/{found}"));
        }
    }
    // Somebody else's home.
    let rest = path.strip_prefix("/home").ok()?;
    let mut parts = rest.components();
    parts.next()?;
    let below = parts.as_path();
    if below.as_os_str().is_empty() {
        return Some(path.display().to_string());
    }
    SECRETS.iter().find(|secret| below.starts_with(secret)).map(|secret| format!("~/{secret}"))
}

/// System directories inside a container.
const SYSTEM_TARGETS: &[&str] =
    &["/bin", "/boot", "/dev", "/lib", "/lib32", "/lib64", "/proc", "/sbin", "/sys"];
const SYSTEM_FILES: &[&str] = &[
    "/etc/group",
    "/etc/gshadow",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/ld.so.preload",
    "/etc/nsswitch.conf",
    "/etc/pam.d",
    "/etc/passwd",
    "/etc/shadow",
    "/etc/sudoers",
];

/// The system directory or file of a container that a target lies over.
pub fn system_target(target: &Path) -> Option<&'static str> {
    const FINE: &[&str] =
        &["/dev/shm", "/dev/log", "/dev/null", "/dev/random", "/dev/urandom", "/dev/zero", "/lib/modules"];
    if !is_of_system(target) || FINE.iter().any(|fine| target.starts_with(fine)) {
        return None;
    }
    for whole in ["/", "/etc", "/usr", "/usr/bin", "/usr/sbin", "/usr/lib", "/usr/local/bin"] {
        if target == Path::new(whole) {
            return Some(whole);
        }
    }
    let programs = ["/usr/bin", "/usr/sbin", "/usr/lib"];
    SYSTEM_TARGETS
        .iter()
        .chain(SYSTEM_FILES)
        .chain(programs.iter())
        .find(|system| target.starts_with(system))
        .copied()
        .or_else(|| target.starts_with("/etc/sudoers.d").then_some("/etc/sudoers.d"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sockets_are_known_by_name_and_by_the_directory_they_are_in() {
        for path in [
            "/var/run/docker.sock",
            "/run",
            "/var/run",
            "/run/containerd/containerd.sock",
            "/x/podman.sock",
            "/run/user/1000",
            "/run/user/1000/docker.sock",
            "/run/user/1000/podman",
            r"\\.\pipe\docker_engine",
        ] {
            assert!(engine_socket(Path::new(path)), "{path}");
        }
        for path in ["/run/dbus", "/srv/app/run", "/run/user/1000/pulse", "/var/run/postgresql"] {
            assert!(!engine_socket(Path::new(path)), "{path}");
        }
    }

    #[test]
    fn the_host_s_own_directories_are_sensitive_and_projects_are_not() {
        for path in
            ["/", "/etc", "/etc/shadow", "/proc/1", "/var/lib/docker/volumes", "/home", "/root", "/dev/sda"]
        {
            assert!(sensitive(Path::new(path), true).is_some(), "{path}");
        }
        for path in ["/srv/app", "/home/ann/project", "/opt/stack/data", "/data", "/dev/null", "/etcetera"] {
            assert!(sensitive(Path::new(path), false).is_none(), "{path}");
        }
        assert!(sensitive(Path::new("/etc/localtime"), true).is_none());
        assert!(sensitive(Path::new("/etc/localtime"), false).is_some());
    }

    #[test]
    fn links_are_followed_as_far_as_they_lead() {
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("link");
        std::os::unix::fs::symlink("/etc", &link).unwrap();
        assert_eq!(real(&link.join("no-such-file-here")), Path::new("/etc/no-such-file-here"));
        assert_eq!(Ways::default().both(link.to_str().unwrap()), [PathBuf::from("/etc"), link]);
        let dangling = folder.path().join("dangling");
        std::os::unix::fs::symlink("/no/such.sock", &dangling).unwrap();
        assert_eq!(real(&dangling), Path::new("/no/such.sock"));
        let circle = folder.path().join("circle");
        std::os::unix::fs::symlink("circle", &circle).unwrap();
        assert!(real(&circle).ends_with("circle"));
    }

    #[test]
    fn what_is_not_there_is_looked_up_once_and_leads_nowhere() {
        let ways = Ways::default();
        assert_eq!(ways.both(""), [PathBuf::new()]);
        for path in ["/no-such-place/a", "/no-such-place/b/../c", "/no-such-place", "/no-such-place-either"] {
            assert_eq!(ways.both(path), [crate::policy::binds::clean(Path::new(path))], "{path}");
        }
        assert_eq!(ways.absent.lock().unwrap().len(), 2);
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("link");
        std::os::unix::fs::symlink("/etc", &link).unwrap();
        assert_eq!(ways.both(link.to_str().unwrap()), [PathBuf::from("/etc"), link]);
    }

    #[test]
    fn a_clean_path_stays_as_it_is() {
        for path in
            ["/", "", "/a/b", "/a//b", "/a/", "a/b", "./a", "/a/../b", "/..", "/a/.b", "/a/..b/c", "/a/."]
        {
            assert_eq!(
                clean(path).as_os_str(),
                crate::policy::binds::clean(Path::new(path)).as_os_str(),
                "{path}"
            );
        }
    }

    /// Whatever is listed begins with a known directory, so that nobody adds what is then not looked for.
    #[test]
    fn every_list_begins_with_a_directory_of_the_system() {
        let lists =
            [SOCKET_DIRECTORIES, SENSITIVE_TREES, SENSITIVE_WHOLES, HARMLESS, SYSTEM_TARGETS, SYSTEM_FILES];
        for path in lists.iter().copied().flatten() {
            assert!(is_of_system(Path::new(path)), "{path}");
        }
        for target in ["/", "/etc", "/usr", "/usr/bin", "/usr/lib", "/usr/local/bin", "/etc/sudoers.d/x"] {
            assert!(system_target(Path::new(target)).is_some(), "{target}");
        }
        assert!(!is_of_system(Path::new("/srv/etc")) && !is_of_system(Path::new("/etcetera")));
    }

    #[test]
    fn credentials_in_a_home_are_found_in_any_home() {
        let home = Some(Path::new("/home/ann"));
        for path in
            ["/home/ann", "/home/ann/.ssh", "/home/bob/.aws/config", "/home/bob", "/root/.docker/config.json"]
        {
            assert!(in_home(Path::new(path), home).is_some(), "{path}");
        }
        for path in ["/home/ann/project", "/home/bob/.config/gh", "/srv/.ssh-tools"] {
            assert!(in_home(Path::new(path), home).is_none(), "{path}");
        }
    }
}

//! Places in a container that its service's mounts take, and the files that Compose copies in.

use super::mount::{CONFIGS, FILE_SOURCE, FILE_TARGET, READ_ONLY, SECRETS, TARGET, TMPFS, TYPE, VOLUMES};
use super::resource;
use crate::compose::{paths, text};
use crate::yaml::Node;

/// How something comes to a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Means {
    /// A file or directory of the host, mounted.
    Bind,
    /// A volume, with a name or without one.
    Volume,
    /// Memory, empty at each start.
    Tmpfs,
    /// Another kind of mount.
    Other,
    /// Content that Compose copies in before the start, as root. It goes into a mount that is there, but memory is
    /// mounted later and hides it.
    Copied,
}

/// One place of a service's containers.
#[derive(Clone, Debug)]
pub struct Place<'m> {
    /// `volumes`, `tmpfs`, `configs` or `secrets`.
    pub key: &'static str,
    /// The entry of that list.
    pub entry: &'m Node,
    /// The target as written, or the entry where the place follows from the name.
    pub written: &'m Node,
    /// Absolute, without `.`, `..` and a slash at the end.
    pub target: String,
    pub means: Means,
    pub read_only: bool,
    /// The options of a short `tmpfs`; empty elsewhere.
    pub options: &'m str,
}

impl Place<'_> {
    /// Whether it lies at a directory or file, or below it.
    pub fn is_in(&self, directory: &str) -> bool {
        lies_in(&self.target, directory)
    }

    /// Whether the target is written from the root on. The engine makes no memory where it is not.
    pub fn is_absolute(&self) -> bool {
        self.written.as_str().is_some_and(|written| written.starts_with('/'))
    }

    /// Whether it takes a directory or file away: it lies there, or above.
    pub fn holds(&self, place: &str) -> bool {
        lies_in(place, &self.target)
    }
}

/// Whether a path is a directory, or lies in it.
pub fn lies_in(place: &str, directory: &str) -> bool {
    place
        .strip_prefix(directory)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || directory == "/")
}

/// All places of a service. `root` has the sections in which configs and secrets are declared.
pub fn of_service<'m>(root: &'m Node, service: &'m Node) -> Vec<Place<'m>> {
    let mut places: Vec<Place<'m>> = VOLUMES.items(service).iter().filter_map(volume).collect();
    places.extend(TMPFS.items(service).iter().filter_map(tmpfs));
    for field in [CONFIGS, SECRETS] {
        places.extend(field.items(service).iter().map(|entry| file(root, field.path(), entry)));
    }
    places
}

/// An entry of `volumes`; `None` where it has no target.
pub fn volume(entry: &Node) -> Option<Place<'_>> {
    let written = TARGET.node(entry)?;
    let means = match TYPE.str(entry) {
        Some("bind") => Means::Bind,
        Some("volume") => Means::Volume,
        Some("tmpfs") => Means::Tmpfs,
        _ => Means::Other,
    };
    Some(Place {
        key: "volumes",
        entry,
        written,
        target: clean(written.as_str()?),
        means,
        read_only: READ_ONLY.is_on(entry),
        options: "",
    })
}

/// An entry of `tmpfs`, `TARGET[:OPTIONS]`.
pub fn tmpfs(entry: &Node) -> Option<Place<'_>> {
    let (target, options) = {
        let text = entry.as_str()?;
        text.split_once(':').unwrap_or((text, ""))
    };
    let target = clean(target);
    let last = options.rsplit(',').find(|option| matches!(*option, "ro" | "rw"));
    Some(Place {
        key: "tmpfs",
        entry,
        written: entry,
        target,
        means: Means::Tmpfs,
        read_only: last == Some("ro"),
        options,
    })
}

/// The path at which an entry of `configs` or `secrets` is put: a config at the root and a secret in `/run/secrets` where the target
/// does not begin with `/`; the name stands in where there is none.
pub fn target_of_file(key: &str, entry: &Node) -> String {
    let directory = if key == "secrets" { "/run/secrets" } else { "/" };
    absolute(directory, &text(file_target(entry).or_else(|| FILE_SOURCE.node(entry)).unwrap_or(entry)))
}

fn file_target(entry: &Node) -> Option<&Node> {
    FILE_TARGET.written(entry).map(|(node, _)| node)
}

fn file<'m>(root: &Node, key: &'static str, entry: &'m Node) -> Place<'m> {
    let name = FILE_SOURCE.text(entry).unwrap_or_default();
    let mounted = root.at(&[key, &name]).is_some_and(|declared| resource::FILE.is_set(declared));
    Place {
        key,
        entry,
        written: file_target(entry).unwrap_or(entry),
        target: target_of_file(key, entry),
        means: if mounted { Means::Bind } else { Means::Copied },
        read_only: mounted,
        options: "",
    }
}

/// A path in a container in its one spelling, from the root.
pub fn clean(path: &str) -> String {
    absolute("/", path)
}

/// As [`clean`], below a directory where it does not begin with `/`.
pub fn absolute(directory: &str, target: &str) -> String {
    let joined = if target.starts_with('/') { target.to_owned() } else { format!("{directory}/{target}") };
    paths::clean(&joined)
}

#[cfg(test)]
mod tests {
    use super::{absolute, lies_in};

    #[test]
    fn a_target_has_one_spelling() {
        for (directory, written, place) in [
            ("/", "etc/passwd", "/etc/passwd"),
            ("/", "../etc/passwd", "/etc/passwd"),
            ("/run/secrets", "../../etc/passwd", "/etc/passwd"),
            ("/run/secrets", "a", "/run/secrets/a"),
            ("/run/secrets", "/x//y/./", "/x/y"),
            ("/", "/", "/"),
        ] {
            assert_eq!(absolute(directory, written), place, "{written}");
        }
    }

    #[test]
    fn a_path_that_begins_the_same_lies_elsewhere() {
        assert!(lies_in("/a/b", "/a") && lies_in("/a", "/a") && lies_in("/a", "/"));
        assert!(!lies_in("/ab", "/a") && !lies_in("/a", "/a/b"));
    }
}

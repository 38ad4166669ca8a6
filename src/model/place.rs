//! Places in a container that its service's mounts take, and the files that Compose copies in.

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
    let list = |key: &str| service.get(key).and_then(Node::as_seq).unwrap_or_default();
    let mut places: Vec<Place<'m>> = list("volumes").iter().filter_map(volume).collect();
    let short = match service.get("tmpfs") {
        Some(tmpfs) => tmpfs.as_seq().unwrap_or_else(|| std::slice::from_ref(tmpfs)),
        None => &[],
    };
    places.extend(short.iter().filter_map(tmpfs));
    for key in ["configs", "secrets"] {
        places.extend(list(key).iter().map(|entry| file(root, key, entry)));
    }
    places
}

/// An entry of `volumes`; `None` where it has no target.
pub fn volume(entry: &Node) -> Option<Place<'_>> {
    let written = entry.get("target")?;
    let means = match entry.get("type").and_then(Node::as_str) {
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
        read_only: entry.get("read_only").and_then(Node::as_bool) == Some(true),
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
    Some(Place {
        key: "tmpfs",
        entry,
        written: entry,
        target,
        means: Means::Tmpfs,
        read_only: false,
        options,
    })
}

/// The path at which an entry of `configs` or `secrets` is put: a config at the root and a secret in `/run/secrets` where the target
/// does not begin with `/`; the name stands in where there is none.
pub fn target_of_file(key: &str, entry: &Node) -> String {
    let directory = if key == "secrets" { "/run/secrets" } else { "/" };
    absolute(directory, &text(file_target(entry).or_else(|| entry.get("source")).unwrap_or(entry)))
}

fn file_target(entry: &Node) -> Option<&Node> {
    entry.get("target").filter(|target| !target.as_str().unwrap_or_default().is_empty())
}

fn file<'m>(root: &Node, key: &'static str, entry: &'m Node) -> Place<'m> {
    let name = entry.get("source").map(text).unwrap_or_default();
    let mounted = root.at(&[key, &name, "file"]).is_some();
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

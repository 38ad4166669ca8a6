//! The image that a service runs, and the name of an image in its parts.

use super::field::fields;

fields! {
    IMAGE: Text = "image";
    PULL_POLICY: Text = "pull_policy";
    PLATFORM: Text = "platform";
}

/// `REPOSITORY[:TAG][@DIGEST]`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImageName<'n> {
    /// The name with its registry, as it is written.
    pub repository: &'n str,
    pub tag: Option<&'n str>,
    /// The digest with its algorithm, `sha256:…`.
    pub digest: Option<&'n str>,
}

impl<'n> ImageName<'n> {
    pub fn read(text: &'n str) -> Self {
        let (named, digest) = match text.split_once('@') {
            Some((named, digest)) => (named, Some(digest)),
            None => (text, None),
        };
        // A colon before the last slash belongs to the registry's port.
        let (repository, tag) = match named.rsplit_once(':') {
            Some((repository, tag)) if !tag.contains('/') => (repository, Some(tag)),
            _ => (named, None),
        };
        Self { repository, tag, digest }
    }

    /// Whether the name stays with one content: it has a digest, or a tag other than `latest`.
    pub fn has_version(&self) -> bool {
        self.digest.is_some() || self.tag.is_some_and(|tag| !tag.is_empty() && tag != "latest")
    }

    /// Whether both are one name to the engine, which takes a missing tag for `latest`.
    pub fn is_same(&self, other: &Self) -> bool {
        let full = |name: &Self| {
            let tag = name.tag.filter(|tag| !tag.is_empty()).or(name.digest.is_none().then_some("latest"));
            (canonical(name.repository), tag.map(str::to_owned), name.digest.map(str::to_owned))
        };
        full(self) == full(other)
    }
}

/// A repository with what the engine adds: Docker's registry, and its folder of official images.
fn canonical(repository: &str) -> String {
    let short = ["docker.io/", "index.docker.io/"].iter().find_map(|hub| repository.strip_prefix(hub));
    let is_elsewhere = repository
        .split_once('/')
        .is_some_and(|(first, _)| first.contains(['.', ':']) || first == "localhost");
    match short {
        None if is_elsewhere => repository.to_owned(),
        _ => {
            let name = short.unwrap_or(repository);
            if name.contains('/') { format!("docker.io/{name}") } else { format!("docker.io/library/{name}") }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_colon_is_a_tag_behind_the_last_slash() {
        for (text, repository, tag, digest) in [
            ("nginx", "nginx", None, None),
            ("nginx:1", "nginx", Some("1"), None),
            ("host:5000/nginx", "host:5000/nginx", None, None),
            ("host:5000/a/b:1@sha256:00", "host:5000/a/b", Some("1"), Some("sha256:00")),
            ("nginx@sha256:00", "nginx", None, Some("sha256:00")),
        ] {
            assert_eq!(ImageName::read(text), ImageName { repository, tag, digest }, "{text}");
        }
    }

    #[test]
    fn only_a_tag_or_digest_is_a_version() {
        for image in ["nginx", "nginx:latest", "nginx:", "host:5000/nginx", "host:5000/a/b:latest"] {
            assert!(!ImageName::read(image).has_version(), "{image}");
        }
        for image in ["nginx:1.27", "host:5000/nginx:1", "nginx@sha256:00", "nginx:latest@sha256:00"] {
            assert!(ImageName::read(image).has_version(), "{image}");
        }
    }

    #[test]
    fn names_are_the_same_as_the_engine_completes_them() {
        let same = |a: &str, b: &str| ImageName::read(a).is_same(&ImageName::read(b));
        for (a, b) in [
            ("nginx", "nginx:latest"),
            ("nginx", "docker.io/library/nginx"),
            ("library/nginx:1", "index.docker.io/nginx:1"),
            ("a/b", "docker.io/a/b:latest"),
            ("localhost/a", "localhost/a:latest"),
        ] {
            assert!(same(a, b), "{a} {b}");
        }
        for (a, b) in
            [("nginx", "nginx:1"), ("a/b", "ghcr.io/a/b"), ("nginx@sha256:00", "nginx"), ("localhost/a", "a")]
        {
            assert!(!same(a, b), "{a} {b}");
        }
    }
}

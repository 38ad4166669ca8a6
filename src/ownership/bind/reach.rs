//! Which directories of the host the project's containers may write.

use std::fs::{Metadata, metadata};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::compose::{Model, section};
use crate::engine::MountPoint;
use crate::model::resource;
use crate::source::SourceMap;
use crate::yaml::Mapping;

use super::look::clean;
use super::mounts;

/// Places that a container may write; each with everything in it.
#[derive(Clone, Debug, Default)]
pub struct Reach {
    places: Vec<PathBuf>,
}

impl Reach {
    /// What the services of a model mount for writing, whether or not they are launched.
    pub fn of(model: &Model, sources: &SourceMap) -> Self {
        let mut reach = Self::default();
        for (_, service) in model.services() {
            let mounts = mounts::of_service(model, service, sources);
            let written = mounts.into_iter().filter(|mount| !mount.read_only);
            reach.places.extend(written.filter_map(|mount| Some(mount.source?.path)));
        }
        // A volume's options may name a place in other ways than as a bind: as a layer of a union.
        for (_, volume) in section(&model.root, "volumes").into_iter().flat_map(Mapping::iter) {
            let options = resource::OPTIONS.entries(volume);
            let texts = options.filter_map(|(_, value)| value.as_str());
            let words = texts.flat_map(|text| text.split([',', '=', ':']));
            reach.places.extend(words.filter(|word| word.starts_with('/')).map(clean));
        }
        reach
    }

    /// With what containers have mounted already.
    #[must_use]
    pub fn and(mut self, mounted: &[MountPoint]) -> Self {
        let written = mounted.iter().filter(|mount| mount.is_writable && mount.kind == "bind");
        self.places.extend(written.map(|mount| clean(&mount.source)));
        self
    }

    /// Whether a container may write in a directory, or put another one in its place. It need not be there yet.
    pub fn holds(&self, directory: &Path) -> bool {
        let itself = resolved(directory);
        let above: Vec<Metadata> = itself.ancestors().filter_map(|one| metadata(one).ok()).collect();
        let is_reached = |place: &PathBuf| {
            // The engine follows links, and a directory may have a second name.
            let real = resolved(place);
            let same = |found: Metadata| {
                above.iter().any(|one| one.dev() == found.dev() && one.ino() == found.ino())
            };
            itself.starts_with(&real)
                || real.starts_with(&itself)
                || place.starts_with(directory)
                || metadata(&real).is_ok_and(same)
        };
        self.places.iter().any(is_reached)
    }
}

/// Without links, as far as it is there.
fn resolved(path: &Path) -> PathBuf {
    let mut rest = PathBuf::new();
    for above in path.ancestors() {
        if let Ok(real) = above.canonicalize() {
            return if rest.as_os_str().is_empty() { real } else { real.join(rest) };
        }
        let name = above.file_name().map(PathBuf::from).unwrap_or_default();
        rest = if rest.as_os_str().is_empty() { name } else { name.join(rest) };
    }
    path.to_owned()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::ownership::testing::model;

    fn holds(volumes: &str, rest: &str, directory: &Path) -> bool {
        let (model, sources) = model(&format!("services: {{a: {{image: x, volumes: [{volumes}]}}}}\n{rest}"));
        Reach::of(&model, &sources).holds(directory)
    }

    #[test]
    fn a_place_is_reached_from_above_from_inside_and_by_another_name() {
        let temp = tempfile::tempdir().unwrap();
        let base = temp.path().canonicalize().unwrap();
        let at = |name: &str| base.join(name).display().to_string();
        let own = base.join("project/.seaworthy");
        fs::create_dir_all(base.join("project/data")).unwrap();
        symlink("project", base.join("link")).unwrap();
        let bind = |source: &str| format!("{{type: bind, source: {source}, target: /t}}");
        for name in ["project", "", "project/.seaworthy", "project/.seaworthy/x.yaml", "link"] {
            assert!(holds(&bind(at(name).trim_end_matches('/')), "", &own), "{name}");
        }
        for name in ["project/data", "project/.seaworthy2", "other"] {
            assert!(!holds(&bind(&at(name)), "", &own), "{name}");
        }
        let read_only = format!("{{type: bind, source: {}, target: /t, read_only: true}}", at("project"));
        assert!(!holds(&read_only, "", &own));
        for options in [
            format!("{{type: none, o: bind, device: {}}}", at("project")),
            format!("{{type: overlay, device: overlay, o: 'lowerdir=/l,upperdir={}'}}", at("project")),
        ] {
            let rest = format!("volumes: {{v: {{driver_opts: {options}}}}}");
            assert!(holds("", &rest, &own), "{options}");
        }
    }

    #[test]
    fn what_containers_have_mounted_counts() {
        let mounted = |is_writable| MountPoint {
            kind: "bind".to_owned(),
            source: "/srv/app".to_owned(),
            is_writable,
            ..MountPoint::default()
        };
        let own = Path::new("/srv/app/.seaworthy");
        assert!(Reach::default().and(&[mounted(true)]).holds(own));
        assert!(!Reach::default().and(&[mounted(false)]).holds(own));
    }
}

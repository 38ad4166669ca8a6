//! The places of the engine on its machine: its socket and its data directory.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::engine::Engine;

/// Places that only the engine should reach. They are compared by device and inode: a second name for one, or a
/// directory that holds it, is the same place.
#[derive(Clone, Debug, Default)]
pub struct EnginePlaces {
    places: Vec<PathBuf>,
    /// Device and inode of each and of what holds it, as far as they are on this machine; never of `/`.
    known: Vec<(u64, u64)>,
}

impl EnginePlaces {
    /// Of the engine in use, where it answers, and of the endpoint that is configured.
    pub fn new(engine: Option<&Engine>, configured: Option<&str>) -> Self {
        let mut places = Vec::new();
        let endpoints =
            engine.map(|engine| engine.identity().endpoint.as_str()).into_iter().chain(configured);
        places.extend(endpoints.filter_map(|endpoint| endpoint.strip_prefix("unix://")).map(PathBuf::from));
        if let Some(data) = engine.map(|engine| engine.info().root_dir.as_path()) {
            // With remapped users the engine says a directory inside of it, `UID.GID`.
            let name = data.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
            let is_mapped = name.split_once('.').is_some_and(|(uid, gid)| is_number(uid) && is_number(gid));
            let data = data.parent().filter(|_| is_mapped).unwrap_or(data);
            places.push(data.to_path_buf());
        }
        Self::of(places)
    }

    fn of(mut places: Vec<PathBuf>) -> Self {
        places.retain(|place| place.is_absolute() && place.parent().is_some());
        let real: Vec<PathBuf> = places.iter().map(|place| super::rules::real(place)).collect();
        places.extend(real);
        places.sort_unstable();
        places.dedup();
        let holders = places.iter().flat_map(|place| place.ancestors());
        let mut known: Vec<_> =
            holders.filter(|place| place.parent().is_some()).filter_map(identity).collect();
        known.sort_unstable();
        known.dedup();
        Self { places, known }
    }

    /// Whether a place is one of them, lies in one, or holds one. The root directory holds everything, and is judged
    /// as what it is.
    pub fn touch(&self, place: &Path) -> bool {
        if self.places.is_empty() || place.parent().is_none() {
            return false;
        }
        let is_named = self.places.iter().any(|own| place.starts_with(own) || own.starts_with(place));
        is_named || identity(place).is_some_and(|found| self.known.binary_search(&found).is_ok())
    }
}

fn identity(place: &Path) -> Option<(u64, u64)> {
    place.metadata().ok().map(|found| (found.dev(), found.ino()))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_place_is_known_by_every_name_and_by_what_holds_it() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir_all(at("run/engine")).unwrap();
        fs::create_dir_all(at("beside/data")).unwrap();
        fs::write(at("run/engine/socket"), "").unwrap();
        fs::hard_link(at("run/engine/socket"), at("beside/other")).unwrap();
        std::os::unix::fs::symlink(at("run"), at("link")).unwrap();
        let own = EnginePlaces::of(vec![at("link/engine/socket"), at("no/such")]);
        for name in
            ["run", "run/engine", "run/engine/socket", "beside/other", "link/engine", "no/such/thing", ""]
        {
            assert!(own.touch(&at(name)), "{name}");
        }
        for name in ["beside", "beside/data", "run/engine2"] {
            assert!(!own.touch(&at(name)), "{name}");
        }
        assert!(!EnginePlaces::default().touch(Path::new("/")));
    }
}

//! The maps of users that the engines of this machine may have had before.

use crate::engine::{Answer, IdMap};
use crate::operate::history;
use crate::render::kept;

use super::images::LazyEngine;

/// Every map that an engine of this machine can have had other than the present one. Those of engines without root
/// are among them where a launch noted them: by the numbers alone, each would be its neighbour's under `userns-remap`.
pub fn former_maps(engine: &LazyEngine) -> Answer<Vec<IdMap>> {
    engine.get().and_then(|engine| engine.former_maps(&noted()))
}

/// The maps in this user's notes of launches. An unreadable file has none: a refusal says less then.
fn noted() -> Vec<IdMap> {
    let history = kept().and_then(|folder| history::read(&folder).ok()).unwrap_or_default();
    let mut maps: Vec<IdMap> = Vec::new();
    for map in history.records.iter().map(history::Record::map) {
        if !maps.contains(&map) {
            maps.push(map);
        }
    }
    maps
}

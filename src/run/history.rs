//! Notes at a launch who has which map of users, so that what ended can be attributed.

use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::diagnostic::{Code, Finding};
use crate::engine::{Engine, Inspection};
use crate::model::namespace;
use crate::operate::history::{self, Record};
use crate::ownership::bind::Reach;
use crate::render::{kept_writable, make_parents};
use crate::yaml::Node;

use super::images::LazyEngine;
use super::verify::Verified;

/// What is to be noted of one launch, and where.
pub struct Notes {
    folder: PathBuf,
    records: Vec<Record>,
}

impl Notes {
    /// Of every service whose user and map are known. `None` where no policy is in force: then nothing is kept that
    /// Compose would not keep; where the engine has numbers of another machine; and where a container of the project
    /// can write the folder, or we cannot.
    ///
    /// # Errors
    /// Where the engine maps users and it is not known how.
    pub fn of(verified: &Verified, reach: &Reach, engine: &LazyEngine) -> Result<Option<Self>, Finding> {
        let connected = engine.connected().filter(|engine| verified.policy.is_some() && !engine.is_remote());
        let folder = kept_writable().filter(|folder| !reach.holds(folder));
        let (Some(connected), Some(folder)) = (connected, folder) else { return Ok(None) };
        let usual = connected.id_map().into_result().map_err(crate::engine::unanswered)?;

        let now = now();
        let record = |name: &str, node: &Node| {
            let user =
                verified.running().iter().find(|user| user.service == name)?.user.as_ref().known()?.owner;
            let mode = namespace::USERNS.or_empty(node);
            // Some modes leave the map to the engine's choice.
            let map = usual.for_mode(connected.info(), mode).known()?;
            Some(Record {
                version: Record::VERSION,
                from: now,
                until: now,
                ended: None,
                engine: connected.identity().clone(),
                project: verified.model.name.clone(),
                directory: verified.model.directory.clone(),
                service: name.to_owned(),
                user,
                host: map.to_host(user)?,
                uids: map.uids().to_vec(),
                gids: map.gids().to_vec(),
                container: None,
                name: None,
            })
        };
        let records: Vec<Record> =
            verified.started().services().filter_map(|(name, node)| record(name, node)).collect();
        Ok((!records.is_empty()).then_some(Self { folder, records }))
    }

    /// Writes it down, with the containers as far as they are known.
    ///
    /// # Errors
    /// Where it fails although the folder can be written.
    pub fn write(&self, containers: &[Inspection]) -> Result<(), Finding> {
        let mut records = Vec::new();
        for record in &self.records {
            let own = containers.iter().filter(|container| container.service == record.service);
            let of = |container: &Inspection| Record {
                container: Some(container.id.clone()),
                name: Some(container.name.clone()),
                ..record.clone()
            };
            let own: Vec<Record> = own.map(of).collect();
            if own.is_empty() {
                records.push(record.clone());
            }
            records.extend(own);
        }
        let written = make_parents(&self.folder)
            .map_err(history::HistoryError::from)
            .and_then(|()| history::add(&self.folder, records, now()));
        written.map_err(|error| {
            let message = format!("who runs as whom is not noted for `whois`: {error}");
            Finding::error(Code::PrepareFailed, message)
                .help("Set XDG_STATE_HOME to a directory of yours that can be written.")
        })
    }
}

/// Writes down that nothing of a project runs any more.
///
/// # Errors
/// Where something of it is noted, and this cannot be.
pub fn ended(engine: &Engine, project: &str) -> Result<(), history::HistoryError> {
    kept_writable().map_or(Ok(()), |folder| history::end(&folder, engine.identity(), project, now()))
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

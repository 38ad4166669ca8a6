//! What a project must hold, and whether it does.
//!
//! A [`Policy`] is read by [`find`] from the host's and the project's policy files ([`file`],
//! [`layer`]). [`Policy::layers`] puts the mandatory overlays behind the base ([`overlay`],
//! [`arrange`], [`expand`]); once the layers are loaded into the one model, [`Policy::judge`] demands
//! that every leaf of those overlays still holds ([`assertion`]) and that no rule is broken
//! ([`rules`]).

mod adapt;
pub mod arrange;
pub mod assertion;
pub mod binds;
pub mod builtin;
pub mod closed;
pub mod copies;
pub mod date;
mod demand;
pub mod engine;
mod expand;
pub mod file;
mod find;
pub mod gc;
mod inputs;
pub mod judge;
mod layer;
mod list;
mod opened;
pub mod overlay;
pub mod posture;
pub mod postures;
pub mod probes;
pub mod reader;
pub mod rules;
pub mod schema;
pub mod state;
pub mod user;
mod verdict;
pub mod waiver;

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use crate::engine::Info;
use crate::host::Owner;
use crate::reader::Reader;
use crate::source::FileId;

pub use arrange::Arranged;
pub use engine::EnginePlaces;
pub use find::{FILE_NAME, Given, SYSTEM_PATH, find, of_host, place};
pub use inputs::{check_inputs, expected};
pub use posture::Posture;
pub use postures::Postures;
pub use reader::Located;
pub use user::{UserSetting, Users};
pub use verdict::{Standing, Verdict, verdicts};

use binds::Binds;
use copies::Copy;
use date::Date;
use gc::Sweep;
use overlay::Wanted;
use probes::Probe;
use state::{RepairSetting, State};
use waiver::Waiver;

/// Whose policy something comes from; the host's goes before the project's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    System,
    Project,
}

/// The policy in force.
#[derive(Clone, Debug)]
pub struct Policy {
    pub posture: Arc<Postures>,
    /// The postures of the host's policy alone, which a project cannot waive.
    pub host_posture: Arc<Postures>,
    /// The version of Compose whose reading counts, where one is written.
    pub compose: Option<Located<Reader>>,
    pub users: Users,
    /// In the order in which they are laid over the base.
    pub overlays: Vec<Wanted>,
    /// The exact list of files expected, as absolute paths.
    pub files: Option<Vec<Located<PathBuf>>>,
    pub binds: Binds,
    /// Durable directories, the host's first.
    pub state: Vec<State>,
    pub repair: RepairSetting,
    pub copies: Vec<Copy>,
    /// What is asked about services, the host's first.
    pub probes: Vec<Probe>,
    /// Directories that are removed once their container is gone, the host's first.
    pub gc: Vec<Sweep>,
    pub waivers: Vec<Waiver>,
    /// By which waivers expire.
    pub today: Date,
    /// The policy files that this was read from, the host's first.
    pub sources: Vec<FileId>,
    /// Known once an engine was asked.
    pub engine: EnginePlaces,
    /// What that engine says of itself; empty until then.
    pub info: Option<Info>,
    /// By service, the user of its image, where nobody says another and the image is known.
    pub image_users: BTreeMap<String, Owner>,
    /// By service that starts as root and is seen to become another user: the capabilities beside those of every such
    /// start that it shows a need of.
    pub switches: BTreeMap<String, Vec<&'static str>>,
}

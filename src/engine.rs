//! Questions to Docker or Podman.
//!
//! Every answer has three values: yes, no, and not known. A timeout, a refused socket or garbage is
//! [`Answer::Unknown`] and never read as "nothing there". Questions go through the engine's own command
//! line, which knows contexts, TLS and SSH; each has a deadline of ours, because that command line never
//! returns from an engine that hangs.

pub mod answer;
pub mod border;
pub mod command;
pub mod compose;
mod confined;
pub mod container;
mod enforced;
pub mod helper;
pub mod identity;
pub mod idmap;
pub mod image;
pub mod info;
pub mod leftover;
mod looked;
pub mod podman;
pub mod rootfs;
pub mod runtime;
pub mod socket;
pub mod swarm;
pub mod trial;
pub mod trouble;
pub mod user;
mod volume;

pub use answer::{Answer, no_client, unanswered};
pub use border::Inside;
pub use command::{Command, Options, Output};
pub use compose::Compose;
pub use container::{Container, Inspection, MountPoint, State};
pub use enforced::Facility;
pub use identity::{Engine, Identity, Location};
pub use idmap::IdMap;
pub use image::Image;
pub use info::Info;
pub use rootfs::ImageEntry;
pub use runtime::TmpfsMode;
pub use user::{ResolvedUser, UserError, resolve_user};

/// On everything that seaworthy creates in an engine for its own purposes, so that it can be told from
/// what is the user's, and removed.
pub const LABEL: &str = "io.seaworthy.purpose";

//! Every system call.
//!
//! Nothing here knows of containers or compose files. Names are resolved once, into descriptors, and
//! what is decided about a descriptor is done through the same descriptor: a path is never looked up
//! a second time, so that nobody who may write in a directory can swap what we are about to give away.

pub mod access;
pub mod atomic;
pub mod dir;
pub mod filesystem;
pub mod git;
pub mod identity;
pub mod idmap;
pub mod link;
pub mod mounts;
pub mod owner;
pub mod pattern;
pub mod private;
pub mod probe;
pub mod process;
pub mod processes;
pub mod read;
pub mod remove;
pub mod sealed;
pub mod stamp;
pub mod switch;
mod sys;
pub mod turn;
pub mod walk;
pub mod whose;

pub use access::{Access, Blocked, Verdict, may_write};
pub use atomic::{AtomicError, AtomicFile, sweep, write_atomic};
pub use dir::{Birth, Created, Dir, DirError, Entry, Kind, NotRead, Stat, led_to};
pub use filesystem::FileSystem;
pub use identity::Identity;
pub use owner::{Credentials, Owner};
pub use private::{PrivateDirError, ensure_private_dir, ensure_served_dir};
pub use probe::{Probe, probe_write};
pub use read::{Content, ReadError, expect_text, is_there, names_in, read_file, read_found, read_stdin};
pub use sealed::Sealed;
pub use stamp::Stamp;
pub use switch::{SwitchError, run_as};
pub use sys::{defer_signals, expect_memory_here};
pub use turn::{Turn, TurnError};
pub use walk::share::{Share, share};
pub use walk::{Handover, Takes, hand_over};

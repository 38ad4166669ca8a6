//! The short syntaxes of single values: pure functions from text to a value or to the exact words of
//! Compose's complaint. They know nothing of files, keys or trees, so that each can be read, tested
//! and compared with the reference on its own.

pub mod boolean;
pub mod command;
pub mod device;
pub mod duration;
pub mod file_mode;
pub mod host;
pub mod integer;
pub mod port;
pub mod size;
pub mod volume;

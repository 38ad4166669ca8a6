//! What the merged values mean: typed views on the tree, one file per fact.
//!
//! Rules, the proof on containers, snapshots and the plan ask these, so that a value has one reading
//! everywhere. A view borrows from the tree and decides nothing; a value that it does not know stays visible as
//! unknown, and is never taken for harmless.

pub mod device;
pub mod image;
pub mod network;
pub mod place;
pub mod port;
pub mod program;
pub mod restart;
pub mod security;
pub mod uses;
pub mod volume;

pub use device::Device;
pub use image::ImageName;
pub use place::{Means, Place};
pub use port::{Address, Port, Published};
pub use restart::Restart;
pub use security::SecurityOption;
pub use volume::Volume;

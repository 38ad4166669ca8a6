//! What the merged values mean: typed views on the tree, one file per fact.
//!
//! Rules, the proof on containers, snapshots and the plan ask these, so that a value has one reading
//! everywhere. A view borrows from the tree and decides nothing; a value that it does not know stays visible as
//! unknown, and is never taken for harmless.

pub mod build;
pub mod capability;
pub mod device;
pub mod field;
pub mod identity;
pub mod image;
pub mod kernel;
pub mod life;
pub mod limits;
pub mod logging;
pub mod mount;
pub mod namespace;
pub mod network;
pub mod order;
pub mod path;
pub mod place;
pub mod port;
pub mod program;
pub mod replicas;
pub mod resource;
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

/// Every view with the fields that it reads, for the test that walks the table of all fields. Those that are read as one
/// stand together.
#[cfg(test)]
pub(crate) fn views() -> Vec<(&'static str, &'static [&'static [&'static str]])> {
    vec![
        ("build", build::FIELDS),
        ("capability", capability::FIELDS),
        ("device", device::FIELDS),
        ("identity", identity::FIELDS),
        ("image", image::FIELDS),
        ("kernel", kernel::FIELDS),
        ("life", life::FIELDS),
        ("limits", limits::FIELDS),
        ("logging", logging::FIELDS),
        ("mount", mount::FIELDS),
        ("namespace", namespace::FIELDS),
        ("network", network::FIELDS),
        ("order", order::FIELDS),
        ("path", path::FIELDS),
        ("port", port::FIELDS),
        ("program", program::FIELDS),
        ("replicas", replicas::FIELDS),
        ("resource", resource::FIELDS),
        ("restart", restart::FIELDS),
        ("security", security::FIELDS),
    ]
}

//! The mounts of volumes that have a name.

use std::path::PathBuf;

use crate::compose::Model;
use crate::model::field::{Field, Text};
use crate::model::mount;
use crate::model::place::clean;
use crate::ownership::lock;
use crate::source::Origin;
use crate::yaml::Node;

/// One mount of a volume.
pub(super) struct Mount<'m> {
    pub service: &'m str,
    pub node: &'m Node,
    pub key: &'m str,
    pub target: String,
    pub read_only: bool,
    pub copies: bool,
    pub place: PathBuf,
    pub origin: Origin,
}

pub(super) fn mounts(model: &Model) -> Vec<Mount<'_>> {
    let mut found = Vec::new();
    for (service, node) in model.services() {
        for mount in lock::mounts(node) {
            let text = |field: Field<Text>| field.str(mount);
            let (Some("volume"), Some(key), Some(target)) =
                (text(mount::TYPE), text(mount::SOURCE), text(mount::TARGET))
            else {
                continue;
            };
            let Some(place) = lock::source(mount) else { continue };
            found.push(Mount {
                service,
                node,
                key,
                target: clean(target),
                read_only: mount::READ_ONLY.is_on(mount),
                copies: !mount::NOCOPY.is_on(mount),
                place,
                origin: mount::SOURCE.node(mount).map_or(mount.origin, |source| source.origin),
            });
        }
    }
    found
}

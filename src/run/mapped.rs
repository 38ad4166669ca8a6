//! Directories that stay the operator's and are shown to their service as its own.

use std::path::Path;

use crate::compose::Model;
use crate::compose::bind::say_whether_created;
use crate::diagnostic::{Code, Finding};
use crate::host::idmap::{is_mapped, mount_mapped};
use crate::model::mount;
use crate::ownership::lock::repair::{Mapped, Repair, Tree};
use crate::yaml::Value;

use super::verify::Verified;

fn trees<'r>(repairs: &'r [Repair]) -> impl Iterator<Item = (&'r str, &'r Tree, &'r Mapped)> {
    repairs.iter().flat_map(|repair| {
        let of = |tree: &'r Tree| Some((repair.service.as_str(), tree, tree.mapped.as_ref()?));
        repair.trees.iter().filter_map(of)
    })
}

/// Has the services mount what is shown, and not what is on disk. An engine that finds it missing fails: it
/// never makes the directory itself.
pub fn rewrite(verified: &mut Verified) {
    for (service, tree, mapped) in trees(&verified.host.repairs) {
        for model in [&mut verified.model, &mut verified.selected] {
            sources(model, service, &tree.path, &mapped.source());
        }
    }
}

fn sources(model: &mut Model, service: &str, from: &Path, to: &Path) {
    let service = model.root.get_mut("services").and_then(|services| services.get_mut(service));
    for mount in service.into_iter().flat_map(|service| mount::VOLUMES.items_mut(service)) {
        if mount::TYPE.str(mount) != Some("bind") {
            continue;
        }
        let Some(source) = mount::SOURCE.node_mut(mount) else { continue };
        let Some(inside) = source.as_str().and_then(|text| Path::new(text).strip_prefix(from).ok()) else {
            continue;
        };
        // Joining an empty path would add a slash.
        let shown = if inside.as_os_str().is_empty() { to.to_owned() } else { to.join(inside) };
        source.value = Value::String(shown.to_string_lossy().into_owned().into());
        say_whether_created(mount, false);
    }
}

/// Makes the mounts that are not there yet.
///
/// # Errors
/// Where the kernel, the filesystem or our privileges do not allow it.
pub fn mount(repairs: &[Repair]) -> Result<(), Finding> {
    for (service, tree, mapped) in trees(repairs) {
        if is_mapped(&mapped.above, &mapped.at, &mapped.name, mapped.seen) {
            continue;
        }
        mount_mapped(&mapped.above, &mapped.at, mapped.disk, mapped.seen).map_err(|error| {
            let message =
                format!("{} cannot be shown to service `{service}` as its own: {error}", tree.path.display());
            Finding::error(Code::PrepareFailed, message).help(
                "`strategy: idmap` takes root, Linux 5.12 and a filesystem that can do it (ext4, xfs, btrfs, \
                 tmpfs, overlay). `strategy: chown` works everywhere.",
            )
        })?;
    }
    Ok(())
}

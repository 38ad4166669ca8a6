//! Words for users and paths, for the table of `ids` and the picture of a plan.

use super::{HostUser, Mount, Rights, Service};

/// Stands for an unknown value.
const UNKNOWN: &str = "?";

/// The user in the container, and its further groups.
pub(crate) fn inside(service: &Service) -> String {
    let mut text = service.user.clone().unwrap_or_else(|| UNKNOWN.to_owned());
    if !service.groups.is_empty() {
        let groups: Vec<String> = service.groups.iter().map(u32::to_string).collect();
        text = format!("{text} +{}", groups.join(" +"));
    }
    text
}

pub(crate) fn owner(user: &HostUser) -> String {
    user.owner.clone().unwrap_or_else(|| UNKNOWN.to_owned())
}

pub(crate) fn name(user: &HostUser) -> String {
    match (&user.user, &user.group) {
        (None, None) => "-".to_owned(),
        (user, group) => {
            let shown = |name: &Option<String>| name.clone().unwrap_or_else(|| "-".to_owned());
            format!("{}:{}", shown(user), shown(group))
        }
    }
}

pub(crate) fn disk(mount: &Mount) -> String {
    match (&mount.disk, &mount.mode, &mount.unknown) {
        (Some(owner), Some(mode), _) => format!("{owner} {mode}"),
        (_, _, Some(_)) => UNKNOWN.to_owned(),
        _ => "not there yet".to_owned(),
    }
}

pub(crate) fn seen(mount: &Mount, rights: &Rights) -> String {
    rights.seen.clone().unwrap_or_else(|| missing(mount))
}

/// Stands for a right: a dash where nothing is there yet.
pub(super) fn missing(mount: &Mount) -> String {
    if mount.disk.is_some() { UNKNOWN } else { "-" }.to_owned()
}

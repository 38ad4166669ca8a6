//! Which directories are worth trying to write to before a launch.

use crate::host::{Credentials, Kind, Owner};
use crate::source::Origin;

use super::judge::{Judge, Service};
use super::look::Seen;
use super::mounts::Mount;
use super::{Outcome, Role};

/// A directory that a service writes, to be tried as its user.
#[derive(Clone, Debug)]
pub struct WriteProbe {
    pub service: String,
    pub path: std::path::PathBuf,
    /// For messages: as the container has it, and as the host.
    pub user: Owner,
    pub who: Credentials,
    pub origin: Origin,
}

/// The probe of one source; `None` where it is not written, where nothing of ours may be made, not even
/// for a moment, and where what the user may do there is not what any process of ours can try.
pub(super) fn of(
    judge: &Judge<'_>,
    service: &Service<'_>,
    mount: &Mount,
    (role, kind): (Role, Kind),
    outcome: &Outcome,
    seen: Option<&Seen>,
) -> Option<WriteProbe> {
    let path = match (outcome, seen) {
        (Outcome::Create(step), _) => step.full_path(),
        (Outcome::Present, Some(seen)) => seen.real.clone(),
        _ => return None,
    };
    let inside = |path: &std::path::Path| judge.roots.contains(path);
    let wanted = judge.refuses(service.name)
        && matches!(role, Role::Bind | Role::Volume)
        && kind == Kind::Directory
        && !mount.read_only
        && inside(&path);
    let whom = &service.whom;
    let is_plain = whom.map.as_ref().known().is_some_and(crate::engine::IdMap::is_identity);
    if !wanted || whom.overrides && !is_plain {
        return None;
    }
    let who = Credentials { dac_override: whom.overrides, ..whom.credentials()? };
    let user = whom.inside.as_ref().known().copied()?;
    Some(WriteProbe { service: service.name.to_owned(), path, user, who, origin: mount.origin })
}

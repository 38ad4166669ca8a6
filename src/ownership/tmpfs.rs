//! What the engine makes of a `tmpfs`.
//!
//! Measured with 20.10, 26 and 28: one over a directory of the image gets that directory's mode, but not its owner
//! and not its content; one where the image has nothing gets 1777. Whether the mode asked for counts over a directory
//! is a matter of the runtime's version. The owner is root unless the short form's options say otherwise; the long
//! form cannot.

use crate::engine::{ImageEntry, TmpfsMode};
use crate::host::access::{Access, permits};
use crate::host::{Credentials, Kind, Owner};
use crate::model::{Means, Place, identity, mount, place};
use crate::source::Origin;
use crate::yaml::Node;

use super::UserDecision;

/// A directory that nobody but its owner may use, as an image may have it.
pub(super) const CLOSED: ImageEntry =
    ImageEntry { kind: Kind::Directory, owner: Owner::ROOT, mode: 0o700, is_filled: false, content: None };

/// One of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tmpfs {
    /// Absolute, without a slash at the end.
    pub target: String,
    /// In the container's numbers.
    owner: Owner,
    mode: Option<u32>,
    /// Whether it can be said whose it is.
    pub has_options: bool,
    pub origin: Origin,
}

/// Every `tmpfs` of a service, short and long.
pub(super) fn of(service: &Node) -> Vec<Tmpfs> {
    let short = mount::TMPFS.items(service).iter().filter_map(place::tmpfs);
    let short = short.filter(Place::is_absolute).map(|place| {
        let option =
            |name: &str| place.options.split(',').find_map(|one| one.strip_prefix(name)?.strip_prefix('='));
        let id = |name| option(name).and_then(|id| id.parse().ok()).unwrap_or(0);
        Tmpfs {
            owner: Owner::new(id("uid"), id("gid")),
            mode: option("mode").and_then(|mode| u32::from_str_radix(mode, 8).ok()),
            has_options: true,
            origin: place.entry.origin,
            target: place.target,
        }
    });
    let long = mount::VOLUMES.items(service).iter().filter_map(place::volume);
    let long = long.filter(|place| place.means == Means::Tmpfs && place.is_absolute()).map(|place| {
        let mode = mount::MEMORY_MODE.int(place.entry);
        Tmpfs {
            owner: Owner::ROOT,
            // The engine takes 0 for none.
            mode: mode.and_then(|mode| u32::try_from(mode).ok()).filter(|mode| *mode != 0),
            has_options: false,
            origin: place.entry.origin,
            target: place.target,
        }
    });
    short.chain(long).collect()
}

impl Tmpfs {
    /// Whose it will be, and with which mode, over what the image has there.
    pub fn made(&self, image: Option<&ImageEntry>, by: TmpfsMode) -> (Owner, u32) {
        let of_image = image.filter(|entry| entry.kind == Kind::Directory).map(|entry| entry.mode);
        (self.owner, by.made(self.mode, of_image))
    }

    /// Whether the directory over which it is mounted has no say in its mode.
    pub fn keeps_its_mode(&self, by: TmpfsMode) -> bool {
        self.mode.is_some() && by != TmpfsMode::OfTarget
    }

    /// The mode that it has where the engine makes its mount point.
    pub fn wanted_mode(&self) -> u32 {
        self.mode.unwrap_or(0o1777)
    }

    /// Whether it would let in somebody whom the mode that was asked for keeps out.
    pub fn is_opened_by(&self, mode: u32) -> bool {
        self.mode.is_some_and(|asked| mode & 0o777 & !asked != 0)
    }

    /// Whether a temporary directory is meant, which every image has for everybody.
    pub fn is_conventional(&self) -> bool {
        matches!(self.target.as_str(), "/tmp" | "/var/tmp")
    }

    /// Why the service's user cannot keep files in it, if so.
    pub fn closed_to(
        &self,
        service: &Node,
        decision: &UserDecision,
        image: Option<&ImageEntry>,
        by: TmpfsMode,
    ) -> Option<String> {
        let user = decision.user.as_ref().known()?;
        if user.owner.uid == 0 && super::bind::keeps(service, "DAC_OVERRIDE") {
            return None;
        }
        let added = identity::GROUPS.items(service).iter();
        let groups = added.filter_map(|node| node.as_str()?.parse().ok());
        let groups = groups.chain(user.supplementary.iter().copied()).collect();
        let who = Credentials { owner: user.owner, groups, dac_override: false };
        let (owner, mode) = self.made(image, by);
        if permits(owner, mode, &who, Access::USE_DIRECTORY) {
            return None;
        }
        let from = if image.is_some() && !self.keeps_its_mode(by) {
            ", the mode of the image's own directory"
        } else {
            ""
        };
        let (user, target) = (user.owner, &self.target);
        Some(format!(
            "runs as {user} and cannot write the tmpfs at {target}: it will be of {owner}, mode {mode:04o}{from}"
        ))
    }

    /// What to do about it.
    pub fn remedy(&self, decision: &UserDecision) -> String {
        let Some(user) = decision.user.as_ref().known().map(|user| user.owner) else { return String::new() };
        let short = format!("`tmpfs: [\"{}:uid={},gid={}\"]`", self.target, user.uid, user.gid);
        if self.has_options {
            format!("Make it that user's: {short}.")
        } else {
            format!("Write it in the short form, which can make it that user's: {short}.")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ownership::testing::model;

    #[test]
    fn both_forms_are_read_as_the_engine_reads_them() {
        let text = "services:\n  a:\n    tmpfs: [/a, '/b/:size=1m,uid=5,gid=6,mode=700', 'c']\n    volumes:\n    \
                    - {type: tmpfs, target: /d, tmpfs: {mode: 493}}\n    - {type: volume, source: x, target: /e}\n";
        let (model, _) = model(text);
        let found = of(model.root.at(&["services", "a"]).unwrap());
        let plain: Vec<_> =
            found.iter().map(|one| (one.target.as_str(), one.made(None, TmpfsMode::OfTarget))).collect();
        assert_eq!(
            plain,
            [("/a", (Owner::ROOT, 0o1777)), ("/b", (Owner::new(5, 6), 0o700)), ("/d", (Owner::ROOT, 0o755))]
        );
        let entry =
            |kind| ImageEntry { kind, owner: Owner::new(5, 5), mode: 0o750, is_filled: false, content: None };
        let directory = entry(Kind::Directory);
        let over: Vec<_> = found.iter().map(|one| one.made(Some(&directory), TmpfsMode::OfTarget)).collect();
        assert_eq!(over, [(Owner::ROOT, 0o750), (Owner::new(5, 6), 0o750), (Owner::ROOT, 0o750)]);
        let over: Vec<_> = found.iter().map(|one| one.made(Some(&directory), TmpfsMode::Asked).1).collect();
        assert_eq!(over, [0o750, 0o700, 0o755]);
    }
}

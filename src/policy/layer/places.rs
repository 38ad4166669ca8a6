//! Bounds a project's `binds.create`, `state` and `copies` by the host's policy.

use std::path::Path;

use crate::diagnostic::Sink;
use crate::model::volume::key_of;
use crate::policy::binds::{Binds, Create};
use crate::policy::copies::Copy;
use crate::policy::gc::may_be_one;
use crate::policy::posture::Posture;
use crate::policy::reader::Located;
use crate::policy::rules::{in_a_home, is_of_host};
use crate::policy::state::State;

use super::loosened;

/// The host's settings that decide which of its files a service may mount.
#[derive(Clone, Copy)]
pub struct Host<'h> {
    pub posture: Posture,
    /// The caller's home.
    pub home: Option<&'h Path>,
}

type Roots<'h> = Option<&'h [Located<std::path::PathBuf>]>;

/// Whether a place lies below one of the host's roots; where the host names none, any place does.
fn is_below(place: &Path, roots: Roots<'_>) -> bool {
    // A volume is the engine's, and no root holds it.
    key_of(place).is_some()
        || roots.is_none_or(|roots| roots.iter().any(|root| place.starts_with(&root.value)))
}

/// A place that the host's roots do not hold; `what` completes "… PLACE outside the roots of the host".
fn outside(what: &str, place: &Located<std::path::PathBuf>, roots: Roots<'_>, sink: &mut Sink) {
    if is_below(&place.value, roots) {
        return;
    }
    let theirs = roots.and_then(<[_]>::first).map_or(place.origin, |root| root.origin);
    sink.push(loosened(
        format!("{what} {} outside the roots of the host", place.value.display()),
        place.origin,
        theirs,
        "Name a place below one of the host's roots.",
    ));
}

/// The host's entries stand. The project's lie below the host's roots, give no more than the host does, and nothing to
/// root; of a place that the host names they say the same.
pub fn created(system: &Binds, own: &[Create], sink: &mut Sink) {
    let roots = system.roots.as_deref();
    for ours in own {
        let Create { path, kind, mode, owner } = ours;
        outside("the project creates", path, roots, sink);
        let theirs = system.create.iter().find(|theirs| theirs.path.value == path.value);
        if let Some(theirs) = theirs
            && (theirs.kind != *kind || theirs.owner != *owner)
        {
            sink.push(loosened(
                format!("the host says what {} is created as", path.value.display()),
                path.origin,
                theirs.path.origin,
                "Remove the entry.",
            ));
        }
        let bounds = [
            theirs.and_then(|theirs| Some((theirs.mode?, theirs.path.origin))),
            system.mode.as_ref().map(|mode| (mode.value, mode.origin)),
        ];
        // A directory needs the right to be entered wherever a file needs the one to be read.
        for (bound, origin) in bounds.into_iter().flatten() {
            if let Some(mode) = mode.filter(|mode| mode & !bound != 0) {
                sink.push(loosened(
                    format!(
                        "mode {mode:04o} of {} gives more than the host's {bound:04o}",
                        path.value.display()
                    ),
                    path.origin,
                    origin,
                    "Leave out `mode`, or the bits that the host does not give.",
                ));
                break;
            }
        }
        if let (Some(owner), Some(roots)) = (owner.filter(|owner| owner.uid == 0 || owner.gid == 0), roots) {
            sink.push(loosened(
                format!("the project gives {} to {owner}", path.value.display()),
                path.origin,
                roots.first().map_or(path.origin, |root| root.origin),
                "Name a service's user as the owner, or leave `owner` out.",
            ));
        }
    }
}

/// State of a place that the host names is kept as the host says, and taken from nobody else.
pub fn states(system: &[State], roots: Roots<'_>, own: &[State], sink: &mut Sink) {
    for ours in own {
        let State { path, from, strategy } = ours;
        outside("the project keeps state at", path, roots, sink);
        for theirs in system.iter().filter(|theirs| may_be_one(&theirs.path.value, &path.value)) {
            let shown = match key_of(&path.value) {
                Some(key) => format!("volume {key}"),
                None => path.value.display().to_string(),
            };
            if strategy.is_some() && *strategy != theirs.strategy {
                let name = theirs.strategy.map_or("its own choice", crate::policy::state::Strategy::name);
                let message = format!("the host keeps {shown} by {name}");
                sink.push(loosened(message, path.origin, theirs.path.origin, "Remove `strategy`."));
            }
            if from.iter().any(|owner| !theirs.from.contains(owner)) {
                let message = format!("the host says whose files at {shown} are taken over");
                sink.push(loosened(message, path.origin, theirs.path.origin, "Remove `from`."));
            }
        }
    }
}

/// A copy reads what a service could have mounted, writes below the roots, and is no other than the host's.
pub fn copied(system: &[Copy], host: Host<'_>, roots: Roots<'_>, own: &[Copy], sink: &mut Sink) {
    for ours in own {
        let Copy { from, to, is_json, drop, mode } = ours;
        outside("the project copies to", to, roots, sink);
        let source = from.to_string_lossy();
        let forbidden = host.posture >= Posture::Baseline && is_of_host(&source)
            || host.posture >= Posture::Hardened && in_a_home(&source, host.home);
        if forbidden || !is_below(from, roots) {
            let theirs = roots.and_then(<[_]>::first).map_or(to.origin, |root| root.origin);
            sink.push(loosened(
                format!(
                    "the project copies {}, which no service may mount under the host's policy",
                    from.display()
                ),
                to.origin,
                theirs,
                "Copy from below the host's roots, or ask for the copy to be written into the host's policy.",
            ));
        }
        for theirs in system.iter().filter(|theirs| theirs.to.value == to.value) {
            let less = theirs.drop.iter().any(|pointer| !drop.contains(pointer));
            let more = match (mode, theirs.mode) {
                (Some(ours), Some(theirs)) => ours & !theirs != 0,
                (Some(_), None) => true,
                (None, _) => false,
            };
            if *from != theirs.from || *is_json != theirs.is_json || less || more {
                sink.push(loosened(
                    format!("the host says what {} is made of", to.value.display()),
                    to.origin,
                    theirs.to.origin,
                    "Remove the entry; a project may drop more of it, and give fewer bits.",
                ));
            }
        }
    }
}

//! One credential: where it is kept, who looks, and what is said of it.

use std::path::{Path, PathBuf};

use crate::engine::helper::{FILE, Given, Whose};
use crate::engine::rootfs::Look;
use crate::engine::{Answer, Image, Inside};
use crate::host::access::{Access, Verdict, check_below, permits};
use crate::host::{Credentials, Dir, FileSystem, Kind, NotRead, Owner, led_to, run_as};
use crate::model::namespace;
use crate::policy::probes::{Credential, Where};

use super::look::{self, LIMIT, Seen, judged, look};
use super::place::{self, Seat};
use super::report::{Line, Outcome};
use super::there::{self, Visitor};
use super::{Question, time};

pub fn look_at(question: &Question<'_>, credential: &Credential) -> Line {
    let written = credential.place.value.path();
    let path = place::expand(written, question.service, question.image(), question.decision);
    let what = path.as_ref().known().map_or_else(|| written.to_owned(), Clone::clone);
    let seen = match path.and_then(|path| seen(question, credential, &path)) {
        Answer::Known(seen) => seen,
        Answer::Unknown(reason) => Seen::Unknown(reason),
    };
    let line = |what, outcome, reason| Line::new(what, credential.place.origin, outcome, reason);
    match seen {
        Seen::Good { file, until } => {
            let what = if file.as_os_str().is_empty() { what } else { format!("{what}/{}", file.display()) };
            line(what, Outcome::Good, "good".to_owned()).good_until(until)
        }
        Seen::Missing(reason) => line(what, Outcome::Missing, reason),
        Seen::Invalid(reason) => line(what, Outcome::Invalid, reason),
        Seen::Unknown(reason) => line(what, Outcome::Unknown, reason),
    }
}

/// Says that it is missing where its place is mounted from something of the host that is not there.
pub fn source_missing(question: &Question<'_>, credential: &Credential) -> Option<Line> {
    let written = credential.place.value.path();
    let path = place::expand(written, question.service, question.image(), question.decision).known()?;
    let seat = place::find(question.model, question.service, &path, question.image()).known()?;
    let Seat::Bind { source, .. } = seat else { return None };
    let is_missing = question.is_here() && matches!(led_to(&source), Ok(None));
    let reason = format!("{} is not there", source.display());
    is_missing.then(|| Line::new(path, credential.place.origin, Outcome::Missing, reason))
}

fn seen(question: &Question<'_>, credential: &Credential, path: &str) -> Answer<Seen> {
    let seat = place::find(question.model, question.service, path, question.image());
    let baseline = match &credential.place.value {
        Where::File(_) => None,
        Where::Any { baseline, .. } => Some(baseline.clone()),
    };
    let asked =
        |relative| look::Question { relative, baseline: baseline.clone(), demand: credential.demand.clone() };
    seat.and_then(|seat| match seat {
        Seat::Bind { source, relative } => bind(question, &source, &asked(relative)),
        Seat::Volume { name, relative } => match question.engine.has_volume(&name) {
            Answer::Known(true) => visit(question, Given::Volume(&name), &asked(relative)),
            Answer::Known(false) => {
                Answer::Known(Seen::Missing(format!("the volume {name} is not there yet")))
            }
            Answer::Unknown(reason) => Answer::Unknown(reason),
        },
        Seat::Nowhere(reason) => Answer::Known(Seen::Missing(reason.to_owned())),
        Seat::Copied { .. } | Seat::Image if baseline.is_some() => Answer::Known(Seen::Missing(
            "nothing is mounted there, so a new file would not outlive its container".to_owned(),
        )),
        Seat::Copied { content, owner, mode } => question.decision.user.as_ref().map(|user| {
            let who = Credentials { groups: user.supplementary.clone(), ..Credentials::plain(user.owner) };
            let readable = permits(owner, mode, &who, Access::READ) || question.whom().passes_over(owner);
            if readable { content_of(content.as_bytes(), credential) } else { unreadable() }
        }),
        Seat::Image => {
            question.image().as_ref().and_then(|image| in_image(question, image, path, credential))
        }
    })
}

fn content_of(bytes: &[u8], credential: &Credential) -> Seen {
    match time::now() {
        Some(now) => judged(bytes, &credential.demand, now),
        None => Seen::Unknown("the clock is before 1970".to_owned()),
    }
}

fn unreadable() -> Seen {
    Seen::Invalid("the service's user may not read it".to_owned())
}

/// On the host, as the user that the engine's map makes of the service's; in the helper where that is not ours to
/// be, or where only the engine's machine has it.
fn bind(question: &Question<'_>, source: &Path, asked: &look::Question) -> Answer<Seen> {
    if !question.is_here() {
        return visit(question, Given::Shown(source), asked);
    }
    let mut whom = question.whom();
    if let Some(disk) = (question.on_disk)(source) {
        whom.owner = Answer::Known(disk);
        whom.groups.clear();
    }
    // The engine follows links in a source that was declared.
    let (real, kind) = match led_to(source) {
        Ok(Some(found)) => found,
        Ok(None) => return Answer::Known(Seen::Missing(format!("{} is not there", source.display()))),
        Err(error) => return Answer::Unknown(format!("{}: {error}", source.display())),
    };
    // Elsewhere than on this machine's disks the server decides.
    let is_ours = FileSystem::of(&real).is_ok_and(|system| !system.is_foreign());
    // A map may leave root fewer files to pass over than a capability of the host would.
    let is_simple =
        !whom.overrides || whom.map.as_ref().known().is_some_and(crate::engine::IdMap::is_identity);
    let who = whom.credentials().map(|who| Credentials { dac_override: whom.overrides, ..who });
    let Some(who) = who.filter(|_| is_ours && is_simple) else {
        return visit_bind(question, &real, kind, asked);
    };
    if kind != Kind::Directory {
        return file(question, &real, &who, asked);
    }
    let root = match Dir::open(&real) {
        Ok(root) => root,
        Err(error) => return Answer::unknown(error),
    };
    match run_as(&who, || look(&root, asked)) {
        Ok(seen) => Answer::Known(seen),
        Err(_) => visit_bind(question, &real, kind, asked),
    }
}

/// A single file that is mounted: the directories above it do not stop the service.
fn file(question: &Question<'_>, real: &Path, who: &Credentials, asked: &look::Question) -> Answer<Seen> {
    if asked.baseline.is_some() || !asked.relative.as_os_str().is_empty() {
        return Answer::Known(Seen::Missing("a single file is mounted there".to_owned()));
    }
    let (Some(above), Some(name)) = (real.parent(), real.file_name()) else {
        return Answer::unknown("the source has no name");
    };
    match check_below(real, Path::new(""), who, Access::READ) {
        Ok(Verdict::Allowed) => {}
        Ok(Verdict::Blocked(_)) => return Answer::Known(unreadable()),
        Err(error) => return Answer::Unknown(format!("{}: {error}", real.display())),
    }
    let found = Dir::open(above)
        .map_err(|error| error.to_string())
        .map(|root| root.read_below(Path::new(name), LIMIT));
    match found {
        // It is this process that may not.
        Ok(Err(NotRead::Denied)) | Err(_) => visit_bind(question, real, Kind::File, asked),
        Ok(Err(reason @ NotRead::Kind(_))) => Answer::Known(Seen::Invalid(reason.to_string())),
        Ok(Err(reason)) => Answer::unknown(reason),
        Ok(Ok(bytes)) => Answer::Known(match time::now() {
            Some(now) => judged(&bytes, &asked.demand, now),
            None => Seen::Unknown("the clock is before 1970".to_owned()),
        }),
    }
}

fn visit_bind(question: &Question<'_>, real: &Path, kind: Kind, asked: &look::Question) -> Answer<Seen> {
    if kind == Kind::Directory {
        return visit(question, Given::Shown(real), asked);
    }
    let relative = Path::new(FILE).join(&asked.relative);
    let relative = if asked.relative.as_os_str().is_empty() { PathBuf::from(FILE) } else { relative };
    visit(question, Given::ShownFile(real), &look::Question { relative, ..asked.clone() })
}

/// Has the helper look as the service's user.
fn visit(question: &Question<'_>, given: Given<'_>, asked: &look::Question) -> Answer<Seen> {
    let whom = question.whom();
    Answer::trying(|| {
        let user = question.decision.user.as_ref().into_result()?;
        let visitor = Visitor {
            whose: Whose::Container {
                user: user.owner,
                host: namespace::USERNS.str(question.service) == Some("host"),
            },
            // They are the container's already.
            groups: Inside::of_helper(whom.inside_groups.iter().copied().collect()),
            overrides: whom.overrides,
        };
        there::ask(question.engine, given, &visitor, asked)
    })
}

/// What the image itself has. Every directory on the way counts.
fn in_image(question: &Question<'_>, image: &Image, path: &str, credential: &Credential) -> Answer<Seen> {
    let mut ways: Vec<&str> = Path::new(path).ancestors().filter_map(Path::to_str).collect();
    ways.reverse();
    let looks: Vec<Look<'_>> = ways.iter().map(|way| Look { path: way, content: *way == path }).collect();
    Answer::trying(|| {
        let user = question.decision.user.as_ref().into_result()?;
        let whom = question.whom();
        let who = Credentials { groups: whom.inside_groups.clone(), ..Credentials::plain(user.owner) };
        let allows = |owner: Owner, mode: u32, wanted| whom.overrides || permits(owner, mode, &who, wanted);
        let found = question.engine.look_into(image, &looks).into_result()?;
        for entry in &found {
            let Some(entry) = entry else {
                return Ok(Seen::Missing(
                    "the image does not have it, and nothing is mounted there".to_owned(),
                ));
            };
            let wanted = if entry.kind == Kind::Directory { Access::ENTER } else { Access::READ };
            if !allows(entry.owner, entry.mode, wanted) {
                return Ok(unreadable());
            }
        }
        let Some(Some(entry)) = found.last() else { return Err("the image was not looked into".to_owned()) };
        match &entry.content {
            Some(bytes) => Ok(content_of(bytes, credential)),
            None if entry.kind == Kind::File => Ok(Seen::Invalid(format!("it has more than {LIMIT} bytes"))),
            None => Ok(Seen::Invalid(format!("it is {}", entry.kind.describe()))),
        }
    })
}

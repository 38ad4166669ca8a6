//! `overlays pin`: writes the sha256 of the project's overlays into its policy, and changes nothing else
//! there.

use std::path::{Path, PathBuf};

use similar::TextDiff;

use crate::cli::Request;
use crate::diagnostic::{Code, Exit, Finding, Sink};
use crate::policy::closed::closed;
use crate::policy::overlay::{self, Kind, Wanted};
use crate::policy::{self, Located, Rank, file};
use crate::project::{Inputs, Project};
use crate::reader::Reader;
use crate::run::session::{Session, current_directory};
use crate::source::{FileId, Span};
use crate::yaml::{self, Limits, Mapping, Node};

use super::seal::replace;

pub fn run(request: &Request, files: &[PathBuf]) -> Result<Exit, Exit> {
    let mut session = Session::new(request);
    let done = pin(&mut session, files);
    let exit = session.report();
    match (done, exit) {
        (Some(done), Exit::Done) => Ok(done),
        (None, Exit::Done) => Err(Exit::Internal),
        (_, exit) => Err(exit),
    }
}

/// `None` where the session has errors.
fn pin(session: &mut Session<'_>, files: &[PathBuf]) -> Option<Exit> {
    let mut project = session.locate()?;
    let given = session.policy_given();
    let policy = policy::find(&project, &given, &mut session.inputs, &mut session.sink)?;
    session.settle_reader(&mut project, policy.as_ref())?;
    let own = policy.as_ref().and_then(|policy| {
        let is_own =
            |id: &FileId| session.inputs.sources().get(*id).is_some_and(|file| file.path != given.system);
        policy.sources.iter().copied().find(is_own).map(|id| (policy, id))
    });
    let Some((policy, id)) = own else {
        session.sink.push(
            Finding::error(Code::OverlayPin, "there is no policy to pin overlays in")
                .help(format!("Write {} beside the compose file; see docs/policy.md.", policy::FILE_NAME)),
        );
        return None;
    };
    let chosen = choose(&policy.overlays, files, &mut session.sink)?;
    let mut pins = Vec::with_capacity(chosen.len());
    for wanted in chosen {
        pins.push((wanted, sum(wanted, project.reader, &mut session.inputs, &mut session.sink)?));
    }
    let source = session.inputs.sources().get(id)?;
    let (name, path, before) = (source.name.clone(), source.path.clone(), source.text.to_string());
    let Some(after) = edit(id, &before, &pins).filter(|after| holds(after, &before, &path, &project, &pins))
    else {
        let lines: Vec<String> =
            pins.iter().map(|(wanted, sum)| format!("{}: sha256: {sum}", wanted.kind.name())).collect();
        session.sink.push(
            Finding::error(
                Code::OverlayPin,
                format!("{name} is written in a way that cannot be changed safely"),
            )
            .help(format!("Write the pins yourself:\n{}", lines.join("\n"))),
        );
        return None;
    };
    if after == before {
        return super::super::print(b"every pin is right already\n").ok();
    }
    let diff = TextDiff::from_lines(before.as_str(), after.as_str());
    let shown = diff.unified_diff().context_radius(2).header(&name, &name).to_string();
    if !session.request.global.dry_run {
        let unchanged = std::fs::read(&path).is_ok_and(|now| now == before.as_bytes());
        let stored = if unchanged {
            replace(&path, &after)
        } else {
            Err(Finding::error(Code::InputChanged, format!("{name} was changed meanwhile"))
                .help(Code::InputChanged.remedy()))
        };
        if let Err(finding) = stored {
            session.sink.push(finding);
            return None;
        }
    }
    super::super::print(shown.as_bytes()).ok()
}

/// The project's overlays that are files, or those of them that are named.
fn choose<'p>(overlays: &'p [Wanted], files: &[PathBuf], sink: &mut Sink) -> Option<Vec<&'p Wanted>> {
    let own: Vec<&Wanted> = overlays
        .iter()
        .filter(|wanted| wanted.rank == Rank::Project && matches!(wanted.kind, Kind::File { .. }))
        .collect();
    if files.is_empty() {
        return Some(own);
    }
    let cwd = current_directory();
    let place = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    let mut chosen = Vec::new();
    for file in files {
        let wanted = place(&cwd.join(file));
        let found =
            own.iter().find(|own| matches!(&own.kind, Kind::File { path, .. } if place(path) == wanted));
        let Some(found) = found else {
            let names: Vec<String> = own.iter().map(|own| own.kind.name()).collect();
            sink.push(
                Finding::error(
                    Code::OverlayPin,
                    format!("{} is no overlay of the project's policy", file.display()),
                )
                .help(format!("Its overlays are: {}.", names.join(", "))),
            );
            return None;
        };
        chosen.push(*found);
    }
    Some(chosen)
}

/// The sha256 of an overlay that is fit to be one.
fn sum(wanted: &Wanted, reader: Reader, inputs: &mut Inputs, sink: &mut Sink) -> Option<String> {
    let Kind::File { path, shown } = &wanted.kind else { return None };
    // What cannot be read is reported by the loading below.
    let known = inputs
        .read(path, shown)
        .ok()
        .and_then(|id| inputs.sources().get(id))
        .map(|source| (source.sha256().to_owned(), closed(&source.text), source.text.lines().count()));
    let (sum, is_closed, lines) = known.unwrap_or_default();
    let pinned = Wanted { pin: Some(Located::new(sum.clone(), wanted.origin)), ..wanted.clone() };
    overlay::load(&pinned, reader, inputs, sink)?;
    let is_known = wanted.pin.as_ref().is_some_and(|pin| pin.value == sum);
    if !is_closed && !is_known {
        sink.push(
            Finding::warning(Code::OverlayTruncated, format!("{shown} has {lines} lines and is not closed"))
                .help(
                    "The pin will vouch for it as it is now: make sure that nothing is missing at its end.",
                ),
        );
    }
    Some(sum)
}

/// The policy with other pins: digits exchanged, or a key put behind `file:`.
fn edit(id: FileId, text: &str, pins: &[(&Wanted, String)]) -> Option<String> {
    let documents = yaml::parse(id, text, Limits::default()).ok()?;
    let items = documents.first()?.root.get("overlays")?.as_seq()?;
    let mut changes: Vec<(std::ops::Range<usize>, String)> = Vec::new();
    for item in items {
        let Some(map) = item.as_map() else { continue };
        let named = map.get("file").and_then(Node::as_str);
        let pin = pins.iter().find(|(wanted, _)| named == Some(wanted.kind.name().as_str()));
        let Some((_, sum)) = pin else { continue };
        // All digits, or digits around one `e`, would be a number.
        let sum = if sum.parse::<f64>().is_ok() { format!("\"{sum}\"") } else { sum.clone() };
        changes.push(match map.get("sha256") {
            Some(node) if node.as_str() == Some(sum.trim_matches('"')) => continue,
            Some(node) => (node.origin.span()?.range(), sum),
            None => insertion(item, map, text, &sum)?,
        });
    }
    changes.sort_by_key(|(range, _)| std::cmp::Reverse(range.start));
    let mut after = text.to_owned();
    for (range, new) in changes {
        after.get(range.clone())?;
        after.replace_range(range, &new);
    }
    Some(after)
}

fn insertion(item: &Node, map: &Mapping, text: &str, sum: &str) -> Option<(std::ops::Range<usize>, String)> {
    let entry = map.entry("file")?;
    let start = |span: Option<Span>| span.map(|span| span.range().start);
    let end = entry.value.origin.span()?.range().end;
    if text.get(start(item.origin.span())?..)?.starts_with('{') {
        return Some((end..end, format!(", sha256: {sum}")));
    }
    let key = start(entry.key.span())?;
    let line = text.get(..key)?.rfind('\n').map_or(0, |at| at + 1);
    let indent = " ".repeat(key - line);
    let end = text.get(end..)?.find('\n').map_or(text.len(), |at| end + at);
    Some((end..end, format!("\n{indent}sha256: {sum}")))
}

/// Whether the new text says the same as the old one but for the pins, which are as they should be.
fn holds(after: &str, before: &str, path: &Path, project: &Project, pins: &[(&Wanted, String)]) -> bool {
    let bare = |text: &str| {
        let mut root = yaml::parse(FileId(0), text, Limits::default()).ok()?.into_iter().next()?.root;
        let items = root.get_mut("overlays").and_then(Node::as_seq_mut);
        for map in items.into_iter().flatten().filter_map(Node::as_map_mut) {
            map.remove("sha256");
        }
        Some(root)
    };
    let (Some(old), Some(new)) = (bare(before), bare(after)) else { return false };
    let mut inputs = Inputs::default();
    let id = inputs.add("the policy with its pins", path, after);
    let read = file::parse(id, path, Rank::Project, project, &inputs, &mut Sink::new());
    let pinned = |wanted: &Wanted, sum: &str| {
        let overlays = read.iter().flat_map(|policy| &policy.overlays);
        let mut same = overlays.filter(|one| one.kind == wanted.kind);
        same.all(|one| one.pin.as_ref().is_some_and(|pin| pin.value == sum))
    };
    old.same(&new) && read.is_some() && pins.iter().all(|(wanted, sum)| pinned(wanted, sum))
}

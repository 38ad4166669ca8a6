//! `overlays seal`: puts the closing line under a text that is proven whole.
//!
//! A filter that sealed whatever came would vouch for what a dying generator left behind. So the end of
//! the input proves nothing here: the text is closed already, or has the number of lines announced, or
//! comes from a command that was run here and succeeded. Nothing is printed before that is certain.
//!
//! A policy is written by a person, who vouches for it by naming its file. It is shown where it ends.

use std::io::Write;
use std::path::Path;

use crate::cli::{Request, SealOptions};
use crate::compose;
use crate::diagnostic::{Code, Exit, Finding, Sink};
use crate::host::{AtomicFile, Owner};
use crate::policy::closed::closed;
use crate::policy::file::is_policy;
use crate::project::{Inputs, list};
use crate::reader::Reader;
use crate::run::session::{self, current_directory};
use crate::source::FileId;
use crate::yaml::{self, Document, Limits, Node};

const DOCS: &str = "See docs/lists.md for ways that are safe.";

/// What vouches for a text.
#[derive(Clone, Copy)]
enum Proof {
    /// The command that printed it succeeded.
    Command,
    /// So many lines were announced.
    Lines(usize),
    /// Only what it says itself.
    Itself,
}

pub fn run(request: &Request, options: &SealOptions) -> Result<Exit, Exit> {
    let mut inputs = Inputs::default();
    let mut sink = Sink::new();
    let outcome = seal(request, options, &mut inputs, &mut sink);
    if let Err(Some(finding)) = &outcome {
        sink.push(finding.clone());
    }
    let screen = session::screen(request.global.ansi.as_deref());
    let said = session::report(&sink, inputs.sources(), screen, None);
    match outcome {
        Ok(exit) => said.map(|()| exit),
        Err(_) => Err(sink.exit()),
    }
}

/// An error without a finding is in the sink.
fn seal(
    request: &Request,
    options: &SealOptions,
    inputs: &mut Inputs,
    sink: &mut Sink,
) -> Result<Exit, Option<Finding>> {
    let usage = |message: &str| Err(Some(Finding::error(Code::Usage, message).help(DOCS)));
    if options.cmd.as_deref().is_some_and(|command| command.trim().is_empty()) {
        return usage("--cmd has an empty value");
    }
    let proof = match (&options.cmd, options.lines) {
        (Some(_), None) => Proof::Command,
        (_, Some(count)) => Proof::Lines(count),
        (None, None) => Proof::Itself,
    };
    let cwd = current_directory();
    let (file, target) = match (&options.cmd, options.files.as_slice()) {
        (Some(_), [_, ..]) => return usage("--cmd and files exclude one another"),
        (_, [_, _, ..]) if options.lines.is_some() => return usage("--lines counts the lines of one file"),
        (_, [_, ..]) if options.output.is_some() => {
            return usage("a file is sealed where it is, --output is for what is printed");
        }
        (None, [_, ..]) => {
            for file in &options.files {
                let path = cwd.join(file);
                let id = inputs.read(&path, &file.display().to_string()).map_err(Some)?;
                let text = match vouched_for(id, proof, options.list, inputs) {
                    Some(sealed) => told(&sealed?).map_err(|_| None)?,
                    None => whole(id, proof, options.list, inputs, sink)?,
                };
                store(request, &path, &text)?;
            }
            return Ok(Exit::Done);
        }
        (Some(command), []) => {
            let text = list::run("--cmd", command, &printed).map_err(|finding| Some(*finding))?;
            (inputs.add("--cmd", Path::new("--cmd"), &text), options.output.as_ref())
        }
        (None, []) => (inputs.read(Path::new("-"), "-").map_err(Some)?, options.output.as_ref()),
    };
    let text = whole(file, proof, options.list, inputs, sink)?;
    match target {
        Some(target) => store(request, &cwd.join(target), &text),
        None => crate::run::print(text.as_bytes()).map_err(|_| None),
    }
}

/// The text of an open policy with its last line; nothing for anything else.
fn vouched_for(
    id: FileId,
    proof: Proof,
    is_list: bool,
    inputs: &Inputs,
) -> Option<Result<Sealed, Option<Finding>>> {
    let source = inputs.sources().get(id)?;
    if is_list || !matches!(proof, Proof::Itself) || closed(&source.text) {
        return None;
    }
    let documents = yaml::parse(id, &source.text, Limits::default()).ok()?;
    let [only] = documents.as_slice() else { return None };
    if !is_policy(&only.root) {
        return None;
    }
    let text = terminated(source.text.to_string());
    let lines = text.lines().count();
    let last = text.lines().rfind(|line| !line.trim().is_empty()).unwrap_or_default().to_owned();
    let sealed = format!("{text}...\n");
    Some(if closed(&sealed) {
        Ok(Sealed { name: source.name.clone(), lines, last, text: sealed })
    } else {
        Err(Some(marker_inside(&source.name)))
    })
}

struct Sealed {
    name: String,
    lines: usize,
    last: String,
    text: String,
}

/// Says where the file ends, so that whoever vouched for it can see that it is not cut.
fn told(sealed: &Sealed) -> Result<String, Exit> {
    let Sealed { name, lines, last, text } = sealed;
    let said = format!("{name}: closed after {lines} lines, the last one being {last:?}\n");
    std::io::stderr().write_all(said.as_bytes()).map_err(|error| crate::run::failed(&error))?;
    Ok(text.clone())
}

fn marker_inside(name: &str) -> Finding {
    Finding::error(Code::InputOpen, format!("{name} has a document end marker before its end"))
        .help("Remove the line that starts with `...`: a cut behind it would go unnoticed.")
}

fn printed(text: &str) -> String {
    match text.lines().last() {
        Some(line) => format!("It printed {} lines, the last one being {line:?}.", text.lines().count()),
        None => "It printed nothing.".to_owned(),
    }
}

/// The text with its last line, where something proves that it is whole.
fn whole(
    id: FileId,
    proof: Proof,
    is_list: bool,
    inputs: &Inputs,
    sink: &mut Sink,
) -> Result<String, Option<Finding>> {
    let Some(source) = inputs.sources().get(id) else { return Err(None) };
    let (name, text) = (source.name.clone(), source.text.to_string());
    let refuse = |what: String, help: String| Err(Some(Finding::error(Code::InputOpen, what).help(help)));
    if text.is_empty() {
        return Err(Some(Finding::error(Code::InputEmpty, format!("{name} has zero bytes")).help(DOCS)));
    }
    let count = text.matches('\n').count();
    let is_sealed = if is_list { list::open(&text).is_ok() } else { closed(&text) };
    match proof {
        Proof::Lines(wanted) if !text.ends_with('\n') || wanted != count => {
            let cut = if text.ends_with('\n') { "" } else { " and the beginning of another" };
            return refuse(
                format!("{name} has {count} lines{cut}, not the {wanted} announced"),
                DOCS.to_owned(),
            );
        }
        Proof::Itself if !is_sealed => {
            let again = if is_list { "--list " } else { "" };
            return refuse(
                format!("nothing proves that {name} is whole"),
                format!(
                    "Have seaworthy run what writes it: `seaworthy overlays seal {again}--cmd 'COMMAND'`. Where you \
                     know the number of its lines, say it: `--lines N`; what came has {count}. {DOCS}"
                ),
            );
        }
        _ => {}
    }
    let sealed = match (is_sealed, is_list) {
        (true, _) => text,
        (false, true) => {
            let names = text.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty()).count();
            format!("{}# seaworthy: {names} files\n", terminated(text))
        }
        (false, false) => format!("{}...\n", terminated(text)),
    };
    if is_list {
        return match list::open(&sealed) {
            Ok(_) => Ok(sealed),
            Err(fault) => refuse(format!("{name} {}", fault.what), DOCS.to_owned()),
        };
    }
    if !closed(&sealed) {
        return Err(Some(marker_inside(&name)));
    }
    let is_one = |documents: &[Document]| matches!(documents, [only] if is_policy(&only.root));
    let documents = inputs.sources().get(id).map(|source| yaml::parse(id, &source.text, Limits::default()));
    if documents.is_some_and(|parsed| parsed.is_ok_and(|documents| is_one(&documents))) {
        return Ok(sealed);
    }
    let layer = compose::parse_file(id, Reader::default(), inputs, sink).ok_or(None)?;
    let usable = |root: &Node| root.as_map().is_some_and(|map| !map.is_empty());
    if layer.documents.is_empty() || !layer.documents.iter().all(|document| usable(&document.root)) {
        return refuse(
            format!("{name} is not a mapping with content"),
            "An overlay has keys such as `services:`.".into(),
        );
    }
    Ok(sealed)
}

fn terminated(text: String) -> String {
    if text.ends_with('\n') { text } else { text + "\n" }
}

/// Replaces a file as a whole; what was there before stays where that fails.
fn store(request: &Request, path: &Path, text: &str) -> Result<Exit, Option<Finding>> {
    if request.global.dry_run {
        return crate::run::print(text.as_bytes()).map_err(|_| None);
    }
    replace(path, text).map(|()| Exit::Done).map_err(Some)
}

/// Replaces the content of a file behind any links; mode and owner stay.
pub fn replace(path: &Path, text: &str) -> Result<(), Finding> {
    use std::os::unix::fs::MetadataExt;
    let failed =
        |message: String| Finding::error(Code::PrepareFailed, message).help("The file is as it was.");
    let target = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    let (mode, owner) = match target.metadata() {
        Ok(known) => {
            let owner = Owner { uid: known.uid(), gid: known.gid() };
            (known.mode() & 0o7777, (owner != Owner::current()).then_some(owner))
        }
        Err(_) => (0o644, None),
    };
    let mut file = AtomicFile::create(&target).map_err(|error| failed(error.to_string()))?;
    file.write_all(text.as_bytes()).map_err(|error| failed(format!("{}: {error}", target.display())))?;
    file.commit(mode, owner).map_err(|error| failed(error.to_string()))
}

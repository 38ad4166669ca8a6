//! `snapshot write`, `check`, `diff`: the reviewed model kept in git.

mod base;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use crate::cli::{Request, SnapshotDo, SnapshotFormat, SnapshotOptions};
use crate::compose::{self, Layer, Model, Phases};
use crate::diagnostic::{Code, Exit, Finding, Screen, Sink, github, sarif};
use crate::host::{read_file, write_atomic};
use crate::ownership::lock::LockFile;
use crate::ownership::{Caller, NoEngine, UserDecision, UserQuestion, decide_users};
use crate::policy::date::Date;
use crate::policy::rules::FileVariables;
use crate::policy::{self, Arranged, Policy, verdicts};
use crate::project::{Project, list};
use crate::snapshot::difference::{Difference, Reset, differences};
use crate::snapshot::{FILE_NAME, Parts, Places, Section, Snapshot, neutral, portable, report};
use crate::source::{FileId, SourceMap, Span};
use crate::yaml::{self, Limits, Node};

use super::policy::users;
use super::session::{Session, current_directory, page_screen};

/// What is at hand once the project is read.
struct Taken {
    current: Snapshot,
    /// The file that it makes.
    text: String,
    /// Beside the project, or where `--file` says.
    path: PathBuf,
    resets: Vec<Reset>,
    /// Where the policy asks for what comes with the program.
    asked: BTreeMap<FileId, Span>,
}

pub fn run(request: &Request, options: &SnapshotOptions) -> Result<Exit, Exit> {
    let mut session = Session::new(request);
    let Some(taken) = take(&mut session, options) else { return Err(session.report()) };
    let outcome = match options.action {
        SnapshotDo::Write => write(&mut session, &taken),
        SnapshotDo::Check | SnapshotDo::Diff if options.against.is_some() => {
            against(&mut session, &taken, options)
        }
        SnapshotDo::Check | SnapshotDo::Diff => compare(&mut session, &taken, options),
    };
    std::mem::forget(taken);
    outcome
}

/// What differs from the snapshot that was reviewed, for a command that has read the project already; nothing
/// where there is none, or it cannot be compared.
pub fn since_reviewed(session: &mut Session<'_>) -> Vec<Difference> {
    let global = &session.request.global;
    // A command would run a second time, and a stream has no more to say.
    if global.files_from.is_some() || global.files_cmd.is_some() {
        return Vec::new();
    }
    let mut own = Session::new(session.request);
    own.inputs = std::mem::take(&mut session.inputs);
    let options = SnapshotOptions {
        action: SnapshotDo::Diff,
        format: SnapshotFormat::Human,
        file: None,
        against: None,
    };
    let there = |session: &mut Session<'_>| {
        let home = session.locate()?.home().join(FILE_NAME);
        std::fs::symlink_metadata(home).ok()
    };
    let taken = there(&mut own).and_then(|_| take(&mut own, &options));
    let found = taken.and_then(|taken| match reviewed(&mut own, &taken) {
        Reviewed::Other(before) => Some(found(&before, &taken)),
        Reviewed::Absent | Reviewed::Unreadable | Reviewed::Same => None,
    });
    session.inputs = own.inputs;
    found.unwrap_or_default()
}

/// Reads the project as it is written, and as it would run. No engine is asked and nothing of this host counts, the
/// host's policy included: what comes out is the same for everybody.
fn take(session: &mut Session<'_>, options: &SnapshotOptions) -> Option<Taken> {
    let mut project = session.locate()?;
    project.environment.stand_in();
    let given = policy::Given {
        path: session.policy_path(),
        system: PathBuf::new(),
        // No waiver ends before the first day there is.
        today: Date::parse("0001-01-01").unwrap_or_else(Date::today),
        ..policy::Given::default()
    };
    let policy = policy::find(&project, &given, &mut session.inputs, &mut session.sink)?;
    session.settle_reader(&mut project, policy.as_ref())?;
    let expected = policy::expected(policy.as_ref());
    list::read(&mut project, &expected, &mut session.inputs, &mut session.sink)?;
    policy::check_inputs(policy.as_ref(), &project, &session.inputs, &mut session.sink);
    if let Some(policy) = &policy {
        policy.check_list(&project, &mut session.sink);
    }
    if session.sink.has_errors() {
        return None;
    }
    let mut arranged = arrange(session, &project, policy.as_ref())?;
    let files = files(session, &project, &arranged);
    let resets = resets(&arranged);
    let layers = std::mem::take(&mut arranged.layers);
    let home = project.environment.get("HOME").map(PathBuf::from);
    let places = Places { project: &project.directory, home: home.as_deref() };
    let judge = |session: &mut Session<'_>, mut model: Model| {
        let lock = read_lock(session, &project, policy.as_ref())?;
        let users = decide(session, &model, policy.as_ref(), lock.as_ref())?;
        crate::ownership::apply(&mut model.root, &users);
        let variables = FileVariables::read(&model, &mut session.inputs, &mut session.sink);
        neutral(&mut model, &places, session.inputs.sources());
        let posture = Section::posture(&verdicts(policy.as_ref(), &model, &arranged, &variables));
        // The process ends soon; taking a large tree apart would only make it end later.
        std::mem::forget(model);
        Some((lock, users, posture))
    };
    let ((lock, users, posture), model) = load(session, &project, policy.as_ref(), layers, &places, judge)?;
    let document = policy.as_ref().and_then(|policy| written_policy(session, policy));
    let (current, text) = Snapshot::take(Parts {
        files,
        policy: document.as_ref(),
        users: &users,
        lock: lock.as_ref().map(|file| &file.lock),
        posture,
        model,
    });
    let path = match &options.file {
        Some(file) => current_directory().join(file),
        None => project.home().join(FILE_NAME),
    };
    let asked = arranged
        .mandatory
        .iter()
        .filter(|overlay| overlay.is_builtin())
        .filter_map(|overlay| Some((overlay.file, overlay.origin.span()?)))
        .collect();
    Some(Taken { current, text, path, resets, asked })
}

fn read_lock(
    session: &mut Session<'_>,
    project: &Project,
    policy: Option<&Policy>,
) -> Option<Option<LockFile>> {
    if policy.is_none() {
        return Some(None);
    }
    match LockFile::read(&LockFile::place(project), &mut session.inputs) {
        Ok(file) => Some(file.exists().then_some(file)),
        Err(findings) => {
            session.sink.extend(findings);
            None
        }
    }
}

fn decide(
    session: &mut Session<'_>,
    model: &Model,
    policy: Option<&Policy>,
    lock: Option<&LockFile>,
) -> Option<Vec<UserDecision>> {
    let home = model.environment.get("HOME").map(PathBuf::from);
    let caller =
        Caller::find(&model.directory, home.as_deref()).map_err(|finding| session.sink.push(finding)).ok()?;
    let mut user_policy = policy.map(|policy| users(policy, model));
    if let (Some(user_policy), Some(file)) = (&mut user_policy, lock) {
        user_policy.reserved = file.lock.reserved();
    }
    let known = lock.map(|file| file.lock.given()).unwrap_or_default();
    let users = decide_users(&UserQuestion {
        model,
        sources: session.inputs.sources(),
        policy: user_policy.as_ref(),
        images: &NoEngine,
        caller: &caller,
        known: &known,
    });
    Some(users.decisions)
}

/// The project's policy as a tree; it was read once already.
fn written_policy(session: &Session<'_>, policy: &Policy) -> Option<Node> {
    let id = *policy.sources.last()?;
    let text = session.inputs.sources().get(id)?.text.clone();
    let documents = yaml::parse(id, &text, Limits::default()).ok()?;
    documents.into_iter().next().map(|document| document.root)
}

/// The layers of a launch.
fn arrange(session: &mut Session<'_>, project: &Project, policy: Option<&Policy>) -> Option<Arranged> {
    let layers = session.layers(project)?;
    match policy {
        Some(policy) => policy.layers(layers, project, &mut session.inputs, &mut session.sink),
        None => Some(Arranged { layers, ..Arranged::default() }),
    }
}

/// Judges the model that would run, and reads the same as it is written, side by side: neither needs anything of
/// the other.
fn load<T>(
    session: &mut Session<'_>,
    project: &Project,
    policy: Option<&Policy>,
    layers: Vec<Layer>,
    places: &Places<'_>,
    judge: impl FnOnce(&mut Session<'_>, Model) -> Option<T>,
) -> Option<(T, Section)> {
    let selection = session.selection(&[]);
    let own = layers.clone();
    let mut inputs = session.inputs.clone();
    std::thread::scope(|scope| {
        let beside = std::thread::Builder::new()
            .name("as-written".to_owned())
            .stack_size(STACK)
            .spawn_scoped(scope, || {
                let mut sink = Sink::new();
                let written = compose::load_written(project, own, &mut inputs, &mut sink);
                (written.map(|model| Section::model(portable(model, places))), sink, inputs)
            });
        let model = session.load(project, layers, Phases::default(), &selection);
        let judged = model.and_then(|model| judge(session, model));
        let joined = beside.map_err(drop).and_then(|thread| thread.join().map_err(drop));
        let judged = judged?;
        let Ok((written, sink, inputs)) = joined else {
            session.sink.push(
                Finding::error(Code::Internal, "the project could not be read as it is written")
                    .help(Code::Internal.remedy()),
            );
            return None;
        };
        if written.is_none() {
            session.sink.extend(sink.into_findings());
        }
        // Both read what the files include, in the same order; places are told by it.
        let same =
            inputs.sources().iter().zip(session.inputs.sources().iter()).all(|(a, b)| a.path == b.path);
        let written = if same { written } else { again(session, project, policy, places) };
        Some((judged, written?))
    })
}

/// A snapshot beyond this is compared by its parts.
const LARGEST: u64 = 64 << 20;

/// As the main thread has.
const STACK: usize = 8 << 20;

/// One after the other, where the two did not read the same files.
fn again(
    session: &mut Session<'_>,
    project: &Project,
    policy: Option<&Policy>,
    places: &Places<'_>,
) -> Option<Section> {
    let layers = arrange(session, project, policy)?.layers;
    let written = compose::load_written(project, layers, &mut session.inputs, &mut session.sink)?;
    Some(Section::model(portable(written, places)))
}

/// The files in the order in which they are merged, by their names from the project.
fn files(session: &Session<'_>, project: &Project, arranged: &Arranged) -> Vec<(String, FileId)> {
    let sources = session.inputs.sources();
    let name = |id: FileId| {
        let file = sources.get(id)?;
        let inside = file.path.strip_prefix(project.home()).ok();
        // A pipe's number is as good as any other.
        let kernel = ["/dev/fd", "/dev/stdin", "/proc"].iter().any(|place| file.path.starts_with(place));
        Some(match inside {
            _ if kernel || file.path == Path::new("-") => "-".to_owned(),
            Some(inside) => inside.display().to_string(),
            None if file.path.is_absolute() => beside(project.home(), &file.path),
            None => file.name.clone(),
        })
    };
    arranged.layers.iter().filter_map(|layer| Some((name(layer.file)?, layer.file))).collect()
}

/// A file outside the project, as the way to it.
fn beside(from: &Path, path: &Path) -> String {
    let shared = from.components().zip(path.components()).take_while(|(a, b)| a == b).count();
    let mut way: PathBuf = from.components().skip(shared).map(|_| "..").collect();
    way.extend(path.components().skip(shared));
    way.display().to_string()
}

/// Where documents reset or override what others say.
fn resets(arranged: &Arranged) -> Vec<Reset> {
    fn walk(node: &Node, path: &yaml::Path<'_>, found: &mut Vec<Reset>) {
        if node.tag.is_some()
            && let Some(span) = node.origin.span()
        {
            found.push(Reset { path: path.keys(), span });
        }
        for (key, child) in node.as_map().into_iter().flat_map(yaml::Mapping::iter) {
            walk(child, &path.key(key), found);
        }
    }
    let mut found = Vec::new();
    for document in arranged.layers.iter().flat_map(|layer| &layer.documents) {
        walk(&document.root, &yaml::Path::ROOT, &mut found);
    }
    found
}

/// The file as it was reviewed.
enum Reviewed {
    Absent,
    /// The sink says why.
    Unreadable,
    /// The very bytes.
    Same,
    Other(Snapshot),
}

fn reviewed(session: &mut Session<'_>, taken: &Taken) -> Reviewed {
    if std::fs::symlink_metadata(&taken.path).is_err() {
        return Reviewed::Absent;
    }
    let name = shown(&taken.path);
    // The same bytes are no input that anybody wants to see, or the digest of.
    match read_file(&taken.path, LARGEST) {
        Ok(content) if content.bytes == taken.text.as_bytes() => return Reviewed::Same,
        _ => {}
    }
    let id = match session.inputs.read(&taken.path, &name) {
        Ok(id) => id,
        Err(finding) => {
            session.sink.push(finding);
            return Reviewed::Unreadable;
        }
    };
    let Some(text) = session.inputs.sources().get(id).map(|file| file.text.clone()) else {
        return Reviewed::Unreadable;
    };
    match Snapshot::read(id, &name, &text) {
        Ok(snapshot) => Reviewed::Other(snapshot),
        Err(findings) => {
            session.sink.extend(findings);
            Reviewed::Unreadable
        }
    }
}

fn write(session: &mut Session<'_>, taken: &Taken) -> Result<Exit, Exit> {
    let name = shown(&taken.path);
    let before = reviewed(session, taken);
    // One that cannot be read is what is being put right.
    session.sink = Sink::new();
    let mut said = String::new();
    match &before {
        Reviewed::Same => return super::print(format!("{name} is up to date\n").as_bytes()),
        Reviewed::Other(before) => {
            let found = found(before, taken);
            let sources = session.redactor().sources(session.inputs.sources());
            said = report::human(&found, &sources, page(session.request));
            if !said.is_empty() {
                said.push('\n');
            }
        }
        Reviewed::Absent | Reviewed::Unreadable => {}
    }
    if session.request.global.dry_run {
        let _ = writeln!(said, "{name} would be written");
        return super::print(said.as_bytes());
    }
    if let Err(error) = write_atomic(&taken.path, taken.text.as_bytes(), 0o644) {
        let finding = Finding::error(Code::PrepareFailed, error.to_string());
        session.sink.push(finding.help("Write it where you may, with --snapshot."));
        return Err(session.report());
    }
    let _ = writeln!(said, "{name} written");
    super::print(said.as_bytes())
}

/// With the place in the policy that asks for it instead of one in a built-in overlay.
fn found(before: &Snapshot, taken: &Taken) -> Vec<Difference> {
    let mut found = differences(before, &taken.current, &taken.resets);
    for difference in &mut found {
        if let Some(cause) = difference.cause
            && let Some(asked) = taken.asked.get(&cause.file)
        {
            difference.cause = Some(*asked);
        }
    }
    found
}

/// Compares with what a commit would run. Whether the snapshot that is there is current is said besides.
fn against(session: &mut Session<'_>, taken: &Taken, options: &SnapshotOptions) -> Result<Exit, Exit> {
    let reference = options.against.as_deref().unwrap_or_default();
    let base = base::of(reference, session.request, &taken.path, session.inputs.sources());
    let base = base.map_err(|finding| {
        session.sink.push(finding);
        session.report()
    })?;
    let id = session.inputs.add(&base.name, Path::new(&base.name), base.text.as_str());
    let before = Snapshot::read(id, &base.name, &base.text).map_err(|findings| {
        session.sink.extend(findings);
        session.report()
    })?;
    if let Some(why) = base.only_written {
        let message = format!(
            "compared with the snapshot that {reference} has, because its files cannot be read: {why}"
        );
        session.sink.push(
            Finding::warning(Code::SnapshotBase, message)
                .help("That snapshot is what somebody wrote there; what its files would run is not known."),
        );
    }
    let found = if base.text == taken.text { Vec::new() } else { found(&before, taken) };
    session.warn()?;
    let sources = session.redactor().sources(session.inputs.sources());
    let name = shown(&taken.path);
    let is_current = matches!(reviewed(session, taken), Reviewed::Same);
    let current = if is_current {
        format!("{name} is up to date.\n")
    } else {
        format!("{name} is not what would run now: run `seaworthy snapshot write`.\n")
    };
    let output = match options.format {
        SnapshotFormat::Human if found.is_empty() => {
            format!("What would run is what {reference} would run.\n{current}")
        }
        SnapshotFormat::Human => {
            format!("{}\n{current}", report::human(&found, &sources, page(session.request)))
        }
        SnapshotFormat::Markdown => format!("{}\n{current}", report::markdown(&found, &sources)),
        other => written(other, &found, &sources, "Review what the change does to what runs."),
    };
    session.sink = Sink::new();
    super::print(output.as_bytes())
}

/// The formats for programs.
fn written(format: SnapshotFormat, found: &[Difference], sources: &SourceMap, todo: &str) -> String {
    match format {
        SnapshotFormat::Json => format!("{:#}\n", report::json(found, sources)),
        SnapshotFormat::Github => github(&report::findings(found, todo), &located(sources)),
        _ => format!("{:#}\n", sarif(&report::findings(found, todo), &located(sources))),
    }
}

fn compare(session: &mut Session<'_>, taken: &Taken, options: &SnapshotOptions) -> Result<Exit, Exit> {
    let (found, sources) = match reviewed(session, taken) {
        Reviewed::Same => (Vec::new(), SourceMap::default()),
        Reviewed::Other(before) => {
            let mut found = found(&before, taken);
            if found.is_empty() {
                found.push(unlike(&before));
            }
            (found, session.redactor().sources(session.inputs.sources()))
        }
        Reviewed::Unreadable => return Err(session.report()),
        Reviewed::Absent => {
            let message = format!("{}: there is no snapshot", shown(&taken.path));
            session
                .sink
                .push(Finding::error(Code::SnapshotMissing, message).help(Code::SnapshotMissing.remedy()));
            return Err(session.report());
        }
    };
    let output = match options.format {
        SnapshotFormat::Human => {
            let mut output = report::human(&found, &sources, page(session.request));
            if found.is_empty() {
                output.push_str("What would run is what was reviewed.\n");
            } else if options.action == SnapshotDo::Check {
                output.push_str("\nReview this, then run `seaworthy snapshot write` and commit the file.\n");
            }
            output
        }
        SnapshotFormat::Markdown => report::markdown(&found, &sources),
        other => written(
            other,
            &found,
            &sources,
            "Review it, then run `seaworthy snapshot write` and commit the file.",
        ),
    };
    session.sink = Sink::new();
    super::print(output.as_bytes())?;
    Ok(if found.is_empty() || options.action == SnapshotDo::Diff { Exit::Done } else { Exit::Findings })
}

/// A path from here.
fn shown(path: &Path) -> String {
    path.strip_prefix(current_directory()).unwrap_or(path).display().to_string()
}

/// The file says the same in other words: somebody wrote in it.
fn unlike(before: &Snapshot) -> Difference {
    Difference {
        path: Vec::new(),
        before: None,
        after: None,
        class: crate::snapshot::class::Class::Cosmetic,
        why: "the file says the same in other bytes".into(),
        cause: None,
        reviewed: before.root.origin.span().map(|span| Span { end: span.start, ..span }),
    }
}

/// Standard output, where the result goes; what is no screen has no width.
fn page(request: &Request) -> Screen {
    use std::io::IsTerminal;
    let screen = page_screen(request);
    Screen { width: if std::io::stdout().is_terminal() { screen.width } else { 10_000 }, ..screen }
}

/// The inputs by the names that a repository knows them by: relative to where it was checked out.
pub fn located(sources: &SourceMap) -> SourceMap {
    let root = std::env::var_os("GITHUB_WORKSPACE").filter(|root| !root.is_empty()).map(PathBuf::from);
    let root = root.unwrap_or_else(current_directory);
    let mut located = SourceMap::default();
    for file in sources.iter() {
        let mut file = file.clone();
        if let Ok(inside) = file.path.strip_prefix(&root) {
            file.name = inside.display().to_string();
        }
        located.add(file);
    }
    located
}

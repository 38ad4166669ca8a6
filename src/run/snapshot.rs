//! `snapshot write`, `check`, `diff`: the reviewed model kept in git.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use crate::cli::{Request, SnapshotDo, SnapshotFormat, SnapshotOptions};
use crate::compose::{self, Model, Phases};
use crate::diagnostic::{Code, Exit, Finding, Screen, github, sarif};
use crate::host::write_atomic;
use crate::ownership::lock::LockFile;
use crate::ownership::{Caller, NoEngine, UserDecision, UserQuestion, decide_users};
use crate::policy::date::Date;
use crate::policy::{self, Arranged, Policy, Verdict, verdicts};
use crate::project::{Project, list};
use crate::snapshot::difference::{Difference, Reset, differences};
use crate::snapshot::{FILE_NAME, Parts, Places, Snapshot, neutral, report};
use crate::source::{FileId, SourceMap, Span};
use crate::yaml::{Limits, Node};

use super::policy::users;
use super::session::{Session, current_directory, screen};

/// What is at hand once the project is read.
struct Taken {
    current: Snapshot,
    /// Beside the project, or where `--file` says.
    path: PathBuf,
    resets: Vec<Reset>,
    /// Where the policy asks for what comes with the program.
    asked: BTreeMap<FileId, Span>,
}

pub fn run(request: &Request, options: &SnapshotOptions) -> Result<Exit, Exit> {
    let mut session = Session::new(request);
    let Some(taken) = take(&mut session, options) else { return Err(session.report()) };
    match options.action {
        SnapshotDo::Write => write(&mut session, &taken),
        SnapshotDo::Check | SnapshotDo::Diff => compare(&mut session, &taken, options),
    }
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
    let options = SnapshotOptions { action: SnapshotDo::Diff, format: SnapshotFormat::Human, file: None };
    let there = |session: &mut Session<'_>| {
        let home = session.locate()?.home().join(FILE_NAME);
        std::fs::symlink_metadata(home).ok()
    };
    let taken = there(&mut own).and_then(|_| take(&mut own, &options));
    let found = taken.and_then(|taken| match reviewed(&mut own, &taken) {
        Some(Ok((before, _))) => Some(found(&before, &taken)),
        _ => None,
    });
    session.inputs = own.inputs;
    found.unwrap_or_default()
}

/// Reads the project as it is written, and as it would run. No engine is asked and nothing of this host counts, the
/// host's policy included: what comes out is the same for everybody.
fn take(session: &mut Session<'_>, options: &SnapshotOptions) -> Option<Taken> {
    let selection = session.selection(&[]);
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
    let expected = policy::expected(policy.as_ref());
    list::read(&mut project, &expected, &mut session.inputs, &mut session.sink)?;
    policy::check_inputs(policy.as_ref(), &project, &session.inputs, &mut session.sink);
    if let Some(policy) = &policy {
        policy.check_list(&project, &mut session.sink);
    }
    if session.sink.has_errors() {
        return None;
    }
    let layers = session.layers(&project)?;
    let arranged = match &policy {
        Some(policy) => policy.layers(layers, &project, &mut session.inputs, &mut session.sink)?,
        None => Arranged { layers, ..Arranged::default() },
    };
    let mut model = session.load(&project, arranged.layers.clone(), Phases::default(), &selection)?;
    let written =
        compose::load_written(&project, arranged.layers.clone(), &mut session.inputs, &mut session.sink)?;
    let lock = read_lock(session, &project, policy.as_ref())?;
    let users = decide(session, &model, policy.as_ref(), lock.as_ref());
    crate::ownership::apply(&mut model, &users);
    let home = model.environment.get("HOME").map(PathBuf::from);
    let places = Places { project: &project.directory, home: home.as_deref() };
    neutral(&mut model, &places, session.inputs.sources());
    let verdicts = verdicts(policy.as_ref(), &model, &arranged);
    let document = policy.as_ref().and_then(|policy| written_policy(session, policy));
    let current = snapshot(
        session,
        &project,
        &arranged,
        places,
        &users,
        lock.as_ref(),
        document.as_ref(),
        (verdicts, written),
    );
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
    Some(Taken { current, path, resets: resets(&arranged), asked })
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
    session: &Session<'_>,
    model: &Model,
    policy: Option<&Policy>,
    lock: Option<&LockFile>,
) -> Vec<UserDecision> {
    let home = model.environment.get("HOME").map(PathBuf::from);
    let caller = Caller::find(&model.directory, home.as_deref());
    let mut user_policy = policy.map(users);
    if let (Some(user_policy), Some(file)) = (&mut user_policy, lock) {
        user_policy.reserved = file.lock.reserved();
    }
    let known = lock.map(|file| file.lock.given()).unwrap_or_default();
    decide_users(&UserQuestion {
        model,
        sources: session.inputs.sources(),
        policy: user_policy.as_ref(),
        images: &NoEngine,
        caller: &caller,
        known: &known,
    })
    .decisions
}

/// The project's policy as a tree; it was read once already.
fn written_policy(session: &Session<'_>, policy: &Policy) -> Option<Node> {
    let id = *policy.sources.last()?;
    let text = session.inputs.sources().get(id)?.text.clone();
    let documents = crate::yaml::parse(id, &text, Limits::default()).ok()?;
    documents.into_iter().next().map(|document| document.root)
}

#[allow(clippy::too_many_arguments, reason = "everything that was read goes in")]
fn snapshot(
    session: &Session<'_>,
    project: &Project,
    arranged: &Arranged,
    places: Places<'_>,
    users: &[UserDecision],
    lock: Option<&LockFile>,
    policy: Option<&Node>,
    (verdicts, written): (Vec<Verdict>, Node),
) -> Snapshot {
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
    Snapshot::take(Parts {
        files: arranged.layers.iter().filter_map(|layer| Some((name(layer.file)?, layer.file))).collect(),
        policy,
        users,
        lock: lock.map(|file| &file.lock),
        verdicts: &verdicts,
        model: written,
        places,
    })
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
    fn walk(node: &Node, path: &mut Vec<String>, found: &mut Vec<Reset>) {
        if node.tag.is_some()
            && let Some(span) = node.origin.span()
        {
            found.push(Reset { path: path.clone(), span });
        }
        for (key, child) in node.as_map().into_iter().flat_map(crate::yaml::Mapping::iter) {
            path.push(key.to_owned());
            walk(child, path, found);
            path.pop();
        }
    }
    let mut found = Vec::new();
    for document in arranged.layers.iter().flat_map(|layer| &layer.documents) {
        walk(&document.root, &mut Vec::new(), &mut found);
    }
    found
}

/// The file as it was reviewed, where there is one.
fn reviewed(session: &mut Session<'_>, taken: &Taken) -> Option<Result<(Snapshot, String), ()>> {
    if std::fs::symlink_metadata(&taken.path).is_err() {
        return None;
    }
    let name = taken.path.strip_prefix(current_directory()).unwrap_or(&taken.path).display().to_string();
    let id = match session.inputs.read(&taken.path, &name) {
        Ok(id) => id,
        Err(finding) => {
            session.sink.push(finding);
            return Some(Err(()));
        }
    };
    let text = session.inputs.sources().get(id).map(|file| file.text.to_string()).unwrap_or_default();
    // The same bytes need no reading.
    if text == taken.current.text() {
        return Some(Ok((taken.current.clone(), text)));
    }
    match Snapshot::read(id, &name, &text) {
        Ok(snapshot) => Some(Ok((snapshot, text))),
        Err(findings) => {
            session.sink.extend(findings);
            Some(Err(()))
        }
    }
}

fn write(session: &mut Session<'_>, taken: &Taken) -> Result<Exit, Exit> {
    let text = taken.current.text();
    let before = match reviewed(session, taken) {
        // One that cannot be read is what is being put right.
        Some(Err(())) | None => None,
        Some(Ok(before)) => Some(before),
    };
    session.sink = crate::diagnostic::Sink::new();
    let name = taken.path.strip_prefix(current_directory()).unwrap_or(&taken.path).display().to_string();
    if before.as_ref().is_some_and(|(_, old)| *old == text) {
        return super::print(format!("{name} is up to date\n").as_bytes());
    }
    let mut said = String::new();
    if let Some((before, _)) = &before {
        let found = found(before, taken);
        said = report::human(&found, &session.redactor().sources(session.inputs.sources()), page());
        if !said.is_empty() {
            said.push('\n');
        }
    }
    if session.request.global.dry_run {
        let _ = writeln!(said, "{name} would be written");
        return super::print(said.as_bytes());
    }
    if let Err(error) = write_atomic(&taken.path, text.as_bytes(), 0o644) {
        let finding = Finding::error(Code::PrepareFailed, error.to_string());
        session.sink.push(finding.help("Write it where you may, with --file."));
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

fn compare(session: &mut Session<'_>, taken: &Taken, options: &SnapshotOptions) -> Result<Exit, Exit> {
    let Some(reviewed) = reviewed(session, taken) else {
        let name = taken.path.display();
        session.sink.push(
            Finding::error(Code::SnapshotMissing, format!("{name}: there is no snapshot"))
                .help(Code::SnapshotMissing.remedy()),
        );
        return Err(session.report());
    };
    let Ok((before, text)) = reviewed else { return Err(session.report()) };
    let mut found = found(&before, taken);
    let is_same = text == taken.current.text();
    if found.is_empty() && !is_same {
        found.push(unlike(&before));
    }
    let sources = session.redactor().sources(session.inputs.sources());
    let output = match options.format {
        SnapshotFormat::Human => {
            let mut output = report::human(&found, &sources, page());
            if found.is_empty() {
                output.push_str("What would run is what was reviewed.\n");
            }
            output
        }
        SnapshotFormat::Markdown => report::markdown(&found, &sources),
        SnapshotFormat::Json => format!("{:#}\n", report::json(&found, &sources)),
        SnapshotFormat::Github => github(&report::findings(&found), &located(&sources)),
        SnapshotFormat::Sarif => format!("{:#}\n", sarif(&report::findings(&found), &located(&sources))),
    };
    session.sink = crate::diagnostic::Sink::new();
    super::print(output.as_bytes())?;
    Ok(if is_same || options.action == SnapshotDo::Diff { Exit::Done } else { Exit::Findings })
}

/// The file says the same in other words: somebody wrote in it.
fn unlike(before: &Snapshot) -> Difference {
    Difference {
        path: Vec::new(),
        before: None,
        after: None,
        class: crate::snapshot::class::Class::Cosmetic,
        why: "the file says the same in other bytes",
        cause: None,
        reviewed: before.root.origin.span().map(|span| Span { end: span.start, ..span }),
    }
}

/// Standard output, where the result goes.
fn page() -> Screen {
    use std::io::IsTerminal;
    let terminal = std::io::stdout().is_terminal();
    let screen = screen();
    let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    Screen { colour: terminal && !plain, width: if terminal { screen.width } else { 10_000 } }
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

//! One run of the helper: what it may do, what it is told, what it says.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::{HelperImage, MOUNTED_AT};
use crate::engine::{Answer, Engine, Inside, LABEL, confined};
use crate::host::Owner;
use crate::host::process::kill_tree;

/// What begins a line that only says how far the helper is.
pub const PROGRESS: &str = "progress ";

/// Processes and threads of the helper, at most.
const PIDS: &str = "16";

/// How long the helper may say nothing; it says something several times a second.
const SILENCE: Duration = Duration::from_secs(60);

/// What the helper is for.
pub struct Task<'t> {
    /// What follows its name; says which of its works is meant.
    pub words: &'t [&'t str],
    pub given: Given<'t>,
    pub whose: Whose,
    /// Without `CAP_`; it has no other.
    pub capabilities: &'t [&'t str],
    /// It is in these groups.
    pub groups: Inside<BTreeSet<u32>>,
    /// Its standard input.
    pub request: &'t [u8],
    /// Told how far it is.
    pub progress: &'t dyn Fn(u64),
}

/// What it gets of the engine's machine.
#[derive(Clone, Copy, Debug)]
pub enum Given<'t> {
    /// A directory to change.
    Directory(&'t Path),
    /// A directory to look at.
    Shown(&'t Path),
    /// A file to look at, as [`FILE`] below the place where directories are.
    ShownFile(&'t Path),
    /// A volume to look at, by its name. It must be there.
    Volume(&'t str),
    /// A volume to change, by its name. It must be there.
    VolumeToChange(&'t str),
}

/// The name of a single file that the helper is given.
pub const FILE: &str = "file";

/// Who it is.
#[derive(Clone, Copy, Debug)]
pub enum Whose {
    /// Root, in the host's numbers as far as the engine lets it.
    Host,
    /// A user of containers, in their numbers; `host` where they have those of the host.
    Container { user: Owner, host: bool },
}

enum Event {
    Progress(u64),
    Complaint(String),
    /// All of its standard output.
    Said(Vec<u8>),
    /// One of the two could not be read.
    Failed(std::io::Error),
}

impl Engine {
    /// Runs the helper once and returns what it printed. The container has no network, no files of its own
    /// to write, and is gone afterwards, also when we end early: it ends with its standard input.
    pub fn run_helper(&self, image: &HelperImage, task: &Task<'_>) -> Answer<Vec<u8>> {
        let name = name();
        let answer = Answer::trying(|| self.run_named(&name, image, task));
        if !answer.is_known() {
            // Gone already where it ended by itself.
            let _ = self.command().run(["container", "rm", "--force", &name]);
        }
        answer.context("the helper container")
    }

    fn run_named(&self, name: &str, image: &HelperImage, task: &Task<'_>) -> Result<Vec<u8>, String> {
        let options = self.command().options();
        let mut command = std::process::Command::new(self.command().program());
        command
            .args(&options.global)
            .args(self.arguments(name, image, task))
            .envs(options.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|error| error.to_string())?;
        let outcome = converse(&mut child, task);
        if outcome.is_err() {
            kill_tree(child.id());
        }
        // Its standard input is held open until here: that it is closed ends the helper.
        drop(child.stdin.take());
        let status = child.wait().map_err(|error| error.to_string())?;
        let (said, complaints) = outcome?;
        if status.success() {
            return Ok(said);
        }
        let complaints: Vec<&str> =
            complaints.iter().map(|line| line.trim()).filter(|line| !line.is_empty()).collect();
        Err(if complaints.is_empty() { status.to_string() } else { complaints.join("; ") })
    }

    fn arguments(&self, name: &str, image: &HelperImage, task: &Task<'_>) -> Vec<OsString> {
        let info = self.info();
        let mut words: Vec<OsString> =
            ["run", "--rm", "--interactive", "--name", name, "--pids-limit", PIDS, "--log-driver", "none"]
                .map(OsString::from)
                .to_vec();
        words.extend(confined::words());
        words.extend(["--label".into(), format!("{LABEL}=helper").into()]);
        for capability in task.capabilities {
            words.extend(["--cap-add".into(), capability.into()]);
        }
        for group in task.groups.texts() {
            words.extend(["--group-add".into(), group.into()]);
        }
        let (user, host) = match task.whose {
            Whose::Host => (Owner::ROOT, true),
            Whose::Container { user, host } => (user, host),
        };
        words.extend(["--user".into(), user.to_string().into()]);
        // The ids are the host's; a map would stand between.
        if host && info.is_remapped() && !info.is_rootless {
            words.push("--userns=host".into());
        }
        // Files of the host have no label that a container may use.
        if info.has_security_option("selinux") {
            words.extend(["--security-opt".into(), "label=disable".into()]);
        }
        words.extend(["--mount".into(), task.given.mount(), image.id.as_str().into()]);
        words.extend(task.words.iter().map(OsString::from));
        words
    }
}

impl Given<'_> {
    /// The value of `--mount`.
    fn mount(self) -> OsString {
        let at = |name: &str| format!("{MOUNTED_AT}{name}");
        match self {
            Self::Directory(path) => mount("bind", path.as_os_str(), &at(""), &[]),
            Self::Shown(path) => mount("bind", path.as_os_str(), &at(""), SHOWN),
            Self::ShownFile(path) => mount("bind", path.as_os_str(), &at(&format!("/{FILE}")), SHOWN),
            Self::Volume(name) => mount("volume", name.as_ref(), &at(""), UNTOUCHED),
            Self::VolumeToChange(name) => mount("volume", name.as_ref(), &at(""), UNFILLED),
        }
    }
}

/// What is mounted in it again could be written all the same.
pub(in crate::engine) const SHOWN: &[&str] = &["readonly", "bind-nonrecursive=true"];
/// An empty volume would get what the image has at its place.
const UNFILLED: &[&str] = &["volume-nocopy=true"];
pub(in crate::engine) const UNTOUCHED: &[&str] = &["readonly", "volume-nocopy=true"];

/// The value of `--mount`, which is one line of comma-separated values.
pub(in crate::engine) fn mount(kind: &str, source: &OsStr, target: &str, options: &[&str]) -> OsString {
    let mut value = format!("type={kind}").into_bytes();
    for (key, text) in [("source", source.as_bytes()), ("target", target.as_bytes())] {
        value.extend(format!(",\"{key}=").into_bytes());
        for byte in text {
            if *byte == b'"' {
                value.push(b'"');
            }
            value.push(*byte);
        }
        value.push(b'"');
    }
    value.extend(options.iter().flat_map(|option| format!(",{option}").into_bytes()));
    OsString::from_vec(value)
}

/// Hands over the request and listens to the end; what was said, and what was complained of.
fn converse(child: &mut Child, task: &Task<'_>) -> Result<(Vec<u8>, Vec<String>), String> {
    let (events, heard) = mpsc::channel();
    if let Some(stdin) = &mut child.stdin {
        match stdin.write_all(task.request).and_then(|()| stdin.flush()) {
            // One that ended before it listened has said why.
            Err(error) if error.kind() != ErrorKind::BrokenPipe => {
                return Err(format!("the request could not be written: {error}"));
            }
            _ => {}
        }
    }
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let listeners = [
        stdout.map(|stream| spawn(events.clone(), move |events| said(stream, events))),
        stderr.map(|stream| spawn(events, move |events| complained(stream, events))),
    ];
    for listener in listeners.into_iter().flatten() {
        listener.map_err(|error| format!("cannot start a thread: {error}"))?;
    }
    let mut complaints = Vec::new();
    let mut answer = None;
    loop {
        match heard.recv_timeout(SILENCE) {
            Ok(Event::Progress(count)) => (task.progress)(count),
            Ok(Event::Complaint(line)) => complaints.push(line),
            Ok(Event::Said(said)) => answer = Some(said),
            Ok(Event::Failed(error)) => return Err(format!("the answer could not be read: {error}")),
            Err(RecvTimeoutError::Disconnected) => {
                return answer.map(|said| (said, complaints)).ok_or_else(|| "no answer".to_owned());
            }
            Err(RecvTimeoutError::Timeout) => {
                return Err(format!("no sign of life for {} s", SILENCE.as_secs()));
            }
        }
    }
}

fn spawn(events: Sender<Event>, work: impl FnOnce(&Sender<Event>) + Send + 'static) -> std::io::Result<()> {
    std::thread::Builder::new().name("helper".to_owned()).spawn(move || work(&events)).map(drop)
}

fn said(mut stream: impl Read, events: &Sender<Event>) {
    let mut bytes = Vec::new();
    let read = stream.read_to_end(&mut bytes);
    let _ = events.send(read.map_or_else(Event::Failed, |_| Event::Said(bytes)));
}

fn complained(stream: impl Read, events: &Sender<Event>) {
    for line in BufReader::new(stream).split(b'\n') {
        let event = line.map_or_else(Event::Failed, |line| {
            let line = String::from_utf8_lossy(&line).into_owned();
            let progress = line.strip_prefix(PROGRESS).and_then(|count| count.trim().parse().ok());
            progress.map_or(Event::Complaint(line), Event::Progress)
        });
        let is_end = matches!(event, Event::Failed(_));
        if events.send(event).is_err() || is_end {
            break;
        }
    }
}

fn name() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos());
    format!("sw-helper-{}-{now:x}", std::process::id())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_with_commas_and_quotes_is_one_field() {
        let mount = Given::Directory(Path::new("/a,b\"c")).mount();
        assert_eq!(mount, "type=bind,\"source=/a,b\"\"c\",\"target=/tree\"");
        let mount = Given::Volume("v").mount();
        assert_eq!(mount, "type=volume,\"source=v\",\"target=/tree\",readonly,volume-nocopy=true");
    }
}

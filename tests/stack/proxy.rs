//! An engine that does otherwise than it was asked for: what stands between changes a word.

use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;
use tempfile::TempDir;

/// What is changed on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Every service loses `NoNewPrivileges`, as with an engine that does not know it.
    Drops,
    /// A service that is there loses it when it is changed.
    DropsLater,
    /// The containers of tasks are without it.
    Runs,
}

/// A socket that hands on to another one.
pub struct Proxy {
    folder: TempDir,
    asked: Arc<AtomicUsize>,
}

impl Proxy {
    pub fn new(engine: PathBuf, fault: Fault) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(folder.path().join("docker.sock")).unwrap();
        let asked = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&asked);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (engine, count) = (engine.clone(), Arc::clone(&count));
                std::thread::spawn(move || hand_on(stream, &engine, fault, &count));
            }
        });
        Self { folder, asked }
    }

    /// How many services with tasks were asked for.
    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    pub fn host(&self) -> String {
        format!("unix://{}", self.folder.path().join("docker.sock").display())
    }
}

/// One question and its answer: asked in the old version, the engine hangs up.
fn hand_on(mut stream: UnixStream, engine: &Path, fault: Fault, count: &AtomicUsize) -> Option<()> {
    let mut question = Vec::new();
    let mut piece = [0; 4096];
    let (head, body) = loop {
        let length = stream.read(&mut piece).ok().filter(|length| *length > 0)?;
        question.extend_from_slice(&piece[..length]);
        let text = String::from_utf8_lossy(&question).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length =
            head.lines().find_map(|line| line.strip_prefix("Content-Length: ")?.parse::<usize>().ok());
        if body.len() >= length.unwrap_or(0) {
            break (head.to_owned(), body.to_owned());
        }
    };
    // Docker's own command keeps the connection; nothing of what it asks is changed.
    if head.lines().next()?.ends_with("HTTP/1.1") {
        let mut to = UnixStream::connect(engine).ok()?;
        to.write_all(&question).ok()?;
        let (mut from, mut back) = (stream.try_clone().ok()?, to.try_clone().ok()?);
        std::thread::spawn(move || std::io::copy(&mut from, &mut to));
        std::io::copy(&mut back, &mut stream).ok()?;
        return stream.shutdown(std::net::Shutdown::Both).ok();
    }
    let asks = |words: &str| head.lines().next().unwrap_or_default().contains(words);
    if asks("/services/create") && !body.contains("\"Replicas\":0") {
        count.fetch_add(1, Ordering::SeqCst);
    }
    let is_rollback = asks("rollback=");
    let drops = match fault {
        Fault::Drops => asks("/services/create") || asks("/update?"),
        Fault::DropsLater => asks("/services/") && asks("/update?") && !is_rollback,
        Fault::Runs => false,
    };
    let privileges = "/TaskTemplate/ContainerSpec/Privileges";
    let sent = if drops {
        changed(&head, &body, |spec| remove(spec, privileges, "NoNewPrivileges"))
    } else {
        format!("{head}\r\n\r\n{body}")
    };
    let mut to = UnixStream::connect(engine).ok()?;
    to.write_all(sent.as_bytes()).ok()?;
    let mut answer = Vec::new();
    to.read_to_end(&mut answer).ok()?;
    if fault == Fault::Runs && asks("/containers/") {
        let text = String::from_utf8_lossy(&answer).into_owned();
        let (head, body) = text.split_once("\r\n\r\n")?;
        answer = changed(head, body, |found| remove(found, "/HostConfig", "SecurityOpt")).into_bytes();
    }
    stream.write_all(&answer).ok()
}

fn remove(document: &mut Value, pointer: &str, field: &str) {
    document.pointer_mut(pointer).and_then(Value::as_object_mut).and_then(|map| map.remove(field));
}

/// The same with another document, and with its length.
fn changed(head: &str, body: &str, change: impl FnOnce(&mut Value)) -> String {
    let Ok(mut document) = serde_json::from_str::<Value>(body) else {
        return format!("{head}\r\n\r\n{body}");
    };
    change(&mut document);
    let body = document.to_string();
    let lines = head.lines().filter(|line| !line.to_lowercase().starts_with("content-length"));
    let lines: Vec<&str> = lines.collect();
    format!("{}\r\nContent-Length: {}\r\n\r\n{body}", lines.join("\r\n"), body.len())
}

//! An engine whose answers are changed on the way.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::Value;

/// What is done to the answer to a path.
type Change = Box<dyn Fn(&str, &mut Value) + Send>;

/// A socket that leads to an engine. One answer a connection; each is whole before it goes on.
pub struct Proxy {
    path: PathBuf,
    change: Arc<Mutex<Option<Change>>>,
}

impl Proxy {
    /// Listens at `path`, in front of the engine at `engine`.
    pub fn new(path: PathBuf, engine: &Path) -> Self {
        let listener = UnixListener::bind(&path).unwrap();
        let change: Arc<Mutex<Option<Change>>> = Arc::default();
        let (engine, shared) = (engine.to_owned(), Arc::clone(&change));
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let (engine, shared) = (engine.clone(), Arc::clone(&shared));
                // Who hangs up early is nobody's fault.
                thread::spawn(move || drop(serve(client, &engine, &shared)));
            }
        });
        Self { path, change }
    }

    pub fn address(&self) -> String {
        format!("unix://{}", self.path.display())
    }

    /// From now on answers are changed so.
    pub fn change(&self, change: impl Fn(&str, &mut Value) + Send + 'static) {
        *self.change.lock().unwrap() = Some(Box::new(change));
    }

    pub fn leave(&self) {
        *self.change.lock().unwrap() = None;
    }
}

fn serve(mut client: UnixStream, engine: &Path, change: &Mutex<Option<Change>>) -> std::io::Result<()> {
    let (head, mut body) = head_of(&mut client)?;
    let length = field(&head, "content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
    let mut rest = vec![0; length - body.len().min(length)];
    client.read_exact(&mut rest)?;
    body.extend(rest);
    let mut engine = UnixStream::connect(engine)?;
    engine.write_all(without(&head, "connection").as_bytes())?;
    engine.write_all(b"Connection: close\r\n\r\n")?;
    engine.write_all(&body)?;
    let (answer, mut content) = head_of(&mut engine)?;
    engine.read_to_end(&mut content)?;
    if field(&answer, "transfer-encoding").is_some_and(|coding| coding == "chunked") {
        content = joined(&content);
    }
    let target = head.split(' ').nth(1).unwrap_or_default();
    let path = target.split('?').next().unwrap_or_default();
    if let (Some(change), Ok(mut value)) = (&*change.lock().unwrap(), serde_json::from_slice(&content)) {
        change(path, &mut value);
        content = value.to_string().into_bytes();
    }
    let mut answer = without(&without(&answer, "transfer-encoding"), "connection");
    if !head.starts_with("HEAD ") {
        answer = without(&answer, "content-length") + &format!("Content-Length: {}\r\n", content.len());
    }
    client.write_all(answer.as_bytes())?;
    client.write_all(b"Connection: close\r\n\r\n")?;
    client.write_all(&content)?;
    client.shutdown(Shutdown::Both)
}

/// The head, without the empty line at its end, and what came of the body with it.
fn head_of(stream: &mut UnixStream) -> std::io::Result<(String, Vec<u8>)> {
    let mut read = Vec::new();
    let mut part = [0; 4096];
    loop {
        if let Some(end) = read.windows(4).position(|four| four == b"\r\n\r\n") {
            let body = read.split_off(end + 4);
            read.truncate(end + 2);
            return Ok((String::from_utf8_lossy(&read).into_owned(), body));
        }
        match stream.read(&mut part)? {
            0 => return Err(std::io::ErrorKind::UnexpectedEof.into()),
            length => read.extend(&part[..length]),
        }
    }
}

fn field(head: &str, name: &str) -> Option<String> {
    let lines = head.lines().skip(1).filter_map(|line| line.split_once(':'));
    lines.filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim().to_owned()).next()
}

fn without(head: &str, name: &str) -> String {
    let is_it = |line: &&str| line.split(':').next().is_some_and(|key| key.eq_ignore_ascii_case(name));
    head.split_inclusive("\r\n").filter(|line| !is_it(line)).collect()
}

/// The chunks of a body as one.
fn joined(mut chunks: &[u8]) -> Vec<u8> {
    let mut whole = Vec::new();
    while let Some(end) = chunks.windows(2).position(|two| two == b"\r\n") {
        let size =
            std::str::from_utf8(&chunks[..end]).ok().and_then(|text| usize::from_str_radix(text, 16).ok());
        let Some(size) = size.filter(|size| *size > 0) else { break };
        whole.extend(&chunks[end + 2..end + 2 + size]);
        chunks = &chunks[end + 4 + size..];
    }
    whole
}

//! Questions to a local engine by its own interface.
//!
//! The command line takes a fiftieth of a second for each question, which counts where a launch asks five. A
//! socket in the file system needs nothing that the command line knows: no context, no TLS, no SSH.

mod silence;

use std::fs::File;
use std::io::{Error, ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::fs::CWD;
use serde_json::Value;

use super::{Answer, Command, Engine, Options};
use crate::host::access::{Access, is_denied};

pub use silence::Silence;

/// The most that an answer may have.
const LIMIT: usize = 256 << 20;

/// What most answers have room in: they come in one piece then.
const USUAL: usize = 16 << 10;

/// The part of a question's time after which the command line is asked in its place.
const SHARE: u32 = 4;

/// How long an engine may take to start a container.
const PATIENCE: Duration = Duration::from_secs(120);

/// A local engine.
#[derive(Clone, Debug)]
pub struct Socket {
    path: String,
    deadline: Duration,
}

impl Socket {
    /// The socket that the command line would use, where that is plain: no flags, no context, and a program
    /// that is Docker's and not somebody's script around it. With it, the endpoint.
    ///
    /// # Errors
    /// Where that cannot be looked up.
    pub fn behind(command: &Command) -> Result<Option<(Self, String)>, String> {
        let options = command.options();
        let set = |name: &str| {
            let value = options.variable(name).unwrap_or_default();
            (!value.is_empty()).then(|| value.to_string_lossy().into_owned())
        };
        let named = command.program().file_name().is_some_and(|name| name == "docker");
        if !options.global.is_empty()
            || set("DOCKER_CONTEXT").is_some()
            || !named
            || !is_binary(command.program())?
        {
            return Ok(None);
        }
        let endpoint = match set("DOCKER_HOST") {
            Some(endpoint) => endpoint,
            None if uses_a_context(options)? => return Ok(None),
            None => "unix:///var/run/docker.sock".to_owned(),
        };
        let path = endpoint.strip_prefix("unix://").filter(|path| !path.is_empty()).map(str::to_owned);
        Ok(path.map(|path| (Self { path, deadline: options.deadline / SHARE }, endpoint)))
    }

    /// `None` where the engine is reached otherwise.
    pub fn of(engine: &Engine) -> Option<Self> {
        let path = engine.identity().endpoint.strip_prefix("unix://")?.to_owned();
        let is_docker = !engine.info().is_podman;
        is_docker.then(|| Self { path, deadline: engine.command().options().deadline / SHARE })
    }

    /// Asks for a document; `None` where the engine says that there is no such thing.
    ///
    /// # Errors
    /// Why there is no answer.
    pub fn get(&self, path: &str) -> Result<Option<Value>, Silence> {
        let answer = self.exchange("GET", path, "", self.deadline)?;
        parse(&answer).map_err(Silence::Elsewhere)
    }

    /// Starts a container. Known is also the engine's refusal, in its own words.
    pub fn start(&self, id: &str) -> Answer<Result<(), String>> {
        let path = format!("/containers/{}/start", escape(id));
        Answer::trying(|| {
            let answer = self
                .exchange("POST", &path, "Content-Length: 0\r\n", self.deadline.max(PATIENCE))
                .map_err(Silence::into_reason)?;
            let (status, body) = taken_apart(&answer)?;
            if matches!(status, "204" | "304") {
                return Ok(Ok(()));
            }
            let said = serde_json::from_slice::<Value>(body).ok();
            let said = said.as_ref().and_then(|said| said.get("message")?.as_str());
            said.map(|said| Err(said.to_owned())).ok_or_else(|| unexpected(status))
        })
    }

    fn exchange(
        &self,
        method: &str,
        path: &str,
        headers: &str,
        deadline: Duration,
    ) -> Result<Vec<u8>, Silence> {
        let Self { path: socket, .. } = self;
        // A filter is long, and written so that nobody can read it.
        let asked = format!("{method} {}", path.split('?').next().unwrap_or(path));
        let failed = |what: &str| {
            let what = format!("{what} {socket} for {asked}");
            move |error: Error| Silence::of(&error, Path::new(socket), &what)
        };
        let mut stream = UnixStream::connect(socket).map_err(failed("connect to"))?;
        // One time for the whole: an engine that sends a byte now and then would never be at its end.
        let end = Instant::now() + deadline;
        let late =
            || Error::new(ErrorKind::TimedOut, format!("no answer within {} s", deadline.as_secs_f32()));
        let left = || {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() { Err(late()) } else { Ok(left) }
        };
        // Asked in the old version, an engine answers in one piece and then hangs up.
        let question = format!("{method} {path} HTTP/1.0\r\nHost: docker\r\n{headers}\r\n");
        let limited = left().and_then(|left| stream.set_write_timeout(Some(left)));
        limited.map_err(failed("set a time at"))?;
        // A time at a socket that runs out is told like one that ran out before.
        let in_time = |error: Error| match error.kind() {
            ErrorKind::WouldBlock | ErrorKind::TimedOut => late(),
            _ => error,
        };
        stream.write_all(question.as_bytes()).map_err(in_time).map_err(failed("write to"))?;
        let mut answer = Vec::with_capacity(USUAL);
        let mut piece = vec![0; USUAL];
        loop {
            let limited = left().and_then(|left| stream.set_read_timeout(Some(left)));
            let read = limited.and_then(|()| stream.read(&mut piece));
            match read {
                Ok(0) => break,
                Ok(length) => answer.extend_from_slice(piece.get(..length).unwrap_or_default()),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(failed("read from")(in_time(error))),
            }
            if answer.len() > LIMIT {
                return Err(Silence::elsewhere("the answer is too long"));
            }
        }
        Ok(answer)
    }
}

/// Whether a program is one, and not a script. One that may be run and not read counts as a script.
///
/// # Errors
/// The path, and why that cannot be told.
pub fn is_binary(path: &Path) -> Result<bool, String> {
    let mut magic = [0; 4];
    match File::open(path).and_then(|mut file| file.read_exact(&mut magic)) {
        Ok(()) => Ok(magic == *b"\x7fELF"),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof || may_not_read(path, &error) => Ok(false),
        Err(error) => Err(format!("cannot read {}: {error}", path.display())),
    }
}

fn may_not_read(path: &Path, error: &Error) -> bool {
    error.kind() == ErrorKind::PermissionDenied && is_denied(CWD, path, Access::READ)
}

/// The client's configuration; null where there is none that could be read.
///
/// # Errors
/// The path, and why it is not known.
pub fn configuration(folder: &Path) -> Result<Value, String> {
    let path = folder.join("config.json");
    match std::fs::read(&path) {
        Ok(text) => Ok(serde_json::from_slice(&text).unwrap_or_default()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Value::Object(serde_json::Map::new())),
        Err(error) if error.kind() == ErrorKind::NotADirectory || may_not_read(&path, &error) => {
            Ok(Value::Null)
        }
        Err(error) => Err(format!("cannot read {}: {error}", path.display())),
    }
}

/// Whether the client's configuration names a context. One that may not be read may.
fn uses_a_context(options: &Options) -> Result<bool, String> {
    let home = || options.variable("HOME").map(|home| Path::new(&home).join(".docker"));
    let set = options.variable("DOCKER_CONFIG").filter(|path| !path.is_empty()).map(PathBuf::from);
    let Some(folder) = set.or_else(home) else { return Ok(true) };
    let value = configuration(&folder)?;
    let context = value.get("currentContext").and_then(Value::as_str).unwrap_or_default();
    Ok(value.is_null() || !["", "default"].contains(&context))
}

/// The document in an answer.
fn parse(answer: &[u8]) -> Result<Option<Value>, String> {
    let (status, body) = taken_apart(answer)?;
    match status {
        "200" => {
            serde_json::from_slice(body).map(Some).map_err(|error| format!("unreadable answer: {error}"))
        }
        "404" => Ok(None),
        other => Err(unexpected(other)),
    }
}

fn unexpected(status: &str) -> String {
    format!("the engine answers with status {status}")
}

/// The status and the body of a whole answer.
fn taken_apart(answer: &[u8]) -> Result<(&str, &[u8]), String> {
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n").ok_or("the answer is cut")?;
    let (head, body) = answer.split_at(end);
    let head = std::str::from_utf8(head).map_err(|_| "the answer is not text")?;
    let body = body.get(4..).unwrap_or_default();
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).unwrap_or_default();
    let length = lines.filter_map(|line| line.split_once(':')).find_map(|(name, value)| {
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok()).flatten()
    });
    if length.is_some_and(|length| length != body.len()) {
        return Err("the answer is cut".to_owned());
    }
    Ok((status, body))
}

/// A word as it may stand in a path or a query.
pub fn escape(text: &str) -> String {
    use std::fmt::Write;
    text.bytes().fold(String::new(), |mut escaped, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(escaped, "%{byte:02X}");
        }
        escaped
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_cannot_be_read_is_not_taken_for_a_script() {
        let temp = tempfile::tempdir().unwrap();
        let at = |name: &str, content: &[u8]| {
            std::fs::write(temp.path().join(name), content).unwrap();
            temp.path().join(name)
        };
        assert_eq!(is_binary(&at("program", b"\x7fELF...")), Ok(true));
        assert_eq!(is_binary(&at("script", b"#!/bin/sh\n")), Ok(false));
        assert_eq!(is_binary(&at("short", b"\x7f")), Ok(false));
        let error = is_binary(temp.path()).unwrap_err();
        assert!(
            error.starts_with(&format!("cannot read {}: Is a directory", temp.path().display())),
            "{error}"
        );
        let read = |text: &[u8]| {
            at("config.json", text);
            configuration(temp.path()).unwrap()
        };
        assert_eq!(read(b"{\"currentContext\":\"far\"}")["currentContext"], "far");
        assert!(read(b"{\"currentContext\":").is_null());
        assert!(configuration(&temp.path().join("none")).unwrap().as_object().unwrap().is_empty());
        std::fs::remove_file(temp.path().join("config.json")).unwrap();
        std::fs::create_dir(temp.path().join("config.json")).unwrap();
        assert!(configuration(temp.path()).unwrap_err().contains("config.json: Is a directory"));
    }

    #[test]
    fn only_what_the_command_line_would_use_is_used() {
        let docker = ["/usr/bin/docker", "/usr/local/bin/docker"]
            .into_iter()
            .find(|path| is_binary(Path::new(path)).unwrap_or(false));
        let Some(docker) = docker else { return };
        let home = tempfile::tempdir().unwrap();
        let behind = |set: &[(&str, &str)], global: &[&str]| {
            let names =
                ["DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG"].map(|name| (name.into(), "".into()));
            let home = [("HOME".into(), home.path().into())];
            let set = set.iter().map(|(name, value)| (name.into(), value.into()));
            let environment = names.into_iter().chain(home).chain(set).collect();
            let global = global.iter().map(Into::into).collect();
            let options = Options { program: docker.into(), environment, global, ..Options::default() };
            Socket::behind(&Command::find(options).known().unwrap()).unwrap().map(|(socket, _)| socket.path)
        };
        assert_eq!(behind(&[], &[]).as_deref(), Some("/var/run/docker.sock"));
        assert_eq!(behind(&[("DOCKER_HOST", "unix:///x")], &[]).as_deref(), Some("/x"));
        assert_eq!(behind(&[("DOCKER_HOST", "tcp://x:1")], &[]), None);
        assert_eq!(behind(&[("DOCKER_HOST", "unix:///x"), ("DOCKER_CONTEXT", "far")], &[]), None);
        assert_eq!(behind(&[], &["--host", "unix:///x"]), None);
        std::fs::create_dir(home.path().join(".docker")).unwrap();
        std::fs::write(home.path().join(".docker/config.json"), r#"{"currentContext": "far"}"#).unwrap();
        assert_eq!(behind(&[], &[]), None);
    }

    #[test]
    fn only_a_whole_document_is_an_answer() {
        assert_eq!(parse(b"HTTP/1.0 200 OK\r\nA: b\r\n\r\n{\"a\":1}"), Ok(Some(json!({"a": 1}))));
        assert_eq!(parse(b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n[]"), Ok(Some(json!([]))));
        assert_eq!(parse(b"HTTP/1.0 404 Not Found\r\n\r\n{}"), Ok(None));
        for cut in [
            &b"HTTP/1.0 200 OK\r\n"[..],
            b"HTTP/1.0 200 OK\r\nContent-Length: 9\r\n\r\n[]",
            b"HTTP/1.0 200 OK\r\n\r\n{\"a\":",
            b"HTTP/1.0 500 Oops\r\n\r\n{}",
            b"garbage\r\n\r\n{}",
            b"",
        ] {
            assert!(parse(cut).is_err(), "{}", String::from_utf8_lossy(cut));
        }
        assert_eq!(escape("a b/{\"é"), "a%20b%2F%7B%22%C3%A9");
    }

    #[test]
    fn an_engine_that_sends_a_blank_now_and_then_is_given_up_in_time() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("drip.sock");
        let listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            stream.write_all(b"HTTP/1.0 200 OK\r\n\r\n{").unwrap();
            while stream.write_all(b" ").is_ok() {
                std::thread::sleep(Duration::from_millis(20));
            }
        });
        let socket = Socket { path: path.display().to_string(), deadline: Duration::from_millis(200) };
        let start = Instant::now();
        let Err(Silence::Elsewhere(reason)) = socket.get("/info") else { panic!() };
        assert!(reason.ends_with("for GET /info: no answer within 0.2 s"), "{reason}");
        assert!(start.elapsed() < Duration::from_secs(10));
    }
}

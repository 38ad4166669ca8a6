//! Questions to a local engine by its own interface.
//!
//! The command line takes a fiftieth of a second for each question, which counts where a launch asks five. A
//! socket in the file system needs nothing that the command line knows: no context, no TLS, no SSH.

mod act;
mod silence;
mod version;

use std::fs::File;
use std::io::{Error, ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::fs::CWD;
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, socket_with};
use serde_json::Value;

use super::{Answer, Command, Engine, Options};
use crate::host::access::{Access, is_denied};

pub use act::Refused;
pub use silence::Silence;
pub use version::Negotiated;

/// The most that an answer may have.
const LIMIT: usize = 256 << 20;

/// The most that the lines before a document may have.
const HEAD: usize = 64 << 10;

/// Headers and body of a question without any.
const NOTHING: (&str, &[u8]) = ("", &[]);

/// The same where the engine expects a body.
const EMPTY: (&str, &[u8]) = ("Content-Length: 0\r\n", &[]);

const END_OF_HEAD: &[u8] = b"\r\n\r\n";

/// What most answers have room in: they come in one piece then.
const USUAL: usize = 16 << 10;

/// The part of a question's time after which the command line is asked in its place.
const SHARE: u32 = 4;

/// How long one may take to be connected to where only the listener is asked for.
const LISTENER: Duration = Duration::from_secs(2);

/// How long an engine may take to start a container.
const PATIENCE: Duration = Duration::from_secs(120);

/// A local engine.
#[derive(Clone, Debug)]
pub struct Socket {
    path: String,
    deadline: Duration,
    /// Agreed on at the first question.
    version: Negotiated,
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
        Ok(path.map(|path| (Self::at(path, options.deadline / SHARE), endpoint)))
    }

    /// `None` where the engine is reached otherwise.
    pub fn of(engine: &Engine) -> Option<Self> {
        let path = engine.identity().endpoint.strip_prefix("unix://")?.to_owned();
        let is_docker = !engine.info().is_podman;
        let deadline = engine.command().options().deadline / SHARE;
        is_docker.then(|| Self { path, deadline, version: engine.version().clone() })
    }

    fn at(path: String, deadline: Duration) -> Self {
        Self { path, deadline, version: Negotiated::default() }
    }

    /// The version that the engine and we both know.
    pub fn version(&self) -> &Negotiated {
        &self.version
    }

    /// Asks for a document; `None` where the engine says that there is no such thing.
    ///
    /// # Errors
    /// Why there is no answer.
    pub fn get(&self, path: &str) -> Result<Option<Value>, Silence> {
        let path = format!("{}{path}", self.version.prefix(self)?);
        let answer = self.exchange("GET", &path, NOTHING, self.deadline)?;
        parse(&answer).map_err(Silence::Elsewhere)
    }

    /// Starts a container. Known is also the engine's refusal, in its own words.
    pub fn start(&self, id: &str) -> Answer<Result<(), String>> {
        Answer::trying(|| {
            let prefix = self.version.prefix(self).map_err(Silence::into_reason)?;
            let path = format!("{prefix}/containers/{}/start", escape(id));
            let answer = self
                .exchange("POST", &path, EMPTY, self.deadline.max(PATIENCE))
                .map_err(Silence::into_reason)?;
            let (status, body) = taken_apart(&answer)?;
            if matches!(status, "204" | "304") {
                return Ok(Ok(()));
            }
            let said = serde_json::from_slice::<Value>(body).ok();
            let said = said.as_ref().and_then(|said| said.get("message")?.as_str());
            said.map(|said| Err(said.to_owned())).ok_or_else(|| unexpected(status, body))
        })
    }

    fn exchange(
        &self,
        method: &str,
        path: &str,
        (headers, body): (&str, &[u8]),
        deadline: Duration,
    ) -> Result<Vec<u8>, Silence> {
        let Self { path: socket, .. } = self;
        // A filter is long, and written so that nobody can read it.
        let asked = format!("{method} {}", path.split('?').next().unwrap_or(path));
        let failed = |what: &str| {
            let what = format!("{what} {socket} for {asked}");
            move |error: Error| Silence::of(&error, Path::new(socket), &what)
        };
        // One time for the whole: an engine that sends a byte now and then would never be at its end.
        let end = Instant::now() + deadline;
        let late =
            || Error::new(ErrorKind::TimedOut, format!("no answer within {} s", deadline.as_secs_f32()));
        // A time at a socket that runs out is told like one that ran out before.
        let in_time = |error: Error| match error.kind() {
            ErrorKind::WouldBlock | ErrorKind::TimedOut => late(),
            _ => error,
        };
        let left = || {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() { Err(late()) } else { Ok(left) }
        };
        let connected = left().and_then(|left| connect(Path::new(socket), left));
        let mut stream = connected.map_err(in_time).map_err(failed("connect to"))?;
        // Asked in the old version, an engine answers in one piece and then hangs up.
        let question = format!("{method} {path} HTTP/1.0\r\nHost: docker\r\n{headers}\r\n");
        let limited = left().and_then(|left| stream.set_write_timeout(Some(left)));
        limited.map_err(failed("set a time at"))?;
        stream
            .write_all(&[question.as_bytes(), body].concat())
            .map_err(in_time)
            .map_err(failed("write to"))?;
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
            let headless =
                answer.len() > HEAD && !answer.windows(4).take(HEAD).any(|four| four == END_OF_HEAD);
            if headless {
                return Err(Silence::elsewhere("the head of the answer is too long"));
            }
            if answer.len() > LIMIT {
                return Err(Silence::elsewhere("the answer is too long"));
            }
        }
        Ok(answer)
    }
}

/// Connects within a time: an engine that accepts nobody any more keeps whoever comes waiting.
fn connect(path: &Path, time: Duration) -> Result<UnixStream, Error> {
    let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
    // The kernel counts the time for writing here, too.
    set_socket_timeout(&socket, Timeout::Send, Some(time))?;
    let address = SocketAddrUnix::new(path)
        .map_err(|_| Error::new(ErrorKind::InvalidInput, "the path is longer than a socket's may be"))?;
    rustix::net::connect(&socket, &address)?;
    Ok(UnixStream::from(socket))
}

/// Who listens at a socket, as the kernel noted it.
pub fn listener(path: &Path) -> Option<i32> {
    let stream = connect(path, LISTENER).ok()?;
    let peer = rustix::net::sockopt::socket_peercred(&stream).ok()?;
    Some(peer.pid.as_raw_nonzero().get())
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
        "404" if says_missing(body) => Ok(None),
        other => Err(unexpected(other, body)),
    }
}

/// The engine's own words in an answer that is no document.
fn message(body: &[u8]) -> Option<String> {
    let said: Value = serde_json::from_slice(body).ok()?;
    Some(said.get("message")?.as_str()?.to_owned())
}

/// Whether the engine says that the thing is not there. That it does not know the question is said with the same
/// status.
fn says_missing(body: &[u8]) -> bool {
    let said = message(body).unwrap_or_default().to_lowercase();
    said != "page not found" && (said.contains("no such ") || said.ends_with(" not found"))
}

fn unexpected(status: &str, body: &[u8]) -> String {
    let said = message(body).map(|said| format!(": {said}")).unwrap_or_default();
    format!("the engine answers with status {status}{said}")
}

/// The status and the body of a whole answer.
fn taken_apart(answer: &[u8]) -> Result<(&str, &[u8]), String> {
    let end = answer.windows(4).position(|window| window == END_OF_HEAD).ok_or("the answer is cut")?;
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
mod tests;

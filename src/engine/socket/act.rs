//! Requests that change something in an engine.

use std::time::Duration;

use serde_json::Value;

use super::{EMPTY, NOTHING, Silence, Socket, message, parse, taken_apart};

/// The time that an engine may take for a change.
const PATIENCE: Duration = Duration::from_secs(60);

/// The prefix of paths in Podman's own interface: the oldest version that has every question asked here.
const LIBPOD: &str = "/v4.0.0/libpod";

/// The engine's refusal, in its own words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    pub status: String,
    pub message: String,
}

impl Socket {
    /// The version of the interface that the engine and we both know.
    ///
    /// # Errors
    /// Why it is not known.
    pub fn spoken(&self) -> Result<(u32, u32), Silence> {
        self.version.numbers(self)
    }

    /// Whether Podman answers in the place of Docker.
    ///
    /// # Errors
    /// Why it is not known.
    pub fn is_podman(&self) -> Result<bool, Silence> {
        self.version.is_podman(self)
    }

    /// Asks Podman for a document by its own interface; `None` where it says that there is no such thing.
    ///
    /// # Errors
    /// Why there is no answer.
    pub fn get_of_podman(&self, path: &str) -> Result<Option<Value>, Silence> {
        let answer = self.exchange("GET", &format!("{LIBPOD}{path}"), NOTHING, self.deadline)?;
        parse(&answer).map_err(Silence::Elsewhere)
    }

    /// Asks Podman for a change without a document by its own interface, and returns the status of the answer.
    ///
    /// # Errors
    /// Why there is no answer.
    pub fn post_to_podman(&self, path: &str) -> Result<String, Silence> {
        let answer = self.exchange("POST", &format!("{LIBPOD}{path}"), EMPTY, self.deadline.max(PATIENCE))?;
        let (status, _) = taken_apart(&answer).map_err(Silence::Elsewhere)?;
        Ok(status.to_owned())
    }

    /// Sends a document. Known is also the engine's refusal.
    ///
    /// # Errors
    /// Why there is no answer.
    pub fn post(&self, path: &str, document: Option<&Value>) -> Result<Result<Value, Refused>, Silence> {
        let Some(document) = document else { return self.act("POST", path, EMPTY) };
        let body = document.to_string().into_bytes();
        let headers = format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len());
        self.act("POST", path, (&headers, &body))
    }

    /// Removes what stands at a path.
    ///
    /// # Errors
    /// Why there is no answer.
    pub fn delete(&self, path: &str) -> Result<Result<Value, Refused>, Silence> {
        self.act("DELETE", path, NOTHING)
    }

    /// Asks for a document where the answer takes the engine as long as a change does.
    ///
    /// # Errors
    /// Why there is no answer.
    pub fn get_patiently(&self, path: &str) -> Result<Result<Value, Refused>, Silence> {
        self.act("GET", path, NOTHING)
    }

    fn act(&self, method: &str, path: &str, with: (&str, &[u8])) -> Result<Result<Value, Refused>, Silence> {
        let path = format!("{}{path}", self.version.prefix(self)?);
        let answer = self.exchange(method, &path, with, self.deadline.max(PATIENCE))?;
        let (status, body) = taken_apart(&answer).map_err(Silence::Elsewhere)?;
        if status.starts_with('2') {
            if body.trim_ascii().is_empty() {
                return Ok(Ok(Value::Null));
            }
            let read = serde_json::from_slice(body);
            return read.map(Ok).map_err(|error| Silence::elsewhere(format!("unreadable answer: {error}")));
        }
        let said = message(body).unwrap_or_else(|| "it does not say why".to_owned());
        Ok(Err(Refused { status: status.to_owned(), message: said }))
    }
}

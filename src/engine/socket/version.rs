//! The version of the interface in which an engine is asked.
//!
//! Asked without one, an engine answers in its newest, whose fields nobody here has seen.

use std::sync::{Arc, OnceLock};

use super::{NOTHING, Silence, Socket, taken_apart};

/// The newest version whose answers are known here, that of Docker 28.
const NEWEST: (u32, u32) = (1, 51);

/// The version that an engine and we both know; the same for all copies.
#[derive(Clone, Debug, Default)]
pub struct Negotiated(Arc<OnceLock<(u32, u32)>>);

impl Negotiated {
    /// What stands before every path.
    pub(super) fn prefix(&self, socket: &Socket) -> Result<String, Silence> {
        let (major, minor) = self.numbers(socket)?;
        Ok(format!("/v{major}.{minor}"))
    }

    /// Major and minor.
    pub(super) fn numbers(&self, socket: &Socket) -> Result<(u32, u32), Silence> {
        match self.0.get() {
            Some(version) => Ok(*version),
            None => {
                let version = ask(socket)?.min(NEWEST);
                Ok(*self.0.get_or_init(|| version))
            }
        }
    }
}

/// The newest version that the engine has.
fn ask(socket: &Socket) -> Result<(u32, u32), Silence> {
    let answer = socket.exchange("GET", "/_ping", NOTHING, socket.deadline)?;
    let (status, _) = taken_apart(&answer).map_err(Silence::Elsewhere)?;
    let head = String::from_utf8_lossy(&answer);
    let mut lines = head.lines().take_while(|line| !line.is_empty()).filter_map(|line| line.split_once(':'));
    let said =
        lines.find(|(name, _)| name.eq_ignore_ascii_case("api-version")).map(|(_, value)| value.trim());
    said.filter(|_| status == "200")
        .and_then(read)
        .ok_or_else(|| Silence::elsewhere("the engine does not say which version of its interface it has"))
}

fn read(version: &str) -> Option<(u32, u32)> {
    let (major, minor) = version.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

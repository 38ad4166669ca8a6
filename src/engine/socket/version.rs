//! The version of the interface in which an engine is asked.
//!
//! Asked without one, an engine answers in its newest, whose fields nobody here has seen.

use std::sync::{Arc, OnceLock};

use super::{NOTHING, Silence, Socket, taken_apart};

/// The newest version whose answers are known here, that of Docker 28.
const NEWEST: (u32, u32) = (1, 51);

/// The version that an engine and we both know; the same for all copies.
#[derive(Clone, Debug, Default)]
pub struct Negotiated(Arc<OnceLock<Spoken>>);

/// The engine's answer about its interface.
#[derive(Clone, Copy, Debug)]
struct Spoken {
    version: (u32, u32),
    /// Podman says the version of its own interface beside that of Docker's.
    is_podman: bool,
}

impl Negotiated {
    /// What stands before every path.
    pub(super) fn prefix(&self, socket: &Socket) -> Result<String, Silence> {
        let (major, minor) = self.numbers(socket)?;
        Ok(format!("/v{major}.{minor}"))
    }

    /// Major and minor.
    pub(super) fn numbers(&self, socket: &Socket) -> Result<(u32, u32), Silence> {
        self.spoken(socket).map(|spoken| spoken.version)
    }

    /// Whether Podman answers in the place of Docker.
    pub(super) fn is_podman(&self, socket: &Socket) -> Result<bool, Silence> {
        self.spoken(socket).map(|spoken| spoken.is_podman)
    }

    fn spoken(&self, socket: &Socket) -> Result<Spoken, Silence> {
        match self.0.get() {
            Some(spoken) => Ok(*spoken),
            None => {
                let asked = ask(socket)?;
                let spoken = Spoken { version: asked.version.min(NEWEST), ..asked };
                Ok(*self.0.get_or_init(|| spoken))
            }
        }
    }
}

/// The newest version that the engine has.
fn ask(socket: &Socket) -> Result<Spoken, Silence> {
    let answer = socket.exchange("GET", "/_ping", NOTHING, socket.deadline)?;
    let (status, _) = taken_apart(&answer).map_err(Silence::Elsewhere)?;
    let head = String::from_utf8_lossy(&answer);
    let header = |wanted: &str| {
        let mut lines =
            head.lines().take_while(|line| !line.is_empty()).filter_map(|line| line.split_once(':'));
        lines.find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value.trim())
    };
    let is_podman = header("libpod-api-version").is_some();
    header("api-version")
        .filter(|_| status == "200")
        .and_then(read)
        .map(|version| Spoken { version, is_podman })
        .ok_or_else(|| Silence::elsewhere("the engine does not say which version of its interface it has"))
}

fn read(version: &str) -> Option<(u32, u32)> {
    let (major, minor) = version.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

//! Containers that were made to look into an image and are still there, because whoever made them was killed.
//!
//! Their names say who that was, so that nobody takes away what another run is looking into just now.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use super::socket::{Silence, Socket, escape};
use super::{Answer, Engine, LABEL};
use crate::host::process::{is_certainly_gone, mark};

const PREFIX: &str = "sw-look-";

/// Looking takes a few seconds. What is older than this was made on another machine, or before this one
/// was started again.
const OLD: Duration = Duration::from_secs(15 * 60);

/// The label that all of them have.
pub(super) fn label() -> String {
    format!("{LABEL}=look")
}

/// A name for one more of them.
///
/// # Errors
/// Where it cannot be told who makes it.
pub(super) fn name() -> Result<String, String> {
    let mark = mark().map_err(|error| format!("who we are cannot be read: {error}"))?;
    Ok(format!("{PREFIX}{}-{}", mark.unwrap_or_else(|| "0".to_owned()), now().as_micros()))
}

fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// Whether the one who made a container of this name is not coming back for it.
fn is_left(name: &str, now: Duration) -> bool {
    let made = name.strip_prefix(PREFIX).and_then(|rest| rest.rsplit_once('-'));
    let Some((mark, micros)) = made else { return false };
    let Ok(since) = micros.parse().map(Duration::from_micros) else { return false };
    is_certainly_gone(mark) || now.saturating_sub(since) > OLD
}

impl Engine {
    /// Removes what earlier runs left, and says how many that were. Known also where the engine does not
    /// remove them: another run may be at it.
    pub fn sweep(&self) -> Answer<usize> {
        let found = self.looking().context("what interrupted runs left cannot be looked for");
        found.and_then(|names| {
            let now = now();
            let left: Vec<&str> =
                names.iter().map(String::as_str).filter(|name| is_left(name, now)).collect();
            if left.is_empty() {
                return Answer::Known(0);
            }
            let words = ["container", "rm", "--force", "--volumes", "--"].iter().chain(&left);
            self.patient().run(words).map(|_| left.len())
        })
    }

    /// The names of all of them.
    fn looking(&self) -> Answer<Vec<String>> {
        let itself = |socket: &Socket| {
            let filters = json!({ "label": [label()] }).to_string();
            let found = socket.get(&format!("/containers/json?all=true&filters={}", escape(&filters)))?;
            let Some(Value::Array(found)) = found else {
                return Err(Silence::elsewhere("no list of containers"));
            };
            let name = |container: &Value| {
                let name = container.pointer("/Names/0")?.as_str()?;
                Some(name.trim_start_matches('/').to_owned())
            };
            Ok(found.iter().filter_map(name).collect())
        };
        self.ask(itself, || {
            let found = self.containers_labelled(&label());
            found.map(|found| found.into_iter().map(|container| container.name).collect())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_nobody_comes_back_for_is_left() {
        let own = name().unwrap();
        assert!(!is_left(&own, now()));
        assert!(is_left(&own, now() + OLD + Duration::from_secs(1)));
        let (rest, micros) = own.rsplit_once('-').unwrap();
        assert!(is_left(&format!("{rest}0-{micros}"), now()), "another process had our number");
        for strange in ["sw-look-", "sw-look-1-x", "db", "sw-looking-0-0-0-0-1"] {
            assert!(!is_left(strange, now()), "{strange}");
        }
    }
}

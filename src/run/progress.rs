//! Long work says how far it is, on standard error.

use std::io::{IsTerminal, Write};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Work that is done sooner says nothing.
const SILENT: Duration = Duration::from_secs(1);

/// How often a log that is not a screen gets a line.
const LINES: Duration = Duration::from_secs(5);

/// How far one piece of work is.
pub struct Progress {
    what: String,
    start: Instant,
    is_screen: bool,
    shown: Mutex<Option<Instant>>,
}

impl Progress {
    pub fn new(what: String) -> Self {
        let is_screen = std::io::stderr().is_terminal();
        Self { what, start: Instant::now(), is_screen, shown: Mutex::new(None) }
    }

    pub fn tell(&self, count: u64) {
        let now = Instant::now();
        if now - self.start < SILENT {
            return;
        }
        let Ok(mut shown) = self.shown.lock() else { return };
        let what = &self.what;
        if self.is_screen {
            let _ = write!(std::io::stderr(), "\r\x1b[K{what}: {count} entries");
        } else if shown.is_none_or(|last| now - last >= LINES) {
            let _ = writeln!(std::io::stderr(), "seaworthy: {what}: {count} entries");
        } else {
            return;
        }
        *shown = Some(now);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.is_screen && self.shown.lock().is_ok_and(|shown| shown.is_some()) {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
    }
}

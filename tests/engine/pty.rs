//! A terminal of the tests' own.

use std::io::{Read, Write};
use std::process::Command;
use std::time::{Duration, Instant};

use pty_process::Size;
use pty_process::blocking::{Pts, Pty, open};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::termios::{Termios, tcgetattr};

use super::harness::{End, PATIENCE, Running};

/// What the keyboard sends for Ctrl-C.
pub const CTRL_C: &[u8] = b"\x03";

/// A program that leads a session on a terminal of its own.
pub struct Terminal {
    pub running: Running,
    /// Gone once it has been hung up.
    keyboard: Option<Pty>,
    /// Held open: what modes a program leaves behind is lost with the last descriptor.
    screen: Option<Pts>,
    pub shown: String,
    modes: Modes,
}

/// The modes in a form that can be compared.
type Modes = (u32, u32, u32, u32);

impl Terminal {
    /// Starts `command` on a terminal of 40 rows and 120 columns.
    #[track_caller]
    pub fn start(mut command: Command) -> Self {
        let (keyboard, screen) = open().unwrap();
        keyboard.resize(Size::new(40, 120)).unwrap();
        let modes = modes(&tcgetattr(&screen).unwrap());
        command.env("TERM", "xterm");
        // What is not said here is the terminal; `stdin` was set to nothing.
        let mut command = pty_process::blocking::Command::from(command);
        let child = command.spawn_borrowed(&screen).unwrap();
        Self {
            running: Running(child),
            keyboard: Some(keyboard),
            screen: Some(screen),
            shown: String::new(),
            modes,
        }
    }

    /// Takes what is on the screen, waiting a little for it.
    fn look(&mut self) {
        let Some(keyboard) = &self.keyboard else { return std::thread::sleep(Duration::from_millis(20)) };
        let wait = rustix::event::Timespec { tv_sec: 0, tv_nsec: 20_000_000 };
        let mut ready = [PollFd::new(keyboard, PollFlags::IN)];
        if matches!(poll(&mut ready, Some(&wait)), Ok(1..)) {
            let mut bytes = [0; 4096];
            let mut keyboard = keyboard;
            if let Ok(count) = keyboard.read(&mut bytes) {
                self.shown.push_str(&String::from_utf8_lossy(&bytes[..count]));
            }
        }
    }

    /// Waits for what `ask` wants of the screen.
    #[track_caller]
    pub fn until(&mut self, what: &str, mut ask: impl FnMut(&str) -> bool) {
        let start = Instant::now();
        while !ask(&self.shown) {
            assert!(start.elapsed() < PATIENCE, "no {what} on the screen:\n{}", self.shown);
            self.look();
        }
    }

    #[track_caller]
    pub fn shows(&mut self, text: &str) {
        self.until(text, |shown| shown.contains(text));
    }

    #[track_caller]
    pub fn types(&mut self, keys: &[u8]) {
        self.keyboard.as_mut().unwrap().write_all(keys).unwrap();
    }

    pub fn resize(&self, rows: u16, columns: u16) {
        self.keyboard.as_ref().unwrap().resize(Size::new(rows, columns)).unwrap();
    }

    /// Closes the terminal, as a window that is closed.
    pub fn hang_up(&mut self) {
        self.keyboard = None;
    }

    /// Waits for the end of the program.
    #[track_caller]
    pub fn end(&mut self) -> End {
        let start = Instant::now();
        loop {
            if let Some(status) = self.running.0.try_wait().unwrap() {
                self.look();
                return End::from(status);
            }
            assert!(start.elapsed() < PATIENCE, "no end; on the screen:\n{}", self.shown);
            self.look();
        }
    }

    /// Whether keys are echoed, lines edited and signals made as before the start.
    pub fn modes_are_restored(&self) -> bool {
        self.screen.as_ref().is_some_and(|screen| modes(&tcgetattr(screen).unwrap()) == self.modes)
    }
}

fn modes(termios: &Termios) -> Modes {
    (
        termios.input_modes.bits(),
        termios.output_modes.bits(),
        termios.control_modes.bits(),
        termios.local_modes.bits(),
    )
}

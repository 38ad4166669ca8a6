//! Trying a program of an image, in a container that can change nothing.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;

use super::helper::{SHOWN, UNTOUCHED, mount};
use super::{Answer, Engine, Image, confined, leftover};
use crate::host::{Owner, Sealed, defer_signals};

/// Processes and threads of the program, at most.
const PIDS: &str = "512";

/// What is tried, and as whom.
pub struct Trial<'t> {
    pub image: &'t Image,
    pub user: Owner,
    /// Beside the user's own group; numbers, or names that the image knows.
    pub groups: Vec<String>,
    pub userns_mode: &'t str,
    pub working_dir: Option<&'t str>,
    pub environment: Vec<(String, String)>,
    pub mounts: Vec<Shown>,
    pub command: &'t [String],
    /// How long it may take once it runs.
    pub within: Duration,
}

/// What the program finds in its container beside the image; only memory can be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shown {
    Bind { source: PathBuf, target: String },
    Volume { name: String, target: String },
    Memory { target: String },
}

impl Shown {
    pub fn target(&self) -> &str {
        match self {
            Self::Bind { target, .. } | Self::Volume { target, .. } | Self::Memory { target } => target,
        }
    }

    fn words(&self) -> [OsString; 2] {
        match self {
            Self::Bind { source, target } => {
                ["--mount".into(), mount("bind", source.as_os_str(), target, SHOWN)]
            }
            Self::Volume { name, target } => {
                ["--mount".into(), mount("volume", OsStr::new(name), target, UNTOUCHED)]
            }
            Self::Memory { target } => ["--tmpfs".into(), format!("{target}:{MEMORY}").into()],
        }
    }
}

const MEMORY: &str = "rw,exec,nosuid,nodev,mode=1777,size=64m";

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tried {
    /// It ended by itself, with this status.
    Ended(i32),
    /// The engine could not start it: it is not there, or may not be run.
    NotStarted(String),
    /// It still ran when its time was over.
    Late,
}

impl Engine {
    /// Runs a program once, without a network and with nothing to write but memory. Its container is gone
    /// afterwards. What it prints is nobody's to see.
    pub fn try_program(&self, trial: &Trial<'_>) -> Answer<Tried> {
        // What an earlier run could not remove.
        let swept = self.sweep().map(drop);
        swept.and_then(|()| Answer::trying(|| self.tried(trial))).context("cannot try the program")
    }

    fn tried(&self, trial: &Trial<'_>) -> Result<Tried, String> {
        // Values may be secrets, which command lines show to everybody.
        let (lines, single): (Vec<_>, Vec<_>) =
            trial.environment.iter().partition(|(_, value)| !value.contains(['\n', '\r']));
        let lines: Vec<String> = lines.iter().map(|(name, value)| format!("{name}={value}\n")).collect();
        let text = lines.concat();
        let environment = Sealed::new("environment", text.as_bytes())
            .map_err(|error| format!("no memory for its environment: {error}"))?;
        // Whoever interrupts has to wait until the container is gone again.
        let _waiting = defer_signals();
        let name = leftover::name()?;
        let mut command = self.patient().undisturbed();
        command.set(single.iter().map(|(name, value)| (name.into(), value.into())));
        let words = arguments(trial, &name, &environment, single.iter().map(|(name, _)| name.as_str()));
        let created = command.ask(&words).into_result();
        let outcome = created.and_then(|_| self.watch(&name, trial.within));
        let removal = ["container", "rm", "--force", "--volumes", &name];
        match (outcome, self.patient().undisturbed().ask(removal)) {
            (Ok(_), Answer::Unknown(reason)) => Err(format!("container {name} stays behind: {reason}")),
            (outcome, _) => outcome,
        }
    }

    fn watch(&self, name: &str, within: Duration) -> Result<Tried, String> {
        let started = self.patient().undisturbed().run(["container", "start", name]).into_result()?;
        if !started.succeeded() {
            // The engine notes as the status why it was not the engine's fault.
            return match self.state(name)?.get("ExitCode").and_then(Value::as_i64) {
                Some(126) => Ok(Tried::NotStarted("it may not be run".to_owned())),
                Some(127) => Ok(Tried::NotStarted("the image does not have it".to_owned())),
                _ => Err(started.complaint()),
            };
        }
        let waited = self.command().undisturbed().within(within).ask(["container", "wait", name]);
        let status = waited.and_then(|output| {
            let text = output.text().map(|text| text.trim().parse::<i32>().ok());
            text.and_then(|status| status.ok_or("the engine names no status").into())
        });
        match status {
            Answer::Known(status) => Ok(Tried::Ended(status)),
            // The engine may be late, and not the program.
            Answer::Unknown(reason) => match self.state(name)?.get("Status").and_then(Value::as_str) {
                Some("running" | "paused") => Ok(Tried::Late),
                _ => Err(reason),
            },
        }
    }

    fn state(&self, name: &str) -> Result<Value, String> {
        let said =
            self.command().undisturbed().ask(["container", "inspect", "--format", "{{json .State}}", name]);
        let said = said.into_result()?;
        serde_json::from_slice(&said.stdout).map_err(|error| format!("unreadable state: {error}"))
    }
}

fn arguments<'n>(
    trial: &Trial<'_>,
    name: &str,
    environment: &Sealed,
    single: impl Iterator<Item = &'n str>,
) -> Vec<OsString> {
    let label = leftover::label();
    let user = trial.user.to_string();
    let mut words: Vec<OsString> = [
        "container",
        "create",
        "--name",
        name,
        "--label",
        &label,
        "--pids-limit",
        PIDS,
        "--log-driver",
        "none",
        "--no-healthcheck",
        "--user",
        &user,
    ]
    .map(OsString::from)
    .to_vec();
    words.extend(confined::words());
    for group in &trial.groups {
        words.extend(["--group-add".into(), group.into()]);
    }
    if !trial.userns_mode.is_empty() {
        words.push(format!("--userns={}", trial.userns_mode).into());
    }
    if let Some(directory) = trial.working_dir {
        words.extend(["--workdir".into(), directory.into()]);
    }
    words.extend(["--env-file".into(), environment.path().into()]);
    for name in single {
        words.extend(["--env".into(), name.into()]);
    }
    words.extend(trial.mounts.iter().flat_map(Shown::words));
    // A volume that the image declares would be made, and could be written.
    let is_free = |volume: &&String| trial.mounts.iter().all(|mount| mount.target() != volume.as_str());
    for volume in trial.image.volumes.iter().filter(is_free) {
        words.extend(Shown::Memory { target: volume.clone() }.words());
    }
    let mut command = trial.command.iter();
    words.extend(["--entrypoint".into(), command.next().map(OsString::from).unwrap_or_default()]);
    words.push(trial.image.id.as_str().into());
    words.extend(command.map(OsString::from));
    words
}

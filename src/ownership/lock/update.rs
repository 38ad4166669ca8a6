//! What the lock becomes at a launch.

use std::fmt::Write;
use std::path::PathBuf;

use super::{Entry, From, Lock, LockFile, drift, state};
use crate::engine::Answer;
use crate::ownership::{UserDecision, UserSource};

/// What a launch knows of one service.
pub struct Observed<'a> {
    pub decision: &'a UserDecision,
    /// The id of its image, where the engine has it.
    pub image: Option<String>,
    /// Its state directories.
    pub state: Vec<PathBuf>,
}

/// The lock after a launch with these services. What is not known yet, and a service that would run as
/// another user, stay as they are; a service that is gone keeps its user.
pub fn next(file: &LockFile, observed: &[Observed<'_>]) -> Lock {
    let mut lock = file.lock.clone();
    for service in observed {
        let Answer::Known(user) = &service.decision.user else { continue };
        let name = &service.decision.service;
        let old = file.lock.services.get(name);
        if old.is_some_and(|old| drift::differs(old, user.owner)) {
            continue;
        }
        let entry = Entry {
            user: user.owner,
            from: From::of(service.decision),
            image: service.image.clone().filter(|_| Observed::reads_image(service.decision)),
            previous: old.map(|old| old.previous.clone()).unwrap_or_default(),
            state: service.state.iter().map(|path| state::written(path, file.directory())).collect(),
        };
        lock.services.insert(name.clone(), entry);
    }
    lock
}

impl Observed<'_> {
    /// Whether the image decides who it is: its `USER`, or its passwd and group for a name.
    pub fn reads_image(decision: &UserDecision) -> bool {
        match decision.from {
            UserSource::Service(_) => {
                let is_number =
                    |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
                let numbers =
                    |text: &str| text.split_once(':').is_some_and(|(a, b)| is_number(a) && is_number(b));
                !decision.value.as_deref().is_some_and(numbers)
            }
            _ => From::of(decision) == From::Image,
        }
    }
}

/// What a launch would change in the lock, a line for each service; empty where nothing. For
/// `check --locked`.
pub fn would_change(file: &LockFile, observed: &[Observed<'_>]) -> Vec<String> {
    let next = next(file, observed);
    let mut lines = Vec::new();
    for (name, new) in &next.services {
        match file.lock.services.get(name) {
            None => lines.push(format!("service `{name}` is new: {} ({})", new.user, new.from.describe())),
            Some(old) if old != new => lines.push(format!("service `{name}`: {}", difference(old, new))),
            Some(_) => {}
        }
    }
    for service in observed {
        let (name, user) = (&service.decision.service, &service.decision.user);
        let old = file.lock.services.get(name);
        if let (Some(old), Answer::Known(user)) = (old, user)
            && drift::differs(old, user.owner)
        {
            lines.push(format!("service `{name}`: user {} instead of {}", user.owner, old.user));
        }
    }
    // Comments and spaces are part of the file, but not of what it says.
    lines
}

fn difference(old: &Entry, new: &Entry) -> String {
    let mut text = String::new();
    let mut say = |what: &str, old: &str, new: &str| {
        if old != new {
            let comma = if text.is_empty() { "" } else { ", " };
            let (old, new) =
                (if old.is_empty() { "none" } else { old }, if new.is_empty() { "none" } else { new });
            let _ = write!(text, "{comma}{what} {new} instead of {old}");
        }
    };
    say("user", &old.user.to_string(), &new.user.to_string());
    say("from", old.from.name(), new.from.name());
    say("image", old.image.as_deref().unwrap_or_default(), new.image.as_deref().unwrap_or_default());
    say("state", &old.state.join(" "), &new.state.join(" "));
    text
}

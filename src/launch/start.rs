//! Starts what was proved, by the very ids that were inspected.
//!
//! Compose would read the project, list its containers and inspect their images once more, only to start
//! them. Where starting is all that is left to do, the engine is asked for that itself: a launch is shorter
//! by one program, and nothing can come between what was looked at and what is started. Whatever Compose
//! does at a start besides (waiting for health or for an end, hooks, secrets put into a container, attaching)
//! is left to Compose.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{ErrorKind, IsTerminal, Write};

use crate::cli::{ComposeCommand, Global};
use crate::compose::{Model, section};
use crate::engine::socket::Socket;
use crate::engine::{Answer, Inspection, State};
use crate::model::field::{Entries, Field};
use crate::model::{mount, order, program, resource};
use crate::yaml::{Mapping, Node};

use super::phases::CREATING;

/// Whether nothing but a start is left to do for this command once its containers are there.
pub fn is_all(command: &ComposeCommand, global: &Global) -> bool {
    let detached = match command.name {
        "up" => command.flags.on("detach") && !command.flags.on("no-start"),
        "scale" => true,
        _ => false,
    };
    let known = |long: &str| long == "detach" || CREATING.contains(&long);
    detached && Progress::of(global).is_some() && command.flags.iter().all(|(long, _)| known(long))
}

/// How it is said that a container starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    Quiet,
    /// Two lines for each container, as Compose writes them where nobody watches.
    Plain,
    /// The line that Compose leaves on a terminal in the end.
    Terminal {
        colour: bool,
    },
}

impl Progress {
    /// As Compose would have it; `None` for what is Compose's alone.
    pub fn of(global: &Global) -> Option<Self> {
        let never = global.ansi.as_deref() == Some("never");
        let colour = !never && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        match global.progress.as_deref() {
            None | Some("auto") if !never && std::io::stderr().is_terminal() => {
                Some(Self::Terminal { colour })
            }
            None | Some("auto" | "plain") => Some(Self::Plain),
            Some("tty") => Some(Self::Terminal { colour }),
            Some("quiet") => Some(Self::Quiet),
            Some(_) => None,
        }
    }

    fn line(self, name: &str, started: bool) -> Option<String> {
        match self {
            Self::Plain => {
                Some(format!(" Container {name}  {}", if started { "Started" } else { "Starting" }))
            }
            Self::Terminal { colour: true } if started => {
                Some(format!(" \u{1b}[32m✔\u{1b}[0m Container {name}  \u{1b}[32mStarted\u{1b}[0m"))
            }
            Self::Terminal { colour: false } if started => Some(format!(" ✔ Container {name}  Started")),
            Self::Quiet | Self::Terminal { .. } => None,
        }
    }
}

/// The containers in the order in which they are started: those of one round side by side, each round after
/// the one before. `None` where Compose would do more than start them.
pub fn rounds<'c>(
    model: &Model,
    launched: &BTreeSet<String>,
    containers: &'c [Inspection],
) -> Option<Vec<Vec<&'c Inspection>>> {
    let services: BTreeMap<&str, &Node> =
        model.services().filter(|(name, _)| launched.contains(*name)).collect();
    if !services.values().all(|service| is_simple(model, service)) {
        return None;
    }
    let mut rounds = Vec::new();
    let mut waiting: BTreeSet<&str> = services.keys().copied().collect();
    while !waiting.is_empty() {
        let is_ready = |name: &&str| {
            services.get(name).is_some_and(|service| {
                names(service, "depends_on").all(|(dependency, _)| !waiting.contains(dependency))
            })
        };
        let ready: BTreeSet<&str> = waiting.iter().copied().filter(is_ready).collect();
        if ready.is_empty() {
            return None;
        }
        waiting.retain(|name| !ready.contains(name));
        let mut round = Vec::new();
        for container in containers.iter().filter(|container| ready.contains(container.service.as_str())) {
            match container.state {
                State::Running => {}
                State::Created | State::Exited => round.push(container),
                _ => return None,
            }
        }
        rounds.push(round);
    }
    Some(rounds)
}

fn names<'n>(service: &'n Node, key: &str) -> impl Iterator<Item = (&'n str, &'n Node)> {
    service.get(key).and_then(Node::as_map).into_iter().flat_map(Mapping::iter)
}

/// Whether starting its containers is all that Compose does for a service.
fn is_simple(model: &Model, service: &Node) -> bool {
    let waits = order::DEPENDS_ON
        .entries(service)
        .any(|(_, dependency)| order::CONDITION.str(dependency) != Some("service_started"));
    // What is not a file of the host is written into the container before it starts.
    let is_written = |files: Field<Entries>| {
        let (key, used) = (files.path(), files.items(service).iter());
        used.filter_map(|reference| mount::FILE_SOURCE.str(reference)).any(|name| {
            section(&model.root, key).and_then(|all| resource::FILE.node(all.get(name)?)).is_none()
        })
    };
    let has_more = program::PROVIDER.is_set(service) || program::MODELS.is_set(service);
    let has_hooks = [program::POST_START, program::PRE_START].iter().any(|hooks| hooks.is_set(service));
    !has_more && !has_hooks && !waits && !is_written(mount::SECRETS) && !is_written(mount::CONFIGS)
}

/// How many containers are started side by side.
const AT_ONCE: usize = 8;

/// How a start ended.
#[derive(Debug, PartialEq, Eq)]
pub enum Started {
    All,
    /// The engine's own words.
    Refused(String),
}

/// Starts round by round, and says on standard error what Compose says.
pub fn start(socket: &Socket, rounds: &[Vec<&Inspection>], progress: Progress) -> Answer<Started> {
    for round in rounds.iter().flat_map(|round| round.chunks(AT_ONCE)) {
        let one = |container: &Inspection| {
            Answer::trying(|| {
                say(progress, &container.name, false)?;
                let answer = socket.start(&container.id).context("it cannot be started").into_result()?;
                if answer.is_ok() {
                    say(progress, &container.name, true)?;
                }
                Ok(answer)
            })
        };
        let answers: Vec<Answer<Result<(), String>>> = std::thread::scope(|scope| {
            let one = &one;
            let spawn = |container| std::thread::Builder::new().spawn_scoped(scope, move || one(container));
            let threads: Vec<_> = round.iter().copied().map(spawn).collect();
            let ended_early = |_| Answer::unknown("a thread ended early");
            let answer = |thread: std::io::Result<std::thread::ScopedJoinHandle<'_, _>>| match thread {
                Ok(thread) => thread.join().unwrap_or_else(ended_early),
                Err(error) => Answer::Unknown(format!("cannot start a thread: {error}")),
            };
            threads.into_iter().map(answer).collect()
        });
        for (container, answer) in round.iter().zip(answers) {
            match answer {
                Answer::Known(Ok(())) => {}
                Answer::Known(Err(why)) => return Answer::Known(Started::Refused(why)),
                Answer::Unknown(reason) => {
                    return Answer::Unknown(format!("container {}: {reason}", container.name));
                }
            }
        }
    }
    Answer::Known(Started::All)
}

/// Nobody may be reading any more; that the words are lost otherwise is a fault like others.
fn say(progress: Progress, name: &str, started: bool) -> Result<(), String> {
    let Some(line) = progress.line(name, started) else { return Ok(()) };
    match std::io::stderr().write_all(format!("{line}\n").as_bytes()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            let what = if started { "it was started" } else { "it was not started" };
            Err(format!("{what}: standard error cannot be written: {error}"))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Command, parse};
    use crate::launch::live::tests::{model, recorded};

    fn container(service: &str, state: State) -> Inspection {
        let mut container = Inspection::read(recorded().remove(0)).unwrap();
        (container.service, container.name, container.state) =
            (service.into(), format!("p-{service}-1"), state);
        container
    }

    /// The names of each round, for services with these fields and one container each that was created.
    fn order(services: &[(&str, &str)], rest: &str, state: &State) -> Option<Vec<Vec<String>>> {
        let line = |(name, fields): &(&str, &str)| format!("  {name}: {{ image: x, {fields} }}\n");
        let text = format!("services:\n{}{rest}", services.iter().map(line).collect::<String>());
        let containers: Vec<_> = services.iter().map(|(name, _)| container(name, state.clone())).collect();
        let launched = services.iter().map(|(name, _)| (*name).to_owned()).collect();
        let rounds = rounds(&model(&text), &launched, &containers)?;
        let names =
            |round: Vec<&Inspection>| round.iter().map(|container| container.service.clone()).collect();
        Some(rounds.into_iter().map(names).collect())
    }

    #[test]
    fn dependencies_start_first_and_what_runs_is_left_alone() {
        let services = [("a", "network_mode: \"service:b\""), ("b", "depends_on: [c]"), ("c", ""), ("d", "")];
        assert_eq!(order(&services, "", &State::Created).unwrap(), [vec!["c", "d"], vec!["b"], vec!["a"]]);
        assert_eq!(order(&services[2..], "", &State::Running), Some(vec![vec![]]));
        assert_eq!(order(&services[2..], "", &State::Paused), None);
    }

    #[test]
    fn what_is_more_than_a_start_is_left_to_compose() {
        for fields in [
            "depends_on: { b: { condition: service_healthy } }",
            "depends_on: { b: { condition: service_completed_successfully } }",
            "post_start: [{ command: [x] }]",
            "secrets: [s]",
            "configs: [c]",
        ] {
            let rest = "secrets: { s: { environment: HOME } }\nconfigs: { c: { content: x } }\n";
            assert_eq!(order(&[("a", fields), ("b", "")], rest, &State::Created), None, "{fields}");
        }
        let rest = "secrets: { s: { file: ./s } }\n";
        assert!(order(&[("a", "secrets: [s]")], rest, &State::Created).is_some());
    }

    #[test]
    fn starts_are_said_as_compose_says_them() {
        let of = |progress: &str| {
            Progress::of(&Global {
                progress: Some(progress.into()),
                ansi: Some("never".into()),
                ..Global::default()
            })
        };
        let lines = |progress: Option<Progress>| {
            [false, true].map(|started| progress.unwrap().line("p-a-1", started))
        };
        let line = |text: &str| Some(text.to_owned());
        assert_eq!(
            lines(of("plain")),
            [line(" Container p-a-1  Starting"), line(" Container p-a-1  Started")]
        );
        assert_eq!(lines(of("tty")), [None, line(" ✔ Container p-a-1  Started")]);
        assert_eq!(lines(of("quiet")), [None, None]);
        assert_eq!(of("json"), None);
    }

    #[test]
    fn only_a_detached_launch_without_further_wishes_is_all_start() {
        let all = |words: &str| {
            let args = std::iter::once("seaworthy").chain(words.split(' ')).map(Into::into);
            let request = parse(args, &|_| None).unwrap();
            let Command::Compose(command) = &request.command else { panic!("{words}") };
            is_all(command, &request.global)
        };
        for words in ["up -d", "up -d --scale a=2 --build a", "up -d --no-deps -t 5 a", "scale a=2"] {
            assert!(all(words), "{words}");
        }
        for words in [
            "up",
            "up -d --wait",
            "up -d --no-start",
            "create",
            "run a",
            "start",
            "up --watch",
            "--progress json up -d",
        ] {
            assert!(!all(words), "{words}");
        }
    }
}

//! A launch in two steps: create what was typed without starting it, then start what was proved.
//!
//! The first step is `up --no-start`, which can do everything that `up` does up to the start; `create`
//! lacks half of its flags. The second is what was typed, with everything taken away that could make a
//! container anew: `--no-recreate --no-build --pull=missing`. Containers keep their ids between the two.

use std::collections::BTreeMap;

use crate::cli::ComposeCommand;

/// The words for Compose that follow the names of project and file.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Phases {
    /// Each in its turn, before anything starts.
    pub create: Vec<Vec<String>>,
    pub then: Then,
}

/// What happens once the proof is done.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum Then {
    /// As typed.
    #[default]
    AsTyped,
    Words(Vec<String>),
    /// Nothing was to be started.
    Nothing,
}

/// Flags of `up` that are about how something is created. Everything else is about what comes after.
pub(super) const CREATING: &[&str] = &[
    "always-recreate-deps",
    "build",
    "force-recreate",
    "no-build",
    "no-deps",
    "no-recreate",
    "pull",
    "quiet-build",
    "quiet-pull",
    "remove-orphans",
    "renew-anon-volumes",
    "scale",
    "timeout",
    "yes",
];

/// Flags that create or replace; the second step is without them.
const REPLACING: &[&str] = &[
    "always-recreate-deps",
    "build",
    "force-recreate",
    "no-build",
    "no-recreate",
    "pull",
    "quiet-build",
    "quiet-pull",
    "renew-anon-volumes",
    "remove-orphans",
];

const KEEPING: [&str; 3] = ["--no-recreate", "--no-build", "--pull=missing"];

/// Splits a command that starts containers. `existing` has how many containers each service has.
pub fn split(command: &ComposeCommand, launched: &[String], existing: &BTreeMap<String, usize>) -> Phases {
    let typed = |keep: &dyn Fn(&str) -> bool| -> Vec<String> {
        let flags = command.flags.iter().filter(|(long, _)| keep(long));
        flags.flat_map(|(long, values)| values.iter().map(move |value| format!("--{long}={value}"))).collect()
    };
    let creating = || typed(&|long| CREATING.contains(&long));
    let services = || command.positionals.clone();
    match command.name {
        "up" => {
            let then = if command.flags.on("no-start") {
                Then::Nothing
            } else {
                let starting = typed(&|long| !REPLACING.contains(&long) && long != "no-start");
                Then::Words(words("up", [starting, keeping(), services()]))
            };
            Phases { create: vec![words("up", [no_start(), creating(), services()])], then }
        }
        "create" => {
            Phases { create: vec![words("create", [typed(&|_| true), services()])], then: Then::Nothing }
        }
        "scale" => {
            let scales: Vec<String> =
                command.positionals.iter().map(|scale| format!("--scale={scale}")).collect();
            let all = |first: Vec<String>, last: Vec<String>| {
                words("up", [first, creating(), scales.clone(), last, launched_by(command)])
            };
            Phases {
                create: vec![all(no_start(), Vec::new())],
                then: Then::Words(all(vec!["--detach".to_owned()], keeping())),
            }
        }
        "run" => run(command, launched, existing, creating),
        "watch" if !command.flags.on("no-up") => Phases {
            create: vec![words("up", [no_start(), vec!["--build".to_owned()], services()])],
            then: Then::AsTyped,
        },
        // `start` and `restart` make nothing.
        _ => Phases::default(),
    }
}

/// A one-off container cannot be made without being started. What can be had first is the containers that it
/// depends on, and one more of its own service, made from the same file by the same program, that is never
/// started. Flags of `run` itself, such as `--volume`, are judged as they were typed.
fn run(
    command: &ComposeCommand,
    launched: &[String],
    existing: &BTreeMap<String, usize>,
    creating: impl Fn() -> Vec<String>,
) -> Phases {
    let Some(service) = command.positionals.first() else { return Phases::default() };
    let fetching: Vec<String> = creating()
        .into_iter()
        .filter(|flag| !flag.starts_with("--no-deps") && !flag.starts_with("--remove-orphans"))
        .collect();
    let dependencies: Vec<String> = launched.iter().filter(|name| *name != service).cloned().collect();
    let mut create = Vec::new();
    if !command.flags.on("no-deps") && !dependencies.is_empty() {
        create.push(words("up", [no_start(), fetching.clone(), dependencies]));
    }
    let one_more = existing.get(service).copied().unwrap_or(0) + 1;
    let alone =
        vec!["--no-deps".to_owned(), "--no-recreate".to_owned(), format!("--scale={service}={one_more}")];
    // Nobody asked for this one, so nobody is told.
    let quiet = vec!["--progress=quiet".to_owned()];
    create.push([quiet, words("up", [no_start(), alone, fetching, vec![service.clone()]])].concat());
    Phases { create, then: Then::AsTyped }
}

/// The services that a command names.
fn launched_by(command: &ComposeCommand) -> Vec<String> {
    let name = |word: &String| word.split('=').next().unwrap_or(word).to_owned();
    command.positionals.iter().map(name).collect()
}

fn no_start() -> Vec<String> {
    vec!["--no-start".to_owned()]
}

fn keeping() -> Vec<String> {
    KEEPING.map(str::to_owned).to_vec()
}

fn words(name: &str, parts: impl IntoIterator<Item = Vec<String>>) -> Vec<String> {
    std::iter::once(name.to_owned()).chain(parts.into_iter().flatten()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Command, parse};

    fn command(words: &str) -> ComposeCommand {
        let args = std::iter::once("seaworthy").chain(words.split(' ')).map(Into::into);
        match parse(args, &|_| None).unwrap().command {
            Command::Compose(command) => command,
            other => panic!("{other:?}"),
        }
    }

    fn split_of(words: &str) -> (Vec<String>, String) {
        let launched = ["db".to_owned(), "web".to_owned()];
        let existing = BTreeMap::from([("web".to_owned(), 2)]);
        let phases = split(&command(words), &launched, &existing);
        let then = match phases.then {
            Then::Words(words) => words.join(" "),
            Then::AsTyped => "as typed".to_owned(),
            Then::Nothing => "nothing".to_owned(),
        };
        (phases.create.iter().map(|words| words.join(" ")).collect(), then)
    }

    #[test]
    fn up_creates_with_the_flags_of_creation_and_starts_with_the_others() {
        let (create, then) = split_of(
            "up -d --build --force-recreate --pull always -V --scale web=3 -t 5 --wait --no-deps web",
        );
        assert_eq!(
            create,
            ["up --no-start --build=true --force-recreate=true --no-deps=true --pull=always \
              --renew-anon-volumes=true --scale=web=3 --timeout=5 web"]
        );
        assert_eq!(
            then,
            "up --detach=true --no-deps=true --scale=web=3 --timeout=5 --wait=true \
             --no-recreate --no-build --pull=missing web"
        );
        assert_eq!(
            split_of("up"),
            (vec!["up --no-start".to_owned()], "up --no-recreate --no-build --pull=missing".to_owned())
        );
    }

    #[test]
    fn what_only_creates_starts_nothing() {
        assert_eq!(split_of("up --no-start").1, "nothing");
        let (create, then) = split_of("create --build -y web");
        assert_eq!(
            (create, then.as_str()),
            (vec!["create --build=true --yes=true web".to_owned()], "nothing")
        );
    }

    #[test]
    fn scale_makes_first_and_then_starts_what_is_there() {
        let (create, then) = split_of("scale --no-deps web=3");
        assert_eq!(create, ["up --no-start --no-deps=true --scale=web=3 web"]);
        assert_eq!(
            then,
            "up --detach --no-deps=true --scale=web=3 --no-recreate --no-build --pull=missing web"
        );
    }

    #[test]
    fn run_makes_its_dependencies_and_one_more_of_its_service() {
        let (create, then) = split_of("run --rm --build web sh -c --build");
        let alone = "--progress=quiet up --no-start --no-deps --no-recreate --scale=web=3 --build=true web";
        assert_eq!(create, ["up --no-start --build=true db", alone]);
        assert_eq!(then, "as typed");
        assert_eq!(split_of("run --no-deps web").0, [alone.replace(" --build=true", "")]);
    }

    #[test]
    fn what_is_only_started_is_only_looked_at() {
        for words in ["start web", "restart", "watch --no-up"] {
            assert_eq!(split_of(words), (vec![], "as typed".to_owned()), "{words}");
        }
    }
}

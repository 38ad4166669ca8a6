//! Each command of Compose takes the flags it is documented to take.

use super::{compose, read};
use crate::cli::spec::{Class, Flag, Takes, Words};
use crate::cli::table::{COMMANDS, COMPOSE_GLOBALS, OWN_FLAGS};
use crate::cli::{Command, Flags, Request};

/// Written down apart from the table, so that one checks the other: `=` takes a value, `*` takes
/// several, `~` is hidden, `+` is on by default.
const ROWS: &[(&str, &str)] = &[
    ("attach", "--detach-keys= --index= --no-stdin --sig-proxy+"),
    (
        "build",
        "--build-arg* --builder= -m/--memory= --provenance= --sbom= --ssh= --progress=~ --check --no-cache --print \
         --pull --push -q/--quiet --with-dependencies --parallel~+ --compress~+ --force-rm~+ --no-rm~",
    ),
    ("commit", "-a/--author= -c/--change* --index= -m/--message= -p/--pause+"),
    (
        "config",
        "--format= --hash= -o/--output= --environment --images --lock-image-digests --models --networks \
         --no-consistency --no-env-resolution --no-interpolate --no-normalize --no-path-resolution --profiles \
         -q/--quiet --resolve-image-digests --services --variables --volumes",
    ),
    ("cp", "--index= --all -a/--archive -L/--follow-link"),
    (
        "create",
        "--pull= --scale* --build --force-recreate --no-build --no-recreate --quiet-pull --remove-orphans -y/--yes",
    ),
    ("down", "--rmi= -t/--timeout= --remove-orphans -v/--volumes"),
    ("events", "--since= --until= --json"),
    (
        "exec",
        "-e/--env* --index= -u/--user= -w/--workdir= -d/--detach --privileged -T/--no-tty -i/--interactive~+ \
         -t/--tty~+",
    ),
    ("export", "--index= -o/--output="),
    ("images", "--format= -q/--quiet"),
    ("kill", "-s/--signal= --remove-orphans"),
    ("logs", "--index= --since= --until= -n/--tail= -f/--follow --no-color --no-log-prefix -t/--timestamps"),
    ("ls", "--filter* --format= -a/--all -q/--quiet"),
    ("pause", ""),
    ("unpause", ""),
    ("start", ""),
    ("port", "--index= --protocol="),
    ("ps", "--filter= --format= --status* -a/--all --no-trunc --orphans+ -q/--quiet --services"),
    ("publish", "--oci-version= --app --resolve-image-digests --with-env -y/--yes"),
    (
        "pull",
        "--policy= --ignore-buildable --ignore-pull-failures --include-deps -q/--quiet --parallel~+ --no-parallel~+",
    ),
    ("push", "--ignore-push-failures --include-deps -q/--quiet"),
    ("restart", "-t/--timeout= --no-deps"),
    ("rm", "-f/--force -s/--stop -v/--volumes -a/--all~"),
    (
        "run",
        "--cap-add* --cap-drop* --entrypoint= -e/--env* --env-from-file* -l/--label* --name= -p/--publish* --pull= \
         -u/--user= -v/--volume* -w/--workdir= --build -d/--detach -i/--interactive+ -T/--no-TTY --no-deps \
         -q/--quiet --quiet-build --quiet-pull --remove-orphans --rm -P/--service-ports --use-aliases -t/--tty~+",
    ),
    ("scale", "--no-deps"),
    ("stats", "--format= -a/--all --no-stream --no-trunc"),
    ("stop", "-t/--timeout="),
    ("top", ""),
    (
        "up",
        "--attach* --exit-code-from= --no-attach* --pull= --scale* -t/--timeout= --wait-timeout= \
         --abort-on-container-exit --abort-on-container-failure --always-recreate-deps --attach-dependencies --build \
         -d/--detach --force-recreate --menu --no-build --no-color --no-deps --no-log-prefix --no-recreate --no-start \
         --quiet-build --quiet-pull --remove-orphans -V/--renew-anon-volumes --timestamps --wait -w/--watch -y/--yes",
    ),
    ("version", "-f/--format= --short"),
    ("volumes", "--format= -q/--quiet"),
    ("wait", "--down-project"),
    ("watch", "--no-up --prune+ --quiet"),
    ("bridge", ""),
    ("bridge convert", "-o/--output= --templates= -t/--transformation*"),
    ("bridge transformations", ""),
    ("bridge transformations create", "-f/--from="),
    ("bridge transformations list", "--format= -q/--quiet"),
    ("alpha", ""),
    ("alpha viz", "--indentation-size= --image --networks --ports --spaces"),
    ("alpha generate", "--format= --name= --project-dir="),
    ("alpha publish", "--oci-version= --app --resolve-image-digests --with-env -y/--yes"),
];

fn written(flag: &Flag) -> String {
    let short = flag.short.map(|short| format!("-{short}/")).unwrap_or_default();
    let takes = match flag.takes {
        Takes::Switch => "",
        Takes::List(_) => "*",
        Takes::Optional(_) | Takes::Text(_) | Takes::Number | Takes::Choice(_) => "=",
    };
    let hidden = if flag.hidden { "~" } else { "" };
    let on = if flag.default == "true" { "+" } else { "" };
    format!("{short}--{}{takes}{hidden}{on}", flag.long)
}

#[test]
fn the_table_has_the_documented_flags_and_no_others() {
    let names: Vec<_> =
        COMMANDS.iter().filter(|spec| spec.class != Class::Own).map(|spec| spec.name).collect();
    assert_eq!(names.len(), ROWS.len());
    for (name, row) in ROWS {
        let spec = COMMANDS.iter().find(|spec| spec.name == *name).unwrap();
        let mut expected: Vec<_> = row.split_whitespace().map(str::to_owned).collect();
        let old = spec.flags.iter().filter(|flag| !OWN_FLAGS.contains(flag) && flag.since.is_none());
        let mut found: Vec<_> = old.map(written).collect();
        expected.sort();
        found.sort();
        assert_eq!(found, expected, "{name}");
    }
}

/// Reads a command with these words, and as many others as it wants.
fn with(spec: &crate::cli::spec::Spec, words: &[&str]) -> Request {
    let least = match spec.words {
        Words::Between(least, ..) | Words::Program(least, _) => least,
        Words::No | Words::Command(_) => 0,
    };
    let name: Vec<_> = spec.name.split(' ').collect();
    let line = [&name[..], words, &vec!["web"; least]].concat();
    read(&line).unwrap_or_else(|message| panic!("{line:?}: {message}"))
}

fn flags(request: Request) -> Option<Flags> {
    match request.command {
        Command::Compose(command) => Some(command.flags),
        // Read into its own type, and tested there.
        Command::Config(_) => None,
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_flag_is_read_in_every_spelling() {
    for spec in COMMANDS.iter().filter(|spec| spec.class != Class::Own) {
        if matches!(spec.words, Words::Command(_)) {
            continue;
        }
        for flag in spec.flags {
            let longs = [flag.long].into_iter().chain(flag.aliases.iter().copied());
            let mut names: Vec<_> = longs.map(|long| format!("--{long}")).collect();
            names.extend(flag.short.map(|short| format!("-{short}")));
            for name in &names {
                let mut spellings = Vec::new();
                if flag.takes == Takes::Switch {
                    spellings.push((vec![name.clone()], "true"));
                    spellings.push((vec![format!("{name}=1")], "true"));
                    spellings.push((vec![format!("{name}=F")], "false"));
                } else {
                    spellings.push((vec![name.clone(), "-7".to_owned()], "-7"));
                    spellings.push((vec![format!("{name}=-7")], "-7"));
                    if !name.starts_with("--") {
                        spellings.push((vec![format!("{name}-7")], "-7"));
                    }
                }
                for (words, value) in spellings {
                    let words: Vec<_> = words.iter().map(String::as_str).collect();
                    if let Some(flags) = flags(with(spec, &words)) {
                        assert_eq!(flags.all(flag.long), [value], "{} {words:?}", spec.name);
                    }
                }
            }
        }
    }
}

#[test]
fn every_flag_has_its_default_when_it_is_not_typed() {
    for spec in COMMANDS.iter().filter(|spec| spec.class != Class::Own) {
        if matches!(spec.words, Words::Command(_)) {
            continue;
        }
        if let Some(flags) = flags(with(spec, &[])) {
            for flag in spec.flags {
                assert!(!flags.typed(flag.long));
                assert_eq!(flags.value(flag.long), flag.default);
                assert_eq!(flags.on(flag.long), flag.default == "true");
            }
        }
    }
}

#[test]
fn every_global_flag_is_passed_on() {
    for flag in COMPOSE_GLOBALS {
        let long = format!("--{}", flag.long);
        let words = if flag.takes == Takes::Switch { vec![&*long] } else { vec![&*long, "3"] };
        let words = [&words[..], &["ps"]].concat();
        let mut expected = words.join(" ");
        if let Some(short) = flag.short {
            expected = expected.replace(&long, &format!("-{short}"));
        }
        let request = read(&words).unwrap();
        assert_eq!(request.pass_on().join(" ".as_ref()).to_str(), Some(&*expected));
    }
}

#[test]
fn the_class_says_what_is_done_with_a_command() {
    let class = |name| COMMANDS.iter().find(|spec| spec.name == name).unwrap().class;
    let of = |wanted| {
        let names = COMMANDS.iter().filter(|spec| spec.class == wanted).map(|spec| spec.name);
        names.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(of(Class::Gate), "create restart run scale start up watch");
    assert_eq!(of(Class::Load), "alpha publish build config publish pull push");
    assert_eq!(of(Class::Judge), "exec");
    assert_eq!(class("down"), Class::PassThrough);
    assert_eq!(compose("up -d").class, Class::Gate);
    assert_eq!(compose("alpha publish x").class, Class::Load);
}

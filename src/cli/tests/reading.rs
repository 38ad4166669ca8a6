//! Words are read as Compose reads them.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::Path;

use super::{compose, owned, read, read_with, refusal};
use crate::cli::{Command, Global, parse};

fn global(line: &str) -> Global {
    read(&line.split(' ').collect::<Vec<_>>()).unwrap().global
}

#[test]
fn a_value_may_be_attached_or_the_next_word() {
    let files = global("-f a -fb -f=c --file d --file=e up").files;
    assert_eq!(files, ["a", "b", "c", "d", "e"]);
}

#[test]
fn the_next_word_is_the_value_whatever_it_looks_like() {
    assert_eq!(global("-f -x -f -- -f --profile --parallel -1 up").files, ["-x", "--", "--profile"]);
    assert_eq!(compose("up --timeout -1").flags.last("timeout"), Some("-1"));
}

#[test]
fn commas_do_not_split_values() {
    assert_eq!(global("--profile p,q up").profiles, ["p,q"]);
}

#[test]
fn switches_never_take_the_next_word() {
    let command = compose("up --detach false");
    assert!(command.flags.on("detach"));
    assert_eq!(command.positionals, ["false"]);
}

#[test]
fn switches_take_only_booleans() {
    assert!(!compose("up -d=false").flags.on("detach"));
    assert!(!compose("watch --prune=0").flags.on("prune"));
    assert!(refusal("up --detach=yes").starts_with(r#"invalid argument "yes" for "-d, --detach" flag"#));
    assert!(refusal("--dry-run= up").starts_with(r#"invalid argument "" for "--dry-run" flag"#));
}

#[test]
fn the_last_one_counts() {
    assert_eq!(compose("exec -u a -u b web sh").flags.last("user"), Some("b"));
    assert!(!compose("up -d -d=false").flags.on("detach"));
    assert_eq!(global("-p a -p b up").project_name.as_deref(), Some("b"));
}

#[test]
fn short_flags_may_share_a_hyphen() {
    let command = compose("up -dVt5 web");
    assert!(command.flags.on("detach") && command.flags.on("renew-anon-volumes"));
    assert_eq!(command.flags.last("timeout"), Some("5"));
    assert_eq!(command.positionals, ["web"]);
}

#[test]
fn names_are_not_abbreviated() {
    assert_eq!(refusal("--fil x up"), "unknown flag: --fil");
    assert_eq!(refusal("up --detac"), "unknown flag: --detac");
    assert_eq!(refusal("u"), r#"unknown command: "u""#);
}

#[test]
fn global_flags_are_not_taken_after_the_command() {
    assert_eq!(refusal("config -f a.yaml"), "unknown shorthand flag: -f");
    assert_eq!(refusal("up --profile x"), "unknown flag: --profile");
    assert_eq!(refusal("up --policy x"), "unknown flag: --policy");
}

#[test]
fn only_dry_run_is_taken_after_the_command_too() {
    assert!(global("--dry-run up").dry_run);
    assert!(global("up --dry-run").dry_run);
    assert!(global("alpha --dry-run publish x").dry_run);
    assert!(global("prepare --dry-run").dry_run);
    assert!(!global("up").dry_run);
    assert!(!global("--dry-run up --dry-run=false").dry_run);
}

#[test]
fn flags_may_follow_other_words() {
    let command = compose("up web -d db --timeout 3");
    assert!(command.flags.on("detach"));
    assert_eq!(command.positionals, ["web", "db"]);
}

#[test]
fn flags_end_at_the_service_of_run_and_exec() {
    let command = compose("exec -T web sh --privileged -u root");
    assert!(command.flags.on("no-tty") && !command.flags.on("privileged"));
    assert_eq!(command.positionals, ["web", "sh", "--privileged", "-u", "root"]);
    let command = compose("run --rm web --help");
    assert_eq!(command.positionals, ["web", "--help"]);
    assert_eq!(refusal("run --zz web"), "unknown flag: --zz");
}

#[test]
fn a_double_dash_ends_the_flags() {
    assert_eq!(compose("up -- -d").positionals, ["-d"]);
    assert_eq!(compose("up -d -- a -- b").positionals, ["a", "--", "b"]);
    assert_eq!(compose("run -- web -x").positionals, ["web", "-x"]);
    assert_eq!(compose("run web -- ls").positionals, ["web", "--", "ls"]);
}

#[test]
fn a_double_dash_before_the_command_is_refused_as_compose_does() {
    assert_eq!(refusal("-- config"), r#"unknown command: "config""#);
    assert_eq!(refusal("-f -- -- config"), r#"unknown command: "config""#);
    assert_eq!(global("-f -- config").files, ["--"]);
}

#[test]
fn a_single_dash_is_a_word() {
    assert_eq!(compose("cp - web:/x").positionals, ["-", "web:/x"]);
    assert_eq!(global("-f - up").files, ["-"]);
}

#[test]
fn a_flag_at_the_end_needs_its_value() {
    assert_eq!(refusal("-f"), "flag needs an argument: --file");
    assert_eq!(refusal("up --timeout"), "flag needs an argument: --timeout");
}

#[test]
fn what_compose_would_read_otherwise_is_refused() {
    assert_eq!(refusal("run -u= web"), "flag needs an argument: -u, --user");
    assert_eq!(refusal("-f= up"), "flag needs an argument: -f, --file");
    assert_eq!(compose("run -u 1 web sh -u=").flags.last("user"), Some("1"));
}

#[test]
fn an_empty_project_name_is_none() {
    let request = read(&["-p", "", "--project-directory", "", "up"]).unwrap();
    assert_eq!(request.global.project_name, None);
    assert_eq!(request.global.project_directory, None);
    assert_eq!(read(&["-f", "", "up"]).unwrap().global.files, [""]);
}

#[test]
fn deprecated_flags_mean_their_successors() {
    let global = global("--workdir /x --no-ansi up");
    assert_eq!(global.project_directory.as_deref(), Some(Path::new("/x")));
    assert_eq!(global.ansi.as_deref(), Some("never"));
    assert_eq!(
        refusal("--workdir /x --project-directory /y up"),
        "--workdir and --project-directory exclude one another"
    );
    assert!(compose("up --y").flags.on("yes"));
    assert!(compose("down --volume").flags.on("volumes"));
    assert_eq!(compose("run --labels a=b web").flags.all("label"), ["a=b"]);
}

#[test]
fn the_environment_gives_defaults() {
    let variables = [
        ("COMPOSE_ENV_FILES", "a.env,b.env"),
        ("COMPOSE_PROGRESS", "plain"),
        ("COMPOSE_ANSI", "never"),
        ("SEAWORTHY_POLICY", "p.yaml"),
    ];
    let global = read_with(&["up"], &variables).unwrap().global;
    assert_eq!(global.env_files, ["a.env", "b.env"]);
    assert_eq!(global.progress.as_deref(), Some("plain"));
    assert_eq!(global.ansi.as_deref(), Some("never"));
    assert_eq!(global.policy.as_deref(), Some(Path::new("p.yaml")));
    let typed = ["--env-file", "c", "--progress", "tty", "--ansi", "auto", "--policy", "q", "up"];
    let global = read_with(&typed, &variables).unwrap().global;
    assert_eq!(global.env_files, ["c"]);
    assert_eq!(global.progress.as_deref(), Some("tty"));
    assert_eq!(global.ansi.as_deref(), Some("auto"));
    assert_eq!(global.policy.as_deref(), Some(Path::new("q")));
}

#[test]
fn an_unknown_kind_of_progress_is_refused() {
    assert_eq!(refusal("--progress foo up"), r#"unsupported --progress value "foo""#);
}

#[test]
fn numbers_must_be_numbers() {
    assert!(refusal("--parallel x up").starts_with(r#"invalid argument "x" for "--parallel" flag"#));
    assert_eq!(global("--parallel 0x10 up").parallel, Some(16));
    assert!(refusal("up -t 1s").starts_with(r#"invalid argument "1s" for "-t, --timeout" flag"#));
}

#[test]
fn too_few_or_too_many_words_are_refused() {
    assert_eq!(refusal("run"), "requires at least 1 arg(s), only received 0");
    assert_eq!(refusal("exec web"), "requires at least 2 arg(s), only received 1");
    assert_eq!(refusal("publish a b"), "accepts at most 1 arg(s), received 2");
    assert_eq!(refusal("scale"), "requires at least 1 arg(s), only received 0");
}

#[test]
fn a_mistake_comes_with_a_suggestion() {
    let help = |words: &[&str]| {
        let words = owned(&[&["seaworthy"], words].concat());
        parse(words, &|_| None).unwrap_err().help.unwrap()
    };
    assert_eq!(help(&["--fil", "x"]), "Did you mean --file? See `seaworthy --help`.");
    assert_eq!(help(&["upp"]), "Did you mean `up`? See `seaworthy --help`.");
    assert_eq!(help(&["alpha", "vix"]), "Did you mean `viz`? See `seaworthy alpha --help`.");
    assert!(help(&["up", "-f", "x"]).starts_with("`--file` belongs before the command"));
}

#[test]
fn a_command_that_only_looks_or_stops_is_passed_on_even_if_it_cannot_be_read() {
    for line in ["down --newer x -f", "logs --tail", "ps --all=maybe", "stop -t soon", "ls a b c"] {
        let command = compose(line);
        assert_eq!(command.args, owned(&line.split(' ').skip(1).collect::<Vec<_>>()));
        assert_eq!(command.flags.iter().count(), 0);
    }
    assert!(read(&["--progress", "foo", "down"]).is_ok());
    assert!(read(&["--policy", "", "down"]).is_ok());
}

#[test]
fn what_is_not_text_is_refused_where_it_is_judged() {
    let bad = || OsString::from_vec(vec![b'a', 0xff]);
    let with = |words: &[&str]| parse(owned(words).into_iter().chain([bad()]), &|_| None);
    assert!(with(&["seaworthy", "up", "--pull"]).is_err());
    assert!(with(&["seaworthy", "up"]).is_err());
    assert!(with(&["seaworthy"]).is_err());
    // The program's own words are its own business.
    let request = with(&["seaworthy", "exec", "web", "echo"]).unwrap();
    assert_eq!(request.pass_on().last(), Some(&bad()));
    assert!(with(&["seaworthy", "logs"]).is_ok());
}

#[test]
fn help_is_given_wherever_it_is_asked_for() {
    for line in ["", "-h", "--help", "--help up", "up --help", "up -h", "help up", "alpha", "bridge --help"] {
        let words: Vec<_> = line.split_whitespace().collect();
        assert!(matches!(read(&words).unwrap().command, Command::Help(_)), "{line}");
    }
    for line in ["up --help=false", "exec web --help", "run web -h"] {
        assert!(matches!(compose(line).name, "up" | "exec" | "run"));
    }
    for line in ["-v", "--version", "--version up"] {
        let words: Vec<_> = line.split_whitespace().collect();
        assert_eq!(read(&words).unwrap().command, Command::Version);
    }
}

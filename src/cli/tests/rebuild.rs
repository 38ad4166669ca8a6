//! What `docker compose` is given.

use std::ffi::OsString;
use std::path::Path;

use proptest::prelude::*;

use super::{Command, owned, parse, read};

fn passed(line: &str) -> String {
    let words: Vec<_> = line.split(' ').collect();
    read(&words).unwrap().pass_on().join(" ".as_ref()).into_string().unwrap()
}

fn launched(line: &str) -> String {
    let words: Vec<_> = line.split(' ').collect();
    let request = read(&words).unwrap();
    let words = request.launch(Path::new("/dir"), "shop", Path::new("/dir/.seaworthy/r.yaml"));
    words.join(" ".as_ref()).into_string().unwrap()
}

#[test]
fn seaworthys_own_flags_are_not_passed_on() {
    assert_eq!(
        passed(
            "--policy p -f a --files-from l -p n --expect-files 2 --engine docker --compose-version 5.5 --no-launch --show-values ps -q"
        ),
        "-f a -p n ps -q"
    );
}

#[test]
fn compose_flags_keep_their_order() {
    assert_eq!(
        passed("--profile b -fa -p n --profile=a --compatibility=0 ps"),
        "--profile b -f a -p n --profile a --compatibility=0 ps"
    );
}

#[test]
fn dockers_flags_are_kept_for_docker() {
    let request = read(&["--context", "far", "-H=tcp://x", "-D", "--tlsverify", "-f", "a", "ps"]).unwrap();
    assert_eq!(
        request.global.docker,
        owned(&["--context", "far", "-H", "tcp://x", "--debug", "--tlsverify"])
    );
    assert_eq!(request.pass_on(), owned(&["-f", "a", "ps"]));
}

#[test]
fn a_plugin_call_keeps_what_docker_was_told() {
    let words = ["/p/docker-seaworthy", "-c", "far", "--config", "/c", "seaworthy", "-f", "a", "up", "-d"];
    let request = parse(owned(&words), &|_| None).unwrap();
    assert_eq!(request.global.docker, owned(&["-c", "far", "--config", "/c"]));
    assert_eq!(request.pass_on(), owned(&["-f", "a", "up", "-d"]));
    let request = parse(owned(&["seaworthy", "docker-cli-plugin-metadata"]), &|_| None).unwrap();
    assert!(matches!(request.command, Command::PluginMetadata(_)));
}

#[test]
fn a_launch_reads_one_file() {
    assert_eq!(
        launched("-f a.yaml -f b.yaml -p typed up -d web"),
        "--project-directory /dir -p shop -f /dir/.seaworthy/r.yaml up -d web"
    );
}

#[test]
fn a_launch_keeps_what_else_was_said() {
    assert_eq!(
        launched(
            "--profile a --profile b --env-file e --progress plain --ansi never --parallel 2 --compatibility \
             --all-resources --dry-run --verbose -f x run --rm web sh -c -f"
        ),
        "--project-directory /dir -p shop -f /dir/.seaworthy/r.yaml --profile a --profile b --env-file e --progress \
         plain --ansi never --parallel 2 --compatibility --all-resources --dry-run --verbose run --rm web sh -c -f"
    );
}

#[test]
fn a_launch_tells_a_nested_command_whole() {
    assert_eq!(
        launched("alpha --dry-run publish -y x"),
        "--project-directory /dir -p shop -f /dir/.seaworthy/r.yaml --dry-run alpha --dry-run publish -y x"
    );
}

fn word() -> impl Strategy<Value = OsString> {
    use std::os::unix::ffi::OsStringExt;
    prop_oneof![
        prop::sample::select(vec![
            "-f", "--", "-", "", "--tail", "--zz=1", "web", "-q", "--file", "-t5", "x=y"
        ])
        .prop_map(OsString::from),
        prop::collection::vec(1_u8.., 0..6).prop_map(OsString::from_vec),
    ]
}

proptest! {
    #[test]
    fn any_words_after_a_command_that_only_looks_are_passed_on_as_they_are(
        words in prop::collection::vec(word(), 0..8),
    ) {
        let line = owned(&["seaworthy", "-f", "a", "logs"]).into_iter().chain(words.iter().cloned());
        let request = parse(line, &|_| None).unwrap();
        if !matches!(request.command, Command::Help(_)) {
            let expected: Vec<_> = owned(&["-f", "a", "logs"]).into_iter().chain(words).collect();
            prop_assert_eq!(request.pass_on(), expected);
        }
    }

    #[test]
    fn the_words_of_a_program_are_passed_on_as_they_are(words in prop::collection::vec(word(), 1..8)) {
        let start = ["seaworthy", "exec", "-T", "web"];
        let request = parse(owned(&start).into_iter().chain(words.iter().cloned()), &|_| None).unwrap();
        let expected: Vec<_> = owned(&start[1..]).into_iter().chain(words).collect();
        prop_assert_eq!(request.pass_on(), expected);
    }

    #[test]
    fn no_words_make_it_panic(words in prop::collection::vec(word(), 0..8)) {
        let _ = parse(words, &|_| None);
    }
}

//! What is refused of a list of files, and what plain Compose would have taken.

use std::cell::Cell;
use std::fs;
use std::process::{Command, Output, Stdio};

use crate::bed::{Bed, ONE, said};

thread_local! {
    /// What a test saw so far: how many lists were refused, and how many launched.
    static SEEN: Cell<(u32, u32)> = const { Cell::new((0, 0)) };
}

fn see(is_refused: bool) {
    let (refused, launched) = SEEN.get();
    SEEN.set(if is_refused { (refused + 1, launched) } else { (refused, launched + 1) });
}

/// Says in the end what a test saw.
struct Tally(&'static str);

impl Drop for Tally {
    fn drop(&mut self) {
        let (refused, launched) = SEEN.get();
        println!("{}: {refused} refused, {launched} launched", self.0);
    }
}

/// A project of two files in which everything is settled.
fn bed(policy: Option<&str>) -> Bed {
    let bed = Bed::new();
    bed.write("compose.yaml", "name: bed\nservices: { a: { image: x, user: \"1000:1000\" } }\n");
    bed.write("more.yaml", "services: { a: { hostname: h } }\n");
    bed.write("empty.yaml", "");
    bed.write("list", "compose.yaml\nmore.yaml\n# seaworthy: 2 files\n");
    match policy {
        Some(policy) => bed.write("seaworthy.yaml", policy),
        None => fs::remove_file(bed.project().join("seaworthy.yaml")).unwrap(),
    }
    bed
}

const POLICY: &str = "version: 1\noverlays: [{ file: ops/one.yaml }]\n...\n";

#[track_caller]
fn refused(bed: &Bed, words: &[&str], message: &str) {
    let words: Vec<&str> = words.iter().copied().chain(["up", "-d"]).collect();
    expect_refusal(bed, &bed.run(&words), message);
}

#[track_caller]
fn expect_refusal(bed: &Bed, output: &Output, message: &str) {
    let text = said(output);
    assert_eq!(output.status.code(), Some(78), "{text}");
    assert!(text.contains(message), "{message}\n{text}");
    assert_eq!(bed.launched(), None);
    see(true);
}

/// Both lists are shown.
#[track_caller]
fn refused_with_lists(bed: &Bed, words: &[&str], message: &str) {
    refused(bed, words, message);
    let output = bed.run(&words.iter().copied().chain(["up"]).collect::<Vec<_>>());
    let text = said(&output);
    assert!(text.contains("given") && text.contains("expected"), "{text}");
}

#[track_caller]
fn launched(bed: &Bed, words: &[&str]) -> String {
    let words: Vec<&str> = words.iter().copied().chain(["up", "-d"]).collect();
    let output = bed.run(&words);
    assert!(output.status.success(), "{}", said(&output));
    assert!(bed.launched().unwrap().contains("hostname: h"));
    see(false);
    said(&output)
}

#[test]
fn a_sealed_list_is_taken_from_a_file_a_command_and_a_pipe() {
    let _tally = Tally("sealed lists");
    for policy in [None, Some(POLICY)] {
        let bed = bed(policy);
        bed.program("cat", "#!/bin/sh\nexec /bin/cat \"$@\"\n");
        assert_eq!(launched(&bed, &["--files-from", "list"]), "");
        assert_eq!(launched(&bed, &["--files-cmd", "cat list", "--expect-files", "2"]), "");
        assert_eq!(
            launched(
                &bed,
                &["-f", "compose.yaml", "--files-cmd", "echo more.yaml; echo '# seaworthy: 1 files'"]
            ),
            ""
        );
        let mut command = bed.command(&["--files-from", "-", "up"]);
        command.stdin(fs::File::open(bed.project().join("list")).unwrap());
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", said(&output));
        assert!(bed.launched().is_some());
        see(false);
    }
}

#[test]
fn a_list_that_is_not_whole_is_refused_with_or_without_a_policy() {
    let _tally = Tally("lists that are not whole");
    for policy in [None, Some(POLICY)] {
        let bed = bed(policy);
        for (text, message) in [
            ("", "is empty"),
            ("compose.yaml\n", "has no seal"),
            ("compose.yaml\n# seaworthy: 2 files\n", "names 1 of the 2"),
            ("compose.yaml\nmore.yaml\n# seaworthy: 2 files", "within a line"),
        ] {
            bed.write("cut", text);
            refused_with_lists(&bed, &["--files-from", "cut"], message);
        }
        refused_with_lists(&bed, &["--files-cmd", "echo compose.yaml; exit 7"], "ended with status 7");
        refused_with_lists(&bed, &["--files-cmd", "echo compose.yaml; kill -9 $$"], "killed by signal 9");
        refused_with_lists(&bed, &["--files-cmd", "echo compose.yaml"], "has no seal");
        refused_with_lists(&bed, &["--files-cmd", "true"], "is empty");
        refused_with_lists(&bed, &["--files-from", "list", "--expect-files", "3"], "cut short");
        refused_with_lists(&bed, &["--expect-files", "2", "-f", "compose.yaml"], "--expect-files says 2");
        refused_with_lists(&bed, &["--expect-files", "1", "-f", "compose.yaml", "-f", "more.yaml"], "has 2");
        refused(&bed, &["--files-from", "nowhere"], "cannot be read");
    }
}

#[test]
fn a_name_that_leads_nowhere_is_refused_with_or_without_a_policy() {
    let _tally = Tally("names that lead nowhere");
    for policy in [None, Some(POLICY)] {
        let bed = bed(policy);
        refused_with_lists(&bed, &["-f", "compose.yaml", "-f", ""], "-f has an empty value");
        refused_with_lists(&bed, &["-f", "compose.yaml", "-f", "nowhere.yaml"], "no such file");
        refused_with_lists(&bed, &["-f", "compose.yaml", "-f", "ops"], "is a directory");
        let mut command = bed.command(&["up"]);
        expect_refusal(
            &bed,
            &command.env("COMPOSE_FILE", "compose.yaml:").output().unwrap(),
            "empty element",
        );
        expect_refusal(&bed, &command.env("COMPOSE_FILE", ":").output().unwrap(), "empty element");
        fs::write(bed.project().join("latin.yaml"), b"services: { a: { hostname: \xe9 } }\n").unwrap();
        refused_with_lists(&bed, &["-f", "compose.yaml", "-f", "latin.yaml"], "not valid UTF-8");
        let nothing = bed.run(&["-f"]);
        assert_eq!(nothing.status.code(), Some(2), "{}", said(&nothing));
    }
}

#[test]
fn what_plain_compose_takes_is_a_warning_without_a_policy_and_refused_with_one() {
    let _tally = Tally("lists that plain Compose takes");
    let (free, strict) = (bed(None), bed(Some(POLICY)));
    for (words, message) in [
        (&["-f", "compose.yaml", "-f", "empty.yaml", "-f", "more.yaml"][..], "empty.yaml has zero bytes"),
        (&["-f", "compose.yaml", "-f", "more.yaml", "-f", "more.yaml"], "names more.yaml twice"),
        (&["-f", "compose.yaml", "-f", "more.yaml", "-f", "ops/../more.yaml"], "names more.yaml twice"),
    ] {
        assert!(launched(&free, words).contains(message));
        refused(&strict, words, message);
    }
}

/// `bash` gives each `<(…)` a name below `/dev/fd`.
fn bash(bed: &Bed, line: &str) -> Output {
    let mut command = Command::new("/bin/bash");
    command.args(["-c", line]).stdin(Stdio::null());
    bed.through(command, &["", env!("CARGO_BIN_EXE_seaworthy")]).output().unwrap()
}

#[test]
fn pipes_work_when_they_are_closed() {
    let _tally = Tally("files that are pipes");
    let (free, strict) = (bed(None), bed(Some(POLICY)));
    let closed = "$1 -f compose.yaml -f <(/bin/cat more.yaml; echo ...) up -d";
    let open = "$1 -f compose.yaml -f <(/bin/cat more.yaml) up -d";
    let dead = "$1 -f compose.yaml -f <(/bin/cat more.yaml; kill -9 $BASHPID; echo ...) up -d";
    for bed in [&free, &strict] {
        let output = bash(bed, closed);
        assert!(output.status.success(), "{}", said(&output));
        assert!(bed.launched().unwrap().contains("hostname: h"));
        see(false);
    }
    let output = bash(&free, open);
    assert!(output.status.success() && said(&output).contains("came whole"), "{}", said(&output));
    assert!(free.launched().is_some());
    see(false);
    expect_refusal(&strict, &bash(&strict, open), "came whole");
    expect_refusal(&strict, &bash(&strict, dead), "came whole");
    let input = "{ /bin/cat compose.yaml; echo ...; } | $1 -f - -f more.yaml up -d";
    let output = bash(&strict, input);
    assert!(output.status.success(), "{}", said(&output));
    assert!(strict.launched().unwrap().contains("read_only: true"));
    see(false);
    expect_refusal(&strict, &bash(&strict, "/bin/cat compose.yaml | $1 -f - up"), "came whole");
    // A base that comes through a process substitution does not lose the policy.
    let output = bash(
        &strict,
        "$1 -p bed -f <(/bin/cat compose.yaml more.yaml; echo ...) config --quiet; $1 -f <(/bin/cat compose.yaml; echo ...) -f more.yaml plan",
    );
    assert!(String::from_utf8_lossy(&output.stdout).contains("ops/one.yaml"), "{}", said(&output));
}

#[test]
fn the_incident_a_generator_that_dies_under_a_process_substitution() {
    let _tally = Tally("generators that die");
    let bed = bed(Some(POLICY));
    bed.write("seaworthy.yaml", "version: 1\nfiles: [compose.yaml, more.yaml]\n...\n");
    let unsafe_idiom = "mapfile -t LIST < <(printf '%s\\n' -f compose.yaml; kill -9 $BASHPID; printf '%s\\n' -f more.yaml); $1 \"${LIST[@]}\" up -d";
    expect_refusal(&bed, &bash(&bed, unsafe_idiom), "cut short: 1 of the 2");
    // Without a policy the number alone is enough.
    fs::remove_file(bed.project().join("seaworthy.yaml")).unwrap();
    let counted = unsafe_idiom.replace("$1 ", "$1 --expect-files 2 ");
    expect_refusal(&bed, &bash(&bed, &counted), "--expect-files says 2");
    let sealed = "$1 --files-from <(echo compose.yaml; kill -9 $BASHPID; echo more.yaml; echo '# seaworthy: 2 files') up -d";
    expect_refusal(&bed, &bash(&bed, sealed), "has no seal");
}

#[test]
fn the_way_out_is_open_under_a_list_that_is_not_whole() {
    let bed = bed(Some(POLICY));
    bed.program("docker", &format!("#!/bin/sh\necho \"$@\" > {}\n", bed.at("words").display()));
    let words = || fs::read_to_string(bed.at("words")).unwrap();
    let output = bed.run(&["--files-from", "list", "down"]);
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(words(), "compose -f compose.yaml -f more.yaml down\n");
    bed.write("list", "compose.yaml\n");
    let output = bed.run(&["--files-from", "list", "down"]);
    assert!(output.status.success() && said(&output).contains("has no seal"), "{}", said(&output));
    assert_eq!(words(), "compose down\n");
}

#[test]
fn a_mandatory_overlay_that_is_damaged_stops_every_launch() {
    let _tally = Tally("damaged overlays");
    let bed = bed(Some(POLICY));
    for (text, message) in [
        (Some(""), "is empty"),
        (Some(ONE.strip_suffix("...\n").unwrap()), "nothing proves"),
        (Some("# only a comment\n...\n"), "ends that has not begun"),
        (Some("- a list\n...\n"), "not a mapping"),
        (None, "cannot be read"),
    ] {
        let path = bed.project().join("ops/one.yaml");
        match text {
            Some(text) => fs::write(path, text).unwrap(),
            None => fs::remove_file(path).unwrap(),
        }
        refused(&bed, &["-f", "compose.yaml"], message);
        let check = bed.run(&["check"]);
        assert_eq!(check.status.code(), Some(1), "{}", said(&check));
    }
}

/// A pipe that nobody writes to would be waited for until the end of days.
#[test]
fn a_pipe_in_the_place_of_a_file_that_nobody_named_is_refused_at_once() {
    let _tally = Tally("pipes that nobody named");
    let policy = "version: 1\nuser: { default: \"10001:10001\" }\n...\n";
    for (name, message) in [
        ("seaworthy.yaml", "the policy cannot be read: seaworthy.yaml is a pipe"),
        ("seaworthy.lock", "seaworthy.lock is a pipe"),
        (".env", ".env is a pipe"),
    ] {
        let bed = bed(Some(policy));
        let path = bed.project().join(name);
        let _ = fs::remove_file(&path);
        assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
        let mut limited = Command::new("/usr/bin/timeout");
        limited.args(["20", env!("CARGO_BIN_EXE_seaworthy")]);
        let output = bed.through(limited, &["-f", "compose.yaml", "up", "-d"]).output().unwrap();
        expect_refusal(&bed, &output, message);
    }
    // One that was named is read, as long as it is closed.
    let bed = bed(None);
    for named in ["--policy <(echo 'version: 1'; echo ...)", "--env-file <(echo TAG=7)"] {
        let output = bash(&bed, &format!("$1 {named} -f compose.yaml -f more.yaml up -d"));
        assert!(output.status.success(), "{}", said(&output));
        assert!(bed.launched().unwrap().contains("hostname: h"));
        see(false);
    }
}

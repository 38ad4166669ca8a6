//! What each fault makes a launch say.

use std::fmt::Write;
use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::bed::{Bed, UP, said};
use crate::scenario::Scenario;
use crate::snapshot::snapshot;
use seaworthy::host::owner::is_root;

const UNSET: &str = "name: bed\nservices:\n  a: { image: x, hostname: \"${NOBODY_SETS_THIS}\" }\n";

/// A project that is launched with a warning.
fn warned() -> Bed {
    let bed = Bed::new();
    bed.write("compose.yaml", UNSET);
    bed.write("more.yaml", "{}\n");
    let output = bed.run(UP);
    assert!(output.status.success() && said(&output).contains("NOBODY_SETS_THIS"), "{}", said(&output));
    assert!(bed.launched().is_some());
    bed
}

#[test]
fn a_warning_that_cannot_be_written_stops_the_launch() {
    let bed = warned();
    let full = File::options().write(true).open("/dev/full").unwrap();
    let status = bed.command(UP).stderr(full).status().unwrap();
    assert_eq!((status.code(), bed.launched()), (Some(70), None));
    // The way out is open all the same.
    let full = File::options().write(true).open("/dev/full").unwrap();
    bed.program("docker", "#!/bin/sh\nexit 7\n");
    let down = bed.command(&["--files-from", "none", "down"]).stderr(full).status().unwrap();
    assert_eq!(down.code(), Some(7));
}

#[test]
fn a_reader_of_warnings_who_has_gone_away_stops_nothing() {
    let bed = warned();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    assert!(bed.command(UP).stderr(writer).status().unwrap().success());
    assert!(bed.launched().is_some());
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", "exec \"$0\" \"$@\" 2>&-", env!("CARGO_BIN_EXE_seaworthy")]);
    assert!(bed.through(shell, UP).stdin(Stdio::null()).status().unwrap().success());
    assert!(bed.launched().is_some());
}

/// On a filesystem of this machine root is denied nothing: it is the disk that failed, and not for the future
/// owner to try again. Where root may not give away, that owner makes it.
#[test]
fn a_directory_that_root_is_denied_is_not_made_as_its_owner() {
    if !is_root() || !Path::new("/usr/bin/strace").exists() {
        assert!(std::env::var_os("CI").is_none(), "strace is missing: scripts/test installs it");
        println!("skipped: needs root and strace");
        return;
    }
    for (fault, is_launched) in [
        ("mkdirat:error=EACCES:when=1", false),
        ("fchown:error=EACCES:when=1", false),
        ("fchown:error=EPERM:when=1", true),
    ] {
        let bed = Bed::new();
        bed.clear();
        let data = bed.project().join("data");
        fs::create_dir(&data).unwrap();
        fs::set_permissions(&data, fs::Permissions::from_mode(0o777)).unwrap();
        let mut strace = Command::new("/usr/bin/strace");
        strace.args(["-f", "-qq", "-b", "execve", "-o", "/dev/null", "-P"]).arg(&data);
        // What is made there has other names until it is whole.
        if fault.starts_with("fchown") {
            strace = Command::new("/usr/bin/strace");
            strace.args(["-f", "-qq", "-b", "execve", "-o", "/dev/null"]);
        }
        strace.args(["-e", &format!("inject={fault}"), env!("CARGO_BIN_EXE_seaworthy")]);
        let output = bed.through(strace, UP).output().unwrap();
        assert_eq!(bed.launched().is_some(), is_launched, "{fault}: {}", said(&output));
        assert_eq!(data.join("deep").exists(), is_launched, "{fault}");
        assert!(is_launched || said(&output).contains("Permission denied"), "{fault}: {}", said(&output));
    }
}

/// The scenario, the path in it, and which call that opens it fails.
const FAULTS: &[(&str, &str, &str)] = &[
    ("first up", "bin/docker", "openat:when=1"),
    ("first up", "bin/docker", "openat:when=2"),
    ("first up", "bin/docker", "openat:when=3"),
    ("first up", "project", "openat:when=1"),
    ("up with all there is", "project/.seaworthy", "openat:when=2"),
    ("up with all there is", "project/.seaworthy/.sw-left.tmp", "openat:when=1"),
    ("up with all there is", "project", "getdents64:when=1"),
    ("up with Docker's own programs", "home/.docker/config.json", "openat:when=1"),
    ("up where users are mapped", "/etc/subuid", "openat:when=1"),
    ("first up", "/proc/self/mountinfo", "openat:when=1"),
    ("first up", "/proc/sys/kernel/random/boot_id", "openat:when=1"),
    ("first up", "/dev/null", "openat:when=2"),
    ("first up", "/dev/null", "openat:when=3"),
];

#[test]
fn each_fault_is_said_with_the_path_and_the_reason() {
    if !Path::new("/usr/bin/strace").exists() {
        assert!(std::env::var_os("CI").is_none(), "strace is missing: scripts/test installs it");
        println!("skipped: strace is not installed");
        return;
    }
    let mut all = String::new();
    for (name, path, call) in FAULTS {
        let scenario = Scenario::all().find(|scenario| scenario.name == *name).unwrap();
        let bed = Bed::new();
        (scenario.prepare)(&bed);
        let mut strace = Command::new("/usr/bin/strace");
        strace.args(["-f", "-qq", "-b", "execve", "-o", "/dev/null", "-P"]).arg(bed.at(path));
        strace.args(["-e", &format!("inject={}", call.replace(':', ":error=EIO:"))]);
        strace.arg(env!("CARGO_BIN_EXE_seaworthy"));
        let output = bed.through(strace, scenario.words).output().unwrap();
        assert_eq!(bed.launched(), None, "{name}, {path}, {call}");
        let (place, text) = (bed.at("").display().to_string(), said(&output));
        // strace says how it understood a path of its own.
        let own = |line: &&str| !line.starts_with("/usr/bin/strace: ");
        let text: String = text.split_inclusive('\n').filter(own).collect();
        let status = output.status.code().unwrap();
        let _ = writeln!(all, "{path}, {call}: status {status}\n{}", text.replace(&place, "BED/"));
    }
    snapshot!(all);
}

#[cfg(target_arch = "x86_64")]
#[test]
fn a_fault_on_the_engines_socket_is_said_with_what_was_asked_and_where() {
    if !Path::new("/usr/bin/strace").exists() {
        assert!(std::env::var_os("CI").is_none(), "strace is missing: scripts/test installs it");
        println!("skipped: strace is not installed");
        return;
    }
    let bed = Bed::new();
    for (call, what) in [
        ("socket", "connect to"),
        ("connect", "connect to"),
        ("setsockopt", "connect to"),
        ("sendto", "write to"),
        ("recvfrom", "read from"),
    ] {
        crate::engine::answering(&bed);
        let mut strace = Command::new("/usr/bin/strace");
        strace.args(["-f", "-qq", "-b", "execve", "-o", "/dev/null", "-e"]);
        strace.args([&format!("inject={call}:error=EIO:when=1"), env!("CARGO_BIN_EXE_seaworthy")]);
        let output = bed.through(strace, UP).output().unwrap();
        let socket = bed.at("engine.sock").display().to_string();
        let message = format!("cannot {what} {socket} for GET /_ping: Input/output error (os error 5)");
        assert!(said(&output).contains(&message), "{call}: {}", said(&output));
        assert_eq!((output.status.code(), bed.launched()), (Some(69), None));
    }
}

/// Whose files are whose, and where, hangs on the engine: a launch under a policy does not guess.
#[test]
fn a_launch_under_a_policy_stops_where_the_engine_does_not_answer_and_a_plan_does_not() {
    let bed = Bed::new();
    bed.write("compose.yaml", "name: bed\nservices: { a: { image: x, user: \"1000:1000\" } }\n");
    bed.write("more.yaml", "{}\n");
    assert!(bed.run(UP).status.success());
    assert!(bed.launched().is_some());
    fs::remove_file(bed.at("info")).unwrap();
    let output = bed.run(UP);
    assert_eq!((output.status.code(), bed.launched()), (Some(69), None), "{}", said(&output));
    assert!(said(&output).contains("the engine does not say what it is"), "{}", said(&output));
    let plan = bed.run(&["-f", "compose.yaml", "-f", "more.yaml", "plan"]);
    assert!(plan.status.success(), "{}", said(&plan));
}

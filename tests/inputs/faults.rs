//! Every system call that can fail, made to fail: the N-th write, flush, rename, open, mkdir and spawn,
//! for every N that occurs.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;

use crate::bed::{Bed, TWO, UP, policy, said};

const STRACE: &str = "/usr/bin/strace";
const CALLS: &[&str] = &[
    "write",
    "writev",
    "pwrite64",
    "fsync",
    "fdatasync",
    "rename",
    "renameat",
    "renameat2",
    "linkat",
    "open",
    "openat",
    "openat2",
    "creat",
    "mkdir",
    "mkdirat",
    "fchmod",
    "fchown",
    "fchownat",
    "clone",
    "clone3",
    "fork",
    "vfork",
    "execve",
    "pipe2",
];
const ERRORS: &[&str] = &["ENOSPC", "EIO", "EACCES"];

/// A command, and what must be true after it failed anywhere.
struct Scenario {
    name: &'static str,
    words: &'static [&'static str],
    prepare: fn(&Bed),
    /// A file that is old or new, but never anything else; absent counts as old where it was absent.
    file: &'static str,
    launches: bool,
}

const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "first up",
        words: UP,
        prepare: Bed::clear,
        file: ".seaworthy/bed.yaml",
        launches: true,
    },
    Scenario { name: "later up", words: UP, prepare: older, file: ".seaworthy/bed.yaml", launches: true },
    Scenario {
        name: "overlays pin",
        words: &["overlays", "pin"],
        prepare: |bed| bed.write("seaworthy.yaml", &policy(&"0".repeat(63).replace('0', "ab")[..64])),
        file: "seaworthy.yaml",
        launches: false,
    },
    Scenario {
        name: "overlays seal",
        words: &["overlays", "seal", "--lines", "2", "ops/two.yaml"],
        prepare: |bed| bed.write("ops/two.yaml", TWO),
        file: "ops/two.yaml",
        launches: false,
    },
];

/// A rendered file of an earlier launch is there.
fn older(bed: &Bed) {
    bed.clear();
    fs::create_dir_all(bed.project().join(".seaworthy")).unwrap();
    fs::write(bed.rendered(), "older: true\n...\n").unwrap();
}

#[derive(Debug, Default)]
struct Count {
    injected: usize,
    refused: usize,
    /// The fault hit something that the run did not need; the launch was the full one.
    harmless: usize,
    reasons: BTreeMap<&'static str, usize>,
}

/// Faults that a launch need not notice, because nothing that it does depends on the call.
const HARMLESS: &[(&str, &str)] = &[
    ("\"/lib", "the loader looks elsewhere for a library"),
    ("\"/usr/lib", "the loader looks elsewhere for a library"),
    ("/etc/ld.so", "the loader looks elsewhere for a library"),
    ("/proc/self/maps", "the runtime guards its stack another way"),
    ("/etc/subuid", "only a rootless engine has such a map"),
    ("/etc/subgid", "only a rootless engine has such a map"),
    ("/project\", O_RDONLY", "what filesystem it is decides nothing for the owner of it"),
    ("/.seaworthy\", O_RDONLY|O_NONBLOCK", "what a killed run left is swept another time"),
    ("\".\", O_RDONLY", "what a killed run left is swept another time"),
    ("write(2, \"overlay-truncated", "a warning that nobody reads"),
    // The user and the kind of every mount are written down; the image would only say the same.
    ("clone3(", "the question about images needs no answer"),
    ("clone(", "the question about images needs no answer"),
    ("vfork(", "the question about images needs no answer"),
    ("pipe2(", "the question about images needs no answer"),
    ("/bin/docker\", O_RDONLY", "the engine is asked through the command line instead of its socket"),
    ("\"/dev/null\"", "the question about images needs no answer"),
];

/// The calls that were made to fail. Where threads interleave, a call is on two lines.
fn injected(trace: &str) -> Vec<String> {
    let mut begun: BTreeMap<&str, &str> = BTreeMap::new();
    let mut found = Vec::new();
    for line in trace.lines() {
        let (thread, call) = line.split_once(' ').unwrap_or(("", line));
        if let Some(beginning) = call.strip_suffix("<unfinished ...>") {
            begun.insert(thread, beginning);
        } else if call.contains("(INJECTED)") {
            let beginning = if call.contains(" resumed>") { begun.remove(thread) } else { None };
            found.push(format!("{thread} {}{call}", beginning.unwrap_or_default()));
        }
    }
    found
}

/// Why a run may go on. What is not permitted to us is tried as the user that it is for.
fn harmless(faults: &[String], error: &str) -> Option<&'static str> {
    let as_user = ["mkdirat(", "fchown(", "fchmod(", "openat2(", "openat("];
    faults.iter().find_map(|line| {
        let known = HARMLESS.iter().find(|(what, _)| line.contains(what)).map(|(_, why)| *why);
        known.or((error == "EACCES" && as_user.iter().any(|call| line.contains(call)))
            .then_some("done as the user that it is for"))
    })
}

#[test]
fn no_fault_of_the_system_weakens_a_launch_or_halves_a_file() {
    if !Path::new(STRACE).exists() {
        assert!(std::env::var_os("CI").is_none(), "strace is missing: scripts/test installs it");
        println!("skipped: strace is not installed");
        return;
    }
    let jobs: Vec<(&Scenario, &str, &str)> = SCENARIOS
        .iter()
        .flat_map(|scenario| {
            CALLS.iter().flat_map(move |call| ERRORS.iter().map(move |error| (scenario, *call, *error)))
        })
        .collect();
    let next = Mutex::new(jobs.iter());
    let total = Mutex::new(BTreeMap::<&str, Count>::new());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let bed = Bed::new();
                loop {
                    let Some((scenario, call, error)) = next.lock().unwrap().next() else { break };
                    let count = run_out(&bed, scenario, call, error);
                    let mut total = total.lock().unwrap();
                    let sum = total.entry(scenario.name).or_default();
                    sum.injected += count.injected;
                    sum.refused += count.refused;
                    sum.harmless += count.harmless;
                    for (reason, number) in count.reasons {
                        *sum.reasons.entry(reason).or_default() += number;
                    }
                }
            });
        }
    });
    let mut all = 0;
    for (name, count) in total.into_inner().unwrap() {
        println!(
            "{name}: {} faults, {} refused with a message, {} harmless {:?}",
            count.injected, count.refused, count.harmless, count.reasons
        );
        all += count.injected;
    }
    println!("{all} faults in all");
    assert!(all > 300, "{all}");
}

/// One call and one error, at every place where the call occurs.
fn run_out(bed: &Bed, scenario: &Scenario, call: &str, error: &str) -> Count {
    let mut count = Count::default();
    (scenario.prepare)(bed);
    let old = fs::read(bed.project().join(scenario.file)).ok();
    let whole = bed.run(scenario.words);
    assert!(whole.status.success(), "{}", said(&whole));
    let new = fs::read(bed.project().join(scenario.file)).ok();
    let full = bed.launched();
    assert_eq!(full.is_some(), scenario.launches);
    assert!(new != old && new.is_some());
    for at in 1.. {
        (scenario.prepare)(bed);
        let trace = bed.at("trace");
        let mut strace = Command::new(STRACE);
        // Detached at execve, so that the faults are ours and not those of what we start.
        strace.args(["-f", "-qq", "-b", "execve", "-e", &format!("trace={call}")]);
        strace.args(["-e", &format!("inject={call}:error={error}:when={at}"), "-o"]).arg(&trace);
        strace.arg(env!("CARGO_BIN_EXE_seaworthy"));
        let output = bed.through(strace, scenario.words).output().unwrap();
        let trace = fs::read_to_string(trace).unwrap();
        let faults = injected(&trace);
        if faults.is_empty() {
            assert!(output.status.success(), "{} {call} {at}: {}", scenario.name, said(&output));
            assert_eq!(bed.launched(), full);
            break;
        }
        let what =
            format!("{}, {call} number {at} fails with {error}:\n{}", scenario.name, faults.join("\n"));
        count.injected += 1;
        let now = fs::read(bed.project().join(scenario.file)).ok();
        assert!(now == old || now == new, "{what}\nleft half a file: {now:?}");
        let launched = bed.launched();
        let success = output.status.success();
        if success {
            assert_eq!(launched, full, "{what}\nwent on with another model");
            assert!(now == new || !scenario.launches, "{what}");
            let reason = harmless(&faults, error);
            assert!(reason.is_some(), "{what}\nwent on as if nothing had happened");
            count.harmless += 1;
            *count.reasons.entry(reason.unwrap_or_default()).or_default() += 1;
        } else {
            assert_eq!(launched, None, "{what}\nlaunched, and failed");
            assert!(!said(&output).contains("panicked"), "{what}\n{}", said(&output));
            // A message that cannot be written cannot be read.
            let mute = faults.iter().all(|line| line.contains("write(2,"));
            assert!(mute || !output.stderr.is_empty(), "{what}\nfailed without a word");
            count.refused += 1;
        }
        assert!(bed.strays().is_empty(), "{what}\nleft {:?}", bed.strays());
    }
    count
}

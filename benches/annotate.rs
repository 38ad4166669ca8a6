//! `seaworthy annotate` beside `grep -c` on the same records of auditd, in turns so that a busy machine is unfair to both.
//!
//! `cargo bench --bench annotate` makes 100 MB of records in a temporary directory, and `SEAWORTHY_BENCH_MB=1000` makes
//! 1 GB. Every tenth names a user and a process of a container that runs. It prints both rates and the most memory that
//! was used, and fails where a line is missing, out of its place or changed, or below what is promised. Needs an engine,
//! with the image `sw-busybox` of the tests.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "what cannot be set up cannot be measured")]
#![allow(clippy::cast_precision_loss, reason = "a rate need not be exact")]

use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Read, Write};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

const TURNS: usize = 3;
/// MB, where nothing else is asked for.
const SMALL: u64 = 100;
/// In MB per second.
const PROMISED: f64 = 100.0;
/// In KiB, whatever comes in.
const MEMORY: u64 = 64 << 10;
/// Which of the records are a container's.
const EVERY: u64 = 10;
const USER: &str = "54321";

/// A container that is gone with this.
struct Container(String);

impl Container {
    fn start() -> Option<Self> {
        let name = format!("sw-bench-{}", std::process::id());
        let user = format!("{USER}:{USER}");
        let words = [
            "run",
            "-d",
            "--network",
            "none",
            "--name",
            &name,
            "--user",
            &user,
            "sw-busybox",
            "sleep",
            "3600",
        ];
        Command::new("docker").args(words).output().ok()?.status.success().then_some(Self(name))
    }

    fn pid(&self) -> String {
        let words = ["container", "inspect", "--format", "{{.State.Pid}}", &self.0];
        let output = Command::new("docker").args(words).output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        let _ = Command::new("docker").args(["rm", "--force", &self.0]).output();
    }
}

fn main() -> ExitCode {
    let megabytes = std::env::var("SEAWORTHY_BENCH_MB").map_or(SMALL, |text| text.parse().unwrap());
    let bytes = megabytes * 1_000_000;
    let Some(container) = Container::start() else {
        println!("no engine runs a container of sw-busybox here");
        return ExitCode::SUCCESS;
    };
    // A process is told by its start, which its records are not older than.
    std::thread::sleep(Duration::from_secs(1));
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("audit.log");
    let (lines, known) = records(File::create(&path).unwrap(), bytes, &container.pid());
    let size = path.metadata().unwrap().len() as f64 / 1e6;
    compare(&path, (lines, known));
    let (mut ours, mut theirs, mut peak) = (None, None, 0);
    for _ in 0..TURNS {
        let mut grep = Command::new("grep");
        // Through a pipe: where nobody would read its count, it stops at the first match.
        grep.arg("-c").arg(format!("uid={USER}")).arg(&path).stdout(Stdio::piped());
        let mut counted = Vec::new();
        shorter(&mut theirs, || counted = grep.output().unwrap().stdout);
        assert_eq!(String::from_utf8(counted).unwrap().trim(), known.to_string());
        let mut said = (String::new(), 0);
        shorter(&mut ours, || said = annotate(&File::open(&path).unwrap()));
        assert_eq!(said.0.trim(), format!("seaworthy: {lines} lines, {known} of them annotated"));
        peak = peak.max(said.1);
    }
    let rate = |time: Option<Duration>| size / time.unwrap().as_secs_f64();
    println!(
        "{size:.0} MB, {lines} lines, {known} annotated: annotate {:.0} MB/s with {peak} KiB, grep -c {:.0} MB/s",
        rate(ours),
        rate(theirs)
    );
    if rate(ours) < PROMISED || peak > MEMORY {
        println!("promised are {PROMISED} MB/s and {MEMORY} KiB");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

/// Writes so many bytes of records, and says how many lines that were, and how many of them are the container's.
fn records(file: File, bytes: u64, pid: &str) -> (u64, u64) {
    let mut file = BufWriter::with_capacity(1 << 20, file);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let (mut lines, mut known, mut written) = (0, 0, 0);
    while written < bytes {
        let is_known = lines % EVERY == 0;
        let (uid, pid) =
            if is_known { (USER, pid.to_owned()) } else { ("1001", (lines % 30_000 + 2).to_string()) };
        // Older records than the container's are of the host.
        let seconds = now.as_secs();
        let line = if lines % 3 == 0 || is_known {
            format!(
                "type=SYSCALL msg=audit({seconds}.{:03}:{lines}): arch=c000003e syscall=257 success=yes exit=3 a0=ffffff9c a1=7ffd2a6c8f30 a2=80000 a3=0 items=1 ppid=1 pid={pid} auid=4294967295 uid={uid} gid={uid} euid={uid} suid={uid} fsuid={uid} egid={uid} sgid={uid} fsgid={uid} tty=(none) ses=4294967295 comm=\"sh\" exe=\"/bin/busybox\" key=\"state\"\n",
                now.subsec_millis()
            )
        } else {
            format!(
                "type=PATH msg=audit({seconds}.{:03}:{lines}): item=0 name=\"/srv/state/file-{lines}\" inode={lines} dev=08:01 mode=0100600 ouid=1001 ogid=1001 rdev=00:00 nametype=NORMAL cap_fp=0 cap_fi=0 cap_fe=0 cap_fver=0\n",
                now.subsec_millis()
            )
        };
        file.write_all(line.as_bytes()).unwrap();
        written += line.len() as u64;
        lines += 1;
        known += u64::from(is_known);
    }
    file.flush().unwrap();
    (lines, known)
}

/// Every line comes out in its place, unchanged but for what is added to those that are known.
fn compare(path: &Path, (lines, known): (u64, u64)) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_seaworthy"))
        .arg("annotate")
        .stdin(File::open(path).unwrap())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut before = BufReader::with_capacity(1 << 20, File::open(path).unwrap());
    let mut after = BufReader::with_capacity(1 << 20, child.stdout.take().unwrap());
    let (mut seen, mut added) = (0, 0);
    let (mut line, mut other) = (Vec::new(), Vec::new());
    loop {
        line.clear();
        other.clear();
        before.read_until(b'\n', &mut line).unwrap();
        after.read_until(b'\n', &mut other).unwrap();
        if line.is_empty() {
            assert!(other.is_empty(), "there is more than came in");
            break;
        }
        seen += 1;
        if line != other {
            let rest = other.strip_prefix(line.strip_suffix(b"\n").unwrap()).expect("a line is another one");
            assert!(rest.starts_with(b" ") && rest.ends_with(b"\n"), "{}", String::from_utf8_lossy(rest));
            added += 1;
        }
    }
    assert!(child.wait().unwrap().success());
    assert_eq!((seen, added), (lines, known));
}

/// Runs it to the end; what it says of it, and the most memory that it had, in KiB.
fn annotate(input: &File) -> (String, u64) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_seaworthy"))
        .arg("annotate")
        .stdin(input.try_clone().unwrap())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut peak = 0;
    let status = format!("/proc/{}/status", child.id());
    let end = loop {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let most = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let most = most.and_then(|rest| rest.trim().strip_suffix("kB")?.trim().parse().ok());
        peak = peak.max(most.unwrap_or(0));
        if let Some(end) = child.try_wait().unwrap() {
            break end;
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    assert!(end.success());
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    (said, peak)
}

fn shorter(best: &mut Option<Duration>, run: impl FnOnce()) {
    let start = Instant::now();
    run();
    let took = start.elapsed();
    *best = Some(best.map_or(took, |best| best.min(took)));
}

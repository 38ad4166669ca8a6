//! A tree that a container controls, and whoever repairs it: nothing outside of it changes.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, chown, lchown, symlink};
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fs::{CWD, FileType, Mode, RenameFlags, makedev, mknodat, renameat_with};

use super::harness::{Output, Project, owner_and_mode, run};
use super::operator::{OPERATOR, Operated, give, plain};
use super::surroundings::Surroundings;

const OLD: u32 = 3001;
const NEW: u32 = 3002;

const OURS: [&str; 4] = ["memory", ".seaworthy", "seaworthy.lock", "seaworthy.yaml"];

const COMPOSE: &str = "services:\n  s:\n    image: sw-busybox\n    network_mode: none\n    \
                       volumes: ['./memory:/memory']\n";

fn policy(user: u32) -> String {
    format!(
        "version: 1\nuser: {{default: '{user}:{user}'}}\nstate: [{{path: 'memory', from: ['{OLD}:{OLD}', '{NEW}:{NEW}']}}]\n...\n"
    )
}

fn project() -> Operated {
    let project = Operated::new(COMPOSE, &plain());
    project.file("seaworthy.yaml", &policy(NEW));
    fs::create_dir(project.path("memory")).unwrap();
    fs::create_dir(project.project.beside("outside")).unwrap();
    give(&project.path("memory"), OLD);
    project
}

/// As root by itself, or as the operator by the helper.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    Root,
    Operator,
}

const BOTH: [Who; 2] = [Who::Root, Who::Operator];

fn repair(project: &Operated, who: Who) -> Output {
    match who {
        Who::Root => {
            let output = project.project.seaworthy(&["repair", "--migrate"]);
            // The next one may be the operator's.
            let _ = fs::remove_dir_all(project.path(".seaworthy"));
            let _ = chown(project.path("seaworthy.lock"), Some(OPERATOR), Some(OPERATOR));
            output
        }
        Who::Operator => project.seaworthy(&["repair", "--migrate"]),
    }
}

fn file(path: &Path, uid: u32) {
    fs::write(path, "content").unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
    chown(path, Some(uid), Some(uid)).unwrap();
}

fn owner(path: &Path) -> u32 {
    owner_and_mode(path).0
}

/// Everything that can be put into a tree to have something else given away.
fn arm(project: &Operated) {
    let (memory, outside) = (project.path("memory"), project.project.beside("outside"));
    for (name, uid) in [("victim", OLD), ("hard", OLD)] {
        file(&outside.join(name), uid);
    }
    fs::create_dir(outside.join("directory")).unwrap();
    file(&outside.join("directory/file"), OLD);
    give(&outside.join("directory"), OLD);

    file(&memory.join("plain"), OLD);
    for (name, target) in [
        ("passwd", Path::new("/etc/passwd")),
        ("link", &outside.join("victim")),
        ("directory", &outside.join("directory")),
        ("up", Path::new("../../outside")),
    ] {
        symlink(target, memory.join(name)).unwrap();
        lchown(memory.join(name), Some(OLD), Some(OLD)).unwrap();
    }
    fs::hard_link(outside.join("hard"), memory.join("hard")).unwrap();
    file(&memory.join("env"), OPERATOR);
    file(&memory.join("root"), 0);
    mknodat(CWD, memory.join("fifo"), FileType::Fifo, Mode::RUSR, 0).unwrap();
    mknodat(CWD, memory.join("null"), FileType::CharacterDevice, Mode::RUSR, makedev(1, 3)).unwrap();
    for name in ["fifo", "null"] {
        chown(memory.join(name), Some(OLD), Some(OLD)).unwrap();
    }
    for name in [&b"two\nlines"[..], b"\xff\xfe", b"-rf"] {
        file(&memory.join(OsStr::from_bytes(name)), OLD);
    }
}

/// A directory of outside, mounted inside while this lives.
struct Mounted(std::path::PathBuf);

impl Mounted {
    fn new(from: &Path, to: &Path) -> Self {
        fs::create_dir(to).unwrap();
        let status = Command::new("mount").arg("--bind").args([from, to]).status().unwrap();
        assert!(status.success(), "these tests mount something");
        Self(to.to_owned())
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn nothing_outside_changes_whatever_the_tree_holds() {
    for who in BOTH {
        let project = project();
        arm(&project);
        let memory = project.path("memory");
        let mounted = Mounted::new(&project.project.beside("outside/directory"), &memory.join("mounted"));
        let before = Surroundings::of(&project.project, &OURS);
        let output = repair(&project, who).ok();
        before.are_the_same(&project.project);
        assert_eq!(owner(&project.project.beside("outside/hard")), OLD, "{who:?}");
        // The directory, the file, four links, three strange names.
        output.says("9 given").says("6 left alone");
        for text in [
            "hard (it has other names",
            "env (it is user 1500's",
            "root (it is root's",
            "fifo (it is a named pipe)",
            "null (it is a character device)",
            "mounted (something else is mounted there)",
        ] {
            assert!(repair(&project, who).stdout.contains(text), "no {text} by {who:?}");
        }
        for name in [&b"plain"[..], b"two\nlines", b"\xff\xfe", b"-rf", b"passwd", b"link", b"up"] {
            assert_eq!(owner(&memory.join(OsStr::from_bytes(name))), NEW, "{who:?}");
        }
        drop(mounted);
    }
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn control_chown_gives_away_what_is_outside() {
    let project = project();
    arm(&project);
    let memory = project.path("memory");
    let mounted = Mounted::new(&project.project.beside("outside/directory"), &memory.join("mounted"));
    give(&memory, NEW);
    let outside = |name: &str| owner(&project.project.beside("outside").join(name));
    assert_eq!((outside("hard"), outside("directory"), outside("directory/file")), (NEW, NEW, NEW));
    assert_eq!((owner(&memory.join("env")), owner(&memory.join("null"))), (NEW, NEW));
    drop(mounted);
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn a_tree_5000_deep_is_given_whole() {
    for who in BOTH {
        let project = project();
        // Deeper than a path can say, so it is made from within.
        let dig = "i=0; while [ $i -lt 5000 ]; do mkdir d && cd -P d || exit 1; i=$((i+1)); done; : > end";
        let mut command = Command::new("perl");
        command.args(["-e", "for (1..5000) { mkdir 'd' or die; chown 3001, 3001, 'd'; chdir 'd' or die } open F, '>', 'end'; chown 3001, 3001, 'end'"]);
        let dug = command.current_dir(project.path("memory")).status().is_ok_and(|status| status.success());
        assert!(dug, "perl is missing; as a script: {dig}");
        repair(&project, who).ok().says("5002 given").says("0 left alone");
        repair(&project, who).ok().says("5002 already right");
        let removed = Command::new("rm").arg("-rf").arg(project.path("memory/d")).status().unwrap();
        assert!(removed.success());
    }
}

/// Directories with a file each, in the tree and outside, and links in the tree to those outside.
fn pairs(project: &Project, count: usize) {
    let (memory, outside) = (project.path("memory"), project.beside("outside"));
    for at in 0..count {
        for tree in [&memory, &outside] {
            let directory = tree.join(format!("d{at}"));
            fs::create_dir(&directory).unwrap();
            file(&directory.join("file"), OLD);
            give(&directory, OLD);
        }
        symlink(outside.join(format!("d{at}")), memory.join(format!("l{at}"))).unwrap();
    }
}

/// Exchanges each directory with its link, on and on, while `work` is done.
fn exchanging<T>(memory: &Path, count: usize, work: impl FnOnce() -> T) -> T {
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                for at in 0..count {
                    let (one, other) = (memory.join(format!("d{at}")), memory.join(format!("l{at}")));
                    renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE).unwrap();
                }
            }
        });
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
        stop.store(true, Ordering::Relaxed);
        result.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

/// A thousand repairs through the real program: each run goes through fifty trees.
#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn a_thousand_repairs_are_not_led_astray_by_exchanged_links() {
    let project = project();
    pairs(&project.project, 50);
    let before = Surroundings::of(&project.project, &OURS);
    let memory = project.path("memory");
    let given = exchanging(&memory, 50, || {
        let (mut given, mut repairs, mut round) = (0, 0, 0);
        while repairs < 1000 {
            let user = if round % 2 == 0 { NEW } else { OLD };
            // Each third time the whole tree at once, so that it is a directory inside that is exchanged.
            let path = if round % 3 == 2 { "path: 'memory'" } else { "path: 'memory/d*'" };
            let policy = policy(user).replace("path: 'memory'", path);
            project.file("seaworthy.yaml", &policy);
            // Each sixth time by the helper.
            let output = repair(&project, if round % 6 == 0 { Who::Operator } else { Who::Root });
            let trees = output.stdout.lines().filter(|line| line.contains(" given, "));
            let some = trees.clone().filter(|line| !line.contains(": 0 given"));
            (repairs, given, round) = (repairs + trees.count(), given + some.count(), round + 1);
            assert!(round < 500, "{repairs} repairs: {output}");
        }
        given
    });
    before.are_the_same(&project.project);
    assert!(given > 100, "{given}");
    for at in 0..50 {
        let directory = project.project.beside("outside").join(format!("d{at}"));
        assert_eq!((owner(&directory), owner(&directory.join("file"))), (OLD, OLD));
    }
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn control_a_walk_by_name_is_led_astray_by_exchanged_links() {
    let project = project();
    pairs(&project.project, 50);
    let memory = project.path("memory");
    let astray = |uid: u32| {
        (0..50).any(|at| owner(&project.project.beside("outside").join(format!("d{at}/file"))) == uid)
    };
    let hit = exchanging(&memory, 50, || {
        (0..200).any(|_| {
            let mut command = Command::new("find");
            command.arg(&memory).args(["-type", "f", "-exec", "chown", "3002", "{}", "+"]);
            let _ = command.output();
            astray(NEW)
        })
    });
    assert!(hit);
}

/// Interrupted at any moment, it leaves a tree that the next run finishes.
#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn an_interrupted_repair_is_finished_by_the_next() {
    for who in BOTH {
        let project = project();
        for at in 0..40 {
            let directory = project.path(&format!("memory/{at}"));
            fs::create_dir(&directory).unwrap();
            for name in 0..200 {
                file(&directory.join(name.to_string()), OLD);
            }
            chown(&directory, Some(OLD), Some(OLD)).unwrap();
        }
        for patience in [20, 60, 120, 250, 400] {
            let mut command = match who {
                Who::Root => project.project.command(super::harness::Seaworthy, &["repair"]),
                Who::Operator => {
                    let mut command = project.as_operator();
                    command.arg(project.project.beside("bin/seaworthy")).arg("repair");
                    command
                }
            };
            let mut child = command
                .stdout(std::process::Stdio::null())
                .stderr(std::process::Stdio::null())
                .spawn()
                .unwrap();
            std::thread::sleep(std::time::Duration::from_millis(patience));
            let _ = child.kill();
            child.wait().unwrap();
        }
        if who == Who::Root {
            let _ = fs::remove_dir_all(project.path(".seaworthy"));
        }
        repair(&project, who).ok();
        repair(&project, who).ok().says("8041 already right");
        let mut find = Command::new("find");
        find.arg(project.path("memory")).args(["!", "-user", &NEW.to_string()]);
        assert_eq!(run(find).ok().stdout, "");
    }
}

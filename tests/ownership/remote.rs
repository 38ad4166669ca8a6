//! An engine on another machine: what is to be done on the host is refused, or done there by the helper.
//!
//! The program runs under another host name, with other files at the place that the engine mounts from, and
//! reaches the engine through a port. So whatever it did on its own side would be seen.

use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::harness::{End, Output, Project, bare, owner_and_mode, run};
use super::operator::{Bed, plain, remapped, static_program};
use super::surroundings::Surroundings;

const OURS: [&str; 4] = ["there", ".seaworthy", "seaworthy.lock", "seaworthy.yaml"];

const UP: [&str; 3] = ["up", "--exit-code-from", "s"];

/// A port that leads to an engine, as long as this lives.
struct Port {
    address: String,
    stop: Arc<AtomicBool>,
}

impl Port {
    fn to(socket: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let stop = Arc::new(AtomicBool::new(false));
        let (ended, socket) = (Arc::clone(&stop), socket.to_owned());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if ended.load(Ordering::Relaxed) {
                    return;
                }
                let Ok(engine) = UnixStream::connect(&socket) else { return };
                let (to, from) = (engine.try_clone().unwrap(), stream.try_clone().unwrap());
                std::thread::spawn(move || {
                    copy(from, &to);
                    let _ = to.shutdown(Shutdown::Write);
                });
                std::thread::spawn(move || {
                    copy(engine, &stream);
                    let _ = stream.shutdown(Shutdown::Write);
                });
            }
        });
        Self { address, stop }
    }
}

/// As it comes: whoever waits for a line must get it.
fn copy(mut from: impl Read, mut to: impl Write) {
    let mut buffer = [0; 16 << 10];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        if to.write_all(&buffer[..count]).is_err() {
            return;
        }
    }
}

impl Drop for Port {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect(&self.address);
    }
}

/// A project on one machine, and an engine on another, on which `there` is.
struct Away {
    project: Project,
    port: Port,
    map: u32,
}

impl Away {
    fn new(compose: &str, policy: &str, bed: &Bed) -> Self {
        let port = Port::to(bed.host.strip_prefix("unix://").unwrap());
        let project = Project::new(compose).on(&bed.host);
        project.file("seaworthy.yaml", &format!("{policy}...\n"));
        fs::create_dir(project.path("there")).unwrap();
        Self { project, port, map: bed.map }
    }

    /// Runs the program on its own machine; there, nothing may come to be.
    #[track_caller]
    fn seaworthy(&self, words: &[&str]) -> Output {
        let here = tempfile::NamedTempFile::new().unwrap();
        let script = "hostname sw-elsewhere && mount -t tmpfs sw-test there || exit 99; \"$@\"; status=$?; \
                      find there -mindepth 1 > \"$HERE\"; exit $status";
        let mut command = bare("unshare");
        command.args(["--mount", "--uts", "sh", "-c", script, "sh"]).arg(static_program()).args(words);
        command.current_dir(&self.project.directory);
        command.env("DOCKER_HOST", format!("tcp://{}", self.port.address));
        command.env("HERE", here.path());
        let output = self.project.watched(|| run(command));
        assert_eq!(fs::read_to_string(&here).unwrap(), "", "made on this side: {output}");
        output
    }

    fn there(&self, path: &str) -> PathBuf {
        self.project.path("there").join(path)
    }

    fn own(&self, path: &str, uid: u32, mode: u32) {
        let path = self.there(path);
        chown(&path, Some(self.map + uid), Some(self.map + uid)).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    }
}

fn compose(volumes: &str, command: &str) -> String {
    format!(
        "services:\n  s:\n    image: sw-busybox\n    network_mode: none\n    stop_grace_period: 0s\n    \
         volumes: [{volumes}]\n    command: [sh, -c, \"{command}\"]\n"
    )
}

fn policy(user: u32, more: &str) -> String {
    format!("version: 1\nuser: {{default: '{user}:{user}'}}\nbinds: {{roots: [there]{more}}}\n")
}

/// What a test does on the engine's side first.
type Prepare = fn(&Away);

const HELPER: &str = "repair: helper\n";

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn without_a_word_of_the_policy_it_is_refused() {
    let text = compose("'./there/data:/data'", "echo x > /data/x");
    for more in ["", "repair: auto\n", "repair: host\n"] {
        let away = Away::new(&text, &(policy(10001, "") + more), &plain());
        let before = Surroundings::of(&away.project, &OURS[1..]);
        away.seaworthy(&UP).refuses(73, "remote-engine").says("repair: helper");
        away.seaworthy(&["repair"]).ends(78);
        before.are_the_same(&away.project);
        assert_eq!(away.project.ids(), [""; 0]);
    }
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn control_plain_compose_leaves_a_directory_of_root_there() {
    let project = Project::new(&compose("'./there/data:/data'", "echo x > /data/x"));
    let text = fs::read_to_string(project.path("compose.yaml")).unwrap();
    project.file("compose.yaml", &text.replace("    volumes", "    user: '10001:10001'\n    volumes"));
    let port = Port::to(plain().host.strip_prefix("unix://").unwrap());
    let project = project.with("DOCKER_HOST", &format!("tcp://{}", port.address));
    let output = project.compose(&UP);
    assert_ne!(output.end, End::Code(0), "{output}");
    assert_eq!(owner_and_mode(&project.path("there/data")).0, 0);
}

fn is_made_and_repaired_there(bed: &Bed) {
    let volumes = "'./there/memory:/memory', './there/deep/data:/data', './there/conf.json:/conf.json:ro'";
    let command =
        "umask 077; cat /memory/notes/log /conf.json && echo word >> /memory/notes/log && echo x > /data/x";
    let declared = ", create: [{path: there/conf.json, kind: file, content: '{}', mode: '0644'}]";
    let state = "state: [{path: there/memory, from: ['3001:3001']}]\n";
    let away = Away::new(&compose(volumes, command), &(policy(3002, declared) + state + HELPER), bed);
    fs::create_dir_all(away.there("memory/notes")).unwrap();
    fs::write(away.there("memory/notes/log"), "word\n").unwrap();
    for (path, mode) in [("memory/notes/log", 0o600), ("memory/notes", 0o700), ("memory", 0o700)] {
        away.own(path, 3001, mode);
    }
    let before = Surroundings::of(&away.project, &OURS);
    let plan = away.seaworthy(&["plan"]).ok();
    for text in ["by the helper on the engine's machine", "./there/deep/data", "./there/memory"] {
        assert!(plan.stdout.contains(text), "no {text}: {plan}");
    }
    assert!(!away.there("deep").exists(), "a plan does nothing");
    away.seaworthy(&UP).ok().says("3 given").says("word").says("{}");
    before.are_the_same(&away.project);
    let new = away.map + 3002;
    for (path, mode) in [
        ("memory/notes/log", 0o600),
        ("memory", 0o700),
        ("deep/data", 0o750),
        ("deep/data/x", 0o600),
        ("conf.json", 0o644),
    ] {
        assert_eq!(owner_and_mode(&away.there(path)), (new, new, mode), "{path}");
    }
    // What is right stays, and the command that only repairs says so.
    away.seaworthy(&UP).ok();
    away.seaworthy(&["repair", "--dry-run"]).ok().says("3 already right");
    assert_eq!(fs::read_to_string(away.there("memory/notes/log")).unwrap(), "word\nword\nword\n");
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn the_helper_makes_and_repairs_there() {
    is_made_and_repaired_there(&plain());
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn the_helper_makes_and_repairs_there_where_users_are_mapped() {
    is_made_and_repaired_there(&remapped());
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn what_is_wrong_there_stops_the_launch() {
    let state = "state: [{path: there/data, from: ['3001:3001']}]\n";
    let cases: [(&str, &str, Prepare, &str, &str); 6] = [
        ("'./there/conf.json:/c:ro'", "", |_| {}, "bind-missing", "is missing, and should be a file"),
        (
            "'./there/conf.json:/c:ro'",
            "",
            |away| fs::create_dir(away.there("conf.json")).unwrap(),
            "bind-kind",
            "is a directory, and should be a file",
        ),
        (
            "'./there/data:/data'",
            "",
            |away| {
                fs::create_dir(away.there("data")).unwrap();
                away.own("data", 3009, 0o700);
            },
            "bind-access",
            "mode 0700, and refuses to read and write and enter",
        ),
        (
            "'./there/data:/data'",
            state,
            |away| {
                fs::create_dir(away.there("data")).unwrap();
                away.own("data", 3009, 0o700);
            },
            "bind-access",
            "whom this service is not known to have been, and closed to that user",
        ),
        (
            "'./there/data:/data'",
            "",
            |away| std::os::unix::fs::symlink("/etc", away.there("data")).unwrap(),
            "bind-kind",
            "is a symbolic link",
        ),
        (
            "'./there/data:/data'",
            "",
            |away| fs::remove_dir(away.there("")).unwrap(),
            "prepare-failed",
            "have to be there",
        ),
    ];
    for (volumes, more, prepare, code, text) in cases {
        let away = Away::new(&compose(volumes, "true"), &(policy(10001, "") + more + HELPER), &plain());
        // On its own side it needs a place; on the engine's, that is taken away again.
        prepare(&away);
        if away.there("").exists() {
            away.seaworthy(&UP).refuses(73, code).says(text);
        } else {
            let words = policy(10001, "").replace("[there]", "[gone]") + HELPER;
            away.project.file("seaworthy.yaml", &format!("{words}...\n"));
            let volumes = volumes.replace("there", "gone");
            away.project.file("compose.yaml", &compose(&volumes, "true"));
            fs::create_dir(away.there("")).unwrap();
            away.seaworthy(&UP).refuses(73, code).says(text);
            assert!(!away.project.path("gone").exists(), "nothing above a root is made");
        }
        assert_eq!(away.project.ids(), [""; 0], "{text}");
    }
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn what_is_shared_is_shared_there_and_what_cannot_be_done_is_refused() {
    let service = |name: &str, uid: u32| {
        format!(
            "  {name}:\n    image: sw-busybox\n    user: '{uid}:{uid}'\n    network_mode: none\n    volumes: ['./there/shared:/shared']\n    \
             command: [sh, -c, \"umask 077; echo {name} >> /shared/log\"]\n"
        )
    };
    let text = format!("services:\n{}{}", service("a", 3001), service("b", 3002));
    let policy = "version: 1\nbinds: {roots: [there]}\nstate: [{path: there/shared, strategy: acl}]\n"
        .to_owned()
        + HELPER;
    let away = Away::new(&text, &policy, &plain());
    for name in ["a", "b", "a"] {
        away.seaworthy(&["up", "--exit-code-from", name, name]).ok();
    }
    assert_eq!(fs::read_to_string(away.there("shared/log")).unwrap(), "a\nb\na\n");
    away.project.file("seaworthy.yaml", &format!("{}...\n", policy.replace("acl", "idmap")));
    away.seaworthy(&["up"]).refuses(73, "remote-engine").says("idmap");
}

//! Incident 1 as it happened: memory written by one user, closed to the next, and to the operator.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::Path;

use super::harness::{Compose, End, Output, Project, Seaworthy, bare, owner_and_mode, run};
use super::operator::{Bed, Operated, give, plain, remapped};
use super::surroundings::Surroundings;

const OLD: u32 = 3001;
const NEW: u32 = 3002;

/// What a launch makes beside what it was asked for.
const OURS: [&str; 4] = ["memory", ".seaworthy", "seaworthy.lock", "seaworthy.yaml"];

/// A generation: writes as only its own user may read, and reads all there is.
fn generation(user: &str) -> String {
    let user = if user.is_empty() { String::new() } else { format!("    user: '{user}'\n") };
    format!(
        "services:\n  s:\n    image: sw-busybox\n{user}    network_mode: none\n    stop_grace_period: 0s\n    \
         volumes: ['./memory:/memory']\n    command: [sh, -c, \"umask 077; mkdir -p /memory/notes && \
         echo word >> /memory/notes/log && cat /memory/notes/log\"]\n"
    )
}

const UP: [&str; 3] = ["up", "--exit-code-from", "s"];

/// Memory as generation one left it.
fn project(bed: &Bed) -> Operated {
    let project = Operated::new(&generation("3001:3001"), bed);
    let memory = project.path("memory");
    fs::create_dir(&memory).unwrap();
    chown(&memory, Some(bed.map + OLD), Some(bed.map + OLD)).unwrap();
    fs::set_permissions(&memory, fs::Permissions::from_mode(0o700)).unwrap();
    project.compose(&UP).ok();
    assert_eq!(owner_and_mode(&project.path("memory/notes")), (bed.map + OLD, bed.map + OLD, 0o700));
    assert_eq!(owner_and_mode(&project.path("memory/notes/log")).2, 0o600);
    project
}

fn words(output: &Output) -> usize {
    output.stdout.matches("word").count()
}

fn control(bed: &Bed) {
    let project = project(bed);
    project.file("compose.yaml", &generation("3002:3002"));
    let output = project.compose(&UP);
    assert_ne!(output.end, End::Code(0), "{output}");
    output.says("Permission denied");
    // The operator cannot help himself either.
    for command in [["chmod", "-R", "u+rwX", "memory"], ["chown", "-R", "3002", "memory"]] {
        let mut own = project.as_operator();
        own.args(command);
        assert_ne!(run(own).end, End::Code(0));
    }
}

/// Under a policy that says who generation two is, and who generation one was.
fn is_repaired_by_up(bed: &Bed) {
    let project = project(bed);
    project.file("compose.yaml", &generation(""));
    project.file(
        "seaworthy.yaml",
        "version: 1\nuser: {default: '3002:3002'}\nstate: [{path: memory, from: ['3001:3001']}]\n...\n",
    );
    let before = Surroundings::of(&project.project, &OURS);
    let output = project.seaworthy(&UP).ok().says("3 given");
    assert_eq!(words(&output), 2, "{output}");
    let new = (bed.map + NEW, bed.map + NEW);
    for (path, mode) in [("memory", 0o700), ("memory/notes", 0o700), ("memory/notes/log", 0o600)] {
        assert_eq!(owner_and_mode(&project.path(path)), (new.0, new.1, mode), "{path}");
    }
    before.are_the_same(&project.project);
    // Once is enough, and what is right is not spoken of.
    let again = project.seaworthy(&UP).ok();
    assert!(words(&again) == 3 && !again.stderr.contains("given"), "{again}");
    no_helper_is_left(&project.project);
}

fn no_helper_is_left(project: &Project) {
    let mounts = format!("volume={}", project.directory.display());
    let filters = ["--filter", "label=io.seaworthy.purpose=helper", "--filter", &mounts];
    let left = project.docker(&[&["ps", "--all", "--quiet"][..], &filters[..]].concat());
    assert_eq!(left.ok().stdout, "");
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn control_plain_compose_leaves_generation_two_without_memory() {
    control(&plain());
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn control_it_is_the_same_where_users_are_mapped() {
    control(&remapped());
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn up_by_an_ordinary_operator_repairs_and_generation_two_reads_and_writes() {
    is_repaired_by_up(&plain());
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn up_repairs_where_users_are_mapped() {
    is_repaired_by_up(&remapped());
}

/// What a new generation finds missing: the operator may not give it to anybody, and the engine would make it
/// root's.
#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn what_is_missing_is_made_for_the_service_also_by_an_ordinary_operator() {
    let text = generation("3001:3001")
        .replace("'./memory:/memory'", "'./deep/memory:/memory', './sub:/memory/in/sub'");
    for bed in [plain(), remapped()] {
        let control = Operated::new(&text, &bed);
        assert_ne!(control.compose(&UP).end, End::Code(0));
        assert_eq!(owner_and_mode(&control.path("deep/memory")).0, bed.root);

        let project = Operated::new(&text, &bed);
        project.file("seaworthy.yaml", "version: 1\nrepair: never\n...\n");
        project.seaworthy(&UP).refuses(73, "bind-owner");
        project.file("seaworthy.yaml", "version: 1\n...\n");
        let before = Surroundings::of(&project.project, &[&OURS[..], &["deep", "sub"]].concat());
        project.seaworthy(&["plan"]).ok().says("by a helper container");
        assert!(!project.path("deep").exists());
        project.seaworthy(&["--dry-run", "prepare"]).ok().says("3 to create");
        assert_eq!(words(&project.seaworthy(&UP).ok().says("made by the helper")), 1);
        before.are_the_same(&project.project);
        let (old, mine) = ((bed.map + OLD, bed.map + OLD), project.operator);
        for (path, owner, mode) in [
            ("deep", mine, 0o755),
            ("deep/memory", old, 0o750),
            ("deep/memory/in", old, 0o755),
            ("deep/memory/in/sub", mine, 0o755),
            ("sub", old, 0o750),
            ("deep/memory/notes", old, 0o700),
        ] {
            assert_eq!(owner_and_mode(&project.path(path)), (owner.0, owner.1, mode), "{path}");
        }
        assert_eq!(words(&project.seaworthy(&UP).ok()), 2);
        no_helper_is_left(&project.project);
    }
}

/// With the lock alone: who generation one was is what the first launch remembered.
#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn the_lock_remembers_whose_files_the_service_may_have() {
    let bed = plain();
    let project = Operated::new(&generation(""), &bed);
    project
        .file("seaworthy.yaml", "version: 1\nuser: {default: '1500:1500'}\nstate: [{path: memory}]\n...\n");
    // The directory is made for the operator himself; then generation one gets it.
    project.seaworthy(&UP).ok();
    fs::remove_dir_all(project.path("memory")).unwrap();
    fs::remove_file(project.path("seaworthy.lock")).unwrap();
    fs::create_dir(project.path("memory")).unwrap();
    let old = project.on_machine(OLD);
    chown(project.path("memory"), Some(old), Some(old)).unwrap();
    project
        .file("seaworthy.yaml", "version: 1\nuser: {default: '3001:3001'}\nstate: [{path: memory}]\n...\n");
    project.seaworthy(&UP).ok();

    project
        .file("seaworthy.yaml", "version: 1\nuser: {default: '3002:3002'}\nstate: [{path: memory}]\n...\n");
    project.seaworthy(&UP).refuses(78, "user-drift");
    project.seaworthy(&["repair", "--dry-run", "--migrate"]).ok().says("3 to give");
    assert_eq!(owner_and_mode(&project.path("memory/notes")).0, old);
    project.seaworthy(&["repair", "--migrate"]).ok().says("3 given");
    assert_eq!(words(&project.seaworthy(&UP).ok()), 2);

    // A container of generation one that nobody stopped goes on writing.
    let mount = format!("{}:/memory", project.path("memory").display());
    let late = "umask 077; mkdir /memory/late && echo word > /memory/late/log";
    let user = format!("{OLD}:{NEW}");
    fs::set_permissions(project.path("memory"), fs::Permissions::from_mode(0o770)).unwrap();
    let run = ["run", "--rm", "--network", "none", "-u", &user, "-v", &mount, "sw-busybox", "sh", "-c", late];
    project.project.docker(&run).ok();
    assert_eq!(owner_and_mode(&project.path("memory/late/log")), (old, project.on_machine(NEW), 0o600));
    project.seaworthy(&UP).ok().says("2 given");
    assert_eq!(owner_and_mode(&project.path("memory/late/log")).0, project.on_machine(NEW));
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn what_belongs_to_nobody_known_is_left_alone_and_said() {
    let project = project(&plain());
    project.file("compose.yaml", &generation(""));
    project.file(
        "seaworthy.yaml",
        "version: 1\nuser: {default: '3002:3002'}\nstate: [{path: memory, from: ['3001:3001']}]\n...\n",
    );
    let all = [("env", project.operator.0), ("root", 0), ("stranger", 3003)];
    for (name, uid) in all {
        let path = project.path("memory").join(name);
        fs::write(&path, "TOPSECRET").unwrap();
        // What everybody may read does not keep the service from its work.
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        chown(&path, Some(uid), Some(uid)).unwrap();
    }
    let output = project.seaworthy(&UP).ok().says("3 given").says("3 left alone");
    let output = output.says(&format!("user {}'s, who is the operator", project.operator.0));
    if project.on_machine(1) == 1 {
        output.says("it is root's").says("user 3003's");
    } else {
        output
            .says("/root (the engine's map of users does not")
            .says("/stranger (the engine's map of users does not");
    }
    for (name, uid) in all {
        assert_eq!(owner_and_mode(&project.path("memory").join(name)), (uid, uid, 0o644));
    }
}

/// Not only the directory itself: what is closed in it stops the launch, and the message says how it is taken over.
#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn state_that_its_service_cannot_use_stops_the_launch() {
    for bed in [plain(), remapped()] {
        for by_root in [true, false] {
            let text = generation("").replace(
                "mkdir -p /memory/notes && echo word >> /memory/notes/log && cat /memory/notes/log",
                "echo word >> /memory/journal && cat /memory/journal",
            );
            let policy = |more: &str| {
                format!("version: 1\nuser: {{default: '3002:3002'}}\nstate: [{{path: memory{more}}}]\n...\n")
            };
            let make = || {
                let project = Operated::new(&text, &bed);
                let memory = project.path("memory");
                fs::create_dir(&memory).unwrap();
                fs::set_permissions(&memory, fs::Permissions::from_mode(0o777)).unwrap();
                fs::write(memory.join("journal"), "word\n").unwrap();
                fs::set_permissions(memory.join("journal"), fs::Permissions::from_mode(0o600)).unwrap();
                project
            };
            let up = |project: &Operated| {
                if by_root { project.project.seaworthy(&UP) } else { project.seaworthy(&UP) }
            };
            let project = make();
            chown(project.path("memory/journal"), Some(bed.map + OLD), Some(bed.map + OLD)).unwrap();
            project.file(
                "compose.yaml",
                &text.replace("    network_mode", "    user: '3002:3002'\n    network_mode"),
            );
            project.compose(&UP).says("Permission denied");
            project.project.clear();
            project.file("compose.yaml", &text);
            project.file("seaworthy.yaml", &policy(""));
            up(&project).refuses(73, "bind-access").says("journal").says("from: [\"3001:3001\"]");
            assert!(project.project.ids().is_empty());
            project.file("seaworthy.yaml", &policy(", from: ['3001:3001']"));
            assert_eq!(words(&up(&project).ok()), 2);

            // A program of the host's, as root.
            let project = make();
            chown(project.path("memory/journal"), Some(0), Some(0)).unwrap();
            project.file("seaworthy.yaml", &policy(""));
            up(&project).refuses(73, "bind-access").says("it is root's").says("strategy: idmap");
        }
    }
}

/// A service that had the operator's own number.
#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn a_migration_that_comes_to_nothing_is_an_error_and_the_operators_number_is_asked_for() {
    let project = Operated::new(&generation(""), &plain());
    let policy = |uid: u32, more: &str| format!("version: 1\nuser: {{default: '{uid}:{uid}'}}\n{more}...\n");
    project.file("seaworthy.yaml", &policy(project.operator.0, ""));
    project.seaworthy(&UP).ok();
    project.file("seaworthy.yaml", &policy(NEW, ""));
    project.seaworthy(&UP).refuses(78, "user-drift");
    let before = fs::read_to_string(project.path("seaworthy.lock")).unwrap();
    for words in [&["repair", "--migrate", "--dry-run"][..], &["repair", "--migrate"]] {
        let output = project.seaworthy(words).refuses(73, "prepare-failed");
        output.says("nothing could be given, and 3 entries are left alone").says("--take-mine s");
        assert_eq!(fs::read_to_string(project.path("seaworthy.lock")).unwrap(), before);
    }
    project.seaworthy(&["repair", "--migrate", "--take-mine", "s"]).ok().says("3 given");
    assert_eq!(owner_and_mode(&project.path("memory/notes/log")).0, NEW);
    assert_eq!(words(&project.seaworthy(&UP).ok()), 2);

    // Of somebody whom nobody knows.
    give(&project.path("memory"), 3003);
    project.file("seaworthy.yaml", &policy(3004, ""));
    let refused = project.seaworthy(&["repair", "--migrate"]).refuses(73, "prepare-failed");
    let found = "from: [\"3003:3003\"]";
    refused.says(found);
    let declared = format!("state: [{{path: memory, {found}}}]\n");
    project.file("seaworthy.yaml", &policy(3004, &declared));
    project.seaworthy(&["repair", "--migrate"]).ok().says("3 given");
}

/// Modes that close a directory to its own user.
#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn what_its_own_user_closed_to_himself_is_opened() {
    let project = project(&plain());
    project.file("compose.yaml", &generation(""));
    for (path, mode) in [("memory/notes/log", 0o200), ("memory/notes", 0o100), ("memory", 0)] {
        fs::set_permissions(project.path(path), fs::Permissions::from_mode(mode)).unwrap();
    }
    project
        .file("seaworthy.yaml", "version: 1\nuser: {default: '3001:3001'}\nstate: [{path: memory}]\n...\n");
    let output = project.seaworthy(&UP).ok().says("3 opened");
    assert_eq!(words(&output), 2, "{output}");
    assert_eq!(owner_and_mode(&project.path("memory")).2, 0o700);
    assert_eq!(owner_and_mode(&project.path("memory/notes/log")).2, 0o600);
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn a_policy_that_forbids_repair_is_kept_and_the_launch_refused() {
    let policy =
        "version: 1\nuser: {default: '3002:3002'}\nstate: [{path: memory, from: ['3001:3001']}]\n...\n";
    let project = project(&plain());
    project.file("compose.yaml", &generation(""));
    for setting in ["never", "host"] {
        project.file("seaworthy.yaml", &policy.replace("...\n", &format!("repair: {setting}\n...\n")));
        project.seaworthy(&UP).refuses(73, "bind-access").says("memory");
        project.seaworthy(&["repair"]).refuses(73, "prepare-failed").says(&format!("repair: {setting}"));
    }
    assert_eq!(owner_and_mode(&project.path("memory")).0, project.on_machine(OLD));
    // Root can, and as root it is the same: both ways come to the same end.
    project.file("seaworthy.yaml", &policy.replace("...\n", "repair: host\n...\n"));
    let host = tree(&project, Seaworthy);
    let new = project.on_machine(NEW);
    assert_eq!(host, vec![(new, 0o700), (new, 0o700), (new, 0o600)]);
}

fn tree(project: &Operated, tool: super::harness::Tool) -> Vec<(u32, u32)> {
    assert_ne!(tool, Compose);
    // Where the operator launched before, it is the operator's.
    let _ = fs::remove_dir_all(project.path(".seaworthy"));
    project.project.seaworthy(&UP).ok();
    ["memory", "memory/notes", "memory/notes/log"]
        .map(|path| owner_and_mode(&project.path(path)))
        .map(|(uid, _, mode)| (uid, mode))
        .to_vec()
}

/// The helper gets the declared root, and may do nothing but change owners and modes in it.
#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn the_helper_is_confined_and_made_of_the_program_alone() {
    let project = project(&plain());
    project.file("compose.yaml", &generation(""));
    project.file(
        "seaworthy.yaml",
        "version: 1\nuser: {default: '3002:3002'}\nstate: [{path: memory, from: ['3001:3001']}]\n...\n",
    );
    let log = project.path("words");
    fs::write(&log, "").unwrap();
    fs::set_permissions(&log, fs::Permissions::from_mode(0o666)).unwrap();
    let script = format!(
        "#!/bin/sh\nif [ \"$1\" = run ]; then printf '%s\\n' \"$@\" >> {}; fi\nexec /usr/bin/env -u SW_TEST {} \"$@\"\n",
        log.display(),
        which("docker").display()
    );
    let wrapper = project.project.beside("bin/docker");
    fs::write(&wrapper, script).unwrap();
    fs::set_permissions(&wrapper, fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = project.as_operator();
    let path = format!("{}:{}", wrapper.parent().unwrap().display(), std::env::var("PATH").unwrap());
    command.env("PATH", path).arg(project.project.beside("bin/seaworthy")).args(["repair"]);
    // No lock yet: the policy says who it was.
    run(command).ok().says("3 given");
    let words = fs::read_to_string(&log).unwrap();
    let line = words.lines().collect::<Vec<_>>().join(" ");
    for part in [
        "--pull never",
        "--network none",
        "--read-only",
        "--cap-drop ALL",
        "--cap-add CHOWN",
        "--cap-add DAC_OVERRIDE",
        "--security-opt no-new-privileges",
        "--pids-limit",
        "--rm",
    ] {
        assert!(line.contains(part), "no {part} in {line}");
    }
    assert!(!line.contains("DAC_READ_SEARCH") && !line.contains("--privileged"), "{line}");
    let image = words.lines().find(|word| word.starts_with("sha256:")).unwrap();
    let files = bare("sh")
        .args([
            "-c",
            "id=$(docker create $1) && docker export $id | tar -t; docker rm $id > /dev/null",
            "-",
            image,
        ])
        .env("DOCKER_HOST", plain().host)
        .output()
        .unwrap();
    let files = String::from_utf8(files.stdout).unwrap();
    let regular: Vec<&str> = files
        .lines()
        .filter(|name| !name.ends_with('/'))
        .filter(|name| {
            !["dev/", "etc/", "proc/", "sys/", ".dockerenv"].iter().any(|part| name.starts_with(part))
        })
        .collect();
    assert_eq!(regular, ["seaworthy-helper"]);
}

fn which(name: &str) -> std::path::PathBuf {
    let path = std::env::var_os("PATH").unwrap();
    std::env::split_paths(&path).map(|directory| directory.join(name)).find(|path| path.exists()).unwrap()
}

/// A name of a directory above that was exchanged leads the helper nowhere.
#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn a_state_directory_exchanged_for_a_link_is_not_followed() {
    let project = project(&plain());
    project.file("compose.yaml", &generation(""));
    project.file(
        "seaworthy.yaml",
        "version: 1\nuser: {default: '3002:3002'}\nstate: [{path: memory, from: ['3001:3001']}]\n...\n",
    );
    fs::create_dir(project.project.beside("outside")).unwrap();
    let outside = project.project.beside("outside/file");
    fs::write(&outside, "").unwrap();
    chown(&outside, Some(OLD), Some(OLD)).unwrap();
    fs::rename(project.path("memory"), project.path("kept")).unwrap();
    symlink(Path::new("../outside"), project.path("memory")).unwrap();
    let output = project.seaworthy(&["repair"]);
    assert!(!output.stdout.contains("given") || output.stdout.contains(" 0 given"), "{output}");
    assert_eq!(owner_and_mode(&outside).0, OLD);
}

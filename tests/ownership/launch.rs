//! What is prepared and refused before a launch, and that nothing else is touched.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::harness::{Compose, Project, Seaworthy, owner_and_mode};
use super::operator::{OPERATOR, give};
use super::surroundings::Surroundings;

const POLICY: &str = "version: 1\nuser: {default: '10001:10001'}\n...\n";
const OURS: [&str; 2] = [".seaworthy", "seaworthy.lock"];

/// A service that mounts these, and does this.
fn service(volumes: &str, command: &str) -> String {
    format!(
        "services:\n  s:\n    image: sw-busybox\n    network_mode: none\n    stop_grace_period: 0s\n    \
         volumes: [{volumes}]\n    command: [sh, -c, \"{command}\"]\n"
    )
}

const UP: [&str; 3] = ["up", "--exit-code-from", "s"];

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn parents_that_services_share_belong_to_neither() {
    let text = "services:\n  a: {image: sw-busybox, user: '3001:3001', network_mode: none, command: [touch, /s/f], volumes: ['./state/a:/s']}\n  \
                b: {image: sw-busybox, user: '3002:3002', network_mode: none, command: [touch, /s/f], volumes: ['./state/b:/s']}\n";
    let project = Project::new(text);
    give(&project.directory, OPERATOR);
    project.file("seaworthy.yaml", "version: 1\n...\n");
    let before = Surroundings::of(&project, &[&OURS[..], &["state"]].concat());
    project.seaworthy(&["up"]).ok();
    before.are_the_same(&project);
    assert_eq!(owner_and_mode(&project.path("state")), (OPERATOR, OPERATOR, 0o755));
    assert_eq!(owner_and_mode(&project.path("state/a")), (3001, 3001, 0o750));
    assert_eq!(owner_and_mode(&project.path("state/b")), (3002, 3002, 0o750));
    assert_eq!(owner_and_mode(&project.path("state/b/f")).0, 3002);
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn a_declared_file_outside_the_roots_is_made_and_nothing_beside_it() {
    let project = Project::new(&service("'HOME/.gitconfig:/x'", "cat /x")).changing("home/.gitconfig");
    let home = project.beside("home");
    fs::create_dir(&home).unwrap();
    // Nobody's home here; in the operator's it would be the operator's.
    project.file(
        "compose.yaml",
        &service("'HOME/.gitconfig:/x'", "cat /x").replace("HOME", home.to_str().unwrap()),
    );
    let create =
        format!("binds: {{create: [{{path: {}/.gitconfig, kind: file, content: mine}}]}}\n", home.display());
    project.file("seaworthy.yaml", &POLICY.replace("...\n", &format!("{create}...\n")));
    let before = Surroundings::of(&project, &OURS);
    project.seaworthy(&UP).ok().says("mine");
    assert_eq!(owner_and_mode(&home.join(".gitconfig")), (10001, 10001, 0o640));
    fs::remove_file(home.join(".gitconfig")).unwrap();
    before.are_the_same(&project);
}

/// Something mounted while this lives.
struct Mounted(PathBuf);

impl Mounted {
    fn read_only(at: &Path) -> Self {
        let status = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "ro,mode=0777", "sw-test"])
            .arg(at)
            .status()
            .unwrap();
        assert!(status.success(), "these tests mount something");
        Self(at.to_owned())
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

/// The modes allow it, and yet it cannot be written: only trying tells.
#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn a_directory_that_cannot_be_written_is_found_by_trying() {
    let make = || {
        let project = Project::new(&service("'./data:/data'", "echo x > /data/x || exit 3"));
        fs::create_dir(project.path("data")).unwrap();
        project
    };
    let plain = make();
    let mounted = Mounted::read_only(&plain.path("data"));
    plain.run(Compose, &UP).ends(3);
    drop(mounted);

    let project = make();
    project.file("seaworthy.yaml", POLICY);
    let mounted = Mounted::read_only(&project.path("data"));
    project.run(Seaworthy, &UP).refuses(73, "bind-access").says("Read-only file system").says("tmpfs");
    assert_eq!(project.ids(), [""; 0]);
    drop(mounted);
    chown(project.path("data"), Some(10001), Some(10001)).unwrap();
    project.seaworthy(&UP).ok();
    assert_eq!(fs::read_dir(project.path("data")).unwrap().count(), 1, "the probe leaves nothing");
}

/// A filesystem that refuses to give anything away, as `root_squash` does.
#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn where_nothing_can_be_given_away_it_is_created_as_its_owner() {
    let project = Project::new(&service("'./sessions/one:/session'", "echo alive > /session/state"));
    project.file("seaworthy.yaml", POLICY);
    fs::create_dir(project.path("sessions")).unwrap();
    fs::set_permissions(project.path("sessions"), fs::Permissions::from_mode(0o777)).unwrap();
    project.traced("fchown:error=EPERM:when=1", &["prepare"]).ok();
    assert_eq!(owner_and_mode(&project.path("sessions/one")), (10001, 10001, 0o750));
    project.seaworthy(&UP).ok();
    assert_eq!(fs::read_to_string(project.path("sessions/one/state")).unwrap(), "alive\n");
}

/// Killed or refused between making and giving, it leaves nothing under the name.
#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn what_is_half_made_never_has_the_name() {
    for inject in [
        "fchown:signal=KILL:when=1",
        "fchmod:signal=KILL:when=1",
        "renameat2:signal=KILL:when=1",
        "fchown:error=EIO",
        "fchmod:error=EIO",
    ] {
        let project = Project::new(&service("'./data:/data'", "true"));
        project.file("seaworthy.yaml", POLICY);
        // The lock's directory is made first, by other calls.
        let output = project.traced(inject, &["prepare"]);
        assert_ne!(output.end, super::harness::End::Code(0), "{inject}: {output}");
        assert!(!project.path("data").exists(), "{inject}");
        project.seaworthy(&["prepare"]).ok();
        assert_eq!(owner_and_mode(&project.path("data")), (10001, 10001, 0o750), "{inject}");
    }
}

/// Each leaves something behind, or starts something broken, with plain Compose.
#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn traps_leave_nothing_on_the_host() {
    // What is made at the host's root by `${UNSET}/x:/t` is cleaned up by name.
    let unset = format!("/sw-test-unset-{}", std::process::id());
    let cases = [
        (service("'./missing.json:/etc/missing.json'", "true"), "missing.json", "bind-missing"),
        (service("'./run/app.sock:/app.sock'", "true"), "run", "bind-missing"),
        (
            service("{type: bind, source: ./long, target: /x, bind: {propagation: rprivate}}", "true"),
            "long",
            "bind-missing",
        ),
        (service(&format!("'${{UNSET}}{unset}:/x'"), "true"), "nothing", "bind-missing"),
    ];
    for (text, name, code) in cases {
        let project = Project::new(&text);
        project.file("seaworthy.yaml", POLICY);
        let before = Surroundings::of(&project, &OURS);
        project.seaworthy(&UP).refuses(73, code);
        assert!(!project.path(name).exists() && !Path::new(&unset).exists(), "{name}");
        assert_eq!(project.ids(), [""; 0]);
        before.are_the_same(&project);
    }
    let plain = Project::new(&service(&format!("'${{UNSET}}{unset}:/x'"), "true"));
    plain.run(Compose, &UP).ok();
    assert!(Path::new(&unset).is_dir(), "the control");
    fs::remove_dir(&unset).unwrap();
}

/// Mount points and the working directory inside another mount's source.
#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn what_the_engine_makes_inside_a_source_belongs_to_the_service() {
    let text = service("'./data:/data', './sub:/data/deep/sub'", "touch /data/deep/x /data/cwd/y")
        + "    working_dir: /data/cwd\n";
    let plain = Project::new(&text.replace("    volumes", "    user: '10001:10001'\n    volumes"));
    fs::create_dir(plain.path("data")).unwrap();
    give(&plain.path("data"), 10001);
    plain.run(Compose, &UP).ends(1);
    assert_eq!(owner_and_mode(&plain.path("data/cwd")).0, 0);
    assert_eq!(owner_and_mode(&plain.path("data/deep/sub")).0, 0);

    let project = Project::new(&text);
    project.file("seaworthy.yaml", POLICY);
    let before = Surroundings::of(&project, &[&OURS[..], &["data", "sub"]].concat());
    project.seaworthy(&UP).ok();
    before.are_the_same(&project);
    for path in ["data", "data/cwd", "data/deep", "data/deep/sub", "sub"] {
        assert_eq!(owner_and_mode(&project.path(path)).0, 10001, "{path}");
    }
}

/// A tmpfs over a directory of the image has that directory's mode, is root's, and is empty. Whether a mode that is
/// asked for counts there depends on the runtime's version: what works for plain Compose is not refused.
#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn a_tmpfs_that_its_service_could_not_write_is_refused() {
    let service = |mount: &str, target: &str| {
        format!(
            "services:\n  s:\n    image: sw-busybox\n    user: '1000:1000'\n    network_mode: none\n    {mount}\n    \
             command: [sh, -c, 'echo x > {target}/x && ls -A {target}']\n"
        )
    };
    let long = "volumes: [{type: tmpfs, target: /home/node, tmpfs: {mode: 0777}}]";
    for (mount, target) in [
        ("tmpfs: [/home/node]", "/home/node"),
        ("tmpfs: ['/home/node:mode=0777']", "/home/node"),
        (long, "/home/node"),
        ("tmpfs: ['/new:mode=0700']", "/new"),
    ] {
        let text = service(mount, target);
        let plain = Project::new(&text);
        let project = Project::new(&text);
        project.file("seaworthy.yaml", "version: 1\n...\n");
        let without = plain.run(Compose, &UP);
        if mount.contains("0777") && without.end == super::harness::End::Code(0) {
            project.seaworthy(&UP).ok();
            continue;
        }
        without.ends(1).says("Permission denied");
        let before = Surroundings::of(&project, &OURS);
        let refused = project.seaworthy(&UP).refuses(73, "bind-access").says("cannot write the tmpfs");
        refused.says(&format!("{target}:uid=1000,gid=1000"));
        assert_eq!(project.ids(), [""; 0]);
        before.are_the_same(&project);
    }
    for (mount, target) in [
        ("tmpfs: ['/home/node:uid=1000,gid=1000']", "/home/node"),
        ("tmpfs: [/new]", "/new"),
        ("tmpfs: [/tmp]", "/tmp"),
        ("volumes: [{type: tmpfs, target: /new}]", "/new"),
    ] {
        let project = Project::new(&service(mount, target));
        project.file("seaworthy.yaml", "version: 1\n...\n");
        project.seaworthy(&UP).ok();
    }
    // What is over a file never starts; what hides something does, and is said.
    let file = Project::new(&service("tmpfs: [/etc/passwd]", "/tmp"));
    assert_ne!(file.run(Compose, &UP).end, super::harness::End::Code(0));
    file.file("seaworthy.yaml", "version: 1\n...\n");
    file.seaworthy(&UP).refuses(73, "bind-kind").says("the image has a file there");
    let hides = Project::new(&service("tmpfs: ['/home:uid=1000,gid=1000']", "/home"));
    hides.file("seaworthy.yaml", "version: 1\n...\n");
    hides.seaworthy(&["plan"]).ok().says("tmpfs at /home of service `s` hides what the image has there");
    let output = hides.seaworthy(&UP).ok();
    assert!(!output.stdout.contains("node"), "{output}");
}

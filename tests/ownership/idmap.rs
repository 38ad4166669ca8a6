//! State that stays the operator's on disk and is each generation's own inside: nothing is given away.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::harness::{End, Project, owner_and_mode};
use super::operator::{Bed, OPERATOR, give, plain, remapped};

const COMPOSE: &str = "services:\n  s:\n    image: sw-busybox\n    network_mode: none\n    stop_grace_period: 0s\n    \
                       volumes: ['./memory:/memory']\n    command: [sh, -c, \"umask 077; mkdir -p /memory/notes && \
                       echo word >> /memory/notes/log && cat /memory/notes/log\"]\n";

const UP: [&str; 3] = ["up", "--exit-code-from", "s"];

/// A project of the operator's, launched by root; its mounts go with it.
struct Mapped(Project);

impl Mapped {
    fn new(bed: &Bed) -> Self {
        let project = Project::new(COMPOSE).on(&bed.host);
        give(&project.directory, OPERATOR);
        Self(project)
    }

    fn policy(&self, user: u32) {
        let text = format!(
            "version: 1\nuser: {{default: '{user}:{user}'}}\nstate: [{{path: memory, strategy: idmap}}]\n...\n"
        );
        give(&self.0.file("seaworthy.yaml", &text), OPERATOR);
    }

    /// Where its mounts are.
    fn mounts(&self) -> Vec<PathBuf> {
        let text = fs::read_to_string("/proc/self/mountinfo").unwrap();
        let own = self.0.directory.display().to_string();
        let line = |line: &str| {
            let fields: Vec<&str> = line.split(' ').collect();
            let is_ours = fields[4].starts_with("/run/seaworthy/state/")
                && own.ends_with(fields[3].trim_start_matches('/'));
            (is_ours || own.starts_with(fields[3]) && fields[4].starts_with("/run/seaworthy/state/"))
                .then(|| PathBuf::from(fields[4]))
        };
        text.lines().filter_map(line).collect()
    }

    fn unmount(&self) {
        for path in self.mounts() {
            let _ = Command::new("umount").arg("--lazy").arg(&path).status();
            let _ = fs::remove_dir(&path);
        }
    }

    fn path(&self, path: &str) -> PathBuf {
        self.0.path(path)
    }
}

impl Drop for Mapped {
    fn drop(&mut self) {
        self.0.clear();
        self.unmount();
    }
}

fn words(text: &str) -> usize {
    text.matches("word").count()
}

fn each_generation_has_it_as_its_own(bed: &Bed) {
    let project = Mapped::new(bed);
    project.policy(3001);
    let first = project.0.seaworthy(&UP).ok();
    assert_eq!(words(&first.stdout), 1, "{first}");
    let all = ["memory", "memory/notes", "memory/notes/log"];
    for path in all {
        assert_eq!(owner_and_mode(&project.path(path)).0, OPERATOR, "{path}");
    }
    assert_eq!(owner_and_mode(&project.path("memory/notes/log")).2, 0o600);
    // The next generation is another user, and nothing has to change hands.
    project.policy(3002);
    project.0.seaworthy(&UP).refuses(78, "user-drift");
    project.0.seaworthy(&["repair", "--migrate"]).ok().says(" 0 given");
    let second = project.0.seaworthy(&UP).ok();
    assert_eq!(words(&second.stdout), 2, "{second}");
    for path in all {
        assert_eq!(owner_and_mode(&project.path(path)).0, OPERATOR, "{path}");
    }
    let plan = project.0.seaworthy(&["plan"]).ok();
    assert!(plan.stdout.contains("idmap") && plan.stdout.contains("stay the operator's"), "{plan}");
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn state_stays_the_operators_and_each_generation_has_it_as_its_own() {
    each_generation_has_it_as_its_own(&plain());
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn state_stays_the_operators_where_users_are_mapped() {
    each_generation_has_it_as_its_own(&remapped());
}

/// When the mount is gone, a container that is restarted does not get an empty directory in its place.
#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn it_fails_closed_when_the_mount_is_gone() {
    let project = Mapped::new(&plain());
    project.policy(3001);
    project.0.seaworthy(&UP).ok();
    let mounts = project.mounts();
    assert_eq!(mounts.len(), 1, "{mounts:?}");
    project.unmount();
    let ids = project.0.ids();
    let restarted = project.0.docker(&["start", &ids[0]]);
    assert_ne!(restarted.end, End::Code(0), "{restarted}");
    assert!(!mounts[0].join("memory").exists());
    // The next launch mounts it again.
    let again = project.0.seaworthy(&UP).ok();
    assert_eq!(words(&again.stdout), 2, "{again}");
}

/// What the service left there before it was mapped is given back to the operator, and nothing else.
#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn what_is_there_already_is_given_back_first() {
    let project = Mapped::new(&plain());
    fs::create_dir_all(project.path("memory/notes")).unwrap();
    fs::write(project.path("memory/notes/log"), "word\n").unwrap();
    fs::set_permissions(project.path("memory/notes/log"), fs::Permissions::from_mode(0o600)).unwrap();
    give(&project.path("memory"), 3001);
    fs::write(project.path("memory/root"), "").unwrap();
    project.policy(3001);
    let output = project.0.seaworthy(&UP).ok().says("3 given").says("1 left alone");
    assert_eq!(words(&output.stdout), 2, "{output}");
    assert_eq!(owner_and_mode(&project.path("memory/notes/log")).0, OPERATOR);
    assert_eq!(owner_and_mode(&project.path("memory/root")).0, 0);
    assert!(Path::new("/run/seaworthy").metadata().unwrap().permissions().mode().trailing_zeros() >= 6);
}

/// Also those of a user that the service had before, and none that another container has.
#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn down_leaves_no_mount_behind() {
    let project = Mapped::new(&plain());
    project.policy(3001);
    project.0.seaworthy(&UP).ok();
    project.policy(3002);
    project.0.seaworthy(&["repair", "--migrate", "s"]).ok();
    project.0.seaworthy(&UP).ok();
    let mounts = project.mounts();
    assert_eq!(mounts.len(), 2, "{mounts:?}");
    // Somebody else's container has one of them.
    let container = format!("{}-other", project.0.name);
    let source = format!("{}:/x", mounts[0].join("memory").display());
    let made =
        ["create", "--name", &container, "--network", "none", "--volume", &source, "sw-busybox", "true"];
    project.0.docker(&made).ok();
    project.0.seaworthy(&["down", "-t", "0"]).ok();
    let left = project.mounts();
    project.0.docker(&["rm", "--force", &container]).ok();
    assert_eq!(left, [mounts[0].clone()]);
    project.0.seaworthy(&["down", "-t", "0"]).ok();
    assert!(project.mounts().is_empty() && mounts.iter().all(|mount| !mount.exists()));
    assert_eq!(fs::read_to_string(project.path("memory/notes/log")).unwrap(), "word\nword\n");
}

/// A project that is gone leaves its mounts to `gc`.
#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn the_mounts_of_a_deleted_project_are_taken_away_by_gc() {
    let project = Mapped::new(&plain());
    project.policy(3001);
    project.0.seaworthy(&UP).ok();
    let mounts = project.mounts();
    project.0.clear();
    fs::remove_dir_all(&project.0.directory).unwrap();
    let other = Mapped::new(&plain());
    other.0.file("seaworthy.yaml", "version: 1\n...\n");
    other.0.seaworthy(&["gc"]).ok();
    assert!(mounts.iter().all(|mount| !mount.exists()), "{mounts:?}");
}

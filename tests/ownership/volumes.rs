//! State in named volumes: what is the service's stays its own, as in a directory of the host.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::PathBuf;

use super::harness::{Compose, End, Output, Project, Seaworthy, Tool};
use super::images::{Image, Parts};
use super::operator::{Bed, OPERATOR, Operated, plain, remapped};

const NEW: u32 = 10001;

/// Whoever launches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    Root,
    Operator,
}

const EVERYBODY: [Who; 2] = [Who::Root, Who::Operator];

/// A project that the one or the other launches.
enum Launched {
    ByRoot(Project),
    ByOperator(Operated),
}

impl Launched {
    fn new(who: Who, compose: &str, bed: &Bed) -> Self {
        match who {
            Who::Root => Self::ByRoot(Project::new(compose).on(&bed.host)),
            Who::Operator => Self::ByOperator(Operated::new(compose, bed)),
        }
    }

    fn project(&self) -> &Project {
        match self {
            Self::ByRoot(project) => project,
            Self::ByOperator(operated) => &operated.project,
        }
    }

    fn file(&self, path: &str, text: &str) {
        match self {
            Self::ByRoot(project) => drop(project.file(path, text)),
            Self::ByOperator(operated) => operated.file(path, text),
        }
    }

    #[track_caller]
    fn run(&self, tool: Tool, words: &[&str]) -> Output {
        match self {
            Self::ByRoot(project) => project.run(tool, words),
            Self::ByOperator(operated) => operated.run(tool, words),
        }
    }

    #[track_caller]
    fn seaworthy(&self, words: &[&str]) -> Output {
        self.run(Seaworthy, words)
    }

    /// The directory of a volume.
    #[track_caller]
    fn volume(&self, key: &str) -> PathBuf {
        let name = format!("{}_{key}", self.project().name);
        let words = ["volume", "inspect", "--format", "{{.Mountpoint}}", &name];
        PathBuf::from(self.project().docker(&words).ok().stdout.trim())
    }

    fn lock(&self) -> String {
        fs::read_to_string(self.project().path("seaworthy.lock")).unwrap()
    }
}

fn owner(path: &std::path::Path) -> (u32, u32) {
    let (uid, gid, _) = super::harness::owner_and_mode(path);
    (uid, gid)
}

/// An image with a user of its own, at home in a directory of their own.
fn image(test: &str, bed: &Bed, uid: u32) -> Image {
    let home = "/home/codex";
    let user = format!("codex:x:{uid}:{uid}::{home}:/bin/sh");
    let ids = (u64::from(uid), u64::from(uid));
    let entries = [("home/codex", None, ids, 0o700), ("home/codex/.codex", None, ids, 0o700)];
    let change = format!("USER {uid}:{uid}");
    let parts = Parts { users: &[&user], entries: &entries, changes: &[&change] };
    Image::new(&format!("{test}{uid}-{}", bed.map), Some(&bed.host), &parts)
}

/// Keeps a login that only its own user may read, and prints it.
fn slot(image: &Image) -> String {
    format!(
        "services:\n  s:\n    image: {}\n    network_mode: none\n    stop_grace_period: 0s\n    \
         volumes: ['slot:/home/codex/.codex']\n    command: [sh, -c, \"umask 077; cd /home/codex/.codex && \
         echo login >> auth.json && cat auth.json\"]\nvolumes: {{slot: {{}}}}\n",
        image.name
    )
}

const UP: [&str; 3] = ["up", "--exit-code-from", "s"];

fn logins(output: &Output) -> usize {
    output.stdout.matches("| login").count()
}

fn beds() -> [Bed; 2] {
    [plain(), remapped()]
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn control_with_plain_compose_the_login_in_a_volume_is_lost_to_an_image_with_another_user() {
    for bed in beds() {
        let [old, new] = [OPERATOR, NEW].map(|uid| image("lost", &bed, uid));
        let project = Launched::new(Who::Operator, &slot(&old), &bed);
        assert_eq!(logins(&project.run(Compose, &UP).ok()), 1);
        project.file("compose.yaml", &slot(&new));
        let output = project.run(Compose, &UP);
        assert_ne!(output.end, End::Code(0), "{output}");
        output.says("Permission denied");
    }
}

/// The old user has the operator's number, which means nothing in a volume.
#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn the_login_in_a_volume_goes_over_to_the_new_user_and_drift_says_where_it_is() {
    for bed in beds() {
        let [old, new] = [OPERATOR, NEW].map(|uid| image("moved", &bed, uid));
        for who in EVERYBODY {
            let project = Launched::new(who, &slot(&old), &bed);
            project.file("seaworthy.yaml", "version: 1\nuser: {default: image}\n...\n");
            assert_eq!(logins(&project.seaworthy(&UP).ok()), 1);
            assert!(project.lock().contains("state:\n      - volume:slot\n"), "{}", project.lock());
            let login = project.volume("slot").join("auth.json");
            assert_eq!(owner(&login), (bed.map + OPERATOR, bed.map + OPERATOR));

            project.file("compose.yaml", &slot(&new));
            let found = "Of the old user, and maybe unreadable for the new one: volume slot.";
            project.seaworthy(&UP).refuses(78, "user-drift").says(found);
            let before = project.lock();
            project.seaworthy(&["repair", "--migrate", "--dry-run"]).ok().says("volume slot: 2 to give");
            assert_eq!(owner(&login).0, bed.map + OPERATOR);
            assert_eq!(project.lock(), before);
            project.seaworthy(&["repair", "--migrate", "s"]).ok().says("volume slot: 2 given");
            assert_eq!(owner(&login), (bed.map + NEW, bed.map + NEW), "{who:?}");
            assert_eq!(logins(&project.seaworthy(&UP).ok()), 2);
            // Declared, every launch looks through all of it.
            project
                .file("seaworthy.yaml", "version: 1\nuser: {default: image}\nstate: [{volume: slot}]\n...\n");
            chown(&login, Some(bed.map + OPERATOR), None).unwrap();
            assert_eq!(logins(&project.seaworthy(&UP).ok().says("volume slot: 1 given")), 3);
        }
    }
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn a_volume_in_which_nothing_is_the_old_users_is_said_to_be_so() {
    let bed = plain();
    let [old, new] = [OPERATOR, NEW].map(|uid| image("clean", &bed, uid));
    for who in EVERYBODY {
        let project = Launched::new(who, &slot(&old), &bed);
        project.file("seaworthy.yaml", "version: 1\nuser: {default: image}\n...\n");
        project.seaworthy(&UP).ok();
        let volume = project.volume("slot");
        for path in [volume.join("auth.json"), volume.clone()] {
            chown(&path, Some(NEW), Some(NEW)).unwrap();
        }
        fs::set_permissions(&volume, fs::Permissions::from_mode(0o755)).unwrap();
        project.file("compose.yaml", &slot(&new));
        let found = "Nothing of the old user's was found in volume slot.";
        project.seaworthy(&["plan"]).refuses(78, "user-drift").says(found);
    }
}

//! State in named volumes: what is the service's stays its own, as in a directory of the host.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::PathBuf;

use super::harness::{Compose, End, Output, Project, Seaworthy, Tool};
use super::images::{Image, Parts};
use super::operator::{Bed, OPERATOR, Operated, plain, remapped};

pub const NEW: u32 = 10001;

/// Whoever launches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    Root,
    Operator,
}

pub const EVERYBODY: [Who; 2] = [Who::Root, Who::Operator];

/// A project that the one or the other launches.
pub enum Launched {
    ByRoot(Project),
    ByOperator(Operated),
}

impl Launched {
    pub fn new(who: Who, compose: &str, bed: &Bed) -> Self {
        match who {
            Who::Root => Self::ByRoot(Project::new(compose).on(&bed.host)),
            Who::Operator => Self::ByOperator(Operated::new(compose, bed)),
        }
    }

    /// Launched on another engine from now on.
    pub fn moved_to(self, bed: &Bed) -> Self {
        match self {
            Self::ByRoot(project) => Self::ByRoot(project.on(&bed.host)),
            Self::ByOperator(operated) => Self::ByOperator(operated.moved_to(bed)),
        }
    }

    pub fn project(&self) -> &Project {
        match self {
            Self::ByRoot(project) => project,
            Self::ByOperator(operated) => &operated.project,
        }
    }

    pub fn file(&self, path: &str, text: &str) {
        match self {
            Self::ByRoot(project) => drop(project.file(path, text)),
            Self::ByOperator(operated) => operated.file(path, text),
        }
    }

    #[track_caller]
    pub fn run(&self, tool: Tool, words: &[&str]) -> Output {
        match self {
            Self::ByRoot(project) => project.run(tool, words),
            Self::ByOperator(operated) => operated.run(tool, words),
        }
    }

    #[track_caller]
    pub fn seaworthy(&self, words: &[&str]) -> Output {
        self.run(Seaworthy, words)
    }

    /// The directory of a volume.
    #[track_caller]
    pub fn volume(&self, key: &str) -> PathBuf {
        let name = format!("{}_{key}", self.project().name);
        let words = ["volume", "inspect", "--format", "{{.Mountpoint}}", &name];
        PathBuf::from(self.project().docker(&words).ok().stdout.trim())
    }

    pub fn lock(&self) -> String {
        fs::read_to_string(self.project().path("seaworthy.lock")).unwrap()
    }
}

pub fn owner(path: &std::path::Path) -> (u32, u32) {
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

pub const UP: [&str; 3] = ["up", "--exit-code-from", "s"];

fn logins(output: &Output) -> usize {
    output.stdout.matches("| login").count()
}

pub fn beds() -> [Bed; 2] {
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

/// A program that keeps a file in `/data`, made for another user than it gets.
pub fn keeper(user: &str, mount: &str, volumes: &str) -> String {
    format!(
        "services:\n  s:\n    image: sw-busybox\n{user}    network_mode: none\n    stop_grace_period: 0s\n    \
         volumes: [{mount}]\n    command: [sh, -c, \"umask 077; echo word >> /data/log && cat /data/log\"]\n{volumes}"
    )
}

pub const OWN: &str = "volumes: {data: {}}\n";

pub fn words(output: &Output) -> usize {
    output.stdout.matches("| word").count()
}

pub fn policy(more: &str) -> String {
    format!("version: 1\nuser: {{default: '{NEW}:{NEW}'}}\n{more}...\n")
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn control_with_plain_compose_a_new_volume_is_closed_to_whoever_is_not_root() {
    for bed in beds() {
        let user = format!("    user: '{NEW}:{NEW}'\n");
        let project = Launched::new(Who::Operator, &keeper(&user, "'data:/data'", OWN), &bed);
        let output = project.run(Compose, &UP);
        assert_ne!(output.end, End::Code(0), "{output}");
        output.says("Permission denied");
    }
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn a_new_volume_is_given_to_its_services_user_between_creation_and_start() {
    for bed in beds() {
        for (who, posture) in
            [(Who::Root, "observe"), (Who::Operator, "observe"), (Who::Operator, "hardened")]
        {
            let project = Launched::new(who, &keeper("", "'data:/data'", OWN), &bed);
            project.file("seaworthy.yaml", &policy(&format!("posture: {posture}\n")));
            project.seaworthy(&["check"]).ok();
            project.seaworthy(&["plan"]).ok().says("give volume").says("since the image has nothing there");
            assert_eq!(words(&project.seaworthy(&UP).ok().says("1 given to")), 1);
            let new = bed.map + NEW;
            assert_eq!(owner(&project.volume("data")), (new, new));
            assert_eq!(owner(&project.volume("data").join("log")), (new, new));
            // Nothing is left to do, and nothing is said.
            let again = project.seaworthy(&UP).ok();
            assert!(words(&again) == 2 && !again.stderr.contains("given"), "{again}");
            project.seaworthy(&["plan"]).ok().says("all that is mounted is there");
        }
    }
}

/// The engine gives an empty volume to the image's user each time a container is made.
#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn what_the_image_has_at_the_target_goes_over_with_the_volume() {
    for bed in beds() {
        let entries = [
            ("data", None, (1000, 1000), 0o700),
            ("data/seed", Some("seed"), (0, 0), 0o600),
            ("empty", None, (1000, 1000), 0o700),
        ];
        let image = Image::new(
            &format!("seeded-{}", bed.map),
            Some(&bed.host),
            &Parts { entries: &entries, ..Parts::default() },
        );
        let text = keeper("", "'data:/data', 'empty:/empty'", "volumes: {data: {}, empty: {}}\n")
            .replace("sw-busybox", &image.name)
            .replace("cat /data/log", "cat /data/log /data/seed && ls -a /empty && test -w /empty");
        let control = Launched::new(
            Who::Operator,
            &text.replace("    network_mode", "    user: '10001:10001'\n    network_mode"),
            &bed,
        );
        control.run(Compose, &UP).says("Permission denied");

        for who in EVERYBODY {
            let project = Launched::new(who, &text, &bed);
            project.file("seaworthy.yaml", &policy(""));
            project.seaworthy(&UP).ok().says("seed");
            // What was written to neither is not forgotten by a container that is made anew.
            project.seaworthy(&["up", "--force-recreate", "--exit-code-from", "s"]).ok().says("seed");
            let one_off = ["run", "--rm", "s", "sh", "-c", "test -w /empty && echo open; exit"];
            project.seaworthy(&one_off).ok().says("open");
            let new = bed.map + NEW;
            assert_eq!(owner(&project.volume("data").join("seed")), (new, new));
            assert_eq!(owner(&project.volume("empty")), (new, new));
        }
    }
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn a_one_off_container_finds_its_new_volume_open() {
    for who in EVERYBODY {
        let text = keeper("", "'home:/home/node'", "volumes: {home: {}}\n");
        let project = Launched::new(who, &text, &plain());
        project.file("seaworthy.yaml", &policy("posture: hardened\n"));
        project
            .seaworthy(&["run", "--rm", "s", "sh", "-c", "echo x > /home/node/x && echo open"])
            .ok()
            .says("open");
        assert_eq!(project.project().ids(), Vec::<String>::new());
    }
}

/// What decides who may be given what, each with its reason and nothing left running.
#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn a_volume_that_is_not_given_is_refused_with_the_reason() {
    let bed = plain();
    let two = keeper("", "'data:/data'", "").replace("  s:", "  t:").replace("services:\n", "");
    let several = keeper("", "'data:/data'", &format!("{two}{OWN}"));
    let cases = [
        (
            several,
            policy("")
                .replace("...", "  services: {t: '3003:3003'}\n...")
                .replace("{default: '10001:10001'}\n", "\n  default: '10001:10001'\n"),
            "Services with different users write it",
        ),
        (keeper("", "'data:/data'", OWN), policy("repair: never\n"), "the policy says `repair: never`"),
    ];
    for (text, policy, reason) in cases {
        let project = Launched::new(Who::Operator, &text, &bed);
        project.file("seaworthy.yaml", &policy);
        project.seaworthy(&["check"]).refuses(1, "bind-access").says(reason);
        project.seaworthy(&["up", "-d"]).refuses(73, "bind-access").says(reason);
        assert!(project.project().ids().is_empty());
    }
}

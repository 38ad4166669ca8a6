//! The same bytes on every machine, for everybody, whatever the secrets are.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Everything that could bring something of a machine into a snapshot.
const COMPOSE: &str = r#"
include:
  - path: parts/sub.yaml
services:
  web:
    image: registry.example/${TEAM:-x}/web:${TAG}
    build: {context: ./web, args: [BUILD_TOKEN, "FIXED=1"]}
    command: serve --listen ${LISTEN:-0.0.0.0:80} --home ${HOME}
    environment:
      DB_PASSWORD: ${DB_PASSWORD:?set it}
      DB_URL: postgres://app:${DB_PASSWORD}@db/${DB_NAME:-app}
      INHERITED:
      HOST: $HOSTNAME
      COST: $$5
    env_file: [{path: secrets.env, required: false}]
    ports: ["${IP:-127.0.0.1}:${PORT:-8080}:80", "9090:90"]
    volumes: ["./data:/data", "~/.config/app:/config:ro", "${CACHE}:/cache", "named:/named", "${PWD}/logs:/logs"]
    user: "${UID:-1000}:${GID:-1000}"
    secrets: [token, file]
    labels: {owner: "${USER}"}
  list:
    image: busybox
    environment: [INHERITED, "SET=${DB_PASSWORD}"]
    extra_hosts: ["host:${IP:-127.0.0.1}"]
    mem_limit: ${MEM:-64m}
    pids_limit: ${PIDS:-10}
    read_only: ${RO:-true}
volumes: {named: {}}
secrets:
  token: {environment: DB_PASSWORD}
  file: {file: ./token.txt}
"#;

const POLICY: &str =
    "version: 1\nposture: hardened\nuser: {default: caller}\nbinds: {roots: [., ~/.config]}\n...\n";

struct Machine {
    project: PathBuf,
    home: PathBuf,
    variables: Vec<(&'static str, &'static str)>,
    /// The user that the program runs as.
    uid: Option<u32>,
}

impl Machine {
    fn set_up(&self, dotenv: &str, secrets: Option<&str>) {
        fs::create_dir_all(self.project.join("parts")).unwrap();
        fs::create_dir_all(self.project.join("web")).unwrap();
        fs::create_dir_all(&self.home).unwrap();
        let write = |name: &str, text: &str| fs::write(self.project.join(name), text).unwrap();
        write("compose.yaml", COMPOSE);
        write("seaworthy.yaml", POLICY);
        write(
            "parts/sub.yaml",
            "services: {sub: {image: \"${SUB_IMAGE:-busybox}\", volumes: [\"./x:/x\", \"${PWD}:/pwd\"]}}\n",
        );
        if !dotenv.is_empty() {
            write(".env", dotenv);
        }
        if let Some(secrets) = secrets {
            write("secrets.env", secrets);
        }
    }

    fn write(&self) -> String {
        let mut command = Command::new(env!("CARGO_BIN_EXE_seaworthy"));
        command
            .args(["snapshot", "write"])
            .current_dir(&self.project)
            .env_clear()
            .env("HOME", &self.home)
            .env("PWD", &self.project)
            .envs(self.variables.iter().copied());
        if let Some(uid) = self.uid {
            use std::os::unix::process::CommandExt;
            command.uid(uid).gid(uid);
        }
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        fs::read_to_string(self.project.join("seaworthy.snapshot.yaml")).unwrap()
    }
}

/// Makes a tree another user's, where this user may.
fn give(path: &Path, uid: u32) -> bool {
    if !rustix::process::geteuid().is_root() {
        return false;
    }
    let status = Command::new("chown").args(["-R", &format!("{uid}:{uid}")]).arg(path).status();
    status.is_ok_and(|status| status.success())
}

#[test]
fn two_machines_two_people_and_two_sets_of_secrets_give_the_same_bytes() {
    let root = tempfile::tempdir_in("/tmp").unwrap();
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(root.path(), open).unwrap();
    let mut one = Machine {
        project: root.path().join("alice/project"),
        home: root.path().join("alice"),
        variables: vec![
            ("DB_PASSWORD", "alices-secret-canary"),
            ("TAG", "1"),
            ("USER", "alice"),
            ("HOSTNAME", "laptop"),
            ("INHERITED", "alices"),
            ("BUILD_TOKEN", "alices-token"),
            ("CACHE", "/var/cache/alice"),
            ("UID", "1001"),
        ],
        uid: None,
    };
    let mut other = Machine {
        project: root.path().join("srv/deep/er/other-name"),
        home: root.path().join("srv/home-of-bob"),
        variables: vec![
            ("DB_PASSWORD", "bobs-other-secret"),
            ("TAG", "2"),
            ("USER", "bob"),
            ("HOSTNAME", "runner-7"),
            ("CACHE", "named"),
            ("PORT", "9999"),
            ("MEM", "32m"),
            ("TEAM", "blue"),
        ],
        uid: None,
    };
    one.set_up("DB_NAME=one\nGID=5\n", Some("KEY=in-alices-file\n"));
    other.set_up("DB_NAME=two\nIP=127.0.0.9\n", None);
    if give(root.path(), 4001) {
        (one.uid, other.uid) = (Some(4001), None);
    }
    let (first, second) = (one.write(), other.write());
    assert_eq!(first, second);
    for trace in [
        "alice",
        "bob",
        "secret-canary",
        "laptop",
        "runner",
        "/tmp",
        "in-alices-file",
        "deep",
        "1001",
        "4001",
    ] {
        assert!(!first.contains(trace), "{trace} is in the snapshot:\n{first}");
    }
    crate::snapshot::snapshot!(first);
}

#[test]
fn nothing_at_all_in_the_environment_gives_the_same_bytes_too() {
    let root = tempfile::tempdir().unwrap();
    let machine = |name: &str, variables| Machine {
        project: root.path().join(name),
        home: root.path().join("home"),
        variables,
        uid: None,
    };
    let (one, other) = (machine("one", vec![("DB_PASSWORD", "x1"), ("CACHE", "/c")]), machine("two", vec![]));
    one.set_up("", None);
    other.set_up("", None);
    // `${CACHE}:/cache` without a value is no mount at all; a review that cannot know it is refused.
    let status = |machine: &Machine| {
        let output = Command::new(env!("CARGO_BIN_EXE_seaworthy"))
            .args(["snapshot", "write"])
            .current_dir(&machine.project)
            .env_clear()
            .env("HOME", &machine.home)
            .env("CACHE", "/cache")
            .output()
            .unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    assert_eq!(status(&other).0, Some(0), "{}", status(&other).1);
    let theirs = fs::read_to_string(other.project.join("seaworthy.snapshot.yaml")).unwrap();
    assert_eq!(one.write(), theirs);
}

/// Rules look at where a path leads, and some places of a host are sensitive.
#[test]
fn where_the_project_lies_makes_no_difference_to_its_posture() {
    let places = ["/tmp", "/dev/shm", "/root", "/var/tmp"];
    let mut found = Vec::new();
    for place in places {
        let Ok(root) = tempfile::tempdir_in(place) else { continue };
        let machine = Machine {
            project: root.path().join("p"),
            home: root.path().to_path_buf(),
            variables: vec![("DB_PASSWORD", "x1"), ("CACHE", "/c")],
            uid: None,
        };
        machine.set_up("", None);
        found.push((place, machine.write()));
    }
    assert!(found.len() >= 2);
    for (place, text) in &found {
        assert_eq!(*text, found[0].1, "{place}");
    }
}

#[test]
fn a_link_in_the_project_is_judged_by_where_it_leads() {
    let root = tempfile::tempdir().unwrap();
    let project = root.path().join("p");
    fs::create_dir(&project).unwrap();
    fs::write(project.join("compose.yaml"), "services: {a: {image: busybox, volumes: [\"./data:/data\"]}}\n")
        .unwrap();
    let machine =
        Machine { project: project.clone(), home: root.path().to_path_buf(), variables: vec![], uid: None };
    assert!(machine.write().contains("sensitive-mount: passes"));
    std::os::unix::fs::symlink("/etc", project.join("data")).unwrap();
    assert!(machine.write().contains("sensitive-mount:\n    a: tolerated"), "{}", machine.write());
}

#[test]
fn the_day_makes_no_difference() {
    let root = tempfile::tempdir().unwrap();
    let project = root.path().join("p");
    fs::create_dir(&project).unwrap();
    fs::write(project.join("compose.yaml"), "services: {a: {image: busybox, cap_add: [NET_ADMIN]}}\n")
        .unwrap();
    let waived = |expires: &str| {
        let waiver = format!(
            "{{service: a, rule: dangerous-capability, allow: [NET_ADMIN], reason: r, expires: {expires}}}"
        );
        fs::write(
            project.join("seaworthy.yaml"),
            format!("version: 1\nposture: baseline\nwaivers: [{waiver}]\n...\n"),
        )
        .unwrap();
        let machine = Machine {
            project: project.clone(),
            home: root.path().to_path_buf(),
            variables: vec![],
            uid: None,
        };
        machine.write().replace(expires, "DAY")
    };
    let late = waived("2001-01-01");
    assert_eq!(late, waived("2999-01-01"));
    assert!(late.contains("dangerous-capability:\n    a: waived"), "{late}");
}

//! A directory that several services write as different users, and the operator reads: by a group that all of
//! them have, or by access control lists.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::path::Path;

use super::harness::{End, Output, owner_and_mode, run};
use super::operator::{Bed, Operated, give, plain, remapped};
use super::surroundings::Surroundings;

const A: u32 = 3001;
const B: u32 = 3002;
const SHARED: u32 = 5005;

const OURS: [&str; 4] = ["shared", ".seaworthy", "seaworthy.lock", "seaworthy.yaml"];

/// One service that writes as only its own user may read, goes through all that is there, and adds to what
/// the other wrote.
fn service(name: &str, uid: u32, group: &str) -> String {
    format!(
        "  {name}:\n    image: sw-busybox\n    user: '{uid}:{uid}'\n{group}    network_mode: none\n    stop_grace_period: 0s\n    \
         volumes: ['./shared:/shared']\n    command: [sh, -c, \"umask 077; mkdir -p /shared/of-{name} && \
         for d in /shared/of-*; do echo {name} >> $$d/log || exit 3; done; cat /shared/of-*/log\"]\n"
    )
}

fn compose(group: &str) -> String {
    format!("services:\n{}{}", service("a", A, group), service("b", B, group))
}

fn add(gid: u32) -> String {
    format!("    group_add: ['{gid}']\n")
}

fn policy(strategy: &str, more: &str) -> String {
    format!("version: 1\nstate: [{{path: shared, {strategy}{more}}}]\n...\n")
}

fn up(project: &Operated, name: &str) -> Output {
    project.seaworthy(&["up", "--exit-code-from", name, name])
}

/// How often each of them wrote, as the service printed it.
fn lines(output: &Output) -> (usize, usize) {
    let ends = |name: &str| output.stdout.lines().filter(|line| line.ends_with(&format!("| {name}"))).count();
    (ends("a"), ends("b"))
}

/// The operator's own hands.
fn by_hand(project: &Operated, script: &str) -> Output {
    let mut command = project.as_operator();
    command.args(["sh", "-c", script]);
    run(command)
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn control_with_plain_compose_the_second_cannot_use_what_the_first_wrote() {
    for group in [String::new(), add(SHARED)] {
        let project = Operated::new(&compose(&group), &plain());
        fs::create_dir(project.path("shared")).unwrap();
        chown(project.path("shared"), Some(project.operator.0), Some(SHARED)).unwrap();
        fs::set_permissions(project.path("shared"), fs::Permissions::from_mode(0o2777)).unwrap();
        project.compose(&["up", "--exit-code-from", "a", "a"]).ok();
        let second = project.compose(&["up", "--exit-code-from", "b", "b"]);
        assert_ne!(second.end, End::Code(0), "{second}");
        second.says("Permission denied");
        assert_ne!(by_hand(&project, "cat shared/of-a/log").end, End::Code(0));
    }
}

fn both_write_the_same(project: &Operated, bed: &Bed, by: &str) {
    let before = Surroundings::of(&project.project, &OURS);
    let plan = project.seaworthy(&["plan"]).ok();
    assert!(plan.stdout.contains("share") && plan.stdout.contains(by), "{plan}");
    assert!(!plan.stdout.contains("bind-shared"), "{plan}");
    assert_eq!(lines(&up(project, "a").ok()), (1, 0));
    assert_eq!(lines(&up(project, "b").ok()), (1, 2), "b adds to both");
    let third = up(project, "a").ok();
    assert_eq!(lines(&third), (3, 2), "{third}");
    assert!(!third.stderr.contains("opened"), "what is made is right from the beginning: {third}");
    // Nothing changed hands.
    for (path, uid) in [("of-a", A), ("of-a/log", A), ("of-b", B), ("of-b/log", B)] {
        let (owner, _, mode) = owner_and_mode(&project.path("shared").join(path));
        assert_eq!((owner, mode & 0o007), (bed.map + uid, 0), "{path}");
    }
    // A mode that closes it, as mktemp and ssh-keygen set it, lasts until the next launch.
    let log = project.path("shared/of-a/log");
    fs::set_permissions(&log, fs::Permissions::from_mode(0o600)).unwrap();
    project.seaworthy(&["repair", "--dry-run"]).ok().says("1 to open");
    assert_eq!(fs::metadata(&log).unwrap().mode() & 0o777, 0o600);
    let opened = up(project, "b").ok().says("1 opened");
    assert_eq!(lines(&opened), (3, 4), "{opened}");
    project.seaworthy(&["repair"]).ok().says(" 0 opened, 5 already right, 0 left alone");
    before.are_the_same(&project.project);
}

fn lists(bed: &Bed) {
    let project = Operated::new(&compose(""), bed);
    project.file("seaworthy.yaml", &policy("strategy: acl", ""));
    both_write_the_same(&project, bed, "acl for users");
    // The operator reads, edits, adds and removes.
    by_hand(&project, "cat shared/of-*/log >/dev/null && echo x >> shared/of-b/log && umask 077 && mkdir shared/mine && echo x > shared/mine/f && rm -r shared/of-b").ok();
    for (name, uid) in [("a", A), ("b", B)] {
        let user = format!("{uid}:{uid}");
        let mount = format!("{}:/shared", project.path("shared").display());
        let script = format!("echo {name} >> /shared/mine/f");
        let words = [
            "run",
            "--rm",
            "--network",
            "none",
            "-u",
            &user,
            "-v",
            &mount,
            "sw-busybox",
            "sh",
            "-c",
            &script,
        ];
        project.project.docker(&words).ok();
    }
    assert_eq!(owner_and_mode(&project.path("shared/mine/f")).0, project.operator.0);
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn by_lists_both_and_the_operator_write_the_same() {
    lists(&plain());
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn by_lists_where_users_are_mapped() {
    lists(&remapped());
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn by_a_group_both_write_the_same_whatever_their_umask() {
    for (bed, strategy) in [(plain(), "strategy: group"), (plain(), ""), (remapped(), "strategy: group")] {
        let project = Operated::new(&compose(&add(SHARED)), &bed);
        project.file("seaworthy.yaml", &policy(strategy, "").replace(", }", "}"));
        let gid = bed.map + SHARED;
        both_write_the_same(&project, &bed, &format!("group for group {gid}"));
        for path in ["shared", "shared/of-a", "shared/of-b"] {
            let (_, group, mode) = owner_and_mode(&project.path(path));
            assert_eq!((group, mode & 0o2070), (gid, 0o2070), "{path}");
        }
        assert_eq!(owner_and_mode(&project.path("shared/of-b/log")).1, gid);
    }
}

/// By root itself it comes to the same.
#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn root_needs_no_helper_for_it() {
    for (group, strategy) in [(String::new(), "strategy: acl"), (add(SHARED), "strategy: group")] {
        let project = Operated::new(&compose(&group), &plain());
        project.file("seaworthy.yaml", &policy(strategy, ""));
        for name in ["a", "b", "a"] {
            project.project.seaworthy(&["up", "--exit-code-from", name, name]).ok();
        }
        let plan = project.project.seaworthy(&["plan"]).ok();
        assert!(plan.stdout.contains("by this process"), "{plan}");
    }
}

/// What is there from before, of users whom the lock or the policy knows; and of nobody else.
#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn only_what_belongs_to_those_who_are_known_is_opened() {
    let project = Operated::new(&compose(""), &plain());
    let shared = project.path("shared");
    fs::create_dir_all(shared.join("of-old")).unwrap();
    fs::create_dir(project.project.beside("outside")).unwrap();
    fs::write(project.project.beside("outside/f"), "").unwrap();
    fs::write(shared.join("of-old/log"), "a\n").unwrap();
    fs::set_permissions(shared.join("of-old/log"), fs::Permissions::from_mode(0o600)).unwrap();
    give(&project.project.beside("outside"), project.on_machine(A));
    give(&shared, project.on_machine(2999));
    fs::hard_link(project.project.beside("outside/f"), shared.join("hard")).unwrap();
    symlink(project.project.beside("outside"), shared.join("link")).unwrap();
    for (name, uid) in [("env", project.operator.0), ("root", 0), ("stranger", 3003)] {
        fs::write(shared.join(name), "TOPSECRET").unwrap();
        fs::set_permissions(shared.join(name), fs::Permissions::from_mode(0o600)).unwrap();
        chown(shared.join(name), Some(uid), Some(uid)).unwrap();
    }
    project.file("seaworthy.yaml", &policy("strategy: acl", ", from: ['2999:2999']"));
    let before = Surroundings::of(&project.project, &OURS);
    let output = up(&project, "a").ok().says("3 opened").says("4 left alone");
    assert_eq!(lines(&output), (3, 0), "{output}");
    assert_eq!(owner_and_mode(&shared.join("of-old/log")).0, project.on_machine(2999));
    before.are_the_same(&project.project);
    let closed = |path: &Path| {
        let listed = rustix::fs::getxattr(path, "system.posix_acl_access", &mut [0u8; 256]);
        (owner_and_mode(path).2, listed.is_ok())
    };
    for name in ["env", "root", "stranger"] {
        assert_eq!(closed(&shared.join(name)), (0o600, false), "{name}");
    }
    assert!(!closed(&project.project.beside("outside/f")).1, "has other names");
}

/// A service that becomes somebody else reads what it wrote before, and the one it was does not any more.
#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn a_service_that_became_another_user_keeps_what_it_shares() {
    let bed = plain();
    let text = compose("").replace("    user: '3001:3001'\n", "");
    let project = Operated::new(&text, &bed);
    let policy =
        |uid: u32| format!("user: {{services: {{a: '{uid}:{uid}'}}}}\n") + &policy("strategy: acl", "");
    project.file("seaworthy.yaml", &policy(A));
    up(&project, "a").ok();
    project.file("seaworthy.yaml", &policy(3011));
    up(&project, "a").refuses(78, "user-drift");
    project.seaworthy(&["repair", "--migrate"]).ok().says(&project.on_machine(3011).to_string());
    let output = up(&project, "a").ok();
    assert_eq!(lines(&output), (2, 0), "{output}");
    assert_eq!(
        owner_and_mode(&project.path("shared/of-a/log")).0,
        project.on_machine(A),
        "it stays whose it was"
    );
    let mount = format!("{}:/shared", project.path("shared").display());
    let new = project.path("shared/of-a/new");
    by_hand(&project, "echo x > shared/of-a/new").ok();
    let words = [
        "run",
        "--rm",
        "--network",
        "none",
        "-u",
        "3001:3001",
        "-v",
        &mount,
        "sw-busybox",
        "cat",
        "/shared/of-a/new",
    ];
    assert_ne!(project.project.docker(&words).end, End::Code(0), "{}", new.display());
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn what_cannot_be_shared_is_refused() {
    let project = Operated::new(&compose(""), &plain());
    project.file("seaworthy.yaml", &policy("strategy: group", ""));
    project.seaworthy(&["plan"]).refuses(73, "bind-shared").says("none in common").says("strategy: acl");
    // Nothing is said: two users in one tree do not go together.
    fs::create_dir(project.path("shared")).unwrap();
    give(&project.path("shared"), project.on_machine(A));
    fs::set_permissions(project.path("shared"), fs::Permissions::from_mode(0o777)).unwrap();
    project.file("seaworthy.yaml", &policy("from: ['9:9']", ""));
    project.seaworthy(&["up"]).refuses(73, "bind-shared").says("strategy: acl");
    // Nobody may do it.
    project.file("seaworthy.yaml", &policy("strategy: acl", "").replace("...\n", "repair: never\n...\n"));
    project.seaworthy(&["up"]).refuses(73, "bind-shared");
    assert_eq!(project.project.ids(), [""; 0]);
}

/// What the refusal advises is allowed where it is given.
#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn what_is_advised_under_hardened_is_allowed_there() {
    let project = Operated::new(&compose(""), &plain());
    let hardened =
        |strategy: &str| policy(strategy, "").replace("version: 1\n", "version: 1\nposture: hardened\n");
    fs::create_dir(project.path("shared")).unwrap();
    fs::set_permissions(project.path("shared"), fs::Permissions::from_mode(0o777)).unwrap();
    project.file("seaworthy.yaml", "version: 1\nposture: hardened\n...\n");
    let refused = project.seaworthy(&["plan"]).refuses(73, "bind-shared").says("strategy: group");
    assert!(!refused.stderr.contains("group_add"), "{refused}");
    fs::remove_dir(project.path("shared")).unwrap();
    let text = compose("").replace("3001:3001", "3001:5005").replace("3002:3002", "3002:5005");
    project.file("compose.yaml", &text);
    project.file("seaworthy.yaml", &hardened("strategy: group"));
    for (name, seen) in [("a", (1, 0)), ("b", (1, 2))] {
        assert_eq!(lines(&up(&project, name).ok()), seen, "{name}");
    }
}

//! An engine whose map of users changes: what a service kept is another number's then.

use std::fs;

use super::harness::{Compose, End, owner_and_mode};
use super::operator::{plain, remapped};
use super::volumes::{EVERYBODY, Launched, UP, Who, keeper, words};

const USER: u32 = 3001;

fn compose() -> String {
    keeper(&format!("    user: '{USER}:{USER}'\n"), "'./data:/data'", "")
}

fn policy(more: &str) -> String {
    format!("version: 1\nuser: {{default: '{USER}:{USER}'}}\n{more}...\n")
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn control_with_plain_compose_what_was_kept_is_closed_after_a_change_of_the_map() {
    let project = Launched::new(Who::Root, &compose(), &plain());
    fs::create_dir(project.project().path("data")).unwrap();
    std::os::unix::fs::chown(project.project().path("data"), Some(USER), Some(USER)).unwrap();
    assert_eq!(words(&project.run(Compose, &UP).ok()), 1);
    project.project().clear();
    let project = project.moved_to(&remapped());
    let output = project.run(Compose, &UP);
    assert_ne!(output.end, End::Code(0), "{output}");
    output.says("Permission denied");
}

/// On, off, and on again; by root and by the helper; where it is declared as state and where it is not.
#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn a_change_of_the_map_is_recognised_and_what_was_kept_is_carried_over() {
    for who in EVERYBODY {
        for declared in ["", "state: [{path: data}]\n"] {
            let mut project = Launched::new(who, &compose(), &plain());
            project.file("seaworthy.yaml", &policy(declared));
            assert_eq!(words(&project.seaworthy(&UP).ok()), 1);
            for (turn, bed) in [remapped(), plain(), remapped()].into_iter().enumerate() {
                // Its containers are the other engine's.
                project.project().clear();
                project = project.moved_to(&bed);
                let refused = project.seaworthy(&UP).refuses(73, "bind-access");
                let refused = refused.says("as the engine's map of users was before");
                let refused = refused.says("`seaworthy repair --migrate s` carries it over");
                let refused = refused.says("strategy: idmap");
                assert!(!refused.stderr.contains("sudo chown"), "{refused}");
                project.seaworthy(&["repair", "--migrate", "s"]).ok().says("2 given");
                let owner = bed.map + USER;
                let log = project.project().path("data/log");
                assert_eq!(owner_and_mode(&log), (owner, owner, 0o600), "{who:?} {turn}");
                assert_eq!(words(&project.seaworthy(&UP).ok()), turn + 2);
            }
        }
    }
}

/// An engine without root has the same subordinate ids as one with `userns-remap`, each for another user: only a note of
/// a launch tells which it was.
#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn what_an_engine_without_root_kept_is_carried_over_where_a_launch_noted_its_map() {
    let project = Launched::new(Who::Root, &compose(), &plain());
    project.file("seaworthy.yaml", &policy(""));
    project.seaworthy(&UP).ok();
    let (first, length) = subordinates();
    super::operator::give(&project.project().path("data"), first + USER - 1);
    let unknown = project.seaworthy(&UP).refuses(73, "bind-access");
    assert!(!unknown.stderr.contains("map of users was before"), "{unknown}");
    // Nothing is the service's, so a migration that gives nothing has not done its work.
    let in_vain = project.seaworthy(&["repair", "--migrate", "s"]).refuses(73, "prepare-failed");
    in_vain.says("nothing could be given, and 2 entries are left alone");

    note(&project, first, length);
    let refused = project.seaworthy(&UP).refuses(73, "bind-access");
    refused
        .says("as the engine's map of users was before")
        .says("`seaworthy repair --migrate s` carries it over");
    project.seaworthy(&["repair", "--migrate", "s"]).ok().says("2 given");
    let log = project.project().path("data/log");
    assert_eq!(owner_and_mode(&log), (USER, USER, 0o600));
    assert_eq!(words(&project.seaworthy(&UP).ok()), 2);
}

/// The first range of subordinate ids on this machine.
fn subordinates() -> (u32, u32) {
    let text = fs::read_to_string("/etc/subuid").unwrap();
    let line = text.lines().next().expect("a user with subordinate ids: run scripts/engine up --remap");
    let mut numbers = line.split(':').skip(1).map(|number| number.parse().unwrap());
    (numbers.next().unwrap(), numbers.next().unwrap())
}

/// As if the launches so far had been on an engine without root.
fn note(project: &Launched, first: u32, length: u32) {
    let path = project.project().beside(".xdg-state/seaworthy/history.jsonl");
    let text = fs::read_to_string(&path).unwrap();
    let ranges = serde_json::json!([
        {"container": 0, "host": 1510, "length": 1}, {"container": 1, "host": first, "length": length}
    ]);
    let noted: Vec<String> = text
        .lines()
        .map(|line| {
            let mut record: serde_json::Value = serde_json::from_str(line).unwrap();
            record["uids"] = ranges.clone();
            record["gids"] = ranges.clone();
            record.to_string() + "\n"
        })
        .collect();
    fs::write(&path, noted.concat()).unwrap();
}

use super::*;
use crate::engine::idmap::Range;
use crate::engine::{Answer, IdMap, Identity, Inspection};
use crate::operate::history::History;

const ID: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

fn ranges() -> Vec<Range> {
    vec![Range { container: 0, host: 100_000, length: 65536 }]
}

fn live(user: &str, status: &str, map: IdMap) -> Live {
    let pid = if status == "running" { 400 } else { 0 };
    let raw = serde_json::json!({
        "Id": ID, "Name": "/p-a-1", "Image": "sha256:1",
        "State": { "Status": status, "Pid": pid, "StartedAt": "2026-01-02T03:04:05.678Z", "FinishedAt": "2026-01-02T03:05:05.1Z" },
        "Config": { "User": user, "Labels": { "com.docker.compose.project": "p", "com.docker.compose.service": "a" } },
    });
    Live { container: Inspection::read(raw).unwrap(), map: Answer::Known(map) }
}

fn process(pid: u32, parent: u32, uid: u32, groups: &str) -> Process {
    let inner_pids = vec![pid, 1];
    let (command, control_groups) = ("sh".to_owned(), groups.to_owned());
    Process { pid, parent, uids: vec![uid; 4], gids: vec![uid; 4], inner_pids, command, control_groups }
}

fn record() -> Record {
    Record {
        version: 1,
        from: 1_000_000_000,
        until: 1_000_000_061,
        ended: None,
        engine: Identity { endpoint: "unix:///s".into(), id: "A".into(), root_dir: "/d".into() },
        project: "p".into(),
        directory: "/srv/p".into(),
        service: "a".into(),
        user: Owner::new(1000, 1000),
        host: Owner::new(101_000, 101_000),
        uids: ranges(),
        gids: ranges(),
        container: Some(ID.into()),
        name: Some("p-a-1".into()),
    }
}

fn facts(containers: Vec<Live>, processes: Vec<Process>, records: Vec<Record>) -> Facts {
    let history = History { records, unreadable: 0 };
    Facts { engine: Some(record().engine), containers: Answer::Known(containers), processes, history }
}

fn ask(word: &str, facts: &Facts) -> Vec<Attribution> {
    attribute(&Asked::parse(word).unwrap(), facts).unwrap().found
}

#[test]
fn a_uid_is_of_the_container_whose_process_or_user_it_is() {
    let mapped = || IdMap::new(ranges(), ranges());
    let group = format!("0::/docker/{ID}\n");
    let running =
        facts(vec![live("1000:1000", "running", mapped())], vec![process(400, 1, 101_000, &group)], vec![]);
    let found = ask("uid=101000", &running);
    assert_eq!((found.len(), found[0].basis, found[0].container_uid), (1, Basis::Live, Some(1000)));
    // Another uid of the same map could be its, and nothing says so.
    assert_eq!(ask("uid=101001", &running)[0].basis, Basis::Map);
    let exited = facts(vec![live("1000", "exited", mapped())], vec![], vec![]);
    let found = ask("101000", &exited);
    assert_eq!((found[0].basis, found[0].until.as_deref()), (Basis::Container, Some("2026-01-02T03:05:05Z")));
    // Without a map every container has every number: only its own user is its.
    let plain = facts(vec![live("1000", "exited", IdMap::identity())], vec![], vec![]);
    assert_eq!(ask("uid=1000", &plain)[0].basis, Basis::Container);
    assert_eq!(ask("uid=1001", &plain), []);
}

#[test]
fn what_is_gone_is_attributed_by_what_was_noted_and_said_once() {
    let gone = facts(vec![], vec![], vec![record()]);
    for word in ["uid=101000", "p-a-1", "0123456789ab"] {
        let found = ask(word, &gone);
        assert_eq!((found.len(), found[0].basis, found[0].state.as_str()), (1, Basis::History, "gone"));
        assert_eq!((found[0].service.as_str(), found[0].container_uid), ("a", Some(1000)));
        assert_eq!(found[0].from.as_deref(), Some("2001-09-09T01:46:40Z"));
    }
    assert_eq!(ask("uid=100999", &gone), []);
    // Another engine may have it still.
    let other = Facts { engine: None, ..facts(vec![], vec![], vec![record()]) };
    let found = ask("uid=101000", &other);
    assert_eq!(found[0].state, "launched");
    assert!(found[0].why.ends_with("on the engine at unix:///s"), "{}", found[0].why);
    let there = vec![live("1000", "exited", IdMap::new(ranges(), ranges()))];
    assert_eq!(ask("uid=101000", &facts(there, vec![], vec![record()])).len(), 1);
}

#[test]
fn a_process_is_of_a_container_by_its_group_or_by_descent() {
    let mapped = IdMap::new(ranges(), ranges());
    let processes = vec![
        process(400, 1, 100_000, "0::/\n"),
        process(401, 400, 101_000, "0::/\n"),
        process(500, 1, 0, "0::/user.slice\n"),
    ];
    let facts = facts(vec![live("", "running", mapped)], processes, vec![]);
    let found = ask("pid=401", &facts);
    assert_eq!(
        (found[0].pid, found[0].container_pid, found[0].container_uid),
        (Some(401), Some(1), Some(1000))
    );
    let none = attribute(&Asked::Pid(500), &facts).unwrap();
    assert!(none.found.is_empty() && none.notes[0].contains("is of no container"));
    assert!(attribute(&Asked::Pid(999), &facts).unwrap_err().starts_with("there is no process 999"));
}

#[test]
fn a_path_is_of_whoever_has_it_mounted() {
    let temp = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(temp.path().join("state/deep")).unwrap();
    let mut live = live("1000", "running", IdMap::identity());
    live.container.mounts.push(crate::engine::MountPoint {
        kind: "bind".into(),
        source: temp.path().join("state").display().to_string(),
        destination: "/s".into(),
        is_writable: true,
        ..crate::engine::MountPoint::default()
    });
    let facts = facts(vec![live], vec![], vec![]);
    let ask = |path: &Path| attribute(&Asked::Path(path.to_owned()), &facts);
    let found = ask(&temp.path().join("state/deep")).unwrap().found;
    assert_eq!(found[0].container_path, Some("/s/deep".into()));
    let outside = ask(temp.path()).unwrap();
    assert!(outside.found.is_empty() && outside.notes[0].contains("is in no mount"));
    assert!(ask(&temp.path().join("none")).is_err());
}

//! Mounts inside mounts.

use super::*;

fn steps(binds: &Binds) -> Vec<(String, Kind, Option<Owner>)> {
    binds
        .steps
        .iter()
        .map(|step| (step.place().path.display().to_string(), step.kind(), step.place().owner))
        .collect()
}

const USER: Option<Owner> = Some(Owner::new(10001, 10001));

#[test]
fn a_mount_point_inside_anothers_source_is_made_for_the_user() {
    let project = project();
    fs::write(project.at("c.json"), "").unwrap();
    fs::set_permissions(project.at("c.json"), fs::Permissions::from_mode(0o666)).unwrap();
    let text = service(
        "a",
        "10001:10001",
        &[
            &short("PROJECT/data", "/data"),
            &short("PROJECT/sub", "/data/deep/sub"),
            &short("PROJECT/c.json", "/data/etc/c.json"),
            "{type: volume, source: v, target: /data/vol}",
        ],
    ) + "    tmpfs: ['/data/tmp:size=1m']\n    working_dir: /data/work\n";
    let binds = project.decide(&text);
    assert!(binds.findings.is_empty(), "{:#?}", binds.findings);
    let directory = |path: &str| (path.to_owned(), Kind::Directory, USER);
    let expected = [
        directory("data"),
        directory("data/deep/sub"),
        ("data/etc/c.json".to_owned(), Kind::File, USER),
        directory("data/tmp"),
        directory("data/vol"),
        directory("data/work"),
        directory("sub"),
    ];
    assert_eq!(steps(&binds), expected);
}

#[test]
fn a_mount_point_that_is_there_is_left_alone_and_one_of_another_kind_is_refused() {
    let project = project().lax();
    fs::create_dir_all(project.at("data/sub")).unwrap();
    fs::create_dir(project.at("sub")).unwrap();
    let text = service("a", "0:0", &[&short("PROJECT/data", "/data"), &short("PROJECT/sub", "/data/sub")]);
    let binds = project.decide(&text);
    assert!(binds.steps.is_empty() && binds.findings.is_empty());
    fs::remove_dir(project.at("data/sub")).unwrap();
    fs::write(project.at("data/sub"), "").unwrap();
    assert_eq!(the_finding(&project.decide(&text)).1, Code::BindKind);
}

#[test]
fn inside_a_read_only_mount_a_missing_mount_point_is_refused() {
    for lax in [false, true] {
        let project = if lax { project().lax() } else { project() };
        fs::create_dir(project.at("data")).unwrap();
        let outer = short("PROJECT/data", "/data").replace("target", "read_only: true, target");
        let text = service("a", "0:0", &[&outer, "{type: volume, source: v, target: /data/v}"]);
        let binds = project.decide(&text);
        let (severity, code, _) = the_finding(&binds);
        assert_eq!((severity, code), (Severity::Error, Code::BindMissing));
        assert_eq!(binds.findings[0].labels.len(), 2);
        fs::create_dir(project.at("data/v")).unwrap();
        assert!(project.decide(&text).findings.is_empty());
    }
}

#[test]
fn the_usual_node_modules_volume_gets_its_place_without_a_word() {
    let mut project = project().lax();
    chown(&project.path, Some(OP.uid), Some(OP.gid)).unwrap();
    fs::set_permissions(&project.path, fs::Permissions::from_mode(0o755)).unwrap();
    project.caller = op();
    let text = service("a", "0:0", &[&short("PROJECT", "/app"), "{type: volume, target: /app/node_modules}"]);
    let binds = project.decide(&text);
    assert!(binds.findings.is_empty(), "{:#?}", binds.findings);
    let expected = [("node_modules".to_owned(), Kind::Directory, Some(OP))];
    assert_eq!(steps(&binds), expected, "nothing is written to it, so it may be the caller's");
}

#[test]
fn outside_the_roots_no_mount_point_is_made() {
    let outside = tempfile::tempdir().unwrap();
    let outer = short(outside.path().to_str().unwrap(), "/out");
    let text = service("a", "0:0", &[&outer, "{type: volume, source: v, target: /out/v}"]);
    let binds = project().decide(&text);
    assert_eq!((the_finding(&binds).1, binds.steps.len()), (Code::BindOutside, 0));
    let binds = project().lax().decide(&text);
    assert!(binds.findings.is_empty() && binds.steps.is_empty());
}

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

/// The mode of each step, by the path below the project.
fn modes(binds: &Binds) -> Vec<(String, u32, bool)> {
    let is_set = |step: &HostStep| matches!(step, HostStep::SetMode { .. });
    let of = |step: &HostStep| (step.place().path.display().to_string(), step.place().mode, is_set(step));
    binds.steps.iter().map(of).collect()
}

fn with_tmpfs(user: &str) -> String {
    service(
        "a",
        user,
        &[&short("PROJECT/data", "/data"), "{type: tmpfs, target: /data/long, tmpfs: {mode: 448}}"],
    ) + "    tmpfs: ['/data/open', '/data/own:mode=0700,uid=1000', '/data/open/in:mode=0711']\n"
}

#[test]
fn the_mount_point_of_a_tmpfs_has_the_mode_that_the_tmpfs_is_to_have() {
    for lax in [false, true] {
        let mut project = if lax { project().lax() } else { project() };
        project.images.1 = TmpfsMode::OfTarget;
        let text = with_tmpfs("1000:1000");
        let made = |name: &str, mode| (format!("data/{name}"), mode, false);
        let binds = project.decide(&text);
        assert!(binds.findings.is_empty(), "{:#?}", binds.findings);
        let wanted = [made("long", 0o700), made("open", 0o1777), made("own", 0o700)];
        assert_eq!(modes(&binds)[1..], wanted);
        // What an earlier launch left there gets it, too.
        for name in ["long", "open", "own"] {
            fs::create_dir_all(project.at("data").join(name)).unwrap();
            fs::set_permissions(project.at("data").join(name), fs::Permissions::from_mode(0o755)).unwrap();
        }
        chown(project.at("data"), Some(1000), Some(1000)).unwrap();
        let binds = project.decide(&text);
        assert_eq!(modes(&binds), wanted.clone().map(|(path, mode, _)| (path, mode, true)));
        // A newer runtime gives the mode asked for, whatever is there.
        project.images.1 = TmpfsMode::Asked;
        assert_eq!(modes(&project.decide(&text)), [("data/open".to_owned(), 0o1777, true)]);
        project.images.1 = TmpfsMode::OfTarget;
        for (path, mode, _) in &wanted {
            fs::set_permissions(project.at(path), fs::Permissions::from_mode(*mode)).unwrap();
        }
        let binds = project.decide(&text);
        assert!(binds.steps.is_empty() && binds.findings.is_empty(), "{binds:#?}");
    }
}

#[test]
fn a_tmpfs_that_gets_another_mode_than_it_is_to_have_is_refused_with_a_policy() {
    for lax in [false, true] {
        let mut project = if lax { project().lax() } else { project() };
        project.images.1 = TmpfsMode::OfTarget;
        for name in ["long", "open", "own"] {
            fs::create_dir_all(project.at("data").join(name)).unwrap();
            fs::set_permissions(project.at("data").join(name), fs::Permissions::from_mode(0o755)).unwrap();
            fs::write(project.at("data").join(name).join("left"), "").unwrap();
        }
        chown(project.at("data"), Some(1000), Some(1000)).unwrap();
        let binds = project.decide(&with_tmpfs("1000:1000"));
        assert!(binds.steps.is_empty());
        let severity = if lax { Severity::Warning } else { Severity::Error };
        let texts: Vec<&str> = binds.findings.iter().map(|finding| finding.message.as_str()).collect();
        assert!(binds.findings.iter().all(|one| (one.severity, one.code) == (severity, Code::BindAccess)));
        for said in [
            "/data/long of service `a` will be closed to its user",
            "/data/open of service `a` will be closed to its user",
            "/data/own of service `a` will be open to others",
        ] {
            assert!(texts.iter().any(|text| text.contains(said)), "{said}: {texts:#?}");
        }
        // Root may write whatever it is, and nothing was asked to be private.
        let text = service("a", "0:0", &[&short("PROJECT/data", "/data")]) + "    tmpfs: [/data/open]\n";
        let found = project.decide(&text).findings;
        assert!(found.iter().all(|finding| finding.severity == Severity::Note), "{found:#?}");
    }
}

#[test]
fn two_modes_for_one_mount_point_are_said() {
    let text = |mode: &str| {
        let one = service("a", "1:1", &[&short("PROJECT/data", "/data")]) + "    tmpfs: [/data/t]\n";
        more(one, "b", "1:1", &[&short("PROJECT/data", "/srv")]) + &format!("    tmpfs: ['/srv/t{mode}']\n")
    };
    for mode in ["", ":mode=1777"] {
        assert!(project().decide(&text(mode)).findings.is_empty());
    }
    assert!(project().decide(&text(":mode=0700")).findings.is_empty());
    let mut project = project();
    project.images.1 = TmpfsMode::OfTarget;
    let binds = project.decide(&text(":mode=0700"));
    let (severity, code, message) = the_finding(&binds);
    assert_eq!((severity, code), (Severity::Error, Code::BindAccess));
    assert!(message.contains("mode 0700") && message.contains("`a` in the same place 1777"), "{message}");
}

#[test]
fn a_volume_that_the_engine_would_fill_stays_empty_without_a_policy() {
    let text = "services:\n  a:\n    image: app\n    user: '1:1'\n    volumes: ['v:/data', '/data/sub']\n\
                volumes:\n  v: {driver_opts: {type: none, o: bind, device: PROJECT/data}}\n";
    let text = text.replace(
        "'v:/data', '/data/sub'",
        "{type: volume, source: v, target: /data}, {type: volume, target: /data/sub}",
    );
    let project = project().lax();
    fs::create_dir(project.at("data")).unwrap();
    assert!(project.decide(&text).steps.is_empty());
    // Nothing is filled into what has something in it.
    fs::write(project.at("data/f"), "").unwrap();
    assert_eq!(modes(&project.decide(&text)), [("data/sub".to_owned(), 0o755, false)]);
}

//! Sources that are there.

use super::*;

fn set(path: &Path, owner: u32, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    chown(path, Some(owner), Some(owner)).unwrap();
}

#[test]
fn a_directory_that_the_user_cannot_write_stops_a_launch_with_a_policy_only() {
    let mut project = project();
    fs::create_dir(project.at("data")).unwrap();
    set(&project.at("data"), 3001, 0o755);
    let binds = project.bind("PROJECT/data", "/data");
    assert!(is_refused(&binds));
    assert_eq!(the_finding(&binds).1, Code::BindAccess);
    let help = binds.findings[0].help.as_deref().unwrap();
    assert!(help.contains("sudo chown -R 10001:10001") && help.contains(":ro"), "{help}");
    let read_only = short("PROJECT/data", "/data").replace("target", "read_only: true, target");
    assert!(project.decide(&service("a", "10001:10001", &[&read_only])).findings.is_empty());
    project.policy = None;
    let binds = project.bind("PROJECT/data", "/data");
    assert_eq!(the_finding(&binds).0, Severity::Note);
    assert!(matches!(binds.decisions[0].outcome, Outcome::Present));
}

#[test]
fn a_mounted_file_that_the_user_cannot_read_stops_a_launch() {
    // Incident 4c: the guardrails were mode 0600 of root, and silently off.
    let project = project();
    fs::write(project.at("rules.json"), "{}").unwrap();
    set(&project.at("rules.json"), 0, 0o600);
    let binds = project.bind("PROJECT/rules.json", "/etc/rules.json");
    assert!(is_refused(&binds));
    let (_, code, message) = the_finding(&binds);
    assert_eq!(code, Code::BindAccess);
    assert!(message.contains("rules.json (owner 0:0, mode 0600) refuses to read"), "{message}");
    let root = project.decide(&service("a", "0:0", &[&short("PROJECT/rules.json", "/etc/rules.json")]));
    assert!(root.findings.is_empty());
    set(&project.at("rules.json"), 0, 0o644);
    let binds = project.bind("PROJECT/rules.json", "/etc/rules.json");
    assert_eq!(the_finding(&binds).0, Severity::Warning, "mounted read-write, but readable");
    let binds = project.lax().bind("PROJECT/rules.json", "/etc/rules.json");
    assert_eq!(the_finding(&binds).0, Severity::Note);
}

#[test]
fn root_without_its_capabilities_is_held_to_the_modes() {
    let project = project();
    fs::create_dir(project.at("data")).unwrap();
    set(&project.at("data"), 3001, 0o700);
    let text = service("a", "0:0", &[&short("PROJECT/data", "/data")]);
    assert_eq!(the_finding(&project.decide(&text)).1, Code::BindOwner, "a note: it can write");
    let text = text.replace("user:", "cap_drop: [ALL]\n    user:");
    assert!(is_refused(&project.decide(&text)));
}

#[test]
fn groups_count() {
    let project = project();
    fs::create_dir(project.at("data")).unwrap();
    chown(project.at("data"), Some(0), Some(5000)).unwrap();
    fs::set_permissions(project.at("data"), fs::Permissions::from_mode(0o770)).unwrap();
    let text = service("a", "10001:10001", &[&short("PROJECT/data", "/data")]);
    assert!(is_refused(&project.decide(&text)));
    let binds = project.decide(&text.replace("user:", "group_add: ['5000']\n    user:"));
    assert_eq!(the_finding(&binds).0, Severity::Note);
}

#[test]
fn secrets_and_configs_must_be_there_and_readable() {
    let project = project().lax();
    let text = "services:\n  a:\n    image: app\n    user: '1:1'\n    secrets: [{source: s}]\n    \
                configs: [{source: c, target: /c}]\nsecrets: {s: {file: PROJECT/s.txt}}\n\
                configs: {c: {file: PROJECT/c.txt}, d: {content: x}}\n";
    let binds = project.decide(text);
    let errors: Vec<_> = binds.findings.iter().filter(|one| one.code == Code::BindMissing).collect();
    assert_eq!(errors.len(), 2, "{binds:#?}");
    assert!(errors[0].message.contains("config `c`") && errors[1].message.contains("secret `s`"));
    assert_eq!(binds.decisions[1].target, "/run/secrets/s");
    for name in ["s.txt", "c.txt"] {
        fs::write(project.at(name), "").unwrap();
        set(&project.at(name), 0, 0o600);
    }
    let severities = |binds: &Binds| binds.findings.iter().map(|one| one.severity).collect::<Vec<_>>();
    assert_eq!(severities(&project.decide(text)), [Severity::Warning; 2]);
    let strict = Project { policy: Some(BindPolicy::default()), ..project };
    assert_eq!(severities(&strict.decide(text)), [Severity::Error; 2]);
}

#[test]
fn a_directory_over_a_file_of_the_image_is_refused_where_the_names_leave_a_doubt() {
    let mut project = project().lax();
    let files = [("/etc/app.conf", Kind::File), ("/init.d", Kind::Directory)].into();
    project.images = FakeImages::one("app", Fake { files, ..Fake::default() });
    fs::create_dir(project.at("conf")).unwrap();
    fs::write(project.at("init.sql"), "").unwrap();
    for (source, target) in [("PROJECT/conf", "/etc/app.conf"), ("PROJECT/init.sql", "/init.d")] {
        let binds = project.bind(source, target);
        assert!(is_refused(&binds), "{source}");
        assert_eq!(the_finding(&binds).1, Code::BindKind);
    }
}

#[test]
fn what_an_earlier_launch_made_of_a_missing_file_is_recognised() {
    let mut project = project();
    fs::create_dir(project.at("config.json")).unwrap();
    fs::set_permissions(project.at("config.json"), fs::Permissions::from_mode(0o777)).unwrap();
    let text = service("a", "0:0", &[&short("PROJECT/config.json", "/x.json")]);
    let binds = project.decide(&text);
    assert_eq!((the_finding(&binds).0, the_finding(&binds).1), (Severity::Warning, Code::BindKind));
    let declared = Declared {
        path: project.at("config.json"),
        content: Some(String::new()),
        mode: None,
        owner: None,
        span: None,
    };
    project.policy = Some(BindPolicy { create: vec![declared], ..BindPolicy::default() });
    let binds = project.decide(&text);
    assert!(is_refused(&binds));
    assert!(binds.findings[0].help.as_deref().unwrap().contains("rmdir"));
}

#[test]
fn services_with_different_users_may_not_write_one_tree() {
    let mut project = project();
    fs::create_dir(project.at("data")).unwrap();
    set(&project.at("data"), 0, 0o777);
    let mount = short("PROJECT/data", "/data");
    let read_only = mount.replace("target", "read_only: true, target");
    let shared = |binds: &Binds| {
        let found = binds.findings.iter().find(|finding| finding.code == Code::BindShared);
        found.map(|finding| (finding.severity, finding.labels.len()))
    };
    let two = |one: &str, other: &str| more(service("a", "1:1", &[one]), "b", "2:2", &[other]);
    assert_eq!(shared(&project.decide(&two(&mount, &mount))), Some((Severity::Error, 2)));
    assert_eq!(shared(&project.decide(&two(&mount, &read_only))), Some((Severity::Error, 2)));
    assert_eq!(shared(&project.decide(&two(&read_only, &read_only))), None);
    assert_eq!(shared(&project.decide(&two(&mount, &mount).replace("2:2", "1:2"))), None);
    let grouped = two(&mount, &mount).replace("user:", "group_add: ['9']\n    user:");
    assert_eq!(shared(&project.decide(&grouped)), None);
    fs::create_dir(project.at("data/in")).unwrap();
    set(&project.at("data/in"), 0, 0o777);
    let inside = two(&mount, &short("PROJECT/data/in", "/in"));
    assert_eq!(shared(&project.decide(&inside)), Some((Severity::Warning, 2)));
    project.policy = None;
    assert_eq!(shared(&project.decide(&two(&mount, &mount))), Some((Severity::Warning, 2)));
    assert_eq!(shared(&project.decide(&inside)), None);
}

#[test]
fn a_container_before_the_service_writes_its_tree_as_somebody_else() {
    let project = project();
    fs::create_dir(project.at("data")).unwrap();
    set(&project.at("data"), 0, 0o777);
    let mount = short("PROJECT/data", "/data");
    let with = |mount: &str, user: &str| {
        service("a", "1:1", &[mount]) + &format!("    pre_start: [{{command: [x], user: '{user}'}}]\n")
    };
    let shared = |text: &str| {
        let found = project.decide(text).findings;
        found.into_iter().find(|finding| finding.code == Code::BindShared).map(|finding| finding.message)
    };
    for user in ["2:2", "2"] {
        let message = shared(&with(&mount, user)).unwrap();
        assert!(message.contains("the pre_start of `a` as 2:"), "{message}");
    }
    // Root may write whatever is there, a name is the image's, and what may not be written is not.
    for user in ["1:1", "1:5", "0:0", "root", "web"] {
        assert_eq!(shared(&with(&mount, user)), None, "{user}");
    }
    assert_eq!(shared(&with(&mount.replace("target", "read_only: true, target"), "2:2")), None);
}

#[test]
fn an_empty_directory_behind_a_volume_is_not_handed_to_the_images_owner() {
    let mut project = project();
    project.images =
        FakeImages::one("app", Fake { files: [("/data", Kind::Directory)].into(), ..Fake::default() });
    let volume = "volumes: {v: {driver_opts: {type: none, o: bind, device: PROJECT/v}}}\n";
    let mount = "{type: volume, source: v, target: /data, volume: {}}";
    let text = service("a", "1:1", &[mount]) + volume;
    assert_eq!(the_finding(&project.decide(&text)).1, Code::BindOwner);
    let nocopy = text.replace("volume: {}", "volume: {nocopy: true}");
    assert_eq!(project.decide(&nocopy).steps.len(), 1, "with a policy the device is created");
    fs::create_dir(project.at("v")).unwrap();
    set(&project.at("v"), 1, 0o755);
    assert!(is_refused(&project.decide(&text)));
    assert!(project.decide(&nocopy).findings.is_empty());
    fs::write(project.at("v/x"), "").unwrap();
    assert!(project.decide(&text).findings.is_empty(), "nothing is copied where something is");
    fs::remove_dir_all(project.at("v")).unwrap();
    project.policy = None;
    assert!(is_refused(&project.decide(&nocopy)), "the engine never makes a volume's device");
}

#[test]
fn a_tmpfs_has_the_mode_of_the_image_s_directory_but_not_its_owner() {
    use crate::engine::ImageEntry;
    let mut project = project();
    let owner = Owner::new(10001, 10001);
    let entry = |kind, mode| ImageEntry { kind, owner, mode, is_filled: false, content: None };
    let content = std::collections::BTreeMap::from([
        ("/home/app", entry(Kind::Directory, 0o755)),
        ("/open", entry(Kind::Directory, 0o1777)),
        ("/etc/rc", entry(Kind::File, 0o644)),
        ("/tmp", entry(Kind::Directory, 0o755)),
    ]);
    project.images = FakeImages::one("app", Fake { content, ..Fake::default() });
    project.images.1 = TmpfsMode::OfTarget;
    let said = |project: &Project, user: &str, tmpfs: &str| {
        let text = format!("services:\n  a: {{image: app, user: '{user}', {tmpfs}}}\n");
        project.decide(&text).findings.into_iter().map(|finding| (finding.code, finding.message)).collect()
    };
    let said =
        |project: &Project, user: &str, tmpfs: &str| -> Vec<(Code, String)> { said(project, user, tmpfs) };
    assert_eq!(
        said(&project, "10001:10001", "tmpfs: ['/home/app:mode=0777']"),
        [(
            Code::BindAccess,
            "service `a` runs as 10001:10001 and cannot write the tmpfs at /home/app: it will be of 0:0, mode 0755, \
             the mode of the image's own directory"
                .to_owned()
        )]
    );
    assert_eq!(said(&project, "10001:10001", "tmpfs: [/etc/rc]")[0].0, Code::BindKind);
    for (user, tmpfs) in [
        ("10001:10001", "tmpfs: ['/home/app:uid=10001']"),
        ("10001:10001", "tmpfs: [/open, /new]"),
        ("10001:10001", "tmpfs: [/tmp]"),
        ("0:0", "tmpfs: [/home/app]"),
        ("0:0", "cap_drop: [ALL], tmpfs: [/home/app]"),
        ("10001:10001", "tmpfs: [/vol/home], volumes: [{type: volume, source: v, target: /vol}]"),
    ] {
        assert_eq!(said(&project, user, tmpfs), [], "{user} {tmpfs}");
    }
    for (by, tmpfs, refused) in [
        (TmpfsMode::Asked, "tmpfs: ['/home/app:mode=0777']", 0),
        (TmpfsMode::Asked, "tmpfs: ['/open:mode=0700']", 1),
        (TmpfsMode::Asked, "tmpfs: [/home/app]", 1),
        (TmpfsMode::Asked, "volumes: [{type: tmpfs, target: /home/app, tmpfs: {mode: 0}}]", 1),
        (TmpfsMode::AskedElseClosed, "tmpfs: [/new]", 1),
        (TmpfsMode::AskedElseClosed, "tmpfs: ['/new:mode=1777']", 0),
    ] {
        project.images.1 = by;
        assert_eq!(said(&project, "10001:10001", tmpfs).len(), refused, "{by:?} {tmpfs}");
    }
    project.images.1 = TmpfsMode::OfTarget;
    assert_eq!(said(&project, "10001:10001", "group_add: ['0'], tmpfs: ['/new:mode=0070']"), []);
    assert_eq!(said(&project, "10001:10001", "tmpfs: ['/new:mode=0070']").len(), 1);
    project.policy = None;
    assert_eq!(said(&project, "10001:10001", "tmpfs: [/home/app]"), [], "what Compose runs, runs");
}

#[test]
fn a_directory_of_configuration_is_judged_file_by_file() {
    let project = project();
    for (path, mode) in [("conf.d/10.json", 0o600), ("conf.d/20.json", 0o644), ("conf.d/sub/30.json", 0o600)]
    {
        fs::create_dir_all(project.at(path).parent().unwrap()).unwrap();
        fs::write(project.at(path), "{}").unwrap();
        fs::set_permissions(project.at(path), fs::Permissions::from_mode(mode)).unwrap();
    }
    let read =
        |source: &str, target: &str| short(source, target).replace("bind: {", "read_only: true, bind: {");
    let decide = |project: &Project, user: &str, mount: &str| project.decide(&service("a", user, &[mount]));
    let mount = read("PROJECT/conf.d", "/opt/rules");
    let binds = decide(&project, "10001:10001", &mount);
    assert!(is_refused(&binds));
    let (_, code, message) = the_finding(&binds);
    assert_eq!(code, Code::BindAccess);
    assert!(
        message.contains("10.json (0600") && message.contains("sub/30.json") && !message.contains("20"),
        "{message}"
    );
    // Whose they are may read them, and so may root.
    let us = Owner::current();
    assert!(decide(&project, &format!("{}:{}", us.uid, us.gid), &mount).findings.is_empty());
    // A directory of anything is a warning; without a policy it is none.
    let other = read("PROJECT", "/app");
    let binds = decide(&project, "10001:10001", &other);
    assert_eq!((the_finding(&binds).0, is_refused(&binds)), (Severity::Warning, false));
    let lax = project.lax();
    assert!(decide(&lax, "10001:10001", &other).findings.is_empty());
    assert_eq!(the_finding(&decide(&lax, "10001:10001", &mount)).0, Severity::Warning);
}

/// Root with `DAC_OVERRIDE` uses what everybody owns: it may share with one other user, and with no more.
#[test]
fn root_may_share_a_tree_with_one_user() {
    let project = project();
    fs::create_dir(project.at("data")).unwrap();
    set(&project.at("data"), 0, 0o777);
    let mount = short("PROJECT/data", "/data");
    let severity = |text: &str| {
        let found = project.decide(text).findings;
        found.into_iter().find(|finding| finding.code == Code::BindShared).map(|finding| finding.severity)
    };
    let text = more(service("a", "0:0", &[&mount]), "b", "2:2", &[&mount]);
    assert_eq!(severity(&text), Some(Severity::Warning));
    let without = text.replacen("user:", "cap_drop: [ALL]\n    user:", 1);
    assert_eq!(severity(&without), Some(Severity::Error));
    assert_eq!(severity(&more(text, "c", "3:3", &[&mount])), Some(Severity::Error));
}

/// An engine that runs elsewhere would make a directory of it; one that does not run yet makes its socket.
#[test]
fn the_socket_of_an_engine_comes_with_the_engine() {
    let mut project = project();
    let mount = |path: &str| service("a", "0:0", &[&short(path, "/run/docker.sock")]);
    let severity = |project: &Project, path: &str| {
        let found = project.decide(&mount(path)).findings;
        found.into_iter().find(|finding| finding.code == Code::BindMissing).map(|finding| finding.severity)
    };
    assert_eq!(severity(&project, "PROJECT/docker.sock"), Some(Severity::Error));
    project.engine_is_silent = true;
    assert_eq!(severity(&project, "PROJECT/docker.sock"), Some(Severity::Warning));
    assert_eq!(severity(&project, "PROJECT/other.sock"), Some(Severity::Error));
}

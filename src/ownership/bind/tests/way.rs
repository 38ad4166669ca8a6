//! What a service could put in the way of a source.

use super::*;

const A: &str = "10001:10001";

fn directory(project: &Project, path: &str, owner: u32) {
    fs::create_dir_all(project.at(path)).unwrap();
    chown(project.at(path), Some(owner), Some(owner)).unwrap();
}

/// `w` mounts ./data, `a` mounts a source.
fn beside(project: &Project, source: &str) -> Binds {
    let text = more(service("w", A, &[&short("PROJECT/data", "/data")]), "a", A, &[&short(source, "/x")]);
    project.decide(&text)
}

fn codes(binds: &Binds) -> Vec<Code> {
    let errors = binds.findings.iter().filter(|finding| finding.severity == Severity::Error);
    errors.map(|finding| finding.code).collect()
}

#[test]
fn a_link_that_a_service_could_have_made_is_refused_wherever_it_leads() {
    for (target, owner, link_of) in [
        // Into the roots and out of them, by the service that writes there.
        ("PROJECT/inside", 10001, 10001),
        ("/usr", 10001, 0),
        // It may write there although it does not own the directory.
        ("PROJECT/inside", 0, 0),
    ] {
        let project = project();
        directory(&project, "data", owner);
        directory(&project, "inside", 10001);
        fs::set_permissions(project.at("data"), fs::Permissions::from_mode(0o777)).unwrap();
        symlink(target.replace("PROJECT", project.path.to_str().unwrap()), project.at("data/sub")).unwrap();
        std::os::unix::fs::lchown(project.at("data/sub"), Some(link_of), Some(link_of)).unwrap();
        let binds = beside(&project, "PROJECT/data/sub");
        assert_eq!(codes(&binds), [Code::BindLink], "{target}: {:#?}", binds.findings);
        assert!(codes(&beside(&project.lax(), "PROJECT/data/sub")).is_empty());
    }
    // Nobody writes there now, but whose link it is says enough.
    let project = project();
    directory(&project, "store", 10001);
    directory(&project, "other", 0);
    symlink("../store", project.at("other/link")).unwrap();
    std::os::unix::fs::lchown(project.at("other/link"), Some(10001), Some(10001)).unwrap();
    let text = more(
        service("w", A, &[&short("PROJECT/store", "/s")]),
        "a",
        A,
        &[&short("PROJECT/other/link", "/x")],
    );
    assert_eq!(codes(&project.decide(&text)), [Code::BindLink]);
}

#[test]
fn a_link_that_leads_out_of_the_roots_is_refused_unless_they_name_the_place() {
    let outside = tempfile::tempdir().unwrap();
    let outside = outside.path().canonicalize().unwrap();
    fs::set_permissions(&outside, fs::Permissions::from_mode(0o777)).unwrap();
    let mut project = project();
    symlink(&outside, project.at("link")).unwrap();
    let binds = project.bind("PROJECT/link", "/x");
    assert_eq!(codes(&binds), [Code::BindOutside], "{:#?}", binds.findings);
    let roots = vec![project.path.clone(), outside.clone()];
    project.policy = Some(BindPolicy { roots, ..BindPolicy::default() });
    assert!(codes(&project.bind("PROJECT/link", "/x")).is_empty());
    // By its own path it was never inside.
    project.policy = Some(BindPolicy::default());
    assert!(codes(&project.bind(outside.to_str().unwrap(), "/x")).is_empty());
}

#[test]
fn a_source_that_a_service_could_exchange_is_noted_and_others_are_not() {
    let by = |binds: &Binds| {
        let of_a = binds.decisions.iter().find(|bind| bind.service == "a").unwrap();
        (of_a.changed_by.clone(), of_a.identity.is_some())
    };
    let project = project();
    directory(&project, "data/sub", 10001);
    directory(&project, "other", 10001);
    // What `w` may not write, it cannot exchange.
    directory(&project, "data", 0);
    fs::set_permissions(project.at("data"), fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!(by(&beside(&project, "PROJECT/data/sub")), (None, true));
    directory(&project, "data", 10001);
    assert_eq!(by(&beside(&project, "PROJECT/data/sub")), (Some("w".to_owned()), true));
    // One that is still to be made may be exchanged as well.
    assert_eq!(by(&beside(&project, "PROJECT/data/new")), (Some("w".to_owned()), false));
    // The same source, and one beside it.
    assert_eq!(by(&beside(&project, "PROJECT/data")), (None, true));
    assert_eq!(by(&beside(&project, "PROJECT/other")), (None, true));
}

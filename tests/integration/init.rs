//! `init`: the projects that people host get a policy with which `check` is green, without an engine.

use crate::project::Project;
use crate::stacks::STACKS;

fn stack(compose: &str) -> Project {
    let project = Project::empty();
    let root = project.path("").parent().unwrap().display().to_string();
    std::fs::create_dir_all(project.path("../media/films")).unwrap();
    let socket = std::os::unix::net::UnixListener::bind(project.path("docker.sock")).unwrap();
    drop(socket);
    project.file("compose.yaml", compose.replace("[ROOT]", &root))
}

#[test]
fn every_stack_is_green_at_once() {
    let mut waivers = Vec::new();
    let mut faults = String::new();
    for (name, compose, posture, says) in STACKS {
        let project = stack(compose);
        let root = project.path("").parent().unwrap().display().to_string();
        let init = project.run(["init", "--yes"]);
        if init.status != 0 {
            faults += &format!("== {name}: {init}\n");
            continue;
        }
        let policy = project.read("seaworthy.yaml").replace(&root, "[ROOT]");
        let check = project.run(["check"]);
        let mut fault = |what: String| faults += &format!("== {name}: {what}\n{policy}\n");
        if check.status != 0 {
            fault(check.to_string());
        }
        if policy.lines().last() != Some("...") {
            fault("not closed".to_owned());
        }
        if check.stderr.contains("not needed") || check.stderr.contains("nothing needs") {
            fault(format!("a waiver too many: {check}"));
        }
        if !posture.is_empty() && !policy.contains(&format!("\nposture: {posture}\n")) {
            fault(format!("not {posture}"));
        }
        for text in *says {
            if !policy.contains(text) {
                fault(format!("no {text:?}"));
            }
        }
        if init.stdout.lines().count() > 14 {
            fault(format!("a long summary: {init}"));
        }
        waivers.push(policy.matches("rule: ").count());
    }
    assert!(faults.is_empty(), "{faults}");
    waivers.sort_unstable();
    assert!(waivers[waivers.len() / 2] <= 2, "{waivers:?}");
}

const SMALL: &str = "services: {a: {image: 'x:1', ports: ['8080:80']}}\n";

#[test]
fn nothing_is_replaced() {
    for (path, folder, words) in [
        ("seaworthy.yaml", "", vec!["init", "--yes"]),
        ("seaworthy.yaml", "", vec!["init", "--dry-run"]),
        ("seaworthy.yaml", "deep", vec!["init", "--yes"]),
        ("other.yaml", "", vec!["--policy", "other.yaml", "init", "--yes"]),
    ] {
        let project = Project::new(SMALL).file(path, "mine").file("deep/compose.yaml", SMALL);
        let outcome = project.run_in(folder, words.clone());
        assert_ne!(outcome.status, 0, "{words:?}: {outcome}");
        assert_eq!(project.read(path), "mine");
        assert!(!project.path("deep/seaworthy.yaml").exists());
    }
    let project = Project::new(SMALL).file("seaworthy.yaml", "version: 1\n...\n");
    let outcome = project.run(["init"]);
    assert_eq!(outcome.status, 2, "{outcome}");
    assert!(outcome.stderr.contains("there is a policy already: [DIR]/seaworthy.yaml"), "{outcome}");
}

#[test]
fn a_dry_run_prints_what_would_be_written_and_writes_nothing() {
    let project = Project::new(SMALL);
    let dry = project.run(["init", "--dry-run"]);
    assert!(!project.path("seaworthy.yaml").exists());
    assert!(dry.stderr.starts_with("seaworthy.yaml: posture hardened, 1 waiver for 1 service\n"), "{dry}");
    let printed = dry.output();
    assert_eq!(project.run(["init"]).status, 0, "without a terminal nobody is asked");
    assert_eq!(project.read("seaworthy.yaml"), printed);
    assert_eq!(project.run(["init"]).status, 2, "not a second time");
}

#[test]
fn the_posture_asked_for_is_written_with_what_it_takes() {
    for (posture, waivers) in [("observe", 0), ("baseline", 0), ("hardened", 1), ("contained", 1)] {
        let project = Project::new(SMALL);
        project.run(["init", "--posture", posture]).output();
        let policy = project.read("seaworthy.yaml");
        assert!(policy.contains(&format!("\nposture: {posture}\n")), "{policy}");
        assert_eq!(policy.matches("rule: ").count(), waivers, "{policy}");
        assert_eq!(project.run(["check"]).status, 0);
    }
    let outcome = Project::new(SMALL).run(["init", "--posture", "strict"]);
    assert_eq!(outcome.status, 2, "{outcome}");
}

/// What no policy changes keeps nobody from having one.
#[test]
fn what_no_policy_changes_is_left_to_the_operator() {
    for (compose, mended, says) in [
        (
            "services: {a: {image: x, secrets: [s], privileged: true}}\nsecrets: {s: {file: ./missing}}\n",
            "services: {a: {image: x, privileged: true}}\n",
            "the file ./missing of secret `s`",
        ),
        ("services: {a: {image: x, user: ':'}}\n", "services: {a: {image: x, user: '1:1'}}\n", "incomplete"),
        (
            "services: {a: {image: x, volumes: ['./no.sock:/run/no.sock', '/srv/sw-none/a:/a']}}\n",
            "services: {a: {image: x, volumes: ['/srv/sw-none/a:/a']}}\n",
            "no.sock",
        ),
    ] {
        let project = Project::new(compose);
        let dry = project.run(["init", "--dry-run"]);
        let init = project.run(["init", "--yes"]);
        for outcome in [&dry, &init] {
            assert_eq!(outcome.status, 0, "{outcome}");
            assert!(outcome.stderr.contains(says), "{outcome}");
            assert!(outcome.stderr.contains("`check` is green once you did"), "{outcome}");
            assert!(!outcome.stderr.contains("warning["), "only what stands in the way: {outcome}");
        }
        assert_ne!(project.run(["check"]).status, 0);
        let project = project.file("compose.yaml", mended);
        let check = project.run(["check"]);
        assert_eq!(check.status, 0, "{check}\n{}", project.read("seaworthy.yaml"));
    }
}

#[test]
fn a_project_that_cannot_be_read_gets_no_policy() {
    let project = Project::new("services: {a: {image: x, imag: y}}\n");
    let outcome = project.run(["init", "--yes"]);
    assert_eq!(outcome.status, 78, "{outcome}");
    assert!(outcome.stderr.contains("imag") && outcome.stderr.contains("nothing was written"), "{outcome}");
    assert!(!project.path("seaworthy.yaml").exists());
}

/// Every profile at once cannot be read where two of them name one container; each alone can.
#[test]
fn profiles_that_exclude_each_other_are_read_as_typed() {
    let one = "image: 'x:1', user: '1000:1000', network_mode: none, container_name: sw-one";
    let project = Project::new(&format!(
        "services:\n  a: {{{one}, profiles: [a]}}\n  b: {{{one}, profiles: [b]}}\n  c: {{image: 'x:1', user: '7:7', network_mode: none}}\n"
    ));
    let together = project.run(["--profile", "*", "config", "-q"]);
    assert!(together.status != 0 && together.stderr.contains("compose-conflict"), "{together}");
    let outcome = project.run(["--profile", "a", "init", "--yes"]);
    assert_eq!(outcome.status, 0, "{outcome}");
    assert!(outcome.stdout.contains("for 2 services"), "{outcome}");
    assert_eq!(project.run(["--profile", "a", "check"]).status, 0);
}

#[test]
fn the_policy_goes_beside_the_base_file_or_where_it_was_named() {
    let project = Project::empty().file("stack/compose.yaml", SMALL);
    project.run(["-f", "stack/compose.yaml", "init"]).output();
    assert!(project.path("stack/seaworthy.yaml").exists());
    assert_eq!(project.run(["-f", "stack/compose.yaml", "check"]).status, 0);

    let project = Project::new(SMALL).file("seaworthy.yaml", "version: 1\n...\n").folder("ci");
    let outcome = project.run(["--policy", "ci/policy.yaml", "init"]);
    assert!(outcome.stdout.contains("`seaworthy --policy ci/policy.yaml plan`"), "{outcome}");
    assert_eq!(project.run(["--policy", "ci/policy.yaml", "check"]).status, 0);

    let piped = Project::empty().stdin(&format!("{SMALL}...\n"));
    piped.run(["-f", "-", "init"]).output();
    assert_eq!(piped.run(["-f", "-", "check"]).status, 0);
}

#[test]
fn files_and_directories_outside_are_places_to_create_only_where_they_are_data() {
    let project = stack(
        "services:
  a:
    image: x:1
    volumes: ['[ROOT]/data/a:/a', '[ROOT]/data/b:/b', '/etc/hostname:/h:ro', '/no/such/place:/n', '/lib/modules:/m:ro', './x.conf:/x']
",
    );
    project.run(["init"]).output();
    let policy = project.read("seaworthy.yaml");
    assert!(policy.contains("- { path: ./x.conf, kind: file }"), "{policy}");
    assert!(!policy.contains("roots: [/etc") && !policy.contains("/lib]"), "{policy}");
    assert_eq!(project.run(["check"]).status, 0, "{policy}");
}

/// What a later file takes away of the posture's overlay is an exception as well.
#[test]
fn what_is_undone_behind_the_overlay_is_waived_too() {
    let project = Project::new("services: {a: {image: 'x:1'}}\n").file(
        "compose.override.yaml",
        "services: {a: {cap_drop: !override [], security_opt: ['no-new-privileges:false'], pids_limit: 0}}\n",
    );
    project.run(["init"]).output();
    let policy = project.read("seaworthy.yaml");
    for waiver in ["cap-drop, reason", "no-new-privileges, reason", "pids-limit, allow: [\"unlimited\"]"] {
        assert!(policy.contains(&format!("service: a, rule: {waiver}")), "{policy}");
    }
    assert!(policy.contains("posture: hardened"), "{policy}");
    assert_eq!(project.run(["check"]).status, 0);
}

/// A path that begins with a variable without a value is no place that was meant.
#[test]
fn an_unset_variable_makes_no_root_of_the_host() {
    let project = Project::new("services: {a: {image: 'x:1', volumes: ['${DATA_DIR}/no-such-data:/d']}}\n");
    let outcome = project.run(["init"]);
    assert_eq!(outcome.status, 0, "{outcome}");
    assert!(outcome.stderr.contains("Set DATA_DIR"), "{outcome}");
    let policy = std::fs::read_to_string(project.path("seaworthy.yaml")).unwrap();
    assert!(!policy.contains("no-such-data"), "{policy}");
    let after = project.run(["check"]);
    assert_ne!(after.status, 0, "{after}");
    assert!(after.stderr.contains("Set DATA_DIR"), "{after}");
}

//! The version of Docker Compose that a project is read as: on the command line, in the policy.

use crate::project::Project;
use crate::snapshot::snapshot;

const BINDS: &str = "name: p
services:
  app:
    image: busybox
    volumes:
      - ./short:/short
      - {type: bind, source: ./not, target: /not, bind: {create_host_path: false}}
      - {type: bind, source: ./unsaid, target: /unsaid, bind: {propagation: rslave}}
";

fn policy(version: &str) -> String {
    format!("version: 1\ncompose: {version}\n...\n")
}

/// What is said of the source of each of the three mounts.
fn said(project: &Project, words: &[&str]) -> [String; 3] {
    for source in ["not", "unsaid"] {
        let _ = std::fs::create_dir(project.path(source));
    }
    let printed = project.run(words.iter().copied().chain(["config"])).output();
    let blocks: Vec<&str> = printed.split("- type: bind").skip(1).collect();
    let of = |block: &str| {
        let line = block.lines().find(|line| line.contains("create_host_path"));
        line.map_or("", |line| line.rsplit(' ').next().unwrap()).to_owned()
    };
    [of(blocks[0]), of(blocks[1]), of(blocks[2])]
}

#[test]
fn the_model_is_printed_as_the_version_named_prints_it() {
    let project = Project::new(BINDS);
    for (version, wanted) in [
        ("2.40.3", ["true", "", ""]),
        ("5.0.0", ["", "false", "false"]),
        ("5.0.2", ["", "false", ""]),
        ("5.5", ["", "false", ""]),
        ("v5.5.0-desktop.1", ["", "false", ""]),
    ] {
        assert_eq!(said(&project, &["--compose-version", version]), wanted, "{version}");
    }
}

#[test]
fn the_policy_names_the_version_and_the_command_line_goes_before_it() {
    let project = Project::new(BINDS).file("seaworthy.yaml", policy("\"5.5\""));
    assert_eq!(said(&project, &[]), ["", "false", ""]);
    assert_eq!(said(&project, &["--compose-version=2.40"]), ["true", "", ""]);
}

#[test]
fn the_hash_is_that_of_the_version() {
    let project = Project::new(BINDS);
    let of = |version: &str| project.run(["--compose-version", version, "config", "--hash", "app"]).output();
    assert_ne!(of("2.40.3"), of("5.5"));
    assert_eq!(of("5.0.2"), of("5.4"));
}

#[test]
fn a_snapshot_is_the_same_whatever_version_reads_what_means_the_same() {
    let short = "services: {app: {image: busybox, volumes: ['./data:/data']}}\n";
    let take = |version: &str| {
        let project = Project::new(short).folder("data").variable("COMPOSE_PROJECT_NAME", "p");
        let outcome = project.run(["--compose-version", version, "snapshot", "write"]);
        assert_eq!(outcome.status, 0, "{outcome}");
        project.read("seaworthy.snapshot.yaml")
    };
    assert_eq!(take("2.40.3"), take("5.5"));
}

#[test]
fn a_container_that_nothing_confines_is_let_through_by_plain_compose_and_by_no_hardened_policy() {
    let compose = "services: {app: {image: 'busybox:1', user: '5:5', pre_start: [{command: chown 1 /x, user: '5:5'}]}}\n";
    let printed = Project::new(compose).run(["--compose-version", "5.5", "config"]).output();
    assert!(printed.contains("image: busybox:1\n    networks"), "{printed}");
    assert!(printed.contains("      - command:\n          - chown\n"), "{printed}");
    let said = Project::new(compose).run(["--compose-version", "2.40.3", "config"]).refused().stderr;
    assert!(said.contains("services.app.pre_start needs Docker Compose 5.3.0 or newer"), "{said}");
    let policy = |more: &str| format!("version: 1\nposture: hardened\nuser: {{default: '5:5'}}\n{more}...\n");
    let check = ["--compose-version", "5.5", "check", "--no-host"];
    let said = Project::new(compose).file("seaworthy.yaml", policy("")).run(check);
    assert_eq!(said.status, 1, "{}", said.stderr);
    assert!(
        said.stderr.contains("rule pre-start: services.app has a container of busybox:1"),
        "{}",
        said.stderr
    );
    assert!(said.stderr.contains("service_completed_successfully"), "{}", said.stderr);
    let waiver = "waivers: [{service: app, rule: pre-start, allow: ['busybox:1'], reason: owner}]\n";
    let allowed = Project::new(compose).file("seaworthy.yaml", policy(waiver)).run(check);
    assert_eq!(allowed.status, 0, "{}", allowed.stderr);
    let compose = compose.replace("]}}", "], post_start: [{command: y}]}}");
    let plan = Project::new(&compose).run(["--compose-version", "5.5", "plan", "--format", "json"]);
    for wanted in ["pre_start of busybox:1 as 5:5, unconfined", "post_start as root"] {
        assert!(plan.stdout.contains(wanted), "{plan}");
    }
}

#[test]
fn a_key_of_a_later_version_names_that_version() {
    let compose = "services: {app: {build: {context: ., no_cache_filter: x}}}\n";
    let said = Project::new(compose).run(["--compose-version", "2.40.3", "config"]).refused().stderr;
    let wanted = "services.app.build.no_cache_filter needs Docker Compose 5.0.0 or newer; this is 2.40.3";
    assert!(said.contains(wanted), "{said}");
}

#[test]
fn a_version_that_nobody_knows_is_refused() {
    let project = Project::new(BINDS);
    snapshot!(project.run(["--compose-version", "5.6", "config"]));
}

#[test]
fn a_version_that_is_none_is_refused() {
    snapshot!(Project::new(BINDS).run(["--compose-version", "latest", "config"]));
}

#[test]
fn a_policy_that_names_a_version_that_nobody_knows_is_refused() {
    let project = Project::new(BINDS).file("seaworthy.yaml", policy("\"9.1\""));
    snapshot!(project.run(["config"]));
    for (command, status) in [("check", 1), ("plan", 78), ("up", 78)] {
        let outcome = project.run([command]);
        assert_eq!((outcome.status, outcome.stdout.as_str()), (status, ""), "{command}: {outcome}");
    }
}

#[test]
fn a_policy_that_names_a_number_is_told_to_quote_it() {
    let project = Project::new(BINDS).file("seaworthy.yaml", policy("5.5"));
    snapshot!(project.run(["check"]));
}

#[test]
fn a_policy_that_names_too_old_a_version_is_refused() {
    let project = Project::new(BINDS).file("seaworthy.yaml", policy("\"2.20\""));
    snapshot!(project.run(["check"]));
}

/// A project beside a `docker` whose Compose says this of its version.
fn beside(says: &str) -> Project {
    let script =
        format!("[ \"$*\" = 'compose version --short' ] && {says}\necho \"$@\" >> started; exit 1\n");
    Project::new(BINDS).folder("short").program("docker", &script)
}

#[test]
fn the_one_installed_goes_before_the_policy_and_is_shown() {
    let project = beside("echo 2.40.3-3 && exit").file("seaworthy.yaml", policy("\"5.5\""));
    assert_eq!(said(&project, &[]), ["true", "", ""]);
    let plan = |project: &Project, words: &[&str]| {
        let told = project.run(words.iter().copied().chain(["plan", "--format", "json"]));
        let plan: serde_json::Value = serde_json::from_str(&told.stdout).unwrap();
        let compose = &plan["compose"];
        format!("{} {}", compose["version"].as_str().unwrap(), compose["from"].as_str().unwrap())
    };
    assert_eq!(plan(&project, &[]), "2.40.3 installed");
    assert_eq!(plan(&project, &["--compose-version", "5.4"]), "5.4.0 command-line");
    let alone = Project::new(BINDS).folder("short").file("seaworthy.yaml", policy("\"5.4\""));
    assert_eq!(plan(&alone, &[]), "5.4.0 policy");
    assert_eq!(plan(&Project::new(BINDS).folder("short"), &[]), "5.5.0 newest-known");
    // What is read on the machine of a review says nothing of the one that launches.
    let check = project.run(["check", "--no-host"]);
    assert!(!check.stderr.contains("2.40"), "{}", check.stderr);
}

#[test]
fn a_launch_by_one_version_is_not_judged_as_another_reads() {
    let project = beside("echo 2.40.3 && exit");
    let refused = project.run(["--compose-version", "5.5", "up", "-d"]);
    assert_eq!(refused.status, 69, "{refused}");
    assert!(
        refused
            .stderr
            .contains("--compose-version names 5.5.0, and Docker Compose 2.40.3 is what would be run")
    );
    assert!(!project.path("started").exists());
}

#[test]
fn a_newer_one_is_said_in_a_line_and_works() {
    let project = beside("echo 5.7.1 && exit");
    let config = project.run(["config"]);
    assert_eq!(config.status, 0, "{config}");
    assert_eq!(
        config.stderr.trim_end(),
        "warning[compose-version]: Docker Compose 5.7.1 is newer than this seaworthy knows; it is read as 5.5.0"
    );
}

#[test]
fn one_that_is_too_old_or_says_no_version_launches_nothing() {
    for (says, wanted) in [
        ("echo 2.39.4 && exit", "the installed docker compose: Docker Compose 2.39.4 is older than 2.40.0"),
        ("echo usage && exit", "\"usage\" is not a version of Docker Compose"),
        ("exit 0", "\"\" is not a version of Docker Compose"),
        ("echo broken >&2 && exit 3", "docker compose does not say its version: broken"),
    ] {
        for policy in [false, true] {
            let mut project = beside(says);
            if policy {
                project = project.file("seaworthy.yaml", "version: 1\nposture: observe\n...\n");
            }
            let refused = project.run(["up", "-d"]);
            assert_eq!(refused.status, 69, "{refused}");
            assert!(refused.stderr.contains(wanted), "{refused}");
            assert!(!project.path("started").exists());
        }
    }
    let old = beside("echo 2.39.4 && exit").run(["config"]);
    assert!(old.status != 0 && old.stderr.contains("Install Docker Compose 2.40 or newer"), "{old}");
    assert_eq!(beside("echo 2.39.4 && exit").run(["--compose-version", "5.5", "config"]).status, 0);
    let silent = beside("exit 3").run(["config"]);
    assert!(silent.status == 0 && silent.stderr.contains("does not say its version"), "{silent}");
}

/// A `docker` whose Compose is of this version, reads what it is given, and notes what else it is asked to do.
fn with(compose: &str, version: &str) -> Project {
    let script = format!(
        "[ \"$*\" = 'compose version --short' ] && echo {version} && exit 0
         for word; do [ \"$last\" = -f ] && file=$word; last=$word; [ \"$word\" = config ] && verb=config; done
         [ \"$verb\" = config ] && exec /bin/cat \"$file\"
         echo \"$*\" >> started\n"
    );
    Project::new(compose).program("docker", &script)
}

#[test]
fn flags_of_later_versions_need_them() {
    let compose = "services: {a: {image: x, user: '5:5'}}\n";
    for (words, since) in [
        (&["start", "--wait"][..], "5.0.0"),
        (&["start", "--wait-timeout", "3"], "5.0.0"),
        (&["run", "--no-tty", "a", "true"], "5.3.0"),
        (&["--insecure-registry", "r", "up", "-d"], "5.0.0"),
    ] {
        let old = with(compose, "2.40.3");
        let refused = old.run(words.iter().copied());
        assert_eq!(refused.status, 2, "{refused}");
        let wanted = format!("needs Docker Compose {since} or newer; this is 2.40.3");
        assert!(refused.stderr.contains(&wanted), "{refused}");
        assert!(!old.path("started").exists());
        let new = with(compose, "5.5.0");
        let done = new.run(words.iter().copied());
        assert_eq!(done.status, 0, "{done}");
        assert!(words.iter().all(|word| new.read("started").contains(word)), "{}", new.read("started"));
    }
}

#[test]
fn what_makes_no_container_goes_on_without_an_env_file() {
    let compose = "services: {a: {image: x, user: '5:5', env_file: [none.env]}}\n";
    let policy = "version: 1\nposture: observe\n...\n";
    for (words, version, governed, goes_on) in [
        (&["restart"][..], "2.40.3", false, true),
        (&["start"], "2.40.3", true, true),
        (&["pull"], "2.40.3", true, true),
        (&["build"], "2.40.3", false, true),
        (&["up", "-d"], "5.5.0", false, false),
        (&["scale", "a=1"], "5.3.0", false, false),
        (&["scale", "a=1"], "5.4.0", false, true),
        // A container without what the project gives it is half of one.
        (&["scale", "a=1"], "5.4.0", true, false),
    ] {
        let mut project = with(compose, version);
        if governed {
            project = project.file("seaworthy.yaml", policy);
        }
        let done = project.run(words.iter().copied());
        assert!(done.stderr.contains("none.env of service \"a\" not found"), "{done}");
        assert_eq!(!done.stderr.contains("error[env-file]"), goes_on, "{words:?} {version}: {done}");
        assert!(done.status != 0 || goes_on, "{words:?} {version}: {done}");
    }
}

#[test]
fn a_key_that_only_a_later_version_knows_is_its_own_business_unless_a_policy_governs() {
    let compose = "services: {a: {image: 'x:1', user: '5:5', build: {context: ., brand_new: {b: [1]}}, shiny: on}}\nnovelty: {x: 1}\n";
    let project = with(compose, "5.7.1");
    let printed = project.run(["config"]);
    assert_eq!(printed.status, 0, "{printed}");
    for key in ["brand_new:", "shiny:", "novelty:"] {
        assert!(printed.stdout.contains(key), "{printed}");
    }
    assert!(printed.stderr.contains("services.a.shiny is not known here"), "{printed}");
    let done = project.run(["up", "-d"]);
    assert_eq!(done.status, 0, "{done}");
    let governed = |waiver: &str| {
        let policy = format!("version: 1\nposture: baseline\nuser: {{default: '5:5'}}\n{waiver}...\n");
        with(compose, "5.7.1").file("seaworthy.yaml", policy).run(["check"])
    };
    let refused = governed("");
    for wanted in [
        "services.a has the key shiny",
        "services.a.build has the key brand_new",
        "the project has the key novelty",
    ] {
        assert!(refused.stderr.contains(&format!("rule unjudged-key: {wanted}")), "{refused}");
    }
    let waiver =
        "waivers: [{service: '*', rule: unjudged-key, allow: [shiny, brand_new, novelty], reason: tried}]\n";
    let allowed = governed(waiver);
    assert!(!allowed.stderr.contains("rule unjudged-key"), "{allowed}");
    // A version that is known knows what it knows.
    let old = with(compose, "5.5.0").run(["config"]);
    assert!(old.status == 78 && old.stderr.contains("unknown key"), "{old}");
}

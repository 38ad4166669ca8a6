//! What `plan` prints, in each of its forms.

use crate::project::{Outcome, Project};
use crate::snapshot::snapshot;
use seaworthy::diagnostic::Screen;
use seaworthy::plan::{
    Plan, PlanCompose, PlanFile, PlanFinding, PlanLock, PlanMount, PlanService, PlanStep, PlanUser, Role,
    write_human,
};

const POLICY: &str = "version: 1
posture: hardened
user: {default: \"10001:10001\"}
waivers:
  - { service: web, rule: cap-add, allow: [NET_BIND_SERVICE], reason: \"binds port 80\" }
...
";

fn project() -> Project {
    Project::new(
        "services:
  web:
    image: registry.example.com/team/web:1.4
    cap_add: [NET_BIND_SERVICE]
    ports: [\"127.0.0.1:${PORT:-8080}:80\", \"127.0.0.1:5353:53/udp\"]
    volumes: [\"./site:/srv:ro\", \"cache:/var/cache\", \"./certificates:/certificates:ro\"]
    mem_limit: 256m
  worker:
    build: ./worker
    networks: [inside]
    environment: {TOKEN: \"${TOKEN}\"}
  manual:
    image: demo
    profiles: [never]
networks: {inside: {internal: true}}
volumes: {cache: {}}
",
    )
    .file("site/index.html", "")
    .folder("certificates")
    .file("worker/Dockerfile", "FROM scratch\n")
    .file(".env", "PORT=9999\nTOKEN=canary-of-the-test\n")
    .file("seaworthy.yaml", POLICY)
}

/// How the command is broken into lines depends on how long the path of the test's folder is.
fn without_command(mut outcome: Outcome) -> Outcome {
    let (plan, command) = outcome.stdout.split_once("\nThen\n").expect("a command");
    assert!(command.starts_with("  docker compose ") && command.trim_end().contains(" up"), "{command}");
    outcome.stdout = plan.to_owned();
    outcome
}

#[test]
fn for_a_person() {
    snapshot!(without_command(project().run(["plan"])));
}

#[test]
fn for_a_pull_request() {
    snapshot!(project().run(["plan", "--format", "markdown"]));
}

#[test]
fn for_some_services() {
    snapshot!(without_command(project().run(["plan", "worker"])));
}

#[test]
fn without_a_policy() {
    let compose = "services:
  web:
    image: demo
    privileged: true
    network_mode: host
    volumes: [\"/var/run/docker.sock:/var/run/docker.sock\"]
";
    snapshot!(without_command(Project::new(compose).run(["plan"])));
}

#[test]
fn a_refusal_shows_why_to_people_and_the_plan_to_programs() {
    let project =
        Project::new("services: {web: {image: demo, privileged: true}}\n").file("seaworthy.yaml", POLICY);
    let human = project.run(["plan"]);
    assert_eq!((human.status, human.stdout.as_str()), (77, ""), "{human}");
    assert!(human.stderr.contains("rule privileged"), "{human}");
    for format in ["json", "markdown", "html"] {
        let outcome = project.run(["plan", "--format", format]);
        assert_eq!((outcome.status, outcome.stderr.as_str()), (77, ""), "{outcome}");
        assert!(outcome.stdout.contains("refused") && outcome.stdout.contains("privileged"), "{outcome}");
    }
}

/// Without an engine nobody knows which side is in force, and both are shown.
#[test]
fn the_page_shows_both_sides_of_users_also_where_no_engine_answers() {
    let page = Project::new("services: {web: {image: demo, user: '7:8', volumes: ['./a:/x-${TOKEN}']}}\n")
        .folder("a")
        .file(".env", "TOKEN=canary-of-the-test\n")
        .variable("DOCKER_HOST", "unix:///none/docker.sock")
        .run(["plan", "--format", "html"])
        .output();
    let both = page.split_once("id=\"identities\"").unwrap().1.split_once("</section>").unwrap().0;
    for told in
        ["Off, perhaps", "On, perhaps", "Which of them is in force is not known: ", "/x-${TOKEN}", "7:8"]
    {
        assert!(both.contains(told), "{told}: {both}");
    }
    assert!(!page.contains("canary"), "{page}");
}

#[test]
fn a_change_since_the_snapshot_is_shown() {
    let project = project();
    project.run(["snapshot", "write"]).output();
    let project =
        project.file("compose.override.yaml", "services: {worker: {cap_add: [NET_BIND_SERVICE]}}\n");
    let plan = project.run(["plan", "--format", "markdown"]);
    assert!(plan.stdout.contains("### Changes") && plan.stdout.contains("weakens"), "{plan}");
    assert!(plan.stdout.contains("`compose.override.yaml:1:"), "{plan}");
}

#[test]
fn values_from_outside_are_nowhere() {
    for format in ["human", "json", "markdown", "html"] {
        for (words, shown) in [(&["plan"][..], false), (&["--show-values", "plan"], true)] {
            let outcome = project().run(words.iter().copied().chain(["--format", format]));
            assert!(!outcome.stdout.contains("canary-of-the-test"), "{outcome}");
            assert_eq!(outcome.stdout.contains("9999"), shown, "{outcome}");
        }
    }
}

#[test]
fn no_colour_but_where_it_is_asked_for() {
    let escape = '\u{1b}';
    assert!(!project().run(["plan"]).stdout.contains(escape));
    assert!(project().run(["--ansi", "always", "plan"]).stdout.contains(escape));
    let hostile = Project::new("services: {web: {image: \"a\\e[31mb\"}}\n").run(["plan"]);
    assert!(!hostile.stdout.contains(escape), "{hostile}");
}

#[test]
fn markdown_cannot_be_forged() {
    let compose = "services:
  web:
    image: \"x`|</td><b>y\"
    volumes: [\"./a`b|c:/t\"]
";
    let outcome = Project::new(compose).folder("a`b|c").run(["plan", "--format", "markdown"]);
    let rows: Vec<&str> = outcome.stdout.lines().filter(|line| line.starts_with("| `web`")).collect();
    assert_eq!(rows.len(), 1, "{outcome}");
    assert!(rows[0].contains("``x`\\|</td><b>y``") && rows[0].contains("``./a`b\\|c``"), "{outcome}");
}

/// A plan with a bit of everything, in words that are short enough for any screen.
fn small() -> Plan {
    let service = |name: &str| PlanService {
        name: name.to_owned(),
        image: "demo:1".to_owned(),
        user: PlanUser {
            value: Some("10001:10001".to_owned()),
            from: "user.default".to_owned(),
            place: Some("policy.yaml:5:12".to_owned()),
            pending: None,
            then: None,
            lock: Some(PlanLock::New),
        },
        posture: ["no capabilities", "read-only root", "pids 100"].map(str::to_owned).to_vec(),
        state: vec!["/p/state".to_owned()],
        mounts: vec![PlanMount {
            kind: "bind".to_owned(),
            source: Some("/p/state".to_owned()),
            target: "/state".to_owned(),
            read_only: false,
        }],
        ports: vec!["8080:80".to_owned()],
    };
    Plan {
        version: Plan::VERSION,
        project: "small".to_owned(),
        directory: "/p".to_owned(),
        refused: false,
        policy: None,
        compose: PlanCompose { version: "2.40.3".to_owned(), from: "installed", why: "the one installed" },
        engine: None,
        files: vec![PlanFile {
            name: "compose.yaml".to_owned(),
            role: Role::Base,
            size: 1234,
            sha256: "0123456789abcdef".repeat(4),
        }],
        services: vec![service("web"), service("worker")],
        disabled: vec!["manual".to_owned()],
        rules: Vec::new(),
        owners: Vec::new(),
        identities: None,
        changes: Vec::new(),
        steps: vec![PlanStep {
            step: "create-directory",
            path: "/p/state".to_owned(),
            owner: Some("10001:10001".to_owned()),
            mode: Some("0750".to_owned()),
            service: Some("web".to_owned()),
            how: None,
        }],
        findings: vec![PlanFinding {
            code: "user-invalid".to_owned(),
            severity: "warning",
            message: "a sentence of some length that has to be broken on a narrow screen".to_owned(),
            place: Some("compose.yaml:1:2".to_owned()),
            help: None,
        }],
        command: "docker compose --project-directory /p -p small -f /p/.seaworthy/small.yaml up"
            .split(' ')
            .map(str::to_owned)
            .collect(),
    }
}

#[test]
fn every_width_is_kept_to_and_nothing_is_lost() {
    let words = |text: &str| -> Vec<String> {
        let mut words: Vec<String> = text
            .split(|c: char| c.is_whitespace() || c == ',')
            .filter(|word| !["", "\\"].contains(word))
            .map(str::to_owned)
            .collect();
        words.sort();
        words
    };
    let mut forms = std::collections::BTreeSet::new();
    let wide = write_human(&small(), Screen { colour: false, width: 160 });
    for width in 40..=160 {
        let text = write_human(&small(), Screen { colour: false, width });
        for line in text.lines() {
            assert!(line.chars().count() <= width, "{width}: {line}");
        }
        // Only the headings of columns and what is repeated in a table differ.
        let missing: Vec<String> =
            words(&wide).into_iter().filter(|word| !words(&text).contains(word)).collect();
        let known = ["service", "image", "1234", "B"];
        assert!(missing.iter().all(|word| known.contains(&word.as_str())), "{width}: {missing:?}\n{text}");
        forms.insert(text.contains("  service  image"));
    }
    assert_eq!(forms.len(), 2, "columns where they fit, blocks where they do not");
}

/// What would be run is the command of the engine that was chosen.
#[test]
fn the_command_is_that_of_the_chosen_engine() {
    let project = Project::new("services: {web: {image: demo}}\n");
    for (words, command) in
        [(vec!["plan"], "docker compose"), (vec!["--engine", "podman", "plan"], "podman compose")]
    {
        let said = project.run(words);
        assert!(said.stdout.contains(&format!("\n  {command} ")), "{said}");
    }
}

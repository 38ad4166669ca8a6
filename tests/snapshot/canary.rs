//! A canary in every place where a secret can stand: no output sings.

use super::project::{Outcome, Project};

/// Where a secret stands: the files and variables that bring it in, with `@` for the canary.
struct Place {
    name: &'static str,
    /// Of the service `web`, below its image.
    service: &'static str,
    /// Beside the services.
    top: &'static str,
    file: Option<(&'static str, &'static str)>,
    variable: bool,
    flags: &'static [&'static str],
}

const NOTHING: Place = Place { name: "", service: "", top: "", file: None, variable: false, flags: &[] };

const PLACES: &[Place] = &[
    Place {
        name: "environment, interpolated",
        service: "environment: {A: \"x-${CANARY}\"}",
        variable: true,
        ..NOTHING
    },
    Place {
        name: "environment, inherited by a list",
        service: "environment: [CANARY]",
        variable: true,
        ..NOTHING
    },
    Place {
        name: "environment, inherited by a mapping",
        service: "environment: {CANARY: }",
        variable: true,
        ..NOTHING
    },
    Place {
        name: ".env",
        service: "command: [\"run\", \"${CANARY}\"]",
        file: Some((".env", "CANARY=@\n")),
        ..NOTHING
    },
    Place {
        name: "--env-file",
        service: "hostname: \"${CANARY}\"",
        file: Some(("own.env", "CANARY='@'\n")),
        flags: &["--env-file", "own.env"],
        ..NOTHING
    },
    Place {
        name: "env_file",
        service: "env_file: web.env",
        file: Some(("web.env", "ANYTHING=@\n")),
        ..NOTHING
    },
    Place {
        name: "env_file, raw",
        service: "env_file: [{path: web.env, format: raw}]",
        file: Some(("web.env", "ANYTHING=@\n")),
        ..NOTHING
    },
    Place {
        name: "label_file",
        service: "label_file: web.labels",
        file: Some(("web.labels", "anything=@\n")),
        ..NOTHING
    },
    Place {
        name: "build argument",
        service: "build: {context: ., args: [CANARY]}",
        variable: true,
        ..NOTHING
    },
    Place {
        name: "secret from the environment",
        service: "secrets: [s]",
        top: "secrets: {s: {environment: CANARY}}",
        variable: true,
        ..NOTHING
    },
    Place {
        name: "secret from a file",
        service: "secrets: [s]",
        top: "secrets: {s: {file: ./s.txt}}",
        file: Some(("s.txt", "@")),
        ..NOTHING
    },
    Place {
        name: "image",
        service: "labels: {i: \"registry.example/${CANARY}\"}",
        variable: true,
        ..NOTHING
    },
    Place { name: "mount", service: "volumes: [\"./${CANARY}:/data\"]", variable: true, ..NOTHING },
    Place {
        name: "port",
        service: "ports: [\"127.0.0.1:${CANARY_PORT:-8080}:80\"]\n    container_name: \"${CANARY}\"",
        variable: true,
        ..NOTHING
    },
    Place {
        name: "literal under the name of a secret",
        service: "environment: {DB_PASSWORD: \"@\"}",
        ..NOTHING
    },
    Place { name: "literal in a list", service: "environment: [\"API_TOKEN=@\"]", ..NOTHING },
    Place { name: "default of a variable", service: "environment: {A: \"${DB_PASSWORD:-@}\"}", ..NOTHING },
    Place {
        name: "password of a URL",
        service: "environment: {DB_URL: \"postgres://app:@@db/app\"}",
        ..NOTHING
    },
    Place { name: "flag with a value", service: "command: serve --token @ --port 80", ..NOTHING },
    Place {
        name: "flag and value as two words",
        service: "entrypoint: [\"serve\", \"--password\", \"@\"]",
        ..NOTHING
    },
    Place { name: "flag with an equals sign", service: "command: [\"serve\", \"--api-key=@\"]", ..NOTHING },
    Place {
        name: "label",
        service: "labels: [\"traefik.http.middlewares.a.basicauth.users=admin:@\"]",
        ..NOTHING
    },
    Place {
        name: "health check",
        service: "healthcheck: {test: \"curl -u admin:@ http://localhost\"}",
        ..NOTHING
    },
    Place {
        name: "option of a log driver",
        service: "logging: {driver: splunk, options: {splunk-token: \"@\"}}",
        ..NOTHING
    },
    Place {
        name: "option of a volume",
        service: "volumes: [\"v:/v\"]",
        top: "volumes: {v: {driver_opts: {type: cifs, o: \"username=app,password=@\"}}}",
        ..NOTHING
    },
    Place {
        name: "content of a config",
        service: "configs: [c]",
        top: "configs: {c: {content: \"db:\\n  password: @\\n\"}}",
        ..NOTHING
    },
    Place { name: "extension", service: "x-api-key: \"@\"", ..NOTHING },
    Place {
        name: "include with an env file of its own",
        service: "restart: \"no\"",
        top: "include: [{path: part.yaml, env_file: part.env}]",
        file: Some(("part.env", "PART=@\n")),
        ..NOTHING
    },
];

/// A word that only its place gives away, not its look.
fn canary(at: usize) -> String {
    format!("kanarienvogel-nummer-{at}")
}

fn compose(place: &Place, canary: &str, more: &str) -> String {
    let fill = |text: &str| match text.matches('@').count() {
        // The one behind the password of a URL stays.
        2 => text.replacen('@', canary, 1),
        _ => text.replace('@', canary),
    };
    format!(
        "services:\n  web:\n    image: busybox\n    {}\n    {more}\n{}\n",
        fill(place.service),
        fill(place.top)
    )
}

fn project(place: &Place, canary: &str) -> Project {
    let mut project = Project::empty()
        .file("part.yaml", "services: {part: {image: busybox, environment: {P: \"${PART:-}\"}}}\n");
    if let Some((name, text)) = place.file {
        project = project.file(name, text.replace('@', canary));
    }
    if place.variable {
        project = project.variable("CANARY", canary);
    }
    project
}

fn words<'w>(place: &Place, words: &[&'w str], show: bool) -> Vec<&'w str> {
    let mut all: Vec<&'w str> = place.flags.to_vec();
    if show {
        all.push("--show-values");
    }
    all.extend(words);
    all
}

/// Everything that can be printed of a project.
const OUTPUTS: &[&[&str]] = &[
    &["plan"],
    &["plan", "--format", "json"],
    &["plan", "--format", "markdown"],
    &["plan", "--format", "html"],
    &["check"],
    &["check", "--format", "json"],
    &["check", "--format", "sarif"],
    &["check", "--format", "github"],
    &["snapshot", "diff"],
    &["snapshot", "diff", "--format", "markdown"],
    &["snapshot", "diff", "--format", "json"],
    &["snapshot", "diff", "--format", "sarif"],
    &["snapshot", "diff", "--format", "github"],
    &["snapshot", "check"],
    &["snapshot", "write", "--dry-run"],
    &["explain", "services.web"],
    &["explain", "services.web.environment"],
    &["prepare", "--dry-run"],
];

#[test]
fn no_output_has_what_stands_in_any_of_these_places() {
    assert!(PLACES.len() >= 12);
    let mut leaks = String::new();
    for (at, place) in PLACES.iter().enumerate() {
        let canary = canary(at);
        // What was reviewed had none of it.
        let project = project(place, &canary).file("compose.yaml", compose(&NOTHING, "", ""));
        let written = project.run(words(place, &["snapshot", "write"], false));
        assert_eq!(written.status, 0, "{}: {written}", place.name);
        let project = project
            .file("compose.yaml", compose(place, &canary, ""))
            .file("seaworthy.yaml", "version: 1\nposture: observe\n...\n");
        for output in OUTPUTS {
            let outcome = project.run(words(place, output, false));
            // There is no engine, and `prepare` says what it cannot decide without one.
            assert!(matches!(outcome.status, 0 | 1 | 69), "{}: {output:?} {outcome}", place.name);
            note(&mut leaks, place, output, &outcome, &canary);
        }
        project.run(words(place, &["snapshot", "write"], false)).output();
        let text = project.read("seaworthy.snapshot.yaml");
        if text.contains(&canary) {
            leaks.push_str(&format!("{}: in the snapshot\n{text}\n", place.name));
        }
        // Changing the secret changes nothing that is reviewed.
        let other = canary.replace("kanarien", "papageien");
        let again = self::project(place, &other)
            .file("compose.yaml", compose(place, &other, ""))
            .file("seaworthy.yaml", "version: 1\nposture: observe\n...\n");
        again.run(words(place, &["snapshot", "write"], false)).output();
        assert_eq!(text, again.read("seaworthy.snapshot.yaml"), "{}", place.name);
    }
    assert!(leaks.is_empty(), "\n{leaks}");
}

/// Errors that underline the very place, or a line beside it, or say what they could not read.
const FAULTS: &[&str] = &[
    "imagee: typo",
    "mem_limit: ${CANARY:-lots}",
    "cap_add: {not: a-list}",
    "\"unfinished",
    "user: ${CANARY:-nobody:nothing}",
    "restart: {a: b}",
];

#[test]
fn no_error_has_it_either() {
    let mut leaks = String::new();
    for (at, place) in PLACES.iter().enumerate() {
        for fault in FAULTS {
            let canary = canary(at);
            let project = project(place, &canary).file("compose.yaml", compose(place, &canary, fault));
            for output in [&["plan"][..], &["check", "--format", "json"], &["snapshot", "write"]] {
                let outcome = project.run(words(place, output, false));
                note(&mut leaks, place, output, &outcome, &canary);
            }
        }
    }
    assert!(leaks.is_empty(), "\n{leaks}");
}

#[test]
fn no_error_in_an_env_file_has_it_either() {
    let mut leaks = String::new();
    for text in [
        "CANARY=@\nB='unfinished\n",
        "A=1\nCANARY=\"@\n",
        "CANARY=${@!}\n",
        "CANARY KEY=@\n",
        "A=\"${B:?@}\"\n",
        "@\n=\n",
    ] {
        let canary = canary(99);
        let project = Project::new("services: {web: {image: busybox, env_file: web.env}}\n");
        let files = [
            project.file(".env", text.replace('@', &canary)).file("web.env", "A=1\n"),
            Project::new("services: {web: {image: busybox, env_file: web.env}}\n")
                .file("web.env", text.replace('@', &canary)),
        ];
        for project in files {
            for output in [&["plan"][..], &["check", "--format", "json"], &["check", "--format", "github"]] {
                note(&mut leaks, &NOTHING, output, &project.run(output.iter().copied()), &canary);
            }
        }
    }
    assert!(leaks.is_empty(), "\n{leaks}");
}

fn note(leaks: &mut String, place: &Place, output: &[&str], outcome: &Outcome, canary: &str) {
    for text in [&outcome.stdout, &outcome.stderr] {
        if let Some(line) = text.lines().find(|line| line.contains(canary)) {
            let line: String = line.chars().take(300).collect();
            leaks.push_str(&format!("{}: {} prints {line}\n", place.name, output.join(" ")));
        }
    }
}

#[test]
fn whoever_asks_for_values_gets_them() {
    for (name, service) in [
        ("${CANARY}", "mem_limit: ${CANARY}"),
        ("[redacted]", "environment: {DB_PASSWORD: kanarienvogel}\n    mem_limit: \"lots\""),
    ] {
        let project = Project::new(&format!("services:\n  web:\n    image: busybox\n    {service}\n"))
            .variable("CANARY", "kanarienvogel");
        let (hidden, shown) = (project.run(["check"]), project.run(["--show-values", "check"]));
        assert!(!hidden.stderr.contains("kanarienvogel"), "{name}: {hidden}");
        assert!(shown.stderr.contains("kanarienvogel"), "{name}: {shown}");
    }
    let project = Project::new("services: {web: {image: \"registry.example/${CANARY}\"}}\n")
        .variable("CANARY", "kanarienvogel");
    let (hidden, shown) = (project.run(["plan"]), project.run(["--show-values", "plan"]));
    assert!(
        !hidden.stdout.contains("kanarienvogel") && hidden.stdout.contains("registry.example/${CANARY}"),
        "{hidden}"
    );
    assert!(shown.stdout.contains("registry.example/kanarienvogel"), "{shown}");
}

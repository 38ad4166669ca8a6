//! Where values come from: env files, `.env`, the environment, secrets, configs, standard input.

use std::fs;

use super::harness::{Compose, End, Project, Seaworthy, alike, bare, label, run};

/// What the service prints when it is run.
fn printed(make: impl Fn() -> Project, words: &[&str]) -> String {
    alike(make, |project, tool| {
        let output = project.run(tool, words).ok();
        output.stdout
    })
}

const RUN: [&str; 4] = ["run", "--rm", "-T", "s"];

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn env_files_and_inherited_variables_reach_the_container() {
    let make = || {
        let project = Project::of_service(
            "env_file: [a.env, {path: b.env, format: raw}, {path: none.env, required: false}]\n\
             environment: [INHERITED, ABSENT, FROM_DOT_ENV, 'SET=by file']\n\
             command: [sh, -c, 'env | grep -E \"^(A|B|C|INHERITED|ABSENT|FROM_DOT_ENV|SET|WORD)=\" | sort']",
        )
        .with("INHERITED", "from outside");
        project.file(".env", "FROM_DOT_ENV=dot\nWORD=word\n");
        project.file("a.env", "A='single $WORD'\nB=\"double $WORD\"\n# comment\nC=plain # comment\n");
        project.file("b.env", "B='raw $WORD'\n");
        project
    };
    let text = printed(make, &RUN);
    assert_eq!(
        text,
        "A=single $WORD\nB='raw $WORD'\nC=plain\nFROM_DOT_ENV=dot\nINHERITED=from outside\nSET=by file\n"
    );
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn an_env_file_of_another_service_need_not_be_there() {
    let make = || {
        Project::new(
            "services:\n  s: {image: sw-node, network_mode: none, command: [echo, fine]}\n  \
             other: {image: sw-node, profiles: [off], env_file: absent.env}\n",
        )
    };
    assert_eq!(printed(make, &RUN), "fine\n");
    let end =
        alike(make, |project, tool| project.run(tool, &["run", "--rm", "-T", "other"]).end == End::Code(0));
    assert!(!end);
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn secrets_and_configs_reach_the_container() {
    let make = || {
        let project = Project::new(
            r#"
services:
  s:
    image: sw-node
    network_mode: none
    command: ["sh", "-c", "cd /run/secrets; head -n 9 dot outside file /etc/inline /etc/c; stat -c '%a %u' dot /etc/inline"]
    secrets: [dot, outside, file]
    configs: [{source: inline, target: /etc/inline, mode: 0404}, {source: c, target: /etc/c}]
secrets:
  dot: {environment: DOT}
  outside: {environment: OUTSIDE}
  file: {file: secret.txt}
configs:
  inline: {content: "word is ${WORD}, $$HOME stays\nsecond line\n"}
  c: {environment: WORD}
"#,
        )
        .with("OUTSIDE", "from $outside");
        project.file(".env", "DOT='from dot env'\nWORD=word\n");
        project.file("secret.txt", "from file\n");
        project
    };
    let text = alike(make, |project, tool| {
        project.run(tool, &["up"]).ok();
        let lines = project.compose(&["logs", "--no-log-prefix"]).ok().stdout;
        lines.lines().map(str::to_owned).collect::<Vec<_>>()
    });
    for line in
        ["from dot env", "from $outside", "from file", "word is word, $HOME stays", "second line", "404 0"]
    {
        assert!(text.iter().any(|found| found == line), "{line}: {text:#?}");
    }
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn the_project_is_named_in_dot_env() {
    alike(
        || {
            let mut project = Project::of_service("command: [sleep, '600']");
            project.name.push_str("-named");
            project.file(".env", &format!("COMPOSE_PROJECT_NAME={}\n", project.name));
            project
        },
        |project, tool| {
            project.run(tool, &["up", "-d"]).ok();
            let states = project.states();
            project.compose(&["ps", "--format", "{{.Service}}"]).ok().says("s");
            project.compose(&["down"]).ok();
            (states, project.ids())
        },
    );
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn files_are_listed_in_dot_env() {
    let text = alike(
        || {
            let project = Project::of_service("command: [echo, base]");
            project.file("over.yaml", "services: {s: {command: [echo, over]}}\n");
            project.file(".env", "COMPOSE_FILE=compose.yaml:over.yaml\n");
            project
        },
        |project, tool| project.run(tool, &RUN).ok().stdout,
    );
    assert_eq!(text, "over\n");
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn another_env_file_is_used_instead_of_dot_env() {
    let make = || {
        let project = Project::of_service("command: [echo, '${WORD}']\nsecrets: [s]");
        let path = project.path("compose.yaml");
        let text = fs::read_to_string(&path).unwrap() + "secrets: {s: {environment: SECRET}}\n";
        fs::write(path, text).unwrap();
        project.file(".env", "WORD=dot\nSECRET=dot\n");
        project.file("other.env", "WORD=other\nSECRET=other\n");
        project
    };
    assert_eq!(printed(make, &["--env-file", "other.env", "run", "--rm", "-T", "s"]), "other\n");
    let words = ["--env-file", "other.env", "run", "--rm", "-T", "s", "cat", "/run/secrets/s"];
    assert_eq!(printed(make, &words), "other");
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn a_project_comes_on_standard_input() {
    let text = "services:\n  s:\n    image: sw-node\n    network_mode: none\n    command: [cat, /data/word]\n    \
                volumes: ['./data:/data']\n";
    let said = alike(
        || {
            let project = Project::new("services: {other: {image: sw-node}}\n");
            project.file("data/word", "through the pipe\n");
            project
        },
        |project, tool| {
            let output = project.run_with_input(tool, &["-f", "-", "up"], text);
            let container = project.container("s");
            let place = label(&container, "project.working_dir") == project.directory.to_str().unwrap();
            (output.end, output.stdout.contains("through the pipe"), place)
        },
    );
    assert_eq!(said, (End::Code(0), true, true));
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn a_project_is_named_from_elsewhere() {
    alike(
        || {
            let project = Project::of_service("command: [cat, /data/word]\nvolumes: ['./data:/data']");
            project.file("data/word", "word\n");
            project.file(".env", "UNUSED=1\n");
            project
        },
        |project, tool| {
            let directory = project.directory.to_str().unwrap();
            let file = project.path("compose.yaml");
            let by_directory = {
                let mut command =
                    project.command(tool, &["--project-directory", directory, "run", "--rm", "-T", "s"]);
                command.current_dir("/");
                run(command).ok().stdout
            };
            let by_file = {
                let mut command =
                    project.command(tool, &["-f", file.to_str().unwrap(), "run", "--rm", "-T", "s"]);
                command.current_dir("/");
                run(command).ok().stdout
            };
            let below = {
                let mut command = project.command(tool, &["run", "--rm", "-T", "s"]);
                command.current_dir(project.path("data"));
                run(command).ok().stdout
            };
            (by_directory, by_file, below)
        },
    );
}

/// What was read is what runs, also when the files are gone by then.
#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn the_file_that_compose_gets_stands_alone() {
    let project = Project::new(
        "include: [part.yaml]\nservices:\n  s:\n    extends: {file: base.yaml, service: base}\n    env_file: [s.env]\n",
    );
    project.file("part.yaml", "services: {p: {image: sw-node, network_mode: none, command: [sleep, '600'], stop_grace_period: 0s}}\n");
    project.file("base.yaml", "services: {base: {image: sw-node, network_mode: none, stop_grace_period: 0s, command: [sleep, '600'], environment: {FROM: '${WORD}'}}}\n");
    project.file("s.env", "ALSO=1\n");
    project.file(".env", "WORD=word\n");
    project.seaworthy(&["--no-launch", "up", "-d"]).ok();
    for name in ["compose.yaml", "part.yaml", "base.yaml", "s.env", ".env"] {
        fs::remove_file(project.path(name)).unwrap();
    }
    let directory = project.directory.to_str().unwrap();
    let rendered = project.rendered();
    let mut command = bare("docker");
    command.args(["compose", "--project-directory", directory, "-p", &project.name]);
    run({
        command.args(["-f", rendered.to_str().unwrap(), "up", "-d"]);
        command
    })
    .ok();
    let environment = project.container("s")["Config"]["Env"].to_string();
    assert!(environment.contains("FROM=word") && environment.contains("ALSO=1"), "{environment}");
    assert_eq!(project.states().len(), 2);
    project.run(Compose, &["-p", &project.name, "down"]).ok();
    project.run(Seaworthy, &["-p", &project.name, "ps"]).ok();
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn a_secret_of_an_include_may_come_from_its_own_env_file() {
    let make = || {
        let project = Project::new(
            "include: [{path: part/compose.yaml, env_file: part/env}]\nservices:\n  s:\n    image: sw-busybox\n    \
             network_mode: none\n    secrets: [word]\n    command: [cat, /run/secrets/word]\n",
        );
        project.file("part/compose.yaml", "secrets: {word: {environment: WORD}}\n");
        project.file("part/env", "WORD=of the part\n");
        project
    };
    assert_eq!(printed(make, &RUN).trim_end(), "of the part");
    let with_both = || {
        let project = make();
        project.file(".env", "WORD=of the whole\n");
        project
    };
    assert_eq!(printed(with_both, &RUN).trim_end(), "of the whole");
}

//! Projects of our own where the corpus is thin, judged by the Docker Compose that is installed: the same
//! bytes in YAML and JSON, or both refuse.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "semantics/cases.rs"]
mod cases;
#[path = "semantics/surroundings.rs"]
mod surroundings;

use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use seaworthy::compose::{self, Phases, Selection};
use seaworthy::diagnostic::Sink;
use seaworthy::engine;
use seaworthy::launch::{HandedOver, cross_check};
use seaworthy::project::{Environment, Given, Inputs, discover};
use seaworthy::reader::Reader;
use seaworthy::render::render;

use cases::{ACCEPTED, BLANK, REFUSED};

/// Between the files of a case: the first is `compose.yaml`, others are named on the line that begins them.
const NEXT_FILE: &str = "#file ";

fn write(folder: &Path, case: &str) -> Vec<String> {
    let mut list = vec!["compose.yaml".to_owned()];
    let mut name = "compose.yaml".to_owned();
    let mut text = String::new();
    let flush = |name: &str, text: &str| {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    for line in case.lines() {
        let Some(next) = line.strip_prefix(NEXT_FILE) else {
            text.push_str(line);
            text.push('\n');
            continue;
        };
        flush(&name, &text);
        text.clear();
        // Overlays are in the list; what is only referred to is not.
        let next_name = next.trim_start_matches('+').to_owned();
        if next.starts_with('+') {
            list.push(next_name.clone());
        }
        name = next_name;
    }
    flush(&name, &text);
    list
}

fn config(program: &str, first: &[&str], folder: &Path, list: &[String], format: &str) -> Output {
    let mut command = Command::new(program);
    command.args(first);
    for file in list {
        command.args(["-f", file]);
    }
    command.args(["--profile", "p", "config", "--format", format]).current_dir(folder).env_clear();
    command.env("PATH", std::env::var_os("PATH").unwrap()).env("HOME", folder);
    command.envs([("SET", "value"), ("EMPTY", ""), ("NUMBER", "8")]).output().unwrap()
}

fn both(case: &str, format: &str) -> (Output, Output) {
    let temp = tempfile::Builder::new().prefix("semantics").tempdir().unwrap();
    let list = write(temp.path(), case);
    let ours = config(env!("CARGO_BIN_EXE_seaworthy"), &[], temp.path(), &list, format);
    (ours, config("docker", &["compose"], temp.path(), &list, format))
}

fn compose_is_here() -> bool {
    let here =
        Command::new("docker").args(["compose", "version"]).output().is_ok_and(|it| it.status.success());
    assert!(here || std::env::var_os("CI").is_none(), "docker compose is missing");
    if !here {
        println!("skipped: docker compose is not installed");
    }
    here
}

#[test]
fn projects_of_our_own_read_as_compose_reads_them() {
    if !compose_is_here() {
        return;
    }
    let mut faults = Vec::new();
    for case in ACCEPTED {
        for format in ["yaml", "json"] {
            let (ours, theirs) = both(case, format);
            let said = String::from_utf8_lossy(&theirs.stderr);
            if !theirs.status.success() {
                faults.push(format!("Compose refuses {case}\n{said}"));
            } else if ours.stdout != theirs.stdout {
                faults.push(format!(
                    "{case}\nseaworthy: {}{}\ncompose: {}",
                    String::from_utf8_lossy(&ours.stdout),
                    String::from_utf8_lossy(&ours.stderr),
                    String::from_utf8_lossy(&theirs.stdout)
                ));
            }
        }
    }
    println!("{} projects, each in YAML and in JSON", ACCEPTED.len());
    assert!(faults.is_empty(), "{} differ\n{}", faults.len(), faults.join("\n---\n"));
}

#[test]
fn what_compose_refuses_is_refused() {
    if !compose_is_here() {
        return;
    }
    let mut faults = Vec::new();
    for case in REFUSED {
        let (ours, theirs) = both(case, "yaml");
        if theirs.status.success() || ours.status.success() || ours.stderr.is_empty() {
            faults.push(*case);
        }
    }
    println!("{} projects refused by both", REFUSED.len());
    assert!(faults.is_empty(), "{faults:#?}");
}

/// Loads a case as a launch does, renders it, and has the installed Compose read that.
fn handed_over(case: &str) -> Result<(), String> {
    let temp = tempfile::Builder::new().prefix("semantics").tempdir().unwrap();
    let variables = [("SET", "value"), ("EMPTY", ""), ("NUMBER", "8")];
    let given = Given {
        files: write(temp.path(), case),
        environment: Environment::new(variables.map(|(name, value)| (name.to_owned(), value.to_owned()))),
        cwd: temp.path().to_owned(),
        reader: installed(),
        ..Given::default()
    };
    let selection = Selection { profiles: vec!["p".to_owned()], ..Selection::default() };
    let (mut inputs, mut sink) = (Inputs::default(), Sink::new());
    let mut load = || {
        let project = discover(&given, &mut inputs, &mut sink)?;
        let layers = compose::parse(&project, &inputs, &mut sink)?;
        let model = compose::load(&project, layers, Phases::default(), &selection, &mut inputs, &mut sink)?;
        let selected = model.select(&selection, &mut inputs, &mut sink)?;
        Some((model.directory.clone(), model.name.clone(), render(&model, &selected)))
    };
    let (directory, name, rendered) = load().ok_or_else(|| format!("{:?}", sink.findings()))?;
    let path = temp.path().join("rendered.yaml");
    fs::write(&path, &rendered.text).unwrap();
    let directory = directory.display().to_string();
    let file = path.display().to_string();
    let words = ["-f", &file, "--project-directory", &directory, "-p", &name, "--profile", "p"];
    let globals: Vec<OsString> = words.map(OsString::from).to_vec();
    let docker = engine::Command::find(engine::Options::default()).into_result()?;
    let file = HandedOver { rendered: &rendered, path: &path, globals: &globals };
    cross_check(&docker, &[], &file).map_err(|finding| finding.message)
}

/// The version of the installed Compose.
fn installed() -> Reader {
    let output = Command::new("docker").args(["compose", "version", "--short"]).output().unwrap();
    String::from_utf8_lossy(&output.stdout).trim().parse().unwrap()
}

#[test]
fn what_a_launch_hands_over_is_read_as_what_was_verified() {
    if !compose_is_here() {
        return;
    }
    let cases = ACCEPTED.iter().chain(BLANK);
    let faults: Vec<String> =
        cases.filter_map(|case| Some(format!("{case}\n{}", handed_over(case).err()?))).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n---\n"));
}

/// Each of the projects with one service as some services of a large one, which is worked on in parts.
fn large_project() -> String {
    let bodies: Vec<&str> = ACCEPTED
        .iter()
        .filter_map(|case| case.strip_prefix("services: {a: ")?.strip_suffix('}'))
        .filter(|body| !body.contains('\n') && is_one(body))
        .filter(|body| {
            ["extends", "depends_on", "container_name", "service:"].iter().all(|word| !body.contains(word))
        })
        .collect();
    assert!(bodies.len() > 15, "{} are left", bodies.len());
    let mut text = "x-common: &common {restart: always}\nvolumes: {v: {}}\nservices:\n".to_owned();
    for (at, body) in bodies.iter().cycle().take(900).enumerate() {
        let _ = writeln!(text, "  # The next one.\n  s{at}: {body}\n  t{at}:\n    <<: *common\n    image: x");
    }
    text + "networks: {n: {}}\n"
}

/// Whether the braces that the text begins with close at its end.
fn is_one(text: &str) -> bool {
    let mut depth = 0;
    text.char_indices().all(|(at, character)| {
        depth += match character {
            '{' => 1,
            '}' => -1,
            _ => 0,
        };
        depth > 0 || at + 1 == text.len()
    })
}

#[test]
fn a_large_project_reads_as_compose_reads_it() {
    if !compose_is_here() {
        return;
    }
    let text = large_project();
    for format in ["yaml", "json"] {
        let (ours, theirs) = both(&text, format);
        assert!(theirs.status.success(), "{}", String::from_utf8_lossy(&theirs.stderr));
        assert!(ours.status.success(), "{}", String::from_utf8_lossy(&ours.stderr));
        let (ours, theirs) = (String::from_utf8_lossy(&ours.stdout), String::from_utf8_lossy(&theirs.stdout));
        let lines = ours.lines().zip(theirs.lines()).enumerate();
        let other = lines.into_iter().find(|(_, (ours, theirs))| ours != theirs);
        assert_eq!(other, None, "the first line that differs in {format}");
        assert_eq!(ours.len(), theirs.len(), "{format}");
    }
}

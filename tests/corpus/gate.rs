//! The launch gate, up to the hand-over, on every project: as the installed Compose reads, and as 5.5 does.
//!
//! No program of 5.5 is at hand. In its place stands a script that says that version and answers with the recorded
//! print of 5.5 where it has one, and else with that of the installed Compose, which is the same there. Recorded is
//! the JSON print, which has some empty values that YAML, which a launch asks for, has not.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::case::Case;
use crate::program::Program;
use crate::{Verdict, pool};

/// A `docker` that is of version 5.5.0 in what it says of itself and in how it reads a project.
const STAND_IN: &str = r#"#!/bin/sh
case " $* " in
  *" version --short "*) echo 5.5.0 ;;
  *" config "*) [ -e ANSWER ] && exec /bin/cat ANSWER; exec REAL "$@" ;;
  *) exec REAL "$@" ;;
esac
"#;

/// On every `step`th case.
pub fn check(cases: &[Case], step: usize, ours: &Program) -> Result<Verdict, &'static str> {
    let cases: Vec<&Case> = cases.iter().step_by(step).collect();
    let real = installed().ok_or("no container engine answers")?;
    let mut summary = Vec::new();
    let mut faults = Vec::new();
    for version in ["2.40.3", "5.5.0"] {
        let told = pool::map(&cases, |case| through(case, version, ours, &real));
        let tried = told.iter().flatten().count();
        let refused: Vec<&String> = told.iter().flatten().filter_map(|told| told.as_ref().err()).collect();
        summary.push(format!("as {version}: {} of {tried} up to the hand-over", tried - refused.len()));
        faults.extend(refused.iter().map(|refused| format!("as {version}: {refused}")));
    }
    Ok(Verdict { summary: summary.join(", "), faults })
}

/// The `docker` of this machine, where an engine answers it.
fn installed() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let docker =
        std::env::split_paths(&path).map(|folder| folder.join("docker")).find(|path| path.is_file())?;
    let asked = Command::new(&docker).args(["version", "--format", "{{.Server.Version}}"]).output().ok()?;
    asked.status.success().then_some(docker)
}

/// `None` where that version refuses the project itself, or its answer is not recorded in full.
fn through(case: &Case, version: &str, ours: &Program, real: &Path) -> Option<Result<(), String>> {
    if !(case.is_accepted || version == "5.5.0" && case.accepted_by_5_5().is_some()) {
        return None;
    }
    let place = TempDir::new().unwrap();
    let copy = case.copied(&place.path().canonicalize().unwrap().join("case"));
    copy.make_what_is_read_at_a_start();
    let mut environment = copy.environment.clone();
    // `HOME` is that of the recorded answers.
    environment.insert("XDG_STATE_HOME".to_owned(), place.path().join("state").display().to_string());
    if let Some(host) = std::env::var_os("DOCKER_HOST") {
        environment.insert("DOCKER_HOST".to_owned(), host.to_string_lossy().into_owned());
    }
    let folder = real.parent().unwrap().display().to_string();
    let mut path = format!("{folder}:/usr/bin:/bin");
    if version != "2.40.3" {
        let bin = place.path().join("bin");
        fs::create_dir(&bin).unwrap();
        let answer = place.path().join("answer");
        if let Some(recorded) = copy.recorded_by_5_5() {
            let mut model: Value = serde_json::from_str(&recorded).unwrap();
            if !says_all(&model, &copy, ours) {
                return None;
            }
            as_in_yaml(&mut model);
            fs::write(&answer, model.to_string()).unwrap();
        }
        let script = STAND_IN
            .replace("ANSWER", &answer.display().to_string())
            .replace("REAL", &real.display().to_string());
        fs::write(bin.join("docker"), script).unwrap();
        fs::set_permissions(bin.join("docker"), fs::Permissions::from_mode(0o755)).unwrap();
        path = format!("{}:{path}", bin.display());
    }
    environment.insert("PATH".to_owned(), path);
    let words = [copy.globals(), ["--dry-run", "--no-launch", "up"].map(str::to_owned).to_vec()].concat();
    let output = ours.run(&copy.directory, &environment, &words);
    if output.status.success() {
        return Some(Ok(()));
    }
    let said = String::from_utf8_lossy(&output.stderr);
    // The engine refuses such a volume too.
    if said.contains("error[bind-missing]") && said.contains(" behind volume ") {
        return Some(Ok(()));
    }
    let first = said.lines().find(|line| line.starts_with("error")).unwrap_or(&said);
    Some(Err(format!("{}: {first}", case.id)))
}

/// Whether the recorded print says all that Compose says of the rendered file: in JSON services have no extensions, and
/// equal ports are one only in what is read again.
fn says_all(model: &Value, case: &Case, ours: &Program) -> bool {
    let services = model.get("services").and_then(Value::as_object);
    let services = services.into_iter().flat_map(|all| all.values());
    let mut ports = services.filter_map(|one| one.get("ports")?.as_array());
    let words = [case.globals(), vec!["config".to_owned()]].concat();
    let printed = ours.run(&case.directory, &case.environment, &words).stdout;
    let extended = String::from_utf8_lossy(&printed).lines().any(|line| line.starts_with("    x-"));
    !extended && ports.all(|all| all.iter().enumerate().all(|(at, one)| !all[..at].contains(one)))
}

/// Takes out what Go prints in JSON alone, and puts in what it leaves out there.
fn as_in_yaml(model: &mut Value) {
    match model {
        Value::Array(items) => items.iter_mut().for_each(as_in_yaml),
        Value::Object(map) => {
            for name in ["command", "entrypoint"] {
                if map.get(name).is_some_and(Value::is_null) {
                    map.remove(name);
                }
            }
            let limits = map.get_mut("ulimits").and_then(Value::as_object_mut);
            for limit in limits.into_iter().flat_map(|limits| limits.values_mut()) {
                for bound in ["soft", "hard"] {
                    if let Some(limit) = limit.as_object_mut() {
                        limit.entry(bound).or_insert(0.into());
                    }
                }
            }
            map.values_mut().for_each(as_in_yaml);
            for name in ["exec", "resources", "placement", "ipam"] {
                if map.get(name).and_then(Value::as_object).is_some_and(serde_json::Map::is_empty) {
                    map.remove(name);
                }
            }
        }
        _ => {}
    }
}

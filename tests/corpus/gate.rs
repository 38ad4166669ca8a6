//! The launch gate, up to the hand-over, on every project: as the installed Compose reads, and as 5.5 does.
//!
//! No program of 5.5 is at hand. In its place stands a script that says that version and answers with the recorded
//! print of 5.5 where it has one, and else with that of the installed Compose, which is the same there.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

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

/// `None` where that version refuses the project itself.
fn through(case: &Case, version: &str, ours: &Program, real: &Path) -> Option<Result<(), String>> {
    if !(case.is_accepted || version == "5.5.0" && case.accepted_by_5_5().is_some()) {
        return None;
    }
    let place = TempDir::new().unwrap();
    let copy = case.copied(&place.path().canonicalize().unwrap().join("case"));
    copy.make_what_is_read_at_a_start();
    let mut environment = copy.environment.clone();
    let home = place.path().join("home");
    fs::create_dir(&home).unwrap();
    environment.insert("HOME".to_owned(), home.display().to_string());
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
            fs::write(&answer, recorded).unwrap();
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
    let first = said.lines().find(|line| line.starts_with("error")).unwrap_or(&said);
    Some(Err(format!("{}: {first}", case.id)))
}

//! What is kept of a project has one place for each caller, and all callers take turns.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use super::harness::{Background, Project, Seaworthy, label, run};

const POLICY: &str =
    "version: 1\nposture: hardened\nuser: {default: '10001:10001'}\nbinds: {roots: [.]}\n...\n";

fn project() -> Project {
    let project = Project::of_service("command: [sleep, '600']");
    project.file("seaworthy.yaml", POLICY);
    project
}

/// The project's directory once more, where nothing can be written.
struct ReadOnly(PathBuf);

impl ReadOnly {
    fn of(project: &Project) -> Self {
        let place = project.beside("ro");
        fs::create_dir(&place).unwrap();
        let mount = |words: &[&str]| {
            let mut command = Command::new("mount");
            command.args(words).arg(&place);
            assert!(command.status().unwrap().success());
        };
        mount(&["--bind", project.directory.to_str().unwrap()]);
        mount(&["-o", "remount,ro,bind"]);
        Self(place)
    }

    fn command(&self, project: &Project, words: &[&str]) -> Command {
        let mut command = project.command(Seaworthy, &[]);
        command.args(["-p", &project.name]).args(words).current_dir(&self.0);
        command
    }
}

impl Drop for ReadOnly {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

fn rendered(project: &Project) -> PathBuf {
    let containers = project.containers();
    PathBuf::from(label(&containers[0], "project.config_files"))
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn a_project_that_cannot_be_written_is_launched() {
    let project = project();
    project.seaworthy(&["up", "-d"]).ok();
    project.seaworthy(&["down", "-t", "0"]).ok();
    for left in [false, true] {
        if left {
            // Whatever is there already.
            fs::create_dir(project.path(".seaworthy")).unwrap();
        }
        let place = ReadOnly::of(&project);
        for words in [
            &["plan"][..],
            &["check"],
            &["prepare"],
            &["up", "-d"],
            &["run", "--rm", "-T", "s", "true"],
            &["restart", "-t", "0"],
            &["stop", "-t", "0"],
            &["start"],
        ] {
            run(place.command(&project, words)).ok();
        }
        let path = rendered(&project);
        assert!(path.starts_with(project.beside(".xdg-state")) && path.exists(), "{}", path.display());
        run(place.command(&project, &["down", "-t", "0"])).ok();
        assert!(!path.exists(), "resolved values are left");
        drop(place);
        fs::remove_dir(project.beside("ro")).unwrap();
    }
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn a_lock_that_would_have_to_change_and_cannot_is_said_beforehand() {
    let project = project();
    let place = ReadOnly::of(&project);
    for words in [&["plan"][..], &["check"], &["up", "-d"], &["prepare"]] {
        let output = run(place.command(&project, words));
        let said = output.says("seaworthy.lock would change, and nothing can be written in its directory");
        assert_ne!(said.end, super::harness::End::Code(0), "{said}");
    }
    assert!(project.ids().is_empty());
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn callers_who_find_different_places_take_turns() {
    let project = project();
    project.seaworthy(&["up", "-d"]).ok();
    let place = ReadOnly::of(&project);
    // Somebody else has the turn, by the one name or by the other.
    for (held, words) in [(&project.directory, true), (&place.0, false)] {
        let file = fs::File::open(held).unwrap();
        rustix::fs::flock(&file, rustix::fs::FlockOperation::LockExclusive).unwrap();
        let words_of = ["up", "-d"];
        let command =
            if words { place.command(&project, &words_of) } else { project.command(Seaworthy, &words_of) };
        let waiting = Background::start(command);
        std::thread::sleep(Duration::from_millis(2500));
        drop(file);
        let said = format!("waiting for another launch of this project (process {})", std::process::id());
        waiting.end().ok().says(&said);
    }
}

/// The group that may use the engine.
fn engine_group() -> String {
    use std::os::unix::fs::MetadataExt;
    let host = std::env::var("DOCKER_HOST").unwrap_or_else(|_| "unix:///var/run/docker.sock".to_owned());
    let socket = host.strip_prefix("unix://").unwrap().to_owned();
    fs::metadata(socket).unwrap().gid().to_string()
}

/// A command of somebody else's, with a place of their own.
fn as_other(project: &Project, words: &[&str], state: &Path) -> Command {
    let ours = project.command(Seaworthy, words);
    let mut command = Command::new("setpriv");
    let group = engine_group();
    command.args(["--reuid", "65534", "--regid", "65534", "--groups", &group]);
    command.arg(ours.get_program()).args(ours.get_args()).current_dir(&project.directory);
    command.env_clear().stdin(Stdio::null());
    for (name, value) in ours.get_envs() {
        // Those are root's own places.
        if let Some(value) =
            value.filter(|_| !["XDG_STATE_HOME", "HOME", "DOCKER_CONFIG"].iter().any(|own| name == *own))
        {
            command.env(name, value);
        }
    }
    command.env("XDG_STATE_HOME", state).env("HOME", state);
    command
}

/// Root first, then somebody else, and the other way round.
#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn two_people_launch_one_checkout() {
    let project = project();
    fs::set_permissions(&project.directory, fs::Permissions::from_mode(0o777)).unwrap();
    project.seaworthy(&["up", "-d"]).ok();
    let state = project.beside("state-of-other");
    fs::create_dir(&state).unwrap();
    std::os::unix::fs::chown(&state, Some(65534), Some(65534)).unwrap();
    let other = |words: &[&str]| run(as_other(&project, words, &state));
    for words in [&["plan"][..], &["prepare"], &["up", "-d", "--force-recreate"]] {
        other(words).ok();
    }
    assert!(rendered(&project).starts_with(&state));
    // What the one launched, the other goes on with; both in turn, and the first again.
    other(&["restart", "-t", "0"]).ok();
    project.seaworthy(&["restart", "-t", "0"]).ok();
    project.seaworthy(&["up", "-d"]).ok();
    other(&["down", "-t", "0"]).ok();
    assert!(project.ids().is_empty());
    project.seaworthy(&["up", "-d"]).ok();
    other(&["stop", "-t", "0"]).ok();
    other(&["start"]).ok();
    project.seaworthy(&["down", "-t", "0"]).ok();
    assert!(project.ids().is_empty());
    other(&["up", "-d"]).ok();
    fs::remove_dir_all(project.path(".seaworthy")).unwrap();
    fs::create_dir(project.path(".seaworthy")).unwrap();
    std::os::unix::fs::chown(project.path(".seaworthy"), Some(65534), Some(65534)).unwrap();
    project.seaworthy(&["prepare"]).ok();
    project.seaworthy(&["up", "-d"]).ok();
    project.seaworthy(&["up", "-d", "--force-recreate"]).ok();
    assert!(rendered(&project).starts_with(project.beside(".xdg-state")));
}

/// A checkout that only its owner may write: what the second would have to change is said at once, with what to do.
#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn a_second_person_who_may_not_write_the_checkout_is_told_what_to_do() {
    let project = project().changing("state-of-other");
    let state = project.beside("state-of-other");
    fs::create_dir(&state).unwrap();
    std::os::unix::fs::chown(&state, Some(65534), Some(65534)).unwrap();
    let other = |words: &[&str]| run(as_other(&project, words, &state));
    // There is no lock yet, and the second may write none.
    let told = "Launch once where the project can be written, and keep the lock with it.";
    other(&["up", "-d"]).refuses(73, "prepare-failed").says(told);
    assert!(project.ids().is_empty());
    project.seaworthy(&["up", "-d"]).ok();
    for words in [&["up", "-d"][..], &["restart", "-t", "0"], &["down", "-t", "0"], &["up", "-d"]] {
        other(words).ok();
    }
    project.seaworthy(&["down", "-t", "0"]).ok();
    assert!(project.ids().is_empty());
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn the_place_can_be_chosen() {
    let project = project().changing("chosen");
    let chosen = project.beside("chosen");
    project.seaworthy(&["--state-dir", "../chosen", "up", "-d"]).ok();
    let path = rendered(&project);
    assert!(path.starts_with(&chosen) && !project.path(".seaworthy").exists(), "{}", path.display());
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
    project.seaworthy(&["--state-dir", "../chosen", "down", "-t", "0"]).ok();
    assert!(!path.exists());
    // A link, or somebody else's, is none.
    let folder = path.parent().unwrap();
    fs::create_dir_all(folder.parent().unwrap()).unwrap();
    std::os::unix::fs::symlink(project.path("."), folder).unwrap();
    project.seaworthy(&["--state-dir", "../chosen", "up", "-d"]).refuses(73, "is a symbolic link");
    let project = project.with("SEAWORTHY_STATE_DIR", "/proc/nowhere");
    project.seaworthy(&["up", "-d"]).refuses(73, "/proc/nowhere");
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn after_down_no_resolved_values_are_left() {
    let project = project();
    let keeps = |project: &Project| project.rendered().exists();
    project.seaworthy(&["up", "-d"]).ok();
    for words in [&["stop", "-t", "0"][..], &["down", "--dry-run"], &["down", "-t", "0", "absent"]] {
        project.seaworthy(words);
        assert!(keeps(&project), "{words:?}");
    }
    project.seaworthy(&["down", "-t", "0"]).ok();
    assert!(!project.path(".seaworthy").exists());
    // By the name alone, from elsewhere.
    project.seaworthy(&["up", "-d"]).ok();
    let mut command = project.command(Seaworthy, &["-p", &project.name, "down", "-t", "0"]);
    command.current_dir("/");
    run(command).ok();
    assert!(project.ids().is_empty() && !keeps(&project));
    // A container of `run` still refers to it; what is not ours in the folder stays.
    project.seaworthy(&["run", "-d", "s"]).ok();
    project.file(".seaworthy/mine", "");
    let plain = ["compose", "-p", &project.name, "ls"];
    project.docker(&plain).ok();
    project.compose(&["down", "-t", "0", "--remove-orphans"]).ok();
    project.seaworthy(&["down", "-t", "0"]).ok();
    assert!(!keeps(&project) && project.path(".seaworthy/mine").exists());
    // Other files stay Compose's to complain of.
    let output = project.seaworthy(&["-f", "absent.yaml", "down"]);
    assert_ne!(output.end, super::harness::End::Code(0));
}

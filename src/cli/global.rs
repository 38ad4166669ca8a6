//! What was typed before the command, with the environment behind it.

use std::path::PathBuf;

use super::flags::{self, Flags};
use super::request::{EngineChoice, Global};
use super::spec::Class;
use super::usage::Place;
use crate::diagnostic::Finding;
use crate::reader::Reader;

/// The variables of the process environment.
pub type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

const PROGRESS: &[&str] = &["auto", "tty", "plain", "json", "quiet", "none"];

/// What the flags before a command of this class mean.
pub fn understand(root: Place, flags: &Flags, class: Class, env: Environment) -> Result<Global, Finding> {
    let text = |long| flags.last(long).map(str::to_owned);
    // To Compose, an empty value of these is the same as none.
    let filled = |long| text(long).filter(|value| !value.is_empty());
    let variable = |name| env(name).filter(|value| !value.is_empty());
    let mut global = Global {
        files: flags.all("file").to_vec(),
        project_name: filled("project-name"),
        project_directory: filled("project-directory").map(PathBuf::from),
        profiles: flags.all("profile").to_vec(),
        env_files: flags.all("env-file").to_vec(),
        insecure_registries: flags.all("insecure-registry").to_vec(),
        progress: filled("progress").or_else(|| variable("COMPOSE_PROGRESS")),
        ansi: filled("ansi").or_else(|| variable("COMPOSE_ANSI")),
        parallel: flags.last("parallel").and_then(flags::whole_number),
        compatibility: flags.on("compatibility"),
        all_resources: flags.on("all-resources"),
        dry_run: flags.on("dry-run"),
        verbose: flags.on("verbose"),
        policy: text("policy").or_else(|| env("SEAWORTHY_POLICY")).map(PathBuf::from),
        state_dir: filled("state-dir").or_else(|| variable("SEAWORTHY_STATE_DIR")).map(PathBuf::from),
        files_from: text("files-from"),
        files_cmd: text("files-cmd"),
        expect_files: None,
        reader: None,
        deprecated: Vec::new(),
        engine: match flags.value("engine") {
            "docker" => EngineChoice::Docker,
            "podman" => EngineChoice::Podman,
            _ => EngineChoice::Auto,
        },
        no_launch: flags.on("no-launch"),
        show_values: flags.on("show-values"),
        docker: Vec::new(),
    };
    if global.env_files.is_empty() {
        global.env_files = variable("COMPOSE_ENV_FILES")
            .map(|files| files.split(',').map(str::to_owned).collect())
            .unwrap_or_default();
    }
    let deprecated = deprecated(root, flags, &mut global);
    let expected = expected_files(root, flags, &mut global);
    let reader = reader(root, flags, &mut global);
    // Nothing here may stand in the way of stopping or clearing away: Compose judges what is
    // passed on to it, and the rest does not matter there.
    if class != Class::PassThrough {
        deprecated?;
        expected?;
        reader?;
        refuse_contradictions(root, &global)?;
    }
    Ok(global)
}

fn deprecated(root: Place, flags: &Flags, global: &mut Global) -> Result<(), Finding> {
    if let Some(directory) = flags.last("workdir").filter(|directory| !directory.is_empty()) {
        if global.project_directory.is_some() {
            return Err(root.finding("--workdir and --project-directory exclude one another"));
        }
        global.project_directory = Some(PathBuf::from(directory));
        global.deprecated.push(("workdir", "project-directory"));
    }
    if flags.on("no-ansi") {
        if flags.typed("ansi") {
            return Err(root.finding("--no-ansi and --ansi exclude one another"));
        }
        global.ansi = Some("never".to_owned());
        global.deprecated.push(("no-ansi", "ansi"));
    }
    Ok(())
}

fn expected_files(root: Place, flags: &Flags, global: &mut Global) -> Result<(), Finding> {
    if let Some(count) = flags.last("expect-files") {
        let number = count.parse().map_err(|_| {
            root.finding(format!(
                "invalid argument {count:?} for \"--expect-files\" flag: it is not a number"
            ))
        })?;
        global.expect_files = Some(number);
    }
    Ok(())
}

fn reader(root: Place, flags: &Flags, global: &mut Global) -> Result<(), Finding> {
    if let Some(version) = flags.last("compose-version") {
        let read = Reader::named(version).map_err(|error| {
            root.finding(format!("invalid argument {version:?} for \"--compose-version\" flag: {error}"))
                .help(error.help())
        })?;
        global.reader = Some(read);
    }
    Ok(())
}

fn refuse_contradictions(root: Place, global: &Global) -> Result<(), Finding> {
    // Where these are empty, a variable was meant that has no value. Going on without the policy
    // or the list would launch something weaker than was asked for.
    let policy = global.policy.as_ref().map(|policy| policy.as_os_str().is_empty());
    let given = [
        ("--policy (or SEAWORTHY_POLICY)", policy),
        ("--files-from", global.files_from.as_ref().map(String::is_empty)),
        ("--files-cmd", global.files_cmd.as_ref().map(String::is_empty)),
    ];
    if let Some((flag, _)) = given.iter().find(|(_, empty)| *empty == Some(true)) {
        return Err(root.finding(format!("{flag} has an empty value")));
    }
    if global.files_from.is_some() && global.files_cmd.is_some() {
        return Err(root.finding("--files-from and --files-cmd exclude one another"));
    }
    match &global.progress {
        Some(kind) if !PROGRESS.contains(&kind.as_str()) => {
            Err(root.finding(format!("unsupported --progress value {kind:?}")))
        }
        _ => Ok(()),
    }
}

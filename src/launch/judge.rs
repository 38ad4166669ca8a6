//! Flags that change what is launched, judged as if they stood in the file.

use std::sync::Arc;

use crate::cli::ComposeCommand;
use crate::compose::{self, Model};
use crate::diagnostic::{Code, Finding, Sink};
use crate::model::mount;
use crate::policy::{Arranged, Policy};
use crate::project::{Inputs, Project, dotenv, env_file_fault};
use crate::source::{FileId, Origin};
use crate::yaml::{self, Limits, Mapping, Node, Value};

/// A flag as typed, and what it adds to its service in a compose file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Typed {
    /// `--cap-add SYS_ADMIN`; the values of variables are left out.
    pub shown: String,
    service: String,
    key: &'static str,
    /// The key's value as YAML; nothing where the flag takes the key away.
    yaml: Option<String>,
}

/// Whether a command has flags that are judged.
pub fn typed(command: &ComposeCommand) -> Vec<Typed> {
    let flags = &command.flags;
    let mut all = Vec::new();
    if matches!(command.name, "run" | "exec") {
        let Some(service) = command.positionals.first() else { return all };
        let mut add = |shown: String, key, yaml| {
            all.push(Typed { shown, service: service.clone(), key, yaml: Some(yaml) });
        };
        if flags.on("privileged") {
            add("--privileged".to_owned(), "privileged", "true".to_owned());
        }
        let single = [("user", "user"), ("entrypoint", "entrypoint"), ("workdir", "working_dir")];
        for (flag, key) in single {
            if let Some(value) = flags.last(flag) {
                add(format!("--{flag} {value}"), key, quoted(value));
            }
        }
        for (flag, key) in [("cap-add", "cap_add"), ("volume", "volumes"), ("publish", "ports")] {
            for value in flags.all(flag) {
                add(format!("--{flag} {value}"), key, format!("[{}]", quoted(value)));
            }
        }
        for value in flags.all("label") {
            let (name, value) = value.split_once('=').unwrap_or((value, ""));
            add(format!("--label {name}"), "labels", format!("{{{}: {}}}", quoted(name), quoted(value)));
        }
        for value in flags.all("env") {
            let (name, value) = value.split_once('=').unwrap_or((value, ""));
            add(format!("--env {name}"), "environment", format!("{{{}: {}}}", quoted(name), quoted(value)));
        }
    }
    let scales =
        flags.all("scale").iter().chain(command.positionals.iter().filter(|_| command.name == "scale"));
    for (service, count) in scales.filter_map(|scale| scale.split_once('=')) {
        if count.bytes().all(|byte| byte.is_ascii_digit()) && !count.is_empty() {
            let shown = format!("--scale {service}={count}");
            let yaml = Some(count.to_owned());
            all.push(Typed { shown, service: service.to_owned(), key: "scale", yaml });
        }
    }
    if flags.on("no-deps") && command.name != "watch" {
        let services: &[String] = if command.name == "run" {
            command.positionals.get(..1).unwrap_or_default()
        } else {
            &command.positionals
        };
        for service in services.iter().map(|word| word.split('=').next().unwrap_or(word).to_owned()) {
            let shown = format!("--no-deps {service}");
            all.push(Typed { shown, service, key: "depends_on", yaml: None });
        }
    }
    all
}

/// The variables of the files of `--env-from-file`, as if each were typed. Compose takes those of `--env` for
/// what a file refers to.
///
/// # Errors
/// The first file that cannot be read as Compose reads it.
fn from_files(command: &ComposeCommand, model: &Model, inputs: &mut Inputs) -> Result<Vec<Typed>, Finding> {
    let mut all = Vec::new();
    let Some(service) = command.positionals.first().filter(|_| command.name == "run") else {
        return Ok(all);
    };
    let typed = command.flags.all("env");
    let lookup = |wanted: &str| {
        typed.iter().rev().find_map(|variable| match variable.split_once('=') {
            Some((name, value)) => (name == wanted).then(|| value.to_owned()),
            None => model.environment.get(wanted).filter(|_| variable == wanted).map(str::to_owned),
        })
    };
    for file in command.flags.all("env-from-file") {
        let path = std::path::absolute(file).map_err(|error| {
            Finding::error(Code::InputUnreadable, format!("{file}: {error}"))
                .help(Code::InputUnreadable.remedy())
        })?;
        let id = inputs.read_env(&path, file)?;
        let unknown =
            || Finding::error(Code::Internal, format!("{file} was read and is not among the inputs"));
        let source = inputs.sources().get(id).ok_or_else(|| unknown().help(Code::Internal.remedy()))?;
        let parsed =
            dotenv::parse(&source.text, &lookup).map_err(|error| env_file_fault(&error, id, file))?;
        for (name, value) in &parsed.values {
            let shown = format!("--env-from-file {file} ({name})");
            let yaml = Some(format!("{{{}: {}}}", quoted(name), quoted(value)));
            all.push(Typed { shown, service: service.clone(), key: "environment", yaml });
        }
    }
    Ok(all)
}

/// As YAML in double quotes, which JSON is, and so that nothing in it is a variable.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text.replace('$', "$$")).to_string()
}

/// The model with all that was typed in it, for whatever asks what will run: the same line in a file would be decided
/// in the same way. `None` where nothing was typed that a file could say. A flag that cannot be read is for
/// [`judge_flags`], or for Compose, to refuse.
pub fn laid(
    command: &ComposeCommand,
    model: &Model,
    project: &Project,
    inputs: &mut Inputs,
) -> Option<Model> {
    let from_files = from_files(command, model, inputs).unwrap_or_default();
    let mut laid = None;
    for typed in typed(command).into_iter().chain(from_files) {
        let before = laid.as_ref().unwrap_or(model);
        laid = apply(&typed, before, project, inputs, &mut Sink::new()).or(laid);
    }
    laid
}

/// What the policy says of the typed flags; each finding begins with its flag.
pub fn judge_flags(
    command: &ComposeCommand,
    policy: &Policy,
    arranged: &Arranged,
    model: &Model,
    project: &Project,
    inputs: &mut Inputs,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    let from_files = from_files(command, model, inputs).unwrap_or_else(|finding| {
        findings.push(finding);
        Vec::new()
    });
    let all: Vec<Typed> = typed(command).into_iter().chain(from_files).collect();
    if all.is_empty() {
        return findings;
    }
    let mut before = model.clone();
    for typed in all {
        let mut sink = Sink::new();
        let Some(after) = apply(&typed, &before, project, inputs, &mut sink) else {
            // What cannot be read cannot be judged.
            let why = sink.findings().first().map(|finding| finding.message.clone()).unwrap_or_default();
            findings.push(
                Finding::error(Code::RuleViolated, format!("{}: it cannot be judged: {why}", typed.shown))
                    .help("Correct the flag."),
            );
            continue;
        };
        let mut found = policy.judge_change(&before, &after, arranged);
        found.extend(policy.undone_by_change(&before, &after, arranged, project, inputs));
        for mut finding in found {
            finding.message = format!("{}: {}", typed.shown, finding.message);
            // The rule's own remedy is about the file.
            let waiver = finding.help.as_deref().and_then(|help| help.split_once("Or waive it:"));
            let waiver = waiver.map(|(_, waiver)| format!(" Or waive it:{waiver}")).unwrap_or_default();
            finding.help = Some(format!("Leave out the flag.{waiver}"));
            findings.push(finding);
        }
        before = after;
    }
    findings
}

/// The model with a flag's value in its service.
fn apply(
    typed: &Typed,
    model: &Model,
    project: &Project,
    inputs: &mut Inputs,
    sink: &mut Sink,
) -> Option<Model> {
    let Some(yaml) = &typed.yaml else {
        let mut changed = model.clone();
        if let Some(service) = service_of(&mut changed, &typed.service) {
            service.remove(typed.key);
        }
        return Some(changed);
    };
    let text = format!("services: {{{}: {{{}: {yaml}}}}}", quoted(&typed.service), typed.key);
    let mut documents = match yaml::parse(FileId(u32::MAX), &text, Limits::default()) {
        Ok(documents) => documents,
        Err(faults) => {
            sink.extend(faults);
            return None;
        }
    };
    documents.iter_mut().for_each(|document| typed_here(&mut document.root));
    let environment = Arc::clone(&model.environment);
    // What is typed is relative to where it is typed.
    let typed_in = Project { directory: project.cwd.clone(), ..project.clone() };
    let fragment = compose::fragment(documents.first()?, &typed_in, &environment, inputs, sink)?;
    let value = fragment.root.at(&["services", &typed.service, typed.key])?.clone();
    let mut changed = model.clone();
    if let Some(service) = service_of(&mut changed, &typed.service) {
        put(service, typed.key, value);
    }
    Some(changed)
}

/// A service that the model does not have is Compose's to complain of.
fn service_of<'m>(model: &'m mut Model, name: &str) -> Option<&'m mut Mapping> {
    model.root.get_mut("services")?.get_mut(name)?.as_map_mut()
}

/// Lists grow, mappings get the key, all else is replaced. What is mounted takes the place of what was to be there.
fn put(service: &mut Mapping, key: &str, value: Node) {
    let own = service.get_mut(key).filter(|_| key != "entrypoint");
    match (own.map(|node| &mut node.value), value.value) {
        (Some(Value::Seq(have)), Value::Seq(more)) => {
            let target = |node: &Node| mount::TARGET.str(node).map(str::to_owned);
            let targets: Vec<String> = more.iter().filter_map(target).filter(|_| key == "volumes").collect();
            have.retain(|node| target(node).is_none_or(|target| !targets.contains(&target)));
            have.extend(more);
        }
        (Some(Value::Map(have)), Value::Map(more)) => {
            for (name, entry) in more {
                have.put(name, entry.value);
            }
        }
        (_, other) => {
            service.put(key, Node::new(other, value.origin));
        }
    }
}

fn typed_here(node: &mut Node) {
    node.origin = Origin::CommandLine;
    match &mut node.value {
        Value::Seq(items) => items.iter_mut().for_each(typed_here),
        Value::Map(map) => map.iter_mut().for_each(|(_, child)| typed_here(child)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Command, parse};
    use crate::launch::live::tests::model;

    fn names(content: Option<&str>) -> Result<Vec<String>, Finding> {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("x.env");
        if let Some(content) = content {
            std::fs::write(&path, content).unwrap();
        }
        let words = ["seaworthy", "run", "--env-from-file"].into_iter().map(Into::into);
        let words = words.chain([path.clone().into(), "a".into()]);
        let request = parse(words, &|_| None).unwrap();
        let Command::Compose(command) = &request.command else { panic!() };
        let model = model("services: {a: {image: x}}");
        let all = from_files(command, &model, &mut Inputs::default())?;
        let name = |typed: Typed| typed.shown.rsplit_once('(').unwrap().1.trim_end_matches(')').to_owned();
        Ok(all.into_iter().map(name).collect())
    }

    #[test]
    fn a_file_of_variables_is_read_as_compose_reads_it() {
        for content in [
            "LD_PRELOAD=/srv/x.so",
            "LD_PRELOAD: /srv/x.so",
            "\u{feff}LD_PRELOAD=/x",
            "export\tLD_PRELOAD=/x",
            "A='x' LD_PRELOAD=/x",
        ] {
            assert!(names(Some(content)).unwrap().contains(&"LD_PRELOAD".to_owned()), "{content}");
        }
        assert_eq!(names(Some("A=\"x\nLD_PRELOAD=/srv/x.so\"")).unwrap(), ["A"]);
        assert_eq!(names(Some("# LD_PRELOAD=x\nexport A=1\nB: 'two'\n")).unwrap(), ["A", "B"]);
    }

    #[test]
    fn a_file_of_variables_that_cannot_be_read_is_refused() {
        assert_eq!(names(None).unwrap_err().code, Code::InputUnreadable);
        assert_eq!(names(Some("A=\"open")).unwrap_err().code, Code::EnvFile);
    }
}

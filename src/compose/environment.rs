//! Service environments and labels: inherited names, env files, label files.

use compact_str::format_compact;

use indexmap::IndexMap;

use crate::diagnostic::{Code, Finding, Severity, Sink};
use crate::project::{Environment, Inputs, dotenv, env_file_fault, env_file_warnings};
use crate::source::{FileId, Origin, Span};
use crate::yaml::{Mapping, Node, Value};

use super::budget::Budget;

/// Values of the environment for as many services as want them, within the bound that they have together.
pub struct Supply<'e> {
    pub environment: &'e Environment,
    pub budget: &'e Budget,
}

impl Supply<'_> {
    /// The value of a variable for what stands at a place; beyond the bound it is empty, and the sink gets an error.
    pub fn get(&self, name: &str, at: Origin, sink: &mut Sink) -> Option<&str> {
        let value = self.environment.get(name)?;
        if self.budget.overgrown() {
            return Some("");
        }
        if !self.budget.growth(value.len()) {
            sink.push(Budget::overgrowth(&format!("with {name},"), at));
            return Some("");
        }
        Some(value)
    }
}

/// List-form `environment: [NAME]` takes its value from this level's environment.
pub fn resolve_lists(model: &mut Node, supply: &Supply<'_>, sink: &mut Sink) {
    let Some(services) = model.get_mut("services").and_then(Node::as_map_mut) else { return };
    for (_, service) in services.iter_mut() {
        let Some(items) = service.get_mut("environment").and_then(Node::as_seq_mut) else { continue };
        for item in items {
            if let Value::String(text) = &mut item.value
                && let Some(value) = supply.get(text, item.origin, sink)
            {
                *text = format_compact!("{text}={value}");
            }
        }
    }
}

/// Fills in, for decoded services, what `environment` inherits and what env files add. The
/// `env_file` key goes away: what it held is in the environment then. That one is missing is an error, or, where that
/// is `lenient`, a warning.
pub fn resolve_service(
    name: &str,
    service: &mut Mapping,
    environment: &Environment,
    (inputs, budget): (&mut Inputs, &mut Budget),
    lenient: bool,
    sink: &mut Sink,
) {
    let supply = Supply { environment, budget };
    if let Some(own) = service.get_mut("environment").and_then(Node::as_map_mut) {
        for (key, value) in own.iter_mut() {
            if value.is_null()
                && let Some(inherited) = supply.get(key, value.origin, sink)
            {
                *value = Node::string(inherited, Origin::Environment);
            }
        }
    }
    let Some(files) = service.remove("env_file") else { return };
    let mut values: IndexMap<String, (String, Origin)> = IndexMap::new();
    for file in files.as_seq().unwrap_or_default() {
        let own = service.get("environment").and_then(Node::as_map);
        let lookup = |key: &str| {
            environment
                .get(key)
                .map(str::to_owned)
                .or_else(|| own.and_then(|own| own.get(key)).and_then(Node::as_str).map(str::to_owned))
        };
        let earlier = |key: &str| values.get(key).map(|(value, _)| value.clone());
        match read_env_file(name, file, inputs, (&lookup, &earlier)) {
            Ok(parsed) => {
                let Some((mut parsed, id)) = parsed else { continue };
                env_file_warnings(&parsed, id, sink);
                if let Err(finding) = budget.variables(parsed.values.iter(), file.origin) {
                    return sink.push(finding);
                }
                for (key, value) in std::mem::take(&mut parsed.values) {
                    let origin = match parsed.places.get(&key) {
                        Some(range) => Origin::Source(Span::new(id, range.start, range.end)),
                        None => Origin::Environment,
                    };
                    values.insert(key, (value, origin));
                }
            }
            Err(fault) => sink.push(fault.finding(lenient)),
        }
    }
    if values.is_empty() {
        return;
    }
    let origin = files.origin;
    let own = match service.remove("environment").map(|node| node.value) {
        Some(Value::Map(map)) => map,
        _ => Mapping::new(),
    };
    let mut merged = Mapping::new();
    for (key, (value, origin)) in values {
        merged.insert(key, origin, Node::string(value, origin));
    }
    for (key, entry) in own {
        merged.insert(key, entry.key, entry.value);
    }
    service.put("environment", Node::map(merged, origin));
}

/// Why an env file gives nothing.
enum EnvFileFault {
    Missing(Box<Finding>),
    Unreadable(Box<Finding>),
    Unparsed(Box<Finding>),
}

impl EnvFileFault {
    fn finding(self, lenient: bool) -> Finding {
        match self {
            Self::Missing(finding) if lenient => Finding { severity: Severity::Warning, ..*finding },
            Self::Missing(finding) | Self::Unreadable(finding) | Self::Unparsed(finding) => *finding,
        }
    }
}

/// Reads an env file; `None` if it is missing and `required: false`.
fn read_env_file(
    service: &str,
    file: &Node,
    inputs: &mut Inputs,
    (lookup, earlier): (&dotenv::Lookup<'_>, &dotenv::Lookup<'_>),
) -> Result<Option<(dotenv::Parsed, FileId)>, EnvFileFault> {
    let path = file.get("path").and_then(Node::as_str).unwrap_or_default();
    let required = file.get("required").and_then(Node::as_bool) != Some(false);
    let format = file.get("format").and_then(Node::as_str).unwrap_or_default();
    let fs_path = std::path::PathBuf::from(path);
    let is_there = fs_path.try_exists().map_err(|error| {
        let message = format!("the env file {path} cannot be looked at: {error}");
        let finding = Finding::error(Code::InputUnreadable, message).help(Code::InputUnreadable.remedy());
        EnvFileFault::Unreadable(Box::new(finding.at_origin(file.origin, "env file named here")))
    })?;
    if !is_there {
        if !required {
            return Ok(None);
        }
        let message = format!("env file {path} of service {service:?} not found");
        let place = file.get("path").map_or(file.origin, |path| path.origin);
        return Err(EnvFileFault::Missing(Box::new(
            Finding::error(Code::EnvFile, message).at_origin(place, "no such file").help(format!(
                "Create it, or write `{{path: {}, required: false}}` if it may be missing.",
                shown(inputs, place, path)
            )),
        )));
    }
    let id = inputs.read_env(&fs_path, path).map_err(|finding| {
        EnvFileFault::Unreadable(Box::new(finding.at_origin(file.origin, "env file named here")))
    })?;
    let text = inputs.sources().get(id).map_or_else(|| "".into(), |source| source.text.clone());
    let parsed = match format {
        "" => dotenv::parse_after(&text, lookup, earlier),
        "raw" => dotenv::parse_raw(&text, lookup),
        other => {
            return Err(EnvFileFault::Unparsed(Box::new(
                Finding::error(Code::EnvFile, format!("unsupported env_file format {other:?}"))
                    .at_origin(file.origin, "the only other format is `raw`"),
            )));
        }
    };
    let parsed =
        parsed.map_err(|error| EnvFileFault::Unparsed(Box::new(env_file_fault(&error, id, path))))?;
    Ok(Some((parsed, id)))
}

/// The names that an entry of `env_file` or `label_file` gives values. A file that is missing or does not parse gives
/// none: a launch that needs it says so.
///
/// # Errors
/// A finding where a file that is there cannot be read.
pub fn names_in_file(entry: &Node, inputs: &mut Inputs) -> Result<Vec<String>, Box<Finding>> {
    let nothing = |_: &str| None;
    let found = if entry.as_map().is_some() {
        read_env_file("", entry, inputs, (&nothing, &nothing))
    } else {
        read_label_file(entry, inputs, &nothing).map(Some)
    };
    match found {
        Ok(found) => {
            Ok(found.into_iter().flat_map(|(parsed, _)| parsed.values).map(|(name, _)| name).collect())
        }
        Err(EnvFileFault::Missing(_) | EnvFileFault::Unparsed(_)) => Ok(Vec::new()),
        Err(EnvFileFault::Unreadable(finding)) => Err(finding),
    }
}

fn read_label_file(
    file: &Node,
    inputs: &mut Inputs,
    earlier: &dotenv::Lookup<'_>,
) -> Result<(dotenv::Parsed, FileId), EnvFileFault> {
    let path = file.as_str().unwrap_or_default();
    let fault = |finding: Finding| Box::new(finding.at_origin(file.origin, "label file named here"));
    let place = std::path::Path::new(path);
    let id = inputs.read_env(place, path).map_err(|finding| match place.symlink_metadata() {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => EnvFileFault::Missing(fault(finding)),
        _ => EnvFileFault::Unreadable(fault(finding)),
    })?;
    let text = inputs.sources().get(id).map_or_else(|| "".into(), |source| source.text.clone());
    let parsed = dotenv::parse(&text, earlier);
    let parsed =
        parsed.map_err(|error| EnvFileFault::Unparsed(Box::new(env_file_fault(&error, id, path))))?;
    Ok((parsed, id))
}

/// Adds the labels of `label_file`, which the service's own override.
pub fn resolve_labels(service: &mut Mapping, (inputs, budget): (&mut Inputs, &mut Budget), sink: &mut Sink) {
    let Some(files) = service.remove("label_file") else { return };
    let mut values: IndexMap<String, (String, Origin)> = IndexMap::new();
    for file in files.as_seq().unwrap_or_default() {
        match read_label_file(file, inputs, &|key| values.get(key).map(|(value, _)| value.clone())) {
            Ok((parsed, id)) => {
                env_file_warnings(&parsed, id, sink);
                if let Err(finding) = budget.variables(parsed.values.iter(), file.origin) {
                    return sink.push(finding);
                }
                for (key, value) in parsed.values {
                    values.insert(key, (value, file.origin));
                }
            }
            Err(fault) => sink.push(fault.finding(false)),
        }
    }
    let own = match service.remove("labels").map(|node| node.value) {
        Some(Value::Map(map)) => map,
        _ => Mapping::new(),
    };
    let mut merged = Mapping::new();
    for (key, (value, origin)) in values {
        merged.insert(key, origin, Node::string(value, origin));
    }
    for (key, entry) in own {
        merged.insert(key, entry.key, entry.value);
    }
    if !merged.is_empty() {
        service.put("labels", Node::map(merged, files.origin));
    }
}

/// The path as it is written, where it is.
fn shown(inputs: &Inputs, place: Origin, path: &str) -> String {
    let written = place.span().map(|span| inputs.sources().text(span).trim_matches(['"', '\'']).to_owned());
    written.filter(|text| !text.is_empty() && !text.contains(['\n', ':'])).unwrap_or_else(|| path.to_owned())
}

//! `probes:` of a policy: what must hold for a service to be able to do its work.

use std::path::{Component, Path};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::compose::short::duration;
use crate::diagnostic::{Code, Finding, Sink};
use crate::source::Origin;
use crate::yaml::Node;
use crate::yaml::suggest;

use super::Rank;
use super::reader::{Keys, Located, Reader};

/// What is asked about one service. Those of the host and those of the project stand side by side.
#[derive(Clone, Debug)]
pub struct Probe {
    pub service: Located<String>,
    pub rank: Rank,
    /// Whether no launch goes on without it.
    pub before_up: bool,
    pub program: Option<Program>,
    pub credentials: Vec<Credential>,
}

/// A program that must answer.
#[derive(Clone, Debug)]
pub struct Program {
    /// Its words; they take the place of the entry point.
    pub command: Located<Vec<String>>,
    pub timeout: Duration,
}

/// A file that must be good.
#[derive(Clone, Debug)]
pub struct Credential {
    pub place: Located<Where>,
    pub demand: Demand,
}

/// Where it is, as the service sees it. `~` at the beginning is the home of the service's user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Where {
    File(String),
    /// Any file below a directory that the baseline does not name.
    Any {
        directory: String,
        baseline: Vec<String>,
    },
}

impl Where {
    pub fn path(&self) -> &str {
        match self {
            Self::File(path) | Self::Any { directory: path, .. } => path,
        }
    }
}

/// What is demanded of its content.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Demand {
    pub format: Format,
    /// JSON pointers, or names of fields at the top, that say when it expires.
    pub expires: Vec<String>,
    /// How long it must stay good.
    pub valid_for: Duration,
}

/// What a file must be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    Json,
    Yaml,
    Toml,
    Pem,
    Jwt,
    /// Anything that is not blank.
    #[default]
    Text,
}

impl Format {
    pub const ALL: [Self; 6] = [Self::Json, Self::Yaml, Self::Toml, Self::Pem, Self::Jwt, Self::Text];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Yaml => "yaml",
            Self::Toml => "toml",
            Self::Pem => "pem",
            Self::Jwt => "jwt",
            Self::Text => "text",
        }
    }

    /// Certificates and tokens say themselves when they end.
    const fn has_fields(self) -> bool {
        !matches!(self, Self::Pem | Self::Jwt)
    }
}

/// How long a program may take where nothing is said.
pub const USUAL_TIMEOUT: Duration = Duration::from_secs(10);

/// What takes longer would be taken for left behind by an interrupted run.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(600);

pub(super) const PROBE: Keys =
    Keys { place: "probes.SERVICE", known: &["before", "command", "timeout", "credentials"], later: &[] };
pub(super) const CREDENTIAL: Keys = Keys {
    place: "credentials",
    known: &["path", "any", "baseline", "format", "expires", "valid_for"],
    later: &[],
};

pub fn read(node: &Node, rank: Rank, reader: &mut Reader<'_>) -> Vec<Probe> {
    let Some(map) = node.as_map() else {
        reader.wrong(node, "probes", "a mapping", "Write each service's name, and what is asked about it.");
        return Vec::new();
    };
    let entries: Vec<_> =
        map.entries().map(|(name, entry)| (name.to_owned(), entry.key, &entry.value)).collect();
    entries.into_iter().filter_map(|(name, key, value)| one(name, key, value, rank, reader)).collect()
}

/// Whether a project asks only about services that it has. The host asks about those of every project.
pub fn check(probes: &[Probe], names: &[&str], sink: &mut Sink) {
    let strange =
        |probe: &&Probe| probe.rank == Rank::Project && !names.contains(&probe.service.value.as_str());
    for probe in probes.iter().filter(strange) {
        let name = &probe.service.value;
        let help = match suggest::nearest(name, names.iter().copied()) {
            Some(near) => format!("Did you mean `{near}`?"),
            None => "Remove the entry, or correct the name.".to_owned(),
        };
        sink.push(
            Finding::error(
                Code::PolicySyntax,
                format!("the policy probes `{name}`, but there is no such service"),
            )
            .at_origin(probe.service.origin, "no such service")
            .help(help),
        );
    }
}

fn one(name: String, key: Origin, node: &Node, rank: Rank, reader: &mut Reader<'_>) -> Option<Probe> {
    let map = reader.mapping(node, &PROBE)?;
    let before_up = map.get("before").is_some_and(|node| {
        let is_up = node.as_str() == Some("up");
        if !is_up {
            reader.wrong(node, "probes.before", "`up`", "Leave it out where a launch need not wait for it.");
        }
        is_up
    });
    let timeout = map.get("timeout").map_or(Some(USUAL_TIMEOUT), |node| {
        let read = length(node, "probes.timeout", reader)?;
        let is_bearable = !read.is_zero() && read <= LONGEST_TIMEOUT;
        if !is_bearable {
            reader.wrong(
                node,
                "probes.timeout",
                "more than nothing and at most 10m",
                "Write for example 10s.",
            );
        }
        is_bearable.then_some(read)
    });
    let command = map.get("command").and_then(|node| words(node, reader));
    let credentials = map.get("credentials").map(|node| match node.as_seq() {
        Some(items) => items.iter().filter_map(|item| credential(item, reader)).collect(),
        None => credential(node, reader).into_iter().collect(),
    });
    let credentials: Vec<_> = credentials.unwrap_or_default();
    if !map.contains("command") && (!map.contains("credentials") || credentials.is_empty() && !reader.failed)
    {
        reader.error(
            Code::PolicySyntax,
            format!("the probe of {name} asks nothing"),
            node.origin,
            "neither a command nor credentials",
            "Add `command:`, `credentials:` or both.",
        );
    }
    let program = command.and_then(|command| Some(Program { command, timeout: timeout? }));
    Some(Probe { service: Located::new(name, key), rank, before_up, program, credentials })
}

fn words(node: &Node, reader: &mut Reader<'_>) -> Option<Located<Vec<String>>> {
    const HELP: &str = "Write `[codex, --version]`: no shell reads it.";
    let Some(items) = node.as_seq().filter(|items| !items.is_empty()) else {
        reader.wrong(node, "probes.command", "a list of words", HELP);
        return None;
    };
    let words: Option<Vec<String>> = items.iter().map(|item| item.as_str().map(str::to_owned)).collect();
    match words {
        Some(words) if words.first().is_some_and(|word| !word.is_empty()) => {
            Some(Located::new(words, node.origin))
        }
        _ => {
            reader.wrong(node, "probes.command", "a list of words", HELP);
            None
        }
    }
}

fn length(node: &Node, place: &str, reader: &mut Reader<'_>) -> Option<Duration> {
    let read = node.as_str().and_then(|text| duration::parse(text.trim()).ok());
    let length = read.and_then(|nanoseconds| u64::try_from(nanoseconds).ok()).map(Duration::from_nanos);
    if length.is_none() {
        reader.wrong(node, place, "a length of time", "Write a number and a unit: 10s, 5m, 1h.");
    }
    length
}

fn credential(node: &Node, reader: &mut Reader<'_>) -> Option<Credential> {
    let map = reader.mapping(node, &CREDENTIAL)?;
    let format = map.get("format").map_or(Some(Format::Text), |node| {
        let found = Format::ALL.into_iter().find(|format| node.as_str() == Some(format.name()));
        if found.is_none() {
            let names = Format::ALL.map(|format| format!("`{}`", format.name())).join(", ");
            reader.wrong(
                node,
                "credentials.format",
                &format!("one of {names}"),
                "`text` is anything that is not blank.",
            );
        }
        found
    });
    let valid_for = map
        .get("valid_for")
        .map_or(Some(Duration::ZERO), |node| length(node, "credentials.valid_for", reader));
    let expires = map.get("expires").map(|node| expiry(node, format, reader)).unwrap_or_default();
    if let (Some(node), Some(Format::Text | Format::Json | Format::Yaml | Format::Toml), true) =
        (map.get("valid_for"), format, expires.is_empty() && !reader.failed)
    {
        reader.error(
            Code::PolicySyntax,
            "nothing says when the credentials expire".to_owned(),
            node.origin,
            "needs `expires`",
            "Add `expires:` with the field or the JSON pointer that says it.",
        );
    }
    let place = match (map.get("path"), map.get("any")) {
        (Some(node), None) => {
            let path = place(node, "credentials.path", reader);
            path.map(|path| Located::new(Where::File(path), node.origin))
        }
        (None, Some(node)) => place(node, "credentials.any", reader).map(|directory| {
            let baseline = map.get("baseline").map(|node| baseline(node, reader)).unwrap_or_default();
            Located::new(Where::Any { directory, baseline }, node.origin)
        }),
        (Some(_), Some(node)) => {
            reader.error(
                Code::PolicySyntax,
                "`path` and `any` exclude one another".to_owned(),
                node.origin,
                "beside `path`",
                "Keep `path` for a file with a fixed name, `any` for one whose name changes.",
            );
            None
        }
        (None, None) => {
            reader.missing("credentials", "path", node.origin);
            None
        }
    };
    if let (Some(node), None) = (map.get("baseline"), map.get("any")) {
        reader.error(
            Code::PolicySyntax,
            "`baseline` belongs to `any`".to_owned(),
            node.origin,
            "without `any`",
            "Name the directory with `any:`, or remove `baseline`.",
        );
    }
    Some(Credential { place: place?, demand: Demand { format: format?, expires, valid_for: valid_for? } })
}

fn expiry(node: &Node, format: Option<Format>, reader: &mut Reader<'_>) -> Vec<String> {
    let items = node.as_seq().unwrap_or(std::slice::from_ref(node));
    let mut found = Vec::new();
    for item in items {
        let Some(text) = reader.text(item, "credentials.expires") else { continue };
        if let Some(format) = format.filter(|format| !format.has_fields()) {
            reader.error(
                Code::PolicySyntax,
                format!("a {} file has no field to name", format.name()),
                item.origin,
                "not with this format",
                "Remove `expires`: its own end is looked at anyway.",
            );
        } else if format == Some(Format::Text) && text.starts_with('/') {
            reader.wrong(
                item,
                "credentials.expires",
                "a name",
                "A text has lines `NAME=VALUE`, and no JSON pointers.",
            );
        } else {
            found.push(text.to_owned());
        }
    }
    found
}

/// A path as the service sees it.
fn place(node: &Node, place: &str, reader: &mut Reader<'_>) -> Option<String> {
    let text = reader.text(node, place)?;
    let rooted = text.starts_with('/') || text == "~" || text.starts_with("~/");
    if !rooted || leaves(text) {
        reader.wrong(
            node,
            place,
            "a path in the container without `..`",
            "Write it as the service sees it: /home/app/.codex/auth.json, or ~/.codex/auth.json for its user's home.",
        );
        return None;
    }
    Some(text.to_owned())
}

fn baseline(node: &Node, reader: &mut Reader<'_>) -> Vec<String> {
    let mut found = Vec::new();
    for item in reader.list(node, "credentials.baseline") {
        let Some(text) = reader.text(item, "credentials.baseline") else { continue };
        if text.starts_with('/') || leaves(text) {
            reader.wrong(
                item,
                "credentials.baseline",
                "a name below the directory",
                "`*` and `?` stand for parts of one name; a directory's name stands for all that is in it.",
            );
        } else {
            found.push(text.trim_end_matches('/').to_owned());
        }
    }
    found
}

fn leaves(text: &str) -> bool {
    Path::new(text).components().any(|part| part == Component::ParentDir)
}

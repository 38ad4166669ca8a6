//! The containers of a project.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::image::{content_id, null_as_default};
use super::podman::Podman;
use super::socket::{Silence, Socket, escape};
use super::{Answer, Engine};

/// A container as the list shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Container {
    /// 64 hexadecimal digits.
    pub id: String,
    pub name: String,
    /// As given at creation: a name or an id.
    pub image: String,
    pub state: State,
    /// The Compose project, empty where it has none.
    pub project: String,
    /// The Compose service, empty where it has none.
    pub service: String,
    /// The image's id at creation, where Compose has noted it.
    pub image_id: Option<String>,
    /// Made by `run`, not by `up`.
    pub is_one_off: bool,
    /// Compose's hash of the service's configuration.
    pub config_hash: String,
}

/// The engine's words for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    Created,
    Running,
    Paused,
    Restarting,
    Removing,
    Exited,
    Dead,
    /// A word that we do not know; never taken for "not running".
    #[serde(untagged)]
    Other(String),
}

impl State {
    fn parse(word: &str) -> Self {
        match word.to_lowercase().as_str() {
            // Podman calls a container `configured` or `initialized` before its first start.
            "created" | "configured" | "initialized" => Self::Created,
            "running" => Self::Running,
            "paused" => Self::Paused,
            "restarting" => Self::Restarting,
            "removing" => Self::Removing,
            "exited" | "stopped" => Self::Exited,
            "dead" => Self::Dead,
            other => Self::Other(other.to_owned()),
        }
    }

    /// Whether it certainly has no process.
    pub fn is_certainly_stopped(&self) -> bool {
        matches!(self, Self::Created | Self::Exited | Self::Dead)
    }
}

/// A container as its inspection shows it: what is needed often, typed, and all of it raw.
#[derive(Clone, Debug, PartialEq)]
pub struct Inspection {
    pub id: String,
    pub name: String,
    /// `sha256:…`
    pub image_id: String,
    pub state: State,
    /// On the engine's machine; `None` where it has no process.
    pub pid: Option<u32>,
    /// RFC 3339, of its latest start; empty or year 1 where there was none.
    pub started_at: String,
    /// Raw, as created: resolve it with the image's user database.
    pub user: String,
    pub service: String,
    pub mounts: Vec<MountPoint>,
    /// Facts that only Podman has; `None` for a container of Docker.
    pub podman: Option<Podman>,
    /// The whole document.
    pub raw: Value,
}

/// A mount of a live container.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct MountPoint {
    /// `bind`, `volume`, `tmpfs`, …
    #[serde(rename = "Type")]
    pub kind: String,
    /// The volume's name, where it is one.
    #[serde(default)]
    pub name: String,
    /// On the engine's machine.
    pub source: String,
    pub destination: String,
    #[serde(rename = "RW")]
    pub is_writable: bool,
    #[serde(default)]
    pub propagation: String,
}

const COMPOSE: &str = "com.docker.compose.";

/// How often containers are listed again that came or went meanwhile.
const TRIES: usize = 3;

impl Engine {
    /// All containers of a Compose project, running or not, one-off ones included. An empty list is the
    /// engine's own word; a failure is unknown.
    pub fn containers(&self, project: &str) -> Answer<Vec<Container>> {
        self.containers_labelled(&format!("{COMPOSE}project={project}"))
    }

    /// All containers with a label (`name` or `name=value`), running or not.
    pub fn containers_labelled(&self, label: &str) -> Answer<Vec<Container>> {
        self.list(&["--filter", &format!("label={label}")])
    }

    /// All containers of the engine, of any project or of none. As many as the engine says that it has, or
    /// it is not known which there are.
    pub fn all_containers(&self) -> Answer<Vec<Container>> {
        let mut reason = String::new();
        for _ in 0..TRIES {
            let found = match self.list(&[]).into_result() {
                Ok(found) => found,
                Err(reason) => return Answer::Unknown(reason),
            };
            let now = match Self::connect_by(self.command().clone()).into_result() {
                Ok(now) if now.identity() == self.identity() => now,
                Ok(_) => return Answer::unknown("another engine answers now"),
                Err(reason) => return Answer::Unknown(reason),
            };
            match now.info().containers {
                Some(count) if count == found.len() as u64 => return Answer::Known(found),
                Some(count) => {
                    reason = format!("the engine has {count} containers and lists {}", found.len());
                }
                None => return Answer::unknown("the engine does not say how many containers it has"),
            }
        }
        Answer::Unknown(reason)
    }

    /// The same with all that the engine knows of each.
    pub fn inspect_all(&self) -> Answer<Vec<Inspection>> {
        for _ in 0..TRIES {
            let inspected = self.all_containers().and_then(|found| {
                let ids: Vec<&str> = found.iter().map(|container| container.id.as_str()).collect();
                self.inspect(&ids)
            });
            match inspected {
                Answer::Known(Some(all)) => return Answer::Known(all),
                // One of them went away meanwhile.
                Answer::Known(None) => {}
                Answer::Unknown(reason) => return Answer::Unknown(reason),
            }
        }
        Answer::unknown("containers come and go faster than they can be looked at")
    }

    /// Whether a container with this full id is there, in whatever state.
    pub fn has_container(&self, id: &str) -> Answer<bool> {
        // An inspection fails alike for a container that is gone and for an engine that is.
        let found = self.list(&["--filter", &format!("id={id}")]);
        found.map(|containers| containers.iter().any(|container| container.id == id))
    }

    fn list(&self, filters: &[&str]) -> Answer<Vec<Container>> {
        let format = list_format();
        let arguments = ["container", "ls", "--all", "--no-trunc", "--format", &format];
        let asked = self.command().ask(arguments.iter().chain(filters));
        asked.and_then(|output| parse_list(&output.stdout)).context("cannot list containers")
    }

    /// Inspects containers by id or name, all in one question. `None`: the engine says that one of them is
    /// not there.
    pub fn inspect(&self, containers: &[&str]) -> Answer<Option<Vec<Inspection>>> {
        if containers.is_empty() {
            return Answer::Known(Some(Vec::new()));
        }
        let arguments = ["container", "inspect", "--"].iter().chain(containers);
        let asked = self.command().run(arguments).and_then(|output| {
            if output.succeeded() {
                let found = parse_inspections(&output.stdout);
                return found.and_then(|found| self.understood(found)).map(Some);
            }
            if output.says_missing("container") {
                Answer::Known(None)
            } else {
                Answer::Unknown(output.complaint())
            }
        });
        let asked = asked.and_then(|found| match &found {
            Some(all) if all.len() != containers.len() => {
                Answer::Unknown(format!("{} of {} came back", all.len(), containers.len()))
            }
            _ => Answer::Known(found),
        });
        asked.context("cannot inspect containers")
    }

    /// What the containers of a project have mounted of the host, running or not.
    pub fn mounted_by(&self, project: &str) -> Answer<Vec<MountPoint>> {
        let itself = |socket: &Socket| {
            let filters = json!({ "label": [format!("{COMPOSE}project={project}")] }).to_string();
            let path = format!("/containers/json?all=true&filters={}", escape(&filters));
            let found = socket.get(&path)?.ok_or_else(|| Silence::elsewhere("no list of containers"))?;
            let listed: Vec<WireListed> = serde_json::from_value(found)
                .map_err(|error| Silence::elsewhere(format!("unreadable list: {error}")))?;
            Ok(listed.into_iter().flat_map(|container| container.mounts).collect())
        };
        let by_command = || {
            self.containers(project).and_then(|listed| {
                let ids: Vec<&str> = listed.iter().map(|container| container.id.as_str()).collect();
                let gone = || Answer::unknown("one is removed while it is looked at");
                let mounts = |found: Vec<Inspection>| found.into_iter().flat_map(|one| one.mounts).collect();
                self.inspect(&ids)
                    .and_then(|found| found.map_or_else(gone, |found| Answer::Known(mounts(found))))
            })
        };
        self.ask(itself, by_command).context("what containers have mounted is not known")
    }

    /// Creates a container with the arguments of `docker container create`, and returns its id. Nothing
    /// is pulled.
    pub fn create_container(&self, arguments: &[&str]) -> Answer<String> {
        let all = ["container", "create", "--pull", "never"].iter().chain(arguments);
        let asked = self.patient().ask(all).and_then(|output| {
            let id = output.text().map(|text| text.trim().to_owned());
            id.and_then(|id| {
                let is_id = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_hexdigit());
                if is_id { Answer::Known(id) } else { Answer::unknown("the engine names no container") }
            })
        });
        asked.context("cannot create a container")
    }

    pub fn start_container(&self, id: &str) -> Answer<()> {
        let asked = self.patient().ask(["container", "start", "--", id]);
        asked.map(drop).context(format_args!("cannot start container {id}"))
    }

    /// Ends what runs in containers, at once. One that has ended already is no failure.
    pub fn stop_containers(&self, ids: &[&str]) -> Answer<()> {
        let arguments = ["container", "stop", "--time", "0", "--"].iter().chain(ids);
        self.patient().ask(arguments).map(drop).context("cannot stop containers")
    }

    /// Removes containers with their anonymous volumes, killing what runs in them.
    pub fn remove_containers(&self, ids: &[&str]) -> Answer<()> {
        if ids.is_empty() {
            return Answer::Known(());
        }
        let arguments = ["container", "rm", "--force", "--volumes", "--"].iter().chain(ids);
        let removed = self.patient().ask(arguments).map(drop).context("cannot remove containers");
        if removed.is_known() {
            return removed;
        }
        // Podman keeps a container that another one joins until that one is gone.
        let mut left = Vec::new();
        for id in ids {
            match self.has_container(id) {
                Answer::Known(true) => left.push(*id),
                Answer::Known(false) => {}
                Answer::Unknown(_) => return removed,
            }
        }
        if left.len() < ids.len() { self.remove_containers(&left) } else { removed }
    }
}

/// One JSON list per line: the engine's own list of labels cannot be taken apart again where a value
/// holds a comma.
fn list_format() -> String {
    let labels = ["project", "service", "image", "oneoff", "config-hash"];
    let labels = labels.map(|name| format!("{{{{json (.Label \"{COMPOSE}{name}\")}}}}"));
    let fields = ["ID", "Names", "Image", "State"].map(|name| format!("{{{{json .{name}}}}}"));
    format!("[{},{}]", fields.join(","), labels.join(","))
}

fn parse_list(stdout: &[u8]) -> Answer<Vec<Container>> {
    Answer::trying(|| {
        let text = std::str::from_utf8(stdout).map_err(|_| "the answer is not text")?;
        let lines = text.lines().filter(|line| !line.trim().is_empty());
        lines.map(parse_line).collect()
    })
}

fn parse_line(line: &str) -> Result<Container, String> {
    let values: [Value; 9] =
        serde_json::from_str(line).map_err(|error| format!("unreadable line: {error}"))?;
    let [id, name, image, state, project, service, image_id, one_off, config_hash] = values.map(|value| {
        match value {
            Value::String(text) => text,
            // Podman lists names.
            Value::Array(names) => names.first().and_then(Value::as_str).unwrap_or_default().to_owned(),
            _ => String::new(),
        }
    });
    if id.len() < 64 || state.is_empty() {
        return Err(format!("a container without a full id or state: {line}"));
    }
    Ok(Container {
        id,
        name,
        image,
        state: State::parse(&state),
        project,
        service,
        image_id: Some(image_id).filter(|id| !id.is_empty()).map(|id| content_id(&id).unwrap_or(id)),
        is_one_off: one_off.eq_ignore_ascii_case("true"),
        config_hash,
    })
}

fn unreadable(error: &serde_json::Error) -> String {
    format!("unreadable inspection: {error}")
}

impl Inspection {
    /// A label of the container; empty where it has none of this name.
    pub fn label(&self, name: &str) -> &str {
        let labels = self.raw.get("Config").and_then(|config| config.get("Labels"));
        labels.and_then(|labels| labels.get(name)).and_then(Value::as_str).unwrap_or_default()
    }

    /// The Compose project's directory, where the label says it.
    pub fn working_directory(&self) -> &str {
        self.label("com.docker.compose.project.working_dir")
    }

    /// One document of the engine's answer.
    ///
    /// # Errors
    /// Says what is not as engines have it.
    pub fn read(raw: Value) -> Result<Self, String> {
        let wire = Wire::deserialize(&raw).map_err(|error| unreadable(&error))?;
        let label = wire.config.labels.get(&format!("{COMPOSE}service"));
        Ok(Self {
            id: wire.id,
            name: wire.name.trim_start_matches('/').to_owned(),
            image_id: content_id(&wire.image).unwrap_or(wire.image),
            state: State::parse(&wire.state.status),
            pid: u32::try_from(wire.state.pid).ok().filter(|pid| *pid != 0),
            started_at: wire.state.started_at,
            user: wire.config.user,
            service: label.and_then(Value::as_str).unwrap_or_default().to_owned(),
            mounts: wire.mounts,
            podman: None,
            raw,
        })
    }
}

fn parse_inspections(stdout: &[u8]) -> Answer<Vec<Inspection>> {
    Answer::trying(|| {
        let documents: Vec<Value> = serde_json::from_slice(stdout).map_err(|error| unreadable(&error))?;
        documents.into_iter().map(Inspection::read).collect()
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Wire {
    id: String,
    name: String,
    image: String,
    state: WireState,
    config: WireConfig,
    #[serde(default, deserialize_with = "null_as_default")]
    mounts: Vec<MountPoint>,
}

/// A container of a list; a mount that does not say whether it can be written is no answer.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct WireListed {
    mounts: Vec<MountPoint>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct WireState {
    status: String,
    #[serde(default)]
    pid: i64,
    #[serde(default)]
    started_at: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct WireConfig {
    #[serde(default, deserialize_with = "null_as_default")]
    user: String,
    #[serde(default, deserialize_with = "null_as_default")]
    labels: serde_json::Map<String, Value>,
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "493b7eb1f5699d8b62fd5f0c132254e8bdc2bf1b6b5f5468f47a3ee6317807a3";

    #[test]
    fn the_format_asks_for_each_label_by_itself() {
        let format = list_format();
        assert!(format.starts_with("[{{json .ID}},{{json .Names}},"), "{format}");
        assert!(format.contains(r#"{{json (.Label "com.docker.compose.oneoff")}}"#), "{format}");
    }

    #[test]
    fn a_list_is_read_line_by_line() {
        let text = format!(
            "[\"{ID}\",\"p-a-1\",\"sw-busybox\",\"running\",\"p\",\"a\",\"sha256:1\",\"False\",\"h\"]\n\
             [\"{ID}\",\"p-a-run-1\",\"sw-busybox\",\"weird\",\"p\",\"a\",\"\",\"True\",\"\"]\n"
        );
        let found = parse_list(text.as_bytes()).known().unwrap();
        assert_eq!(
            (found[0].service.as_str(), &found[0].state, found[0].is_one_off),
            ("a", &State::Running, false)
        );
        assert_eq!(found[0].image_id.as_deref(), Some("sha256:1"));
        assert_eq!((&found[1].state, found[1].is_one_off), (&State::Other("weird".into()), true));
        assert!(!found[1].state.is_certainly_stopped() && found[1].image_id.is_none());
        assert_eq!(parse_list(b""), Answer::Known(vec![]));
    }

    #[test]
    fn a_cut_or_foreign_list_is_unknown() {
        for text in
            ["[\"a\"]", "null", "{}", "[\"", "[\"short\",\"\",\"\",\"running\",\"\",\"\",\"\",\"\",\"\"]"]
        {
            assert!(!parse_list(text.as_bytes()).is_known(), "{text}");
        }
    }

    #[test]
    fn an_inspection_is_typed_and_kept_whole() {
        let text = format!(
            r#"[{{"Id":"{ID}","Name":"/p-a-1","Image":"sha256:1","State":{{"Status":"running","Pid":7,"StartedAt":"t"}},
               "Config":{{"User":"app","Labels":{{"com.docker.compose.service":"a"}}}},"HostConfig":{{"Privileged":false}},
               "Mounts":[{{"Type":"bind","Source":"/s","Destination":"/d","RW":true,"Propagation":"rprivate"}}]}}]"#
        );
        let one = parse_inspections(text.as_bytes()).known().unwrap().remove(0);
        assert_eq!((one.name.as_str(), one.pid, one.service.as_str()), ("p-a-1", Some(7), "a"));
        assert_eq!((one.mounts[0].kind.as_str(), one.mounts[0].is_writable), ("bind", true));
        assert_eq!(one.raw.pointer("/HostConfig/Privileged"), Some(&Value::Bool(false)));
        assert_eq!(parse_inspections(b"[]"), Answer::Known(vec![]));
        assert!(!parse_inspections(b"").is_known());
    }
}

//! A swarm, by one of its managers: nodes, networks, secrets, configs, services, tasks.

use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::socket::{Refused, Silence, Socket, escape};
use super::{Answer, Engine};

/// The time that ending tasks may keep a network in use.
const LEAVING: Duration = Duration::from_secs(60);

const PAUSE: Duration = Duration::from_millis(300);

/// The engine's answer, or its refusal.
pub type Done<T> = Answer<Result<T, Refused>>;

/// The kinds of objects that a stack has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Network,
    Secret,
    Config,
    Service,
}

impl Kind {
    pub const ALL: [Self; 4] = [Self::Network, Self::Secret, Self::Config, Self::Service];

    /// For people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Network => "network",
            Self::Secret => "secret",
            Self::Config => "config",
            Self::Service => "service",
        }
    }

    fn path(self) -> &'static str {
        match self {
            Self::Network => "networks",
            Self::Secret => "secrets",
            Self::Config => "configs",
            Self::Service => "services",
        }
    }
}

/// An object as the swarm has it.
#[derive(Clone, Debug, PartialEq)]
pub struct Object {
    pub kind: Kind,
    pub id: String,
    pub name: String,
    /// The version that an update has to name; networks have none.
    pub version: u64,
    /// The spec as it was asked for; of a network the whole document.
    pub spec: Value,
    /// The scope of a network: `swarm`, `local` or `global`.
    pub scope: String,
}

impl Object {
    fn read(kind: Kind, document: &Value) -> Result<Self, String> {
        let id = document.get("ID").or_else(|| document.get("Id")).and_then(Value::as_str);
        let spec = if kind == Kind::Network { Some(document) } else { document.get("Spec") };
        let name = spec.and_then(|spec| spec.get("Name")).and_then(Value::as_str);
        let (Some(id), Some(spec), Some(name)) = (id, spec, name) else {
            return Err(format!("a {} without an id, a name or a spec", kind.name()));
        };
        Ok(Self {
            kind,
            id: id.to_owned(),
            name: name.to_owned(),
            version: document.pointer("/Version/Index").and_then(Value::as_u64).unwrap_or(0),
            spec: spec.clone(),
            scope: document.get("Scope").and_then(Value::as_str).unwrap_or_default().to_owned(),
        })
    }

    pub fn label(&self, name: &str) -> Option<&str> {
        self.spec.get("Labels")?.get(name)?.as_str()
    }
}

/// A task as the swarm has it.
#[derive(Clone, Debug, PartialEq)]
pub struct Task {
    pub id: String,
    pub node: String,
    /// `new`, `running`, `rejected`, …
    pub state: String,
    /// The state that the swarm wants: `running`, `shutdown`, …
    pub desired: String,
    /// Why it does not run; empty where nothing is said.
    pub error: String,
    /// Empty where there is none yet.
    pub container: String,
    pub spec: Value,
}

impl Task {
    fn read(document: &Value) -> Self {
        let text =
            |pointer: &str| document.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        Self {
            id: text("/ID"),
            node: text("/NodeID"),
            state: text("/Status/State"),
            desired: text("/DesiredState"),
            error: text("/Status/Err"),
            container: text("/Status/ContainerStatus/ContainerID"),
            spec: document.get("Spec").cloned().unwrap_or_default(),
        }
    }
}

/// A manager of a swarm, asked by its socket.
#[derive(Clone, Debug)]
pub struct Manager {
    socket: Socket,
    /// The id of the node that is asked.
    pub node: String,
    pub hostname: String,
    /// The version of the engine's interface.
    pub version: (u32, u32),
    /// The number of nodes.
    pub nodes: usize,
}

impl Engine {
    /// The engine as a manager of its swarm. Known is also why it is none, as a clause.
    pub fn manager(&self) -> Answer<Result<Manager, String>> {
        let Some(socket) = Socket::of(self) else {
            let endpoint = &self.identity().endpoint;
            return Answer::Known(Err(format!(
                "the engine at {endpoint} is not reached by a socket of this machine, or is not Docker"
            )));
        };
        Answer::trying(|| Manager::ask(socket).map_err(Silence::into_reason))
    }
}

impl Manager {
    fn ask(socket: Socket) -> Result<Result<Self, String>, Silence> {
        let version = socket.spoken()?;
        let info = socket.get("/info")?.unwrap_or_default();
        let swarm = info.get("Swarm").cloned().unwrap_or_default();
        let text = |key: &str| swarm.get(key).and_then(Value::as_str).unwrap_or_default();
        let state = text("LocalNodeState");
        if state != "active" {
            let state = if state.is_empty() { "not known" } else { state };
            return Ok(Err(format!("the engine is in no swarm (its state is {state})")));
        }
        if swarm.get("ControlAvailable").and_then(Value::as_bool) != Some(true) {
            return Ok(Err(
                "the engine is a worker of its swarm, and only a manager is told what to run".to_owned()
            ));
        }
        let node = text("NodeID").to_owned();
        let own = socket.get(&format!("/nodes/{}", escape(&node)))?.unwrap_or_default();
        let Some(hostname) = own.pointer("/Description/Hostname").and_then(Value::as_str) else {
            return Err(Silence::elsewhere("the engine does not say which node it is"));
        };
        let nodes = swarm.get("Nodes").and_then(Value::as_u64).unwrap_or(0);
        let nodes = usize::try_from(nodes).unwrap_or(usize::MAX);
        Ok(Ok(Self { socket, hostname: hostname.to_owned(), node, version, nodes }))
    }

    fn asked<T>(
        &self,
        what: impl std::fmt::Display,
        work: impl FnOnce(&Socket) -> Result<T, Silence>,
    ) -> Answer<T> {
        Answer::trying(|| work(&self.socket).map_err(Silence::into_reason)).context(what)
    }

    /// All objects of a kind with a label.
    pub fn labelled(&self, kind: Kind, label: &str) -> Answer<Vec<Object>> {
        self.listed(kind, &json!({ "label": [label] }))
    }

    /// The objects of this name.
    pub fn named(&self, kind: Kind, name: &str) -> Answer<Vec<Object>> {
        let found = self.listed(kind, &json!({ "name": [name] }));
        found.map(|found| found.into_iter().filter(|object| object.name == name).collect())
    }

    fn listed(&self, kind: Kind, filters: &Value) -> Answer<Vec<Object>> {
        let path = format!("/{}?filters={}", kind.path(), escape(&filters.to_string()));
        self.asked(format_args!("cannot list {}s", kind.name()), |socket| {
            let Some(Value::Array(found)) = socket.get(&path)? else {
                return Err(Silence::elsewhere("no list"));
            };
            let read = |document| Object::read(kind, document).map_err(Silence::elsewhere);
            found.iter().map(read).collect()
        })
    }

    /// One object by its id; `None` where the engine says that it is not there.
    pub fn object(&self, kind: Kind, id: &str) -> Answer<Option<Object>> {
        let path = format!("/{}/{}", kind.path(), escape(id));
        self.asked(format_args!("cannot look at the {} {id}", kind.name()), |socket| {
            let found = socket.get(&path)?;
            found.map(|document| Object::read(kind, &document).map_err(Silence::elsewhere)).transpose()
        })
    }

    /// Makes an object, and says its id.
    pub fn create(&self, kind: Kind, spec: &Value) -> Done<String> {
        let path = format!("/{}/create", kind.path());
        self.asked(format_args!("cannot make a {}", kind.name()), |socket| {
            Ok(match socket.post(&path, Some(spec))? {
                Ok(made) => {
                    let id = made.get("ID").or_else(|| made.get("Id")).and_then(Value::as_str);
                    Ok(id
                        .ok_or_else(|| Silence::elsewhere("the engine names nothing that it made"))?
                        .to_owned())
                }
                Err(refused) => Err(refused),
            })
        })
    }

    /// Changes an object from the version that was looked at.
    pub fn update(&self, object: &Object, spec: &Value) -> Done<()> {
        let path =
            format!("/{}/{}/update?version={}", object.kind.path(), escape(&object.id), object.version);
        self.asked(format_args!("cannot change the {} {}", object.kind.name(), object.name), |socket| {
            Ok(socket.post(&path, Some(spec))?.map(drop))
        })
    }

    /// Takes a service back to what it was before its last change.
    pub fn roll_back(&self, object: &Object) -> Done<()> {
        let path =
            format!("/services/{}/update?version={}&rollback=previous", escape(&object.id), object.version);
        self.asked(format_args!("cannot take the service {} back", object.name), |socket| {
            Ok(socket.post(&path, Some(&object.spec))?.map(drop))
        })
    }

    /// Removes an object. One that is gone already is no failure; a network that tasks are about to leave is waited for.
    pub fn remove(&self, object: &Object) -> Done<()> {
        let path = format!("/{}/{}", object.kind.path(), escape(&object.id));
        let end = Instant::now() + LEAVING;
        loop {
            let done = self.asked(
                format_args!("cannot remove the {} {}", object.kind.name(), object.name),
                |socket| {
                    Ok(match socket.delete(&path)? {
                        Err(refused) if refused.status == "404" => Ok(()),
                        other => other.map(drop),
                    })
                },
            );
            let waits = matches!(&done, Answer::Known(Err(refused)) if is_in_use(refused))
                && object.kind == Kind::Network;
            if !waits || Instant::now() >= end {
                return done;
            }
            sleep(PAUSE);
        }
    }

    /// The tasks of a service, of now and of before.
    pub fn tasks(&self, service: &str) -> Answer<Vec<Task>> {
        let filters = json!({ "service": [service] }).to_string();
        let path = format!("/tasks?filters={}", escape(&filters));
        self.asked("cannot list tasks", |socket| match socket.get(&path)? {
            Some(Value::Array(found)) => Ok(found.iter().map(Task::read).collect()),
            _ => Err(Silence::elsewhere("no list")),
        })
    }

    /// The digest that a registry has for an image; known is also that none can be had, in the engine's words.
    pub fn digest(&self, image: &str) -> Done<String> {
        let name = image.split('/').map(escape).collect::<Vec<_>>().join("/");
        self.asked(format_args!("cannot ask for the digest of {image}"), |socket| {
            Ok(match socket.get_patiently(&format!("/distribution/{name}/json"))? {
                Ok(found) => {
                    let digest = found.pointer("/Descriptor/digest").and_then(Value::as_str);
                    Ok(digest.ok_or_else(|| Silence::elsewhere("the answer has no digest"))?.to_owned())
                }
                Err(refused) => Err(refused),
            })
        })
    }
}

fn is_in_use(refused: &Refused) -> bool {
    ["in use", "has active endpoints"].iter().any(|words| refused.message.contains(words))
}

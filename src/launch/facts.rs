//! What the engine says of a project, asked in as few questions as there are kinds, side by side.

use std::collections::{BTreeMap, BTreeSet};
use std::thread::{Builder, ScopedJoinHandle, scope};

use serde_json::{Value, json};

use crate::compose::{Model, text};
use crate::engine::socket::{Socket, escape};
use crate::engine::{Answer, Container, Engine, Image, Inspection};

use crate::yaml::Node;

use super::live::{image_name, resources};

/// What is asked; plain names, so that it can be asked from several threads.
#[derive(Clone, Debug, Default)]
pub struct Question {
    pub project: String,
    /// By the name that the model gives them.
    pub images: BTreeSet<String>,
    pub used: resources::Used,
    /// Containers that the model joins by their own name.
    pub named: BTreeSet<String>,
    /// Containers made by `run`, too.
    pub one_offs: bool,
}

/// The answers.
#[derive(Debug, Default)]
pub struct Facts {
    pub containers: Vec<Inspection>,
    /// As far as they are there.
    pub others: Vec<Inspection>,
    pub images: BTreeMap<String, Image>,
    pub networks: Vec<Value>,
    pub volumes: Vec<Value>,
}

impl Question {
    /// About what these services of the model need.
    pub fn new(model: &Model, services: &BTreeSet<String>) -> Self {
        let known = || {
            model.services().filter(|(name, node)| services.contains(*name) && node.get("provider").is_none())
        };
        Self {
            project: model.name.clone(),
            images: known().map(|(name, node)| image_name(&model.name, name, node)).collect(),
            used: resources::used(model, known().map(|(_, node)| node)),
            named: known().flat_map(|(_, node)| joined_by_name(node)).collect(),
            one_offs: false,
        }
    }

    /// Asks. One answer that does not come makes the whole unknown.
    pub fn ask(&self, engine: &Engine) -> Answer<Facts> {
        let networks: Vec<&String> = self.used.networks.values().collect();
        let volumes: Vec<&String> = self.used.volumes.values().collect();
        let answers = scope(|scope| {
            let images = Builder::new().spawn_scoped(scope, || images(engine, &self.images));
            let networks = Builder::new().spawn_scoped(scope, || objects(engine, "network", &networks));
            let volumes = Builder::new().spawn_scoped(scope, || objects(engine, "volume", &volumes));
            let containers = self.containers(engine);
            (containers, joined(images), joined(networks), joined(volumes))
        });
        let (containers, images, networks, volumes) = answers;
        Answer::trying(|| {
            Ok(Facts {
                containers: containers.into_result()?,
                others: others(engine, &self.named),
                images: images.into_result()?,
                networks: networks.into_result()?,
                volumes: volumes.into_result()?,
            })
        })
    }

    /// One that ends between the two questions makes the second fail, so both are asked again once.
    fn containers(&self, engine: &Engine) -> Answer<Vec<Inspection>> {
        let once = || {
            listed(engine, &self.project, self.one_offs).and_then(|found| {
                let ids: Vec<&str> = found.iter().map(|container| container.id.as_str()).collect();
                inspected(engine, &ids)
            })
        };
        match once() {
            Answer::Unknown(_) => once(),
            known @ Answer::Known(_) => known,
        }
    }
}

/// A container of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    pub id: String,
    pub service: String,
}

/// `container:NAME`, wherever a service can say it.
fn joined_by_name(service: &Node) -> Vec<String> {
    let modes = ["network_mode", "pid", "ipc"].into_iter().filter_map(|key| service.get(key)).map(text);
    let lenders = service.get("volumes_from").and_then(Node::as_seq).unwrap_or_default().iter().map(text);
    let name = |text: String| {
        let name = text.strip_prefix("container:")?;
        Some(name.split(':').next().unwrap_or(name).to_owned())
    };
    modes.chain(lenders).filter_map(name).collect()
}

/// One that is gone is nobody's namespace.
fn others(engine: &Engine, names: &BTreeSet<String>) -> Vec<Inspection> {
    names.iter().filter_map(|name| engine.inspect(&[name]).known()).flatten().collect()
}

fn joined<T>(thread: std::io::Result<ScopedJoinHandle<'_, Answer<T>>>) -> Answer<T> {
    let ended_early = |_| Answer::unknown("the question to the engine ended unexpectedly");
    match thread {
        Ok(thread) => thread.join().unwrap_or_else(ended_early),
        Err(error) => Answer::Unknown(format!("cannot start a thread: {error}")),
    }
}

/// The containers of a project.
pub fn listed(engine: &Engine, project: &str, one_offs: bool) -> Answer<Vec<Listed>> {
    match Socket::of(engine).map(|socket| listed_by(&socket, project, one_offs)) {
        Some(known @ Answer::Known(_)) => known,
        _ => engine.containers(project).map(|found| {
            let kept = found.into_iter().filter(|container| one_offs || !container.is_one_off);
            kept.map(|Container { id, service, .. }| Listed { id, service }).collect()
        }),
    }
}

fn listed_by(socket: &Socket, project: &str, one_offs: bool) -> Answer<Vec<Listed>> {
    let filters = json!({ "label": [format!("com.docker.compose.project={project}")] }).to_string();
    let path = format!("/containers/json?all=true&filters={}", escape(&filters));
    socket.get(&path).and_then(|found| {
        let Some(Value::Array(found)) = found else { return Answer::unknown("no list of containers") };
        let read = |container: &Value| {
            let label = |name: &str| {
                let labels = container.get("Labels")?;
                labels.get(format!("com.docker.compose.{name}"))?.as_str().map(str::to_owned)
            };
            let id = container.get("Id").and_then(Value::as_str).filter(|id| id.len() == 64);
            let one_off = label("oneoff").is_some_and(|label| label.eq_ignore_ascii_case("true"));
            let service = label("service").unwrap_or_default();
            id.map(|id| (Listed { id: id.to_owned(), service }, one_off)).ok_or("a container without an id")
        };
        let all: Answer<Vec<(Listed, bool)>> = found.iter().map(|container| read(container).into()).collect();
        all.map(|all| {
            all.into_iter().filter(|(_, one_off)| one_offs || !one_off).map(|(listed, _)| listed).collect()
        })
    })
}

fn inspected(engine: &Engine, ids: &[&str]) -> Answer<Vec<Inspection>> {
    let by_socket = Socket::of(engine).map(|socket| -> Answer<Vec<Inspection>> {
        let one = |id: &&str| {
            socket.get(&format!("/containers/{}/json", escape(id))).and_then(|found| match found {
                Some(raw) => Inspection::read(raw).into(),
                None => Answer::Unknown(format!("container {id} is gone")),
            })
        };
        ids.iter().map(one).collect()
    });
    match by_socket {
        Some(known @ Answer::Known(_)) => known,
        _ => engine.inspect(ids),
    }
}

fn images(engine: &Engine, names: &BTreeSet<String>) -> Answer<BTreeMap<String, Image>> {
    let by_socket = Socket::of(engine).map(|socket| -> Answer<Vec<Option<Image>>> {
        let one = |name: &String| {
            // The engine's paths have names as they are.
            let name = name.split('/').map(escape).collect::<Vec<_>>().join("/");
            socket.get(&format!("/images/{name}/json")).and_then(|found| match found {
                Some(raw) => Image::read(&raw).map(Some).ok_or("an image without an id").into(),
                None => Answer::Known(None),
            })
        };
        names.iter().map(one).collect()
    });
    let found = match by_socket {
        Some(known @ Answer::Known(_)) => known,
        _ => engine.images(&names.iter().map(String::as_str).collect::<Vec<_>>()),
    };
    found.map(|found| {
        names.iter().cloned().zip(found).filter_map(|(name, image)| Some((name, image?))).collect()
    })
}

/// Inspects networks or volumes. One that is not there is left out: nothing is in it.
fn objects(engine: &Engine, kind: &str, names: &[&String]) -> Answer<Vec<Value>> {
    if names.is_empty() {
        return Answer::Known(Vec::new());
    }
    let by_socket = Socket::of(engine).map(|socket| -> Answer<Vec<Option<Value>>> {
        names.iter().map(|name| socket.get(&format!("/{kind}s/{}", escape(name)))).collect()
    });
    if let Some(Answer::Known(found)) = by_socket {
        return Answer::Known(found.into_iter().flatten().collect());
    }
    let words = [kind, "inspect", "--"].into_iter().chain(names.iter().map(|name| name.as_str()));
    let asked = engine.command().run(words).and_then(|output| {
        let complaint = output.stderr.to_lowercase();
        let missing = complaint.lines().all(|line| line.contains("not found") || line.contains("no such"));
        if !output.succeeded() && (!missing || complaint.trim().is_empty()) {
            return Answer::Unknown(output.complaint());
        }
        serde_json::from_slice(&output.stdout).into()
    });
    asked.context(format_args!("cannot inspect {kind}s"))
}

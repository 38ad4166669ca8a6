//! What the engine says of a project, asked in as few questions as there are kinds, side by side.

use std::collections::{BTreeMap, BTreeSet};
use std::thread::scope;

use serde_json::Value;

use crate::compose::Model;
use crate::engine::{Answer, Container, Engine, Image, Inspection};

use super::live::{image_name, resources};

/// What is asked; plain names, so that it can be asked from several threads.
#[derive(Clone, Debug, Default)]
pub struct Question {
    pub project: String,
    /// By the name that the model gives them.
    pub images: BTreeSet<String>,
    pub used: resources::Used,
    /// Containers made by `run`, too.
    pub one_offs: bool,
}

/// The answers.
#[derive(Debug, Default)]
pub struct Facts {
    pub containers: Vec<Inspection>,
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
            one_offs: false,
        }
    }

    /// Asks. One answer that does not come makes the whole unknown.
    pub fn ask(&self, engine: &Engine) -> Answer<Facts> {
        let networks: Vec<&String> = self.used.networks.values().collect();
        let volumes: Vec<&String> = self.used.volumes.values().collect();
        let answers = scope(|scope| {
            let images = scope.spawn(|| images(engine, &self.images));
            let networks = scope.spawn(|| objects(engine, "network", &networks));
            let volumes = scope.spawn(|| objects(engine, "volume", &volumes));
            let containers = self.containers(engine);
            (containers, joined(images.join()), joined(networks.join()), joined(volumes.join()))
        });
        let (containers, images, networks, volumes) = answers;
        Answer::trying(|| {
            Ok(Facts {
                containers: containers.into_result()?,
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
                engine.inspect(&ids)
            })
        };
        match once() {
            Answer::Unknown(_) => once(),
            known @ Answer::Known(_) => known,
        }
    }
}

fn joined<T>(answer: std::thread::Result<Answer<T>>) -> Answer<T> {
    answer.unwrap_or_else(|_| Answer::unknown("the question to the engine ended unexpectedly"))
}

/// The containers of a project.
pub fn listed(engine: &Engine, project: &str, one_offs: bool) -> Answer<Vec<Container>> {
    let keep = |container: &Container| one_offs || !container.is_one_off;
    engine.containers(project).map(|found| found.into_iter().filter(keep).collect())
}

fn images(engine: &Engine, names: &BTreeSet<String>) -> Answer<BTreeMap<String, Image>> {
    let asked: Vec<&str> = names.iter().map(String::as_str).collect();
    engine.images(&asked).map(|found| {
        names.iter().cloned().zip(found).filter_map(|(name, image)| Some((name, image?))).collect()
    })
}

/// Inspects networks or volumes. One that is not there is left out: nothing is in it.
fn objects(engine: &Engine, kind: &str, names: &[&String]) -> Answer<Vec<Value>> {
    if names.is_empty() {
        return Answer::Known(Vec::new());
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

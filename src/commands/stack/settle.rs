//! Waits until tasks run, and compares those of this node with the model, as the containers that they are.

use std::collections::{BTreeMap, BTreeSet};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::compose::Model;
use crate::diagnostic::{Code, Finding};
use crate::engine::swarm::{Manager, Object, Task};
use crate::engine::{Answer, Engine, Image};
use crate::launch::facts::inspected;
use crate::launch::live::{Weakness, image_name};
use crate::launch::proof;
use crate::reach::swarm::Stack;
use crate::reach::swarm::compare::differences;
use crate::reach::swarm::tasks::weaker;

use super::apply::Deployed;
use super::known;

/// The time that tasks may take to run.
const PATIENCE: Duration = Duration::from_secs(90);

const PAUSE: Duration = Duration::from_millis(400);

/// The state of a service's tasks.
#[derive(Debug, Default)]
pub struct Settled {
    /// Running, of this spec.
    pub running: usize,
    /// The number of tasks to wait for; `None` where every node has one.
    pub wanted: Option<usize>,
    /// The latest that is said of one that failed.
    pub error: Option<String>,
    /// Containers on this node.
    pub containers: Vec<String>,
    /// The image as the service names it, with its digest.
    pub image: String,
}

impl Settled {
    fn is_done(&self) -> bool {
        self.wanted.map_or(self.running > 0, |wanted| self.running >= wanted)
    }
}

/// Waits for the tasks of all services.
pub fn wait(manager: &Manager, services: &[Deployed]) -> Result<BTreeMap<String, Settled>, Finding> {
    let end = Instant::now() + PATIENCE;
    loop {
        let mut all = BTreeMap::new();
        for service in services {
            let tasks = known(manager.tasks(&service.id))?;
            all.insert(service.key.clone(), settled(manager, service, &tasks));
        }
        if all.values().all(Settled::is_done) || Instant::now() >= end {
            return Ok(all);
        }
        sleep(PAUSE);
    }
}

fn settled(manager: &Manager, service: &Deployed, tasks: &[Task]) -> Settled {
    let mut template = service.spec.get("TaskTemplate").cloned().unwrap_or_default();
    // A task is not told which program runs it.
    if let Some(fields) = template.as_object_mut() {
        fields.remove("Runtime");
    }
    let count = |pointer: &str| service.spec.pointer(pointer).and_then(Value::as_u64);
    let wanted = count("/Mode/Replicated/Replicas").or_else(|| count("/Mode/ReplicatedJob/TotalCompletions"));
    let is_current = |task: &&Task| {
        let mut spec = task.spec.clone();
        if let Some(fields) = spec.as_object_mut() {
            fields.remove("Runtime");
        }
        differences(&template, &spec).is_empty()
    };
    let of_now: Vec<&Task> = tasks.iter().filter(is_current).collect();
    // A task that has done its work has run.
    let runs =
        |task: &&&Task| task.state == "running" && task.desired == "running" || task.state == "complete";
    let running: Vec<&&Task> = of_now.iter().filter(runs).collect();
    let failed =
        of_now.iter().filter(|task| matches!(task.state.as_str(), "failed" | "rejected" | "orphaned"));
    let pending = of_now.iter().filter(|task| task.state == "pending" && !task.error.is_empty());
    let error = failed.chain(pending).map(|task| task.error.clone()).find(|error| !error.is_empty());
    Settled {
        running: running.len(),
        wanted: wanted.map(|count| usize::try_from(count).unwrap_or(usize::MAX)),
        error,
        containers: here(manager, running.into_iter().copied()),
        image: image_of(&service.spec),
    }
}

/// One finding for each service whose tasks do not all run.
pub fn findings(stack: &Stack, settled: &BTreeMap<String, Settled>) -> Vec<Finding> {
    let late = settled.iter().filter(|(_, settled)| !settled.is_done());
    late.filter_map(|(name, settled)| {
        let object = stack.services.iter().find(|object| object.key == *name)?;
        let of = settled.wanted.map(|wanted| format!(" of {wanted}")).unwrap_or_default();
        let why = settled.error.as_ref().map(|error| format!(": {error}")).unwrap_or_default();
        let message = format!(
            "{}{of} tasks of service `{name}` run after {} s{why}",
            settled.running,
            PATIENCE.as_secs()
        );
        let help = format!(
            "`docker service ps --no-trunc {}` says more; correct the cause and deploy again.",
            object.name
        );
        let finding = Finding::error(Code::TaskFailed, message).at_origin(object.origin, "this service");
        Some(finding.help(help).of_service(name))
    })
    .collect()
}

/// The containers that were compared, and where they are weaker than the model.
pub struct Seen {
    /// The service and the container's name.
    pub containers: Vec<(String, String)>,
    pub weak: Vec<Weakness>,
}

/// Containers of tasks on the node that is asked.
fn here<'t>(manager: &Manager, tasks: impl Iterator<Item = &'t Task>) -> Vec<String> {
    let own = tasks.filter(|task| task.node == manager.node && !task.container.is_empty());
    own.map(|task| task.container.clone()).collect()
}

fn image_of(spec: &Value) -> String {
    let image = spec.pointer("/TaskTemplate/ContainerSpec/Image").and_then(Value::as_str);
    image.unwrap_or_default().to_owned()
}

/// The tasks of a service that run now, whatever they were made from.
pub fn running(manager: &Manager, service: &Object) -> Result<Settled, Finding> {
    let tasks = known(manager.tasks(&service.id))?;
    let running: Vec<&Task> = tasks.iter().filter(|task| task.state == "running").collect();
    Ok(Settled {
        running: running.len(),
        containers: here(manager, running.into_iter()),
        image: image_of(&service.spec),
        ..Settled::default()
    })
}

/// Looks at the containers of tasks on this node. One that ended meanwhile is none.
pub fn look(engine: &Engine, model: &Model, settled: &BTreeMap<String, Settled>) -> Result<Seen, Finding> {
    let names: BTreeSet<&str> = settled.values().map(|settled| settled.image.as_str()).collect();
    let names: Vec<&str> = names.into_iter().filter(|name| !name.is_empty()).collect();
    let found = known(engine.images(&names))?;
    let images: BTreeMap<&str, Image> =
        names.iter().zip(found).filter_map(|(name, image)| Some((*name, image?))).collect();
    let mut seen = Seen { containers: Vec::new(), weak: Vec::new() };
    for (service, settled) in settled {
        let Some(node) = proof::service(model, service) else { continue };
        // On this machine the name may stand for another content than the digest says.
        let own = images.get(settled.image.as_str()).cloned();
        let own = own.into_iter().map(|image| (image_name(&model.name, service, node), image)).collect();
        for id in &settled.containers {
            let container = match inspected(engine, &[id]) {
                Answer::Known(Some(found)) => found.into_iter().next(),
                Answer::Known(None) => None,
                Answer::Unknown(reason) => return Err(crate::engine::unanswered(&reason)),
            };
            let Some(container) = container else { continue };
            seen.weak.extend(weaker(model, service, &container, &own));
            seen.containers.push((service.clone(), container.name));
        }
    }
    Ok(seen)
}

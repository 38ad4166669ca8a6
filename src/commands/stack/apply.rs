//! Makes and changes the objects of a stack, and reads back what came of it.

use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::diagnostic::{Code, Finding};
use crate::engine::Answer;
use crate::engine::swarm::{Kind, Manager, Object};
use crate::model::image::ImageName;
use crate::reach::swarm::compare::differences;
use crate::reach::swarm::{self, NAMESPACE, Stack};

use super::network::network_as_asked;
use super::refer::Ids;
use super::undo::Done;
use super::words::{changed, foreign, gone, not_there, refuse_differences};
use super::{done, known, label, swarm_refuses};

/// How long a swarm may take to give a network its driver and numbers.
const ALLOCATED: Duration = Duration::from_secs(15);

const PAUSE: Duration = Duration::from_millis(50);

/// The step that was taken for one object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    Made,
    Changed,
    Same,
}

impl Fate {
    pub fn name(self) -> &'static str {
        match self {
            Self::Made => "created",
            Self::Changed => "updated",
            Self::Same => "unchanged",
        }
    }
}

/// A service as it is now in the swarm.
pub struct Deployed {
    /// The name in the model.
    pub key: String,
    pub id: String,
    pub spec: Value,
}

pub struct Apply<'a> {
    pub manager: &'a Manager,
    pub stack: &'a Stack,
    pub name: &'a str,
    pub ids: Ids,
    pub done: Done,
    /// `created network agent-pod_default`
    pub said: Vec<String>,
}

impl<'a> Apply<'a> {
    pub fn new(manager: &'a Manager, stack: &'a Stack, name: &'a str) -> Self {
        Self { manager, stack, name, ids: Ids::default(), done: Done::default(), said: Vec::new() }
    }

    fn say(&mut self, fate: Fate, kind: Kind, name: &str) {
        self.said.push(format!("{} {} {name}", fate.name(), kind.name()));
    }

    /// Networks, secrets and configs.
    pub fn resources(&mut self) -> Result<(), Finding> {
        let kinds = [
            (Kind::Network, &self.stack.networks),
            (Kind::Secret, &self.stack.secrets),
            (Kind::Config, &self.stack.configs),
        ];
        for (kind, wanted) in kinds {
            for object in wanted {
                let id = self.resource(kind, object)?;
                self.ids.insert(kind, &object.name, &id);
            }
        }
        Ok(())
    }

    fn resource(&mut self, kind: Kind, wanted: &swarm::Object) -> Result<String, Finding> {
        let mut there = known(self.manager.named(kind, &wanted.name))?;
        if kind == Kind::Network {
            there.retain(|network| network.scope == "swarm");
        }
        if wanted.is_external {
            return match there.as_slice() {
                [one] => Ok(one.id.clone()),
                others => Err(not_there(kind, wanted, others.len())),
            };
        }
        let Some(found) = there.first() else {
            let what = format!("the {} {}", kind.name(), wanted.name);
            let id = done(&what, self.manager.create(kind, &wanted.spec))
                .map_err(|finding| finding.at_origin(wanted.origin, "declared here"))?;
            self.done.made(kind, &id, &wanted.name);
            self.say(Fate::Made, kind, &wanted.name);
            if let Some(found) = self.made_now(kind, &id)? {
                read_back(kind, wanted, &found)?;
            }
            return Ok(id);
        };
        if found.label(NAMESPACE) != Some(self.name) {
            return Err(foreign(kind, wanted, found));
        }
        let fate = self.change(kind, wanted, found)?;
        self.say(fate, kind, &wanted.name);
        Ok(found.id.clone())
    }

    /// Reads an object that was just made. A network has no driver until the swarm has given it one.
    fn made_now(&self, kind: Kind, id: &str) -> Result<Option<Object>, Finding> {
        let end = Instant::now() + ALLOCATED;
        loop {
            let found = known(self.manager.object(kind, id))?;
            let driver = found.as_ref().and_then(|found| found.spec.get("Driver")).and_then(Value::as_str);
            if kind != Kind::Network
                || driver.is_some_and(|driver| !driver.is_empty())
                || Instant::now() >= end
            {
                return Ok(found);
            }
            sleep(PAUSE);
        }
    }

    /// Secrets, configs and networks stay as they were made, but for labels.
    fn change(&self, kind: Kind, wanted: &swarm::Object, found: &Object) -> Result<Fate, Finding> {
        match kind {
            Kind::Network => {
                let differs = differences(&wanted.spec, &network_as_asked(&wanted.spec, &found.spec));
                match differs.as_slice() {
                    [] => Ok(Fate::Same),
                    [first, ..] => {
                        let message = format!(
                            "the network {} is there with other settings: {} is {}, not {}",
                            wanted.name, first.path, first.found, first.wanted
                        );
                        let help = "A network cannot be changed. Give it another name (`name: …`), or remove the stack first.";
                        Err(Finding::error(Code::StackContent, message)
                            .at_origin(wanted.origin, "declared here")
                            .help(help))
                    }
                }
            }
            // Its content is never told: the swarm compares it.
            Kind::Secret => match known(self.manager.update(found, &wanted.spec))? {
                Ok(()) => Ok(Fate::Same),
                Err(refused) if refused.message.contains("only updates to Labels") => {
                    Err(changed(kind, wanted))
                }
                Err(refused) => Err(swarm_refuses(&format!("the secret {}", wanted.name), &refused)),
            },
            Kind::Config => {
                let differs = differences(&wanted.spec, &found.spec);
                if differs.is_empty() {
                    return Ok(Fate::Same);
                }
                if differs.iter().any(|one| !one.path.starts_with("Labels")) {
                    return Err(changed(kind, wanted));
                }
                done(&format!("the config {}", wanted.name), self.manager.update(found, &wanted.spec))?;
                Ok(Fate::Changed)
            }
            Kind::Service => Ok(Fate::Same),
        }
    }

    /// The services of the stack that are there.
    pub fn present(&self) -> Result<Vec<Object>, Finding> {
        known(self.manager.labelled(Kind::Service, &label(self.name)))
    }

    /// The spec to ask for: with the ids of networks, and with the digest and the count that only the present service has.
    pub fn wanted(&self, object: &swarm::Object, there: Option<&Object>, digest: Option<&str>) -> Value {
        let mut spec = self.ids.filled(&object.spec);
        let image = |spec: &Value| {
            spec.pointer("/TaskTemplate/ContainerSpec/Image")
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        let written = image(&spec);
        let before =
            there.map(|there| image(&there.spec)).filter(|before| before.starts_with(&format!("{written}@")));
        let pinned = digest
            .filter(|_| ImageName::read(&written).digest.is_none())
            .map(|digest| format!("{written}@{digest}"))
            .or(before);
        if let (Some(pinned), Some(image)) = (pinned, spec.pointer_mut("/TaskTemplate/ContainerSpec/Image")) {
            *image = Value::String(pinned);
        }
        // This counts how often somebody made the tasks anew.
        let forced = there.and_then(|there| there.spec.pointer("/TaskTemplate/ForceUpdate")).cloned();
        if let (Some(forced), Some(task)) =
            (forced, spec.get_mut("TaskTemplate").and_then(Value::as_object_mut))
        {
            task.insert("ForceUpdate".to_owned(), forced);
        }
        spec
    }

    /// Asks for the service once without any task, and looks at what the engine keeps of it: one that drops a field says
    /// nothing, and no task is to be started to find out.
    pub fn try_out(&self, object: &swarm::Object, spec: &Value) -> Result<(), Finding> {
        let mut trial = spec.clone();
        let name = trial_name(&object.name);
        if let Some(fields) = trial.as_object_mut() {
            fields.insert("Name".to_owned(), json!(name));
            fields.insert("Mode".to_owned(), json!({ "Replicated": { "Replicas": 0 } }));
            // The ports are taken by the service itself.
            if let Some(endpoint) = fields.get_mut("EndpointSpec").and_then(Value::as_object_mut) {
                endpoint.remove("Ports");
            }
        }
        let place = |finding: Finding| finding.at_origin(object.origin, "this service");
        let what = format!("the service {}", object.name);
        let id = done(&what, self.manager.create(Kind::Service, &trial)).map_err(place)?;
        let found = self.manager.object(Kind::Service, &id);
        let one =
            Object { kind: Kind::Service, id, name, version: 0, spec: Value::Null, scope: String::new() };
        done(&what, self.manager.remove(&one))?;
        match known(found)? {
            Some(found) => refuse_differences(&what, object, &differences(&trial, &found.spec)),
            None => Err(gone(object)),
        }
    }

    /// Makes or changes a service, and looks at what the swarm has of it.
    pub fn service(
        &mut self,
        object: &swarm::Object,
        there: Option<&Object>,
        spec: Value,
    ) -> Result<Deployed, Finding> {
        let what = format!("the service {}", object.name);
        let place = |finding: Finding| finding.at_origin(object.origin, "this service");
        let (id, fate) = match there {
            Some(there) if differences(&spec, &there.spec).is_empty() => (there.id.clone(), Fate::Same),
            Some(there) => {
                done(&what, self.manager.update(there, &spec)).map_err(place)?;
                self.done.changed(there);
                (there.id.clone(), Fate::Changed)
            }
            None => {
                let id = done(&what, self.manager.create(Kind::Service, &spec)).map_err(place)?;
                self.done.made(Kind::Service, &id, &object.name);
                (id, Fate::Made)
            }
        };
        let Some(found) = known(self.manager.object(Kind::Service, &id))? else { return Err(gone(object)) };
        refuse_differences(&what, object, &differences(&spec, &found.spec))?;
        self.say(fate, Kind::Service, &object.name);
        Ok(Deployed { key: object.key.clone(), id, spec })
    }
}

/// Within what a name may have.
fn trial_name(name: &str) -> String {
    let short: String = name.chars().take(55).collect();
    format!("{}-trial", short.trim_end_matches(['-', '_']))
}

/// Refuses what was made otherwise than it was asked for.
fn read_back(kind: Kind, wanted: &swarm::Object, found: &Object) -> Result<(), Finding> {
    let (wanted_spec, spec) = match kind {
        Kind::Network => (wanted.spec.clone(), network_as_asked(&wanted.spec, &found.spec)),
        // It is never told.
        Kind::Secret => (without(&wanted.spec, "Data"), without(&found.spec, "Data")),
        _ => (wanted.spec.clone(), found.spec.clone()),
    };
    let differs = differences(&wanted_spec, &spec);
    refuse_differences(&format!("{} {}", kind.name(), wanted.name), wanted, &differs)
}

fn without(spec: &Value, key: &str) -> Value {
    let mut spec = spec.clone();
    if let Some(fields) = spec.as_object_mut() {
        fields.remove(key);
    }
    spec
}

/// Removes what the stack has and the model no longer: services first, which use the rest.
pub fn prune(apply: &mut Apply<'_>) -> Result<(), Finding> {
    for object in super::remove::all(apply.manager, apply.name)? {
        let stack = apply.stack;
        let wanted = match object.kind {
            Kind::Network => &stack.networks,
            Kind::Secret => &stack.secrets,
            Kind::Config => &stack.configs,
            Kind::Service => &stack.services,
        };
        if wanted.iter().any(|wanted| wanted.name == object.name) {
            continue;
        }
        let what = format!("{} {}", object.kind.name(), object.name);
        match apply.manager.remove(&object) {
            Answer::Known(Ok(())) => apply.said.push(format!("removed {what}")),
            // A task of the service as it was before may still have it.
            Answer::Known(Err(refused)) if refused.message.contains("in use") => {
                apply.said.push(format!("left {what} (still in use; deploy with --prune again)"));
            }
            other => done(&format!("the removal of {what}"), other)?,
        }
    }
    Ok(())
}

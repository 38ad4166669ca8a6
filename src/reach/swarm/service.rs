//! One service: its name and labels around the template of its tasks.

use serde_json::Value;

use crate::compose::text;
use crate::model::{identity, image, logging, order, program};
use crate::reach::refusal::{Of, unknown_user};
use crate::reach::table;
use crate::source::Origin;
use crate::yaml::{Mapping, Node};

use super::context::Context;
use super::object::Fields;
use super::{IMAGE, NAMESPACE, Object, container, limits, network, ports, schedule};

/// A service of the model, as all who translate it see it.
pub struct Service<'m> {
    pub name: &'m str,
    pub node: &'m Node,
    section: String,
}

impl<'m> Service<'m> {
    pub fn new(name: &'m str, node: &'m Node) -> Self {
        Self { name, node, section: format!("services.{name}") }
    }

    pub fn of(&self) -> Of<'_> {
        Of { service: Some(self.name), section: &self.section }
    }

    pub fn get(&self, key: &str) -> Option<&'m Node> {
        self.node.get(key).filter(|node| !node.is_null())
    }

    pub fn at(&self, keys: &[&str]) -> Option<&'m Node> {
        self.node.at(keys).filter(|node| !node.is_null())
    }

    pub fn list(&self, key: &str) -> &'m [Node] {
        match self.get(key) {
            Some(node) => node.as_seq().unwrap_or_else(|| std::slice::from_ref(node)),
            None => &[],
        }
    }

    pub fn texts(&self, key: &str) -> Vec<String> {
        self.list(key).iter().map(text).collect()
    }

    pub fn is_true(&self, key: &str) -> bool {
        self.get(key).and_then(Node::as_bool) == Some(true)
    }

    /// Refuses a value with what the table says to do. `true` where a waiver lets it be left out.
    pub fn refuse(&self, context: &mut Context<'_>, key: &str, origin: Origin, why: &str) -> bool {
        let row = table::rows().find(|row| row.place.starts_with("services.") && row.key() == key);
        let todo = row.map_or("Leave it out", table::Row::todo_on_swarm);
        context.refusals.refuse(self.of(), key, origin, why, todo)
    }
}

/// The service; `None` where there is nothing to run.
pub fn translate(context: &mut Context<'_>, name: &str, node: &Node) -> Option<Object> {
    if program::PROVIDER.is_set(node) {
        return None;
    }
    let service = Service::new(name, node);
    depends(context, &service);
    user(context, &service);
    let mut task = Fields::new();
    let container = container::spec(context, &service);
    task.put("ContainerSpec", container.done());
    let resources = limits::resources(context, &service);
    task.put_fields("Resources", resources);
    let restart = schedule::restart(context, &service);
    task.put_fields("RestartPolicy", restart);
    let placement = schedule::placement(context, &service);
    task.put_fields("Placement", placement);
    task.put_list("Networks", network::attachments(context, &service));
    if let Some(log) = logging::LOGGING.node(service.node) {
        let mut driver = Fields::new();
        driver.put_some("Name", logging::DRIVER.text(service.node));
        driver.put_fields("Options", words(logging::OPTIONS.node(service.node)));
        if logging::DRIVER.text(service.node).is_some() {
            task.put("LogDriver", driver.done());
        } else if !driver.is_empty() {
            // Options alone are those of the engine's own driver, which is not the same on every node.
            service.refuse(context, "logging", log.origin, "options without a driver are dropped");
        }
    }
    task.put("Runtime", "container");
    let mut labels = words(service.at(&["deploy", "labels"]));
    labels.put(NAMESPACE, context.stack());
    labels.put(IMAGE, image::IMAGE.text(service.node).unwrap_or_default());
    let mut spec = Fields::new();
    let full = format!("{}_{name}", context.stack());
    spec.put("Name", full.as_str());
    spec.put("Labels", labels.done());
    spec.put("TaskTemplate", task.done());
    let mode = schedule::mode(context, &service);
    spec.put("Mode", mode);
    for (key, field) in [("update_config", "UpdateConfig"), ("rollback_config", "RollbackConfig")] {
        let config = schedule::update(context, &service, key);
        spec.put_fields(field, config);
    }
    let endpoint = ports::endpoint(context, &service);
    spec.put_fields("EndpointSpec", endpoint);
    Some(Object {
        key: name.to_owned(),
        name: full,
        is_external: false,
        spec: spec.done(),
        origin: named_at(context, name, node),
    })
}

/// The place of a service's name.
fn named_at(context: &Context<'_>, name: &str, node: &Node) -> Origin {
    let services = crate::compose::section(&context.question.model.root, "services");
    services.and_then(|services| services.entry(name)).map_or(node.origin, |entry| entry.key)
}

/// A mapping of texts.
pub fn words(node: Option<&Node>) -> Fields {
    let mut fields = Fields::new();
    for (key, value) in node.and_then(Node::as_map).into_iter().flat_map(Mapping::iter) {
        fields.put(key, Value::String(if value.is_null() { String::new() } else { text(value) }));
    }
    fields
}

/// Nothing waits for another's state.
fn depends(context: &mut Context<'_>, service: &Service<'_>) {
    for (other, node) in order::DEPENDS_ON.entries(service.node) {
        let condition = order::CONDITION.node(node);
        if let Some(condition) =
            condition.filter(|node| !matches!(text(node).as_str(), "" | "service_started"))
        {
            let state = if text(condition) == "service_healthy" { "healthy" } else { "done" };
            let why = format!("nothing there waits until {other} is {state}");
            service.refuse(context, "depends_on", condition.origin, &why);
        }
        if let Some(restart) = order::RESTART.on(node) {
            let why = format!("nothing there restarts it with {other}");
            service.refuse(context, "depends_on", restart.origin, &why);
        }
        context.note(Some(service.name), "depends_on: services start in any order");
    }
}

fn user(context: &mut Context<'_>, service: &Service<'_>) {
    if identity::USER.text(service.node).is_some() {
        return;
    }
    let decision = context.question.users.iter().find(|decision| decision.service == service.name);
    if let Some(decision) = decision.filter(|decision| decision.is_pending()) {
        context.refusals.refuse_always(unknown_user(service.of(), decision));
    }
}

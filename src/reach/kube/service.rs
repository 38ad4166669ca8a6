//! One service, as all who render it see it.

use crate::model::{Port, network, replicas};
use crate::reach::refusal::Of;
use crate::reach::table;
use crate::source::Origin;
use crate::yaml::Node;

use super::context::Context;
use super::identity::Identity;
use super::name;

/// What runs for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Deployment,
    StatefulSet,
    Job { policy: &'static str, retries: i64 },
}

pub struct Service<'m> {
    /// In the model.
    pub name: &'m str,
    pub node: &'m Node,
    /// On Kubernetes.
    pub label: String,
    section: String,
    pub identity: Identity,
    pub replicas: i64,
    pub is_job: bool,
}

impl<'m> Service<'m> {
    pub fn new(context: &mut Context<'_>, name: &'m str, node: &'m Node, is_job: bool) -> Self {
        let section = format!("services.{name}");
        let of = Of { service: Some(name), section: &section };
        let identity = Identity::of(context, of, node);
        let replicas = replicas::of(node);
        Self { name, node, label: name::label(name), section, identity, replicas, is_job }
    }

    pub fn of(&self) -> Of<'_> {
        Of { service: Some(self.name), section: &self.section }
    }

    pub fn get(&self, key: &str) -> Option<&'m Node> {
        self.node.get(key).filter(|node| !node.is_null())
    }

    pub fn list(&self, key: &str) -> &'m [Node] {
        self.get(key).and_then(Node::as_seq).unwrap_or_default()
    }

    pub fn is_true(&self, key: &str) -> bool {
        self.get(key).and_then(Node::as_bool) == Some(true)
    }

    pub fn ports(&self) -> Vec<Port<'m>> {
        Port::of_service(self.node).collect()
    }

    /// Whether it shares the network of its node.
    pub fn is_on_host_network(&self) -> bool {
        network::MODE.str(self.node) == Some("host")
    }

    /// Refuses a value with what the table says to do. `true` where a waiver lets it be left out.
    pub fn refuse(&self, context: &mut Context<'_>, key: &str, origin: Origin, why: &str) -> bool {
        let todo = table::row(&format!("services.*.{key}")).map_or("", |row| row.todo);
        let todo = if todo.is_empty() { "Leave it out" } else { todo };
        context.refusals.refuse(self.of(), key, origin, why, todo)
    }
}

//! The verified model as objects of Swarm, as the engine's own interface takes them.
//!
//! The client (`docker stack deploy`) cannot carry all of it; the interface can. [`translate`] walks every value of the
//! model along the [table](super::table): what the table refuses is refused, what it keeps is translated by the module
//! that owns it.

pub mod compare;
mod confinement;
mod container;
mod context;
mod files;
mod limits;
mod mounts;
mod network;
mod object;
mod ports;
pub mod rendering;
mod schedule;
mod service;
mod stacked;
pub mod tasks;

use serde_json::Value;

use crate::compose::Model;
use crate::diagnostic::Finding;
use crate::ownership::UserDecision;
use crate::policy::Policy;
use crate::source::Origin;

pub use stacked::stacked;

use context::Context;

/// The label by which the objects of a stack are found.
pub const NAMESPACE: &str = "com.docker.stack.namespace";

/// The label with the image of a service as it was written.
pub const IMAGE: &str = "com.docker.stack.image";

/// The oldest interface in which a service holds all that is translated without a demand of its own.
pub const OLDEST: (u32, u32) = (1, 41);

/// The node that is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Here {
    pub id: String,
    pub hostname: String,
}

/// The facts that a translation depends on.
pub struct Question<'a> {
    /// The selected services under the name of the stack, with their users and env files.
    pub model: &'a Model,
    pub users: &'a [UserDecision],
    pub policy: Option<&'a Policy>,
    /// `None` where no node is asked.
    pub here: Option<&'a Here>,
}

/// An object of the stack, with the spec to ask for.
#[derive(Clone, Debug)]
pub struct Object {
    /// The name in the model.
    pub key: String,
    /// The name in the swarm.
    pub name: String,
    /// It is there already, made by somebody else; there is no spec then.
    pub is_external: bool,
    pub spec: Value,
    pub origin: Origin,
}

/// A field that older engines drop without a word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    pub service: String,
    /// The key as a waiver names it.
    pub key: &'static str,
    pub origin: Origin,
    pub field: &'static str,
    pub version: (u32, u32),
}

/// The result of a translation. Services name networks, secrets and configs by their names.
#[derive(Debug)]
pub struct Stack {
    pub networks: Vec<Object>,
    pub secrets: Vec<Object>,
    pub configs: Vec<Object>,
    pub services: Vec<Object>,
    pub needs: Vec<Need>,
    /// Services with directories or files of this node.
    pub mounts_here: Vec<String>,
    /// The differences from Compose, in words.
    pub notes: Vec<String>,
    /// The findings that refuse it.
    pub findings: Vec<Finding>,
}

/// Translates the project. Where there are findings, the objects are not to be used.
pub fn translate(question: &Question<'_>) -> Stack {
    let mut context = Context::new(question);
    context.walk();
    let networks = network::declared(&mut context);
    let secrets = files::declared(&mut context, files::Kind::Secret);
    let configs = files::declared(&mut context, files::Kind::Config);
    let mut services = Vec::new();
    for (name, node) in question.model.services() {
        services.extend(service::translate(&mut context, name, node));
    }
    context.finish(networks, secrets, configs, services)
}

impl Need {
    /// Refuses a field that an engine of this version would drop; `None` where it keeps it, or a waiver lets it go.
    pub fn finding(&self, engine: (u32, u32), policy: Option<&Policy>) -> Option<Finding> {
        if engine >= self.version {
            return None;
        }
        let mut refusals = super::refusal::Refusals::new("swarm", "Swarm", policy);
        let section = format!("services.{}", self.service);
        let of = super::refusal::Of { service: Some(&self.service), section: &section };
        let why = format!(
            "this engine's interface is {}.{}, and drops `{}` without a word below {}.{}",
            engine.0, engine.1, self.field, self.version.0, self.version.1
        );
        refusals.refuse(of, self.key, self.origin, &why, "Update the engines of the swarm");
        refusals.findings.pop()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_older_engine_would_drop_is_refused_there() {
        let need = Need {
            service: "agent".to_owned(),
            key: "security_opt",
            origin: Origin::CommandLine,
            field: "Privileges.NoNewPrivileges",
            version: (1, 44),
        };
        assert!(need.finding((1, 44), None).is_none() && need.finding((1, 51), None).is_none());
        let finding = need.finding((1, 41), None).unwrap();
        assert_eq!(
            finding.message,
            "services.agent.security_opt cannot be enforced on Swarm: this engine's interface is 1.41, and drops \
             `Privileges.NoNewPrivileges` without a word below 1.44"
        );
        assert!(
            finding.help.unwrap().starts_with("Update the engines of the swarm. Or accept it in the policy")
        );
    }
}

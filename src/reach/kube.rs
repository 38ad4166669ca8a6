//! Manifests for Kubernetes of the verified model.
//!
//! Each service becomes one workload with one pod of one container. [`render`] walks every value of the model along
//! the [table](super::table): what the table refuses is refused, what it keeps is translated by the module that owns
//! it, and what differs is said in the head of what is printed.

mod arguments;
mod container;
mod context;
mod files;
mod identity;
mod memory;
mod mounts;
mod name;
mod network;
mod node;
mod output;
mod pod;
pub mod profile;
mod quantity;
mod security;
mod service;
mod storage;
mod version;
mod walk;
mod workload;

use crate::compose::Model;
use crate::diagnostic::Finding;
use crate::ownership::UserDecision;
use crate::policy::Policy;
use crate::yaml::Node;

pub use output::{file_name, head, text};
pub use profile::Level;
pub use quantity::is_size;
pub use version::{DEFAULT as DEFAULT_VERSION, Version};

use context::Context;

/// What the rendering depends on.
pub struct Question<'a> {
    /// The selected services, with their users and env files.
    pub model: &'a Model,
    pub users: &'a [UserDecision],
    pub policy: Option<&'a Policy>,
    pub version: Version,
    /// Instead of the name of the project.
    pub namespace: Option<&'a str>,
    /// What a claim asks for where the project says nothing.
    pub volume_size: &'a str,
    /// Whether Secrets are written with their content.
    pub with_secrets: bool,
}

/// One object of the API.
#[derive(Clone, Debug)]
pub struct Object {
    pub kind: &'static str,
    pub name: String,
    pub node: Node,
}

/// What came of it.
#[derive(Debug)]
pub struct Rendered {
    /// In the order in which they are applied.
    pub objects: Vec<Object>,
    /// The strictest level of Pod Security that all pods fit.
    pub level: Level,
    pub namespace: String,
    pub version: Version,
    /// What differs from Compose, in words.
    pub notes: Vec<String>,
    /// Secrets that have to be there, with their keys.
    pub awaited: Vec<(String, Vec<String>)>,
    /// What refuses it.
    pub findings: Vec<Finding>,
}

/// Renders the project. Where there are findings, the objects are not to be used.
pub fn render(question: &Question<'_>) -> Rendered {
    let mut context = Context::new(question);
    walk::refuse(&mut context);
    network::policies(&mut context);
    for (name, service) in question.model.services() {
        workload::render(&mut context, name, service);
    }
    files::declared(&mut context);
    storage::claims(&mut context);
    context.finish()
}

//! What a container must show before its first process, from the model that was verified.
//!
//! [`expect`] turns a service of the model into the fields that the engine's inspection must have;
//! [`weaknesses`] compares. Both are pure. A container may be stricter than the model, never weaker, and
//! never different where the difference is one of confinement.
//!
//! What no inspection shows is not proved here and has to be judged on the model: `cgroup: host` on
//! engines up to API 1.41 (they show `host` for every container under cgroup v1), `post_start` and
//! `pre_stop` hooks, `develop.watch`, everything below `build`, what a provider did, block I/O weights that
//! the kernel does not have, and settings of the engine itself, such as its default seccomp profile or
//! `no-new-privileges`. Secrets and configs that are copied into a container are not mounts and do not show
//! either. A limit that the engine cannot enforce (rootless without cgroups) is shown as if it could.

mod confinement;
mod devices;
mod environment;
mod field;
mod limits;
mod mounts;
mod namespaces;
mod network;
pub mod podman;
mod process;
pub mod resources;
mod shape;
#[cfg(test)]
pub(super) mod tests;

use std::collections::BTreeMap;

use field::Fields;

use crate::compose::{Model, section};
use crate::engine::{Image, Inspection};
use crate::model::{image, resource};
use crate::source::Origin;
use crate::yaml::Node;

pub use field::{Expected, Weakness};
pub(super) use field::{at, string, strings};
pub use process::is_one_off;

/// What a service's fields refer to.
pub struct Scope<'s> {
    pub model: &'s Model,
    /// All of the project: a shared namespace names one of them by its id.
    pub containers: &'s [Inspection],
    /// Of nobody's or another project's, as far as the model names them.
    pub others: &'s [Inspection],
    /// By the name that the model gives them. Of one that is missing here, what it would bring is not
    /// compared.
    pub images: &'s BTreeMap<String, Image>,
}

impl Scope<'_> {
    /// The image that a service's containers are made from.
    pub fn image_of(&self, name: &str, service: &Node) -> Option<&Image> {
        self.images.get(&image_name(&self.model.name, name, service))
    }

    /// The ids and names of a service's containers.
    fn containers_of<'c>(&'c self, service: &'c str) -> impl Iterator<Item = &'c Inspection> {
        self.containers.iter().filter(move |container| container.service == service)
    }

    /// The name that the engine knows a network or volume by.
    fn name_of(&self, kind: &str, key: &str) -> String {
        let declared = self.resource(kind, key);
        declared.map_or_else(
            || format!("{}_{key}", self.model.name),
            |node| resource::name(self.model, node, key),
        )
    }

    fn resource(&self, kind: &str, name: &str) -> Option<&Node> {
        section(&self.model.root, kind)?.get(name)
    }
}

/// What Compose calls the image of a service.
pub fn image_name(project: &str, name: &str, service: &Node) -> String {
    let named = image::IMAGE.str(service);
    named.map_or_else(|| format!("{project}-{name}"), str::to_owned)
}

/// What every container of a service must show.
pub fn expect(name: &str, service: &Node, scope: &Scope<'_>) -> Expected {
    let entry = section(&scope.model.root, "services").and_then(|services| services.entry(name));
    let origin = entry.map_or(service.origin, |entry| entry.key);
    let mut fields = Fields::new(service, origin);
    confinement::add(&mut fields, name, scope);
    limits::add(&mut fields);
    namespaces::add(&mut fields, scope);
    network::add(&mut fields, scope);
    devices::add(&mut fields);
    mounts::add(&mut fields, name, scope);
    process::add(&mut fields, name, scope);
    environment::add(&mut fields, name, scope);
    Expected { service: name.to_owned(), origin, fields: fields.list }
}

/// Where a container is weaker than, or in its confinement different from, what is expected.
pub fn weaknesses(expected: &Expected, container: &Inspection) -> Vec<Weakness> {
    let weak = |field: &field::Field| {
        Some(Weakness {
            service: expected.service.clone(),
            container: container.name.clone(),
            field: field.name.to_owned(),
            key: field.key.clone(),
            expected: field.expected.clone(),
            found: (field.check)(container)?,
            why: field.why.to_owned(),
            is_of_program: field.is_of_program,
            is_unproved: false,
            origin: field.origin,
        })
    };
    let mut found: Vec<Weakness> = expected.fields.iter().filter_map(weak).collect();
    found.extend(podman::unproved(expected, container));
    for misshapen in shape::misshapen(container) {
        if found.iter().any(|weakness| misshapen.field.starts_with(&weakness.field)) {
            continue;
        }
        found.push(Weakness {
            service: expected.service.clone(),
            container: container.name.clone(),
            field: misshapen.field,
            key: format!("services.{}", expected.service),
            expected: misshapen.expected.to_owned(),
            found: misshapen.found,
            why: "what the engine does not say as it always does cannot be vouched for".to_owned(),
            is_of_program: false,
            is_unproved: false,
            origin: expected.origin,
        });
    }
    found
}

/// A container of the project that no service of the model accounts for.
pub fn unknown(container: &Inspection, model: &Model) -> Weakness {
    Weakness {
        is_of_program: false,
        is_unproved: false,
        service: container.service.clone(),
        container: container.name.clone(),
        field: "Config.Labels".to_owned(),
        key: "services".to_owned(),
        expected: "a service of the model".to_owned(),
        found: match container.service.as_str() {
            "" => "no service".to_owned(),
            service => format!("the service {service}"),
        },
        why: "it belongs to the project and nothing was verified about it".to_owned(),
        origin: model.root.get("services").map_or(Origin::Default("services"), |node| node.origin),
    }
}

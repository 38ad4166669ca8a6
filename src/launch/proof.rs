//! The verdict on containers that were created: as the model says, or not.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::compose::Model;
use crate::diagnostic::{Code, Finding};
use crate::engine::{Inspection, State};
use crate::model::{image, program, replicas};
use crate::policy::Policy;
use crate::source::Origin;
use crate::yaml::Node;

use super::facts::Facts;
use super::live::{Expected, Scope, Weakness, expect, image_name, resources, unknown, weaknesses};

/// What is wrong with the containers of `services`, and with the networks and volumes that they use.
/// Services are looked up in `selected` first, where env files have been read. A container that is kept as it is has what
/// its own image brings along, and need not be of the image that has the name now.
pub fn compare(
    (model, selected): (&Model, &Model),
    policy: Option<&Policy>,
    services: &BTreeSet<String>,
    facts: &Facts,
    is_kept: &dyn Fn(&Inspection) -> bool,
) -> Vec<Weakness> {
    let node_of = |name: &str| service(selected, name).or_else(|| service(model, name));
    let scope = Scope { model, containers: &facts.containers, others: &facts.others, images: &facts.images };
    let mut expected: BTreeMap<&str, Expected> = BTreeMap::new();
    let mut found = Vec::new();
    for container in &facts.containers {
        let name = container.service.as_str();
        if !services.contains(name) {
            continue;
        }
        let Some(node) = node_of(name) else {
            found.push(unknown(container, model));
            continue;
        };
        let today = expected.entry(name).or_insert_with(|| expect(name, node, &scope));
        if !is_kept(container) {
            found.extend(weaknesses(today, container));
            continue;
        }
        found.extend(weaknesses(today, container).into_iter().filter(|weakness| weakness.field == "Image"));
        let mut images = facts.images.clone();
        let image = image_name(&model.name, name, node);
        match facts.own.get(&container.image_id) {
            Some(own) => images.insert(image, own.clone()),
            None => images.remove(&image),
        };
        found.extend(weaknesses(&expect(name, node, &Scope { images: &images, ..scope }), container));
    }
    // Of a service without containers there is nothing that uses them.
    let has_one = |name: &&String| facts.containers.iter().any(|container| container.service == **name);
    let used = resources::used(model, services.iter().filter(has_one).filter_map(|name| node_of(name)));
    found.extend(resources::networks(model, &used, &facts.networks));
    let allows = |rule: &str, value: &str| policy.is_some_and(|policy| policy.allows_everywhere(rule, value));
    found.extend(resources::volumes(model, &used, &facts.volumes, &allows));
    found
}

/// A service of a model.
pub fn service<'m>(model: &'m Model, name: &str) -> Option<&'m Node> {
    model.services().find(|(known, _)| *known == name).map(|(_, node)| node)
}

/// How many containers a service gets: as typed with `--scale`, else as the model says.
pub fn wanted_count(node: &Node, typed: Option<usize>) -> usize {
    if program::PROVIDER.is_set(node) {
        return 0;
    }
    let own = replicas::written(node).map(|(_, copies)| copies);
    typed.unwrap_or_else(|| own.map_or(1, |count| usize::try_from(count).unwrap_or(0)))
}

/// Containers that should have been created and were not. What starts them later would start something
/// that nobody has looked at.
pub fn missing<'s>(wanted: impl Iterator<Item = (&'s str, usize, &'s Node)>, facts: &Facts) -> Vec<Finding> {
    wanted
        .filter_map(|(name, count, node)| {
            let have = facts.containers.iter().filter(|container| container.service == name).count();
            (have < count).then(|| {
                let message =
                    format!("docker compose created {have} of {count} containers of the service {name}");
                Finding::error(Code::LivePosture, message)
                    .at_origin(node.origin, "of this service")
                    .help("Nothing was started, because what would be started could not be inspected.")
            })
        })
        .collect()
}

/// Services of which there are containers, but of whose image the engine says nothing: what it brings along
/// cannot be told from what somebody added.
pub fn without_image(model: &Model, services: &BTreeSet<String>, facts: &Facts) -> Vec<Finding> {
    let launched =
        model.services().filter(|(name, node)| services.contains(*name) && !program::PROVIDER.is_set(node));
    launched
        .filter(|(name, _)| facts.containers.iter().any(|container| container.service == *name))
        .filter_map(|(name, node)| {
            let image = image_name(&model.name, name, node);
            (!facts.images.contains_key(&image)).then(|| {
                let message = format!("the image {image} of the service {name} cannot be inspected: the engine has none of that name");
                let origin = image::IMAGE.node(node).map_or(node.origin, |image| image.origin);
                Finding::error(Code::LivePosture, message)
                    .at_origin(origin, "this image")
                    .help("Nothing was started. Pull or build the image again.")
            })
        })
        .collect()
}

/// A container that was made in this launch and is not merely created: something started it.
pub fn started_early(container: &Inspection, origin: Origin) -> Option<Weakness> {
    (container.state != State::Created).then(|| Weakness {
        is_of_program: false,
        is_unproved: false,
        service: container.service.clone(),
        container: container.name.clone(),
        field: "State.Status".to_owned(),
        key: format!("services.{}", container.service),
        expected: "created".to_owned(),
        found: format!("{:?}", container.state).to_lowercase(),
        why: "it was started before it was inspected".to_owned(),
        origin,
    })
}

/// What would run is another thing than what runs: a container that was made earlier, and is only started.
pub fn older(weak: &[Weakness]) -> Vec<Finding> {
    let mut by_container: BTreeMap<&str, Vec<&Weakness>> = BTreeMap::new();
    for weakness in weak {
        by_container.entry(&weakness.container).or_default().push(weakness);
    }
    let say = |(container, weak): (&str, Vec<&Weakness>)| {
        let differs: Vec<String> =
            weak.iter().map(|one| format!("{} is {}, not {}", one.field, one.found, one.expected)).collect();
        let message = format!("{container} is older than the file: {}", differs.join("; "));
        let origin = weak.first().map_or(Origin::Default("services"), |one| one.origin);
        Finding::warning(Code::ContainerOlder, message)
            .at_origin(origin, "a new container would be made from this")
            .help(Code::ContainerOlder.remedy())
    };
    by_container.into_iter().map(say).collect()
}

/// One finding for each weakness, with what becomes of its container.
pub fn findings(weak: &[Weakness], removed: &BTreeSet<String>) -> Vec<Finding> {
    weak.iter().map(|weakness| weakness.finding(&help(weakness, removed))).collect()
}

/// What to do about it, and what is lost by it.
fn help(weakness: &Weakness, removed: &BTreeSet<String>) -> String {
    if weakness.is_unproved {
        return super::live::podman::HELP.to_owned();
    }
    if removed.contains(&weakness.container) {
        return "The container was removed before any of its processes ran. See what stands between the \
                rendered file and the engine: a wrapper of docker, another version of Compose, a plug-in."
            .to_owned();
    }
    if weakness.key.starts_with("volumes.") && weakness.service.is_empty() {
        return match weakness.field.as_str() {
            "Labels" | "Name" => {
                "The volume and its data stay as they are. Say `external: true` where it is meant, or \
                                  give the volume of this project another name."
                    .to_owned()
            }
            _ => format!(
                "The volume and its data stay as they are; made anew, it would lose the data. Put the options back, or \
                 copy the data to a new volume of another name and use that. `docker volume inspect {}` says what it has.",
                weakness.container
            ),
        };
    }
    if weakness.service.is_empty() {
        return "It was there before this launch, or was made by it from other settings: remove it, so that it is made \
                anew."
            .to_owned();
    }
    format!(
        "The container was there before this launch, and is left as it was. `seaworthy up -d --force-recreate {}` makes it \
         anew; what it wrote outside of its volumes and binds is lost then, so copy that out first.",
        weakness.service
    )
}

/// Volumes that are there with other options than the model's. Compose would ask whether to make them anew, without the
/// data.
pub fn changed_volumes(model: &Model, used: &resources::Used, volumes: &[Value]) -> Vec<Weakness> {
    // Those of others are not made by Compose, and those that are missing are.
    let own = resources::Used { volumes: used.volumes.clone(), ..resources::Used::default() };
    let mut found = resources::volumes(model, &own, volumes, &|_, _| false);
    found.retain(|weakness| matches!(weakness.field.as_str(), "Driver" | "Options"));
    found
}

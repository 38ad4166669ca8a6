//! Which services run and are left as they are by a command.

use std::cell::OnceCell;

use crate::cli::{Command, ComposeCommand, Request};
use crate::compose::{Model, config_hash};
use crate::engine::{Inspection, State};
use crate::launch::facts::containers;
use crate::launch::live::image_name;
use crate::launch::proof::{service, wanted_count};
use crate::model::image;
use crate::policy::{Policy, Posture};
use crate::yaml::Node;

use super::images::LazyEngine;

/// Flags with which Compose may make anew what has not changed.
const RENEWING: [&str; 5] = ["force-recreate", "renew-anon-volumes", "always-recreate-deps", "build", "pull"];

/// Asked where something would be refused that is mounted at a start alone.
pub struct Stays<'s> {
    request: &'s Request,
    /// The services of this launch, as they are launched.
    model: &'s Model,
    engine: &'s LazyEngine,
    policy: Option<&'s Policy>,
    containers: OnceCell<Vec<Inspection>>,
}

impl<'s> Stays<'s> {
    pub fn new(
        request: &'s Request,
        policy: Option<&'s Policy>,
        model: &'s Model,
        engine: &'s LazyEngine,
    ) -> Self {
        Self { request, model, engine, policy, containers: OnceCell::new() }
    }

    /// Whether all containers of a service run, and none is made, made anew or started. What the engine does not say
    /// is no.
    pub fn holds(&self, name: &str) -> bool {
        let Some(node) = service(self.model, name).filter(|_| !self.is_strict(name) && self.may_stay(name))
        else {
            return false;
        };
        let all = self.containers.get_or_init(|| {
            let found = self.engine.get().and_then(|engine| containers(engine, &self.model.name, false));
            found.known().unwrap_or_default()
        });
        let own: Vec<&Inspection> = all.iter().filter(|container| container.service == name).collect();
        let keeps =
            self.command().is_some_and(|command| command.name == "start" || command.flags.on("no-recreate"));
        !own.is_empty()
            && own.len() >= wanted_count(node, None)
            && own.iter().all(|container| container.state == State::Running)
            && (keeps || self.is_up_to_date(name, node, &own))
    }

    /// Whether a policy holds the service to more than what would fail.
    fn is_strict(&self, name: &str) -> bool {
        self.policy.is_some_and(|policy| policy.posture.of(name).value > Posture::Observe)
    }

    fn command(&self) -> Option<&'s ComposeCommand> {
        match &self.request.command {
            Command::Compose(command) => Some(command),
            _ => None,
        }
    }

    fn may_stay(&self, name: &str) -> bool {
        let Some(command) = self.command() else {
            // What they say is about `up`.
            return matches!(self.request.command, Command::Plan(_) | Command::Check(_));
        };
        match command.name {
            "start" => true,
            "up" | "create" | "scale" | "watch" => {
                command.flags.on("no-recreate")
                    || !command.flags.iter().any(|(long, _)| RENEWING.contains(&long))
            }
            "run" => command.positionals.first().is_none_or(|one| one != name),
            _ => false,
        }
    }

    /// As Compose sees it: made from the same service and the image that has the name now.
    fn is_up_to_date(&self, name: &str, node: &Node, own: &[&Inspection]) -> bool {
        let pulls = image::PULL_POLICY.str(node);
        if pulls.is_some_and(|policy| !matches!(policy, "missing" | "if_not_present" | "never")) {
            return false;
        }
        let hash = config_hash(node);
        let image = image_name(&self.model.name, name, node);
        let image = self.engine.get().known().and_then(|engine| engine.images(&[&image]).known());
        let Some(image) = image.and_then(|mut found| found.pop().flatten()) else { return false };
        own.iter().all(|container| {
            container.label("com.docker.compose.config-hash") == hash && container.image_id == image.id
        })
    }
}

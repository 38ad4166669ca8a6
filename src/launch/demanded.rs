//! Demands of mandatory overlays that the words of a command leave without effect: a service that they do not start,
//! and the time to stop that they do not give.

use crate::cli::ComposeCommand;
use crate::compose::Model;
use crate::compose::short::duration;
use crate::diagnostic::{Code, Finding};
use crate::policy::assertion::Brought;
use crate::policy::overlay::Overlay;
use crate::policy::{Arranged, Policy};
use crate::project::{Inputs, Project};
use crate::source::Origin;
use crate::yaml::{Mapping, Node, Value};

use super::proof::wanted_count;

/// The launch that is judged.
pub struct Demanded<'a> {
    pub command: &'a ComposeCommand,
    pub policy: &'a Policy,
    pub arranged: &'a Arranged,
    pub model: &'a Model,
    /// The services of the launch.
    pub selected: &'a Model,
    pub project: &'a Project,
}

impl Demanded<'_> {
    /// Finds the demands without effect. `is_there` says whether a service runs; it is called only for a missing one.
    pub fn judge(&self, inputs: &mut Inputs, is_there: &dyn Fn(&str) -> bool) -> Vec<Finding> {
        if self.arranged.mandatory.iter().all(Overlay::is_builtin) {
            return Vec::new();
        }
        let mut findings = self.left_out(inputs, is_there);
        findings.extend(self.hurried(inputs));
        findings
    }

    /// Services of an overlay that a launch of named services leaves out.
    fn left_out(&self, inputs: &mut Inputs, is_there: &dyn Fn(&str) -> bool) -> Vec<Finding> {
        let (command, mut findings) = (self.command, Vec::new());
        if !matches!(command.name, "up" | "create") || command.positionals.is_empty() {
            return findings;
        }
        let words = format!("{} {}", command.name, command.positionals.join(" "));
        let enabled = self.model.enabled();
        let is_selected = |name: &str| self.selected.services().any(|(selected, _)| selected == name);
        // A service without copies cannot be left out.
        let has_copies = |name: &str| {
            let service = self.model.services().find(|(one, _)| *one == name);
            service.is_some_and(|(_, service)| wanted_count(service, None) > 0)
        };
        for Brought { service, overlay, origin } in self.policy.brought(self.arranged, self.project, inputs) {
            let name = service.as_str();
            if !enabled.contains(name) || is_selected(name) || !has_copies(name) || is_there(name) {
                continue;
            }
            let message = format!(
                "`{words}` leaves out service `{name}`, which the mandatory overlay {overlay} brings, and it does not run"
            );
            let finding = Finding::error(Code::AssertionUndone, message)
                .at_origin(origin, format!("demanded by {overlay}"))
                .help(format!("Name it as well: `{words} {name}`. Or start it first."));
            findings.push(finding);
        }
        findings
    }

    /// `--timeout` counts in place of each `stop_grace_period`.
    fn hurried(&self, inputs: &mut Inputs) -> Vec<Finding> {
        let command = self.command;
        let typed = command.flags.last("timeout").filter(|_| matches!(command.name, "up" | "restart"));
        let Some(seconds) = typed.and_then(|typed| typed.parse::<u32>().ok()) else { return Vec::new() };
        let names: Vec<&str> = self.selected.services().map(|(name, _)| name).collect();
        // As the model has it, so that 90 seconds are `1m30s`.
        let time = duration::format(i64::from(seconds).saturating_mul(1_000_000_000));
        let time = Node::new(Value::String(time.into()), Origin::CommandLine);
        let mut found = self.undone(&names, "stop_grace_period", &time, inputs);
        for finding in &mut found {
            finding.message = format!("--timeout {seconds}: {}", finding.message);
            finding.help = Some("Leave out the flag.".to_owned());
        }
        found
    }

    /// Finds the demands that fail when these services have this value.
    fn undone(&self, services: &[&str], key: &str, value: &Node, inputs: &mut Inputs) -> Vec<Finding> {
        let mut changed = self.model.clone();
        let all = changed.root.get_mut("services").and_then(Node::as_map_mut);
        for (name, service) in all.into_iter().flat_map(Mapping::iter_mut) {
            if let Some(service) = service.as_map_mut().filter(|_| services.contains(&name)) {
                service.put(key, value.clone());
            }
        }
        self.policy.undone_by_change(self.model, &changed, self.arranged, self.project, inputs)
    }
}

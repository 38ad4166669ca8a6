//! Demands of mandatory overlays that the words of a command leave without effect: a service that they do not start,
//! and the time to stop that they do not give.

use crate::cli::ComposeCommand;
use crate::compose::Model;
use crate::diagnostic::Finding;
use crate::policy::overlay::Overlay;
use crate::policy::{Arranged, Policy};
use crate::project::{Inputs, Project};
use crate::source::Origin;
use crate::yaml::{Mapping, Node, Value};

/// What the judgement is about.
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
    /// What is without effect. `is_there` says whether a service runs already; it is asked only of one that is missed.
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
        for (name, _) in self.model.services().filter(|(name, _)| enabled.contains(*name)) {
            if is_selected(name) {
                continue;
            }
            let none = Node::new(Value::Int(0), Origin::CommandLine);
            let found = self.undone(&[name], "scale", &none, inputs);
            if found.is_empty() || is_there(name) {
                continue;
            }
            findings.extend(found.into_iter().take(1).map(|mut finding| {
                finding.message = format!(
                    "`{words}` leaves out service `{name}`, which a mandatory overlay brings, and it does not run"
                );
                finding.help = Some(format!("Name it as well: `{words} {name}`. Or start it first."));
                finding
            }));
        }
        findings
    }

    /// `--timeout` counts in place of each `stop_grace_period`.
    fn hurried(&self, inputs: &mut Inputs) -> Vec<Finding> {
        let command = self.command;
        let typed = command.flags.last("timeout").filter(|_| matches!(command.name, "up" | "restart"));
        let Some(seconds) = typed.and_then(|typed| typed.parse::<u32>().ok()) else { return Vec::new() };
        let names: Vec<&str> = self.selected.services().map(|(name, _)| name).collect();
        let time = Node::new(Value::String(format!("{seconds}s").into()), Origin::CommandLine);
        let mut found = self.undone(&names, "stop_grace_period", &time, inputs);
        for finding in &mut found {
            finding.message = format!("--timeout {seconds}: {}", finding.message);
            finding.help = Some("Leave out the flag.".to_owned());
        }
        found
    }

    /// What an overlay demands that does not hold any more once these services have this value.
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

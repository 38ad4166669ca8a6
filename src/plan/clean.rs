//! A plan without what must not be shown.

use super::{Plan, PlanIdentities, PlanLock};
use crate::redact::Redactor;

impl Plan {
    /// The same with values from the environment as `${NAME}`, and without credentials.
    #[must_use]
    pub fn clean(mut self, redactor: &Redactor) -> Self {
        let text = |text: &mut String| *text = redactor.text(text).into_owned();
        let some = |value: &mut Option<String>| value.iter_mut().for_each(text);
        text(&mut self.directory);
        for file in &mut self.files {
            text(&mut file.name);
        }
        for service in &mut self.services {
            text(&mut service.image);
            some(&mut service.user.place);
            some(&mut service.user.pending);
            // Numbers are no secret, and who runs is what the plan is about.
            service.user.value.iter_mut().filter(|value| !is_numbers(value)).for_each(text);
            if let Some(PlanLock::Has(at)) = &mut service.user.lock {
                text(at);
            }
            service.posture.iter_mut().for_each(text);
            service.state.iter_mut().for_each(text);
            service.ports.iter_mut().for_each(text);
            for mount in &mut service.mounts {
                some(&mut mount.source);
                text(&mut mount.target);
            }
        }
        for breach in self.rules.iter_mut().flat_map(|rule| &mut rule.broken) {
            some(&mut breach.at);
        }
        for owner in &mut self.owners {
            text(&mut owner.source);
            text(&mut owner.target);
            some(&mut owner.why);
        }
        match &mut self.identities {
            Some(Ok(identities)) => clean(identities, &text),
            Some(Err(reason)) => text(reason),
            None => {}
        }
        for change in &mut self.changes {
            text(&mut change.what);
            some(&mut change.place);
        }
        for step in &mut self.steps {
            text(&mut step.path);
            some(&mut step.how);
        }
        for finding in &mut self.findings {
            text(&mut finding.message);
            some(&mut finding.place);
            some(&mut finding.help);
        }
        self.command.iter_mut().for_each(text);
        self
    }
}

/// Numbers, and the names of this machine's users, are no secret.
fn clean(identities: &mut PlanIdentities, text: &impl Fn(&mut String)) {
    let some = |value: &mut Option<String>| value.iter_mut().for_each(text);
    some(&mut identities.unknown);
    for service in &mut identities.services {
        some(&mut service.unknown);
        for mount in &mut service.mounts {
            text(&mut mount.target);
            some(&mut mount.unknown);
        }
        for change in &mut service.changes {
            some(&mut change.target);
            text(&mut change.what);
            some(&mut change.remedy);
        }
    }
    for conflict in &mut identities.conflicts {
        text(&mut conflict.path);
    }
}

fn is_numbers(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_digit() || c == ':')
}

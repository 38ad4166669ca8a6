//! The verdict on a model: assertions, rules, waivers.

use std::collections::HashSet;

use crate::compose::Model;
use crate::diagnostic::{Code, Finding, Severity, Sink, Waivable};
use crate::model::capability::name as capability;
use crate::project::{Inputs, Project};
use crate::source::Origin;
use crate::yaml::suggest;

use super::arrange::Arranged;
use super::assertion::{self, Reported};
use super::demand::{Demand, Demands};
use super::layer::extensions;
use super::posture::Posture;
use super::postures::Postures;
use super::rules::{self, Allow, Breach, Check, FileVariables, Rule, Service, View};
use super::waiver::Waiver;
use super::{Policy, Rank, opened};

impl Policy {
    /// Judges the final model: every service of every profile. Errors in the sink refuse a launch.
    pub fn judge(
        &self,
        model: &Model,
        arranged: &Arranged,
        project: &Project,
        inputs: &mut Inputs,
        sink: &mut Sink,
    ) {
        extensions(&self.users, model, sink);
        let reported = self.assert_overlays(model, arranged, project, inputs, sink);
        let opened = opened::networks(&arranged.mandatory);
        let variables = FileVariables::read(model, inputs, sink);
        let view = View::new(model, &self.users, &opened, &arranged.mandatory)
            .with_engine(self)
            .with_variables(&variables);
        let services: Vec<_> = view.services().collect();
        let mut used = Used::default();
        let demands = Demands::new(self, &model.root, arranged);
        let mut said = Vec::new();
        for rule in rules::CATALOGUE.iter() {
            if demands.worst(rule).is_none() && !self.waivers.iter().any(|waiver| waiver.rule.id == rule.id) {
                continue;
            }
            for breach in breaches(rule, &view, &services) {
                if self.waived(rule, &breach, &demands, &mut used) {
                    continue;
                }
                match said_already(rule, &breach, &reported) {
                    Some(key) => {
                        said.push((format!("services.{}.{key}", breach.place), waiver_help(rule, &breach)));
                    }
                    None => {
                        let demand = demands.of(rule, &breach);
                        sink.extend(demand.map(|demand| self.describe(rule, &breach, demand, &view)));
                    }
                }
            }
        }
        name_waivers(&said, sink);
        self.report_waivers(&view, &used, sink);
        let names: Vec<&str> = view.section("services").map(|(name, _)| name).collect();
        self.posture.check_names(names.iter().copied(), sink);
        super::probes::check(&self.probes, &names, sink);
    }

    /// Whether a waiver for the whole project allows a value of a rule.
    pub fn allows_everywhere(&self, rule: &str, value: &str) -> bool {
        let is_for = |waiver: &&Waiver| waiver.is_for("*", rule) && !waiver.expired(self.today);
        self.waivers.iter().filter(is_for).any(|waiver| waiver.allows(Some(value)).is_some())
    }

    /// Whether the posture of a service enforces a rule.
    pub fn demands(&self, rule: &str, service: &str) -> bool {
        enforces(&self.posture, rule, service)
    }

    /// The waivers of a rule that hold for a service today.
    pub fn waivers_of(&self, rule: &str, service: &str) -> impl Iterator<Item = &Waiver> {
        let by_host = enforces(&self.host_posture, rule, service);
        self.waivers.iter().filter(move |waiver| {
            // A project's for everybody is for nobody for whom the host demands the rule.
            let is_void = by_host && waiver.rank == Rank::Project && waiver.service.value == "*";
            waiver.is_for(service, rule) && !is_void && !waiver.expired(self.today)
        })
    }

    /// The waiver of a rule that allows a value to a service today.
    pub fn waiver_of(&self, rule: &str, service: &str, value: &str) -> Option<&Waiver> {
        self.waivers_of(rule, service).find(|waiver| waiver.allows(Some(value)).is_some())
    }

    /// What a change of the model breaks that held before it, and that no waiver allows.
    pub fn judge_change(&self, before: &Model, after: &Model, arranged: &Arranged) -> Vec<Finding> {
        let opened = opened::networks(&arranged.mandatory);
        let view = |model| View::new(model, &self.users, &opened, &arranged.mandatory).with_engine(self);
        let (before, after) = (view(before), view(after));
        let services_before: Vec<_> = before.services().collect();
        let services_after: Vec<_> = after.services().collect();
        let demands = Demands::new(self, &after.model.root, arranged);
        let mut findings = Vec::new();
        for rule in rules::CATALOGUE.iter() {
            if demands.worst(rule).is_none() {
                continue;
            }
            let known = breaches(rule, &before, &services_before);
            let is_known = |breach: &Breach| {
                known.iter().any(|known| known.place == breach.place && known.what == breach.what)
            };
            for breach in breaches(rule, &after, &services_after) {
                if !is_known(&breach)
                    && let Some(demand) = demands.of(rule, &breach)
                    && !self.waived(rule, &breach, &demands, &mut Used::default())
                {
                    findings.push(self.describe(rule, &breach, demand, &after));
                }
            }
        }
        findings
    }

    /// What a change of the model undoes of the project's own overlays; rules stand for the built-in ones.
    pub fn undone_by_change(
        &self,
        before: &Model,
        after: &Model,
        arranged: &Arranged,
        project: &Project,
        inputs: &mut Inputs,
    ) -> Vec<Finding> {
        let mut own = arranged.clone();
        own.mandatory.retain(|overlay| !overlay.is_builtin());
        let mut undone = |model| {
            let mut sink = Sink::new();
            self.assert_overlays(model, &own, project, inputs, &mut sink);
            sink.into_findings()
        };
        let known = undone(before);
        let mut found = undone(after);
        found.retain(|finding| !known.iter().any(|known| known.message == finding.message));
        for finding in &mut found {
            // No file has undone it: what shows is who demands it.
            let demanded = finding.labels.pop();
            finding.labels = demanded.into_iter().collect();
        }
        found
    }

    /// The number of rules that are enforced for any service: by its posture, or by an overlay that is laid on.
    pub fn demanded_rules(&self, model: &Model, arranged: &Arranged) -> usize {
        let demands = Demands::new(self, &model.root, arranged);
        let is_demanded = |rule: &&Rule| demands.worst(rule) == Some(Severity::Error);
        rules::CATALOGUE.iter().filter(is_demanded).count()
    }

    fn waived(&self, rule: &Rule, breach: &Breach, demands: &Demands<'_>, used: &mut Used) -> bool {
        let mut waived = false;
        for (at, waiver) in self.waivers.iter().enumerate() {
            if waiver.expired(self.today) || !demands.is_for(waiver, rule, breach) {
                continue;
            }
            if let Some(allowed) = waiver.lets_pass(breach) {
                used.0.insert((at, allowed));
                waived = true;
            }
        }
        waived
    }

    fn describe(&self, rule: &Rule, breach: &Breach, demand: Demand<'_>, view: &View<'_>) -> Finding {
        let place = if breach.place.contains(['.', ' ']) && matches!(rule.check, Check::Project(_)) {
            breach.place.clone()
        } else {
            format!("services.{}", breach.place)
        };
        let message = format!("rule {}: {place} {}", rule.id, breach.what);
        let finding = match demand.severity {
            Severity::Error => Finding::error(Code::RuleViolated, message),
            _ => Finding::warning(Code::RuleViolated, message),
        };
        let mut origin = breach.origin;
        if origin.span().is_none()
            && let Some(service) = view.services().find(|service| service.name == breach.place)
        {
            origin = service.origin;
        }
        let mut finding = finding.at_origin(origin, "here");
        let late = self
            .waivers
            .iter()
            .find(|waiver| waiver.is_for(&breach.place, rule.id) && waiver.lets_pass(breach).is_some());
        if let Some(waiver) = late {
            finding = finding.at_origin(waiver.origin, "this waiver has expired");
        }
        let by = format!("posture {}", demand.by.value);
        finding = finding.of_rule(rule.id, demand.by.origin, by, waivable(rule, breach));
        if demand.is_ahead {
            finding = finding.ahead_of(demand.by.value.name());
        }
        if matches!(rule.check, Check::Service(_)) {
            finding = finding.of_service(breach.place.as_str());
        }
        let fix = breach.fix.as_deref().unwrap_or(rule.fix);
        finding.help(format!("{fix} {}", waiver_help(rule, breach)))
    }

    /// Waivers that no longer hold, that nothing needs, or that are about nobody.
    fn report_waivers(&self, view: &View<'_>, used: &Used, sink: &mut Sink) {
        for (at, waiver) in self.waivers.iter().enumerate() {
            if let Some(expires) = waiver.expires.as_ref().filter(|_| waiver.expired(self.today)) {
                let message = format!(
                    "the waiver of rule {} for {} expired on {}",
                    waiver.rule.id, waiver.service.value, expires.value
                );
                let finding = match self.posture.strictest([waiver.service.value.as_str()]).value {
                    Posture::Observe => Finding::warning(Code::WaiverInvalid, message),
                    _ => Finding::error(Code::WaiverInvalid, message),
                };
                sink.push(
                    finding
                        .at_origin(expires.origin, "expired")
                        .help("Remove the waiver, or review the reason and give it a later day."),
                );
                continue;
            }
            if waiver.service.value != "*"
                && !view.services().any(|service| service.name == waiver.service.value)
            {
                let near =
                    suggest::nearest(&waiver.service.value, view.section("services").map(|(name, _)| name));
                let finding = Finding::warning(
                    Code::WaiverInvalid,
                    format!(
                        "a waiver is for the service {}, which the project does not have",
                        waiver.service.value
                    ),
                );
                sink.push(finding.at_origin(waiver.service.origin, "no such service").help(match near {
                    Some(near) => format!("Did you mean `{near}`?"),
                    None => "Remove the waiver.".to_owned(),
                }));
                continue;
            }
            // What a target cannot hold is not known here.
            if !rules::is_judged_elsewhere(waiver.rule) && !waiver.is_implied {
                report_unused(at, waiver, used, sink);
            }
        }
    }
}

fn enforces(postures: &Postures, rule: &str, service: &str) -> bool {
    let from = rules::find(rule).and_then(|rule| rule.from);
    from.is_some_and(|from| postures.of(service).value >= from)
}

/// Says what of a waiver nothing needed.
fn report_unused(at: usize, waiver: &Waiver, used: &Used, sink: &mut Sink) {
    let unused = |message: String, origin: Origin| {
        Finding::warning(Code::WaiverInvalid, message)
            .at_origin(origin, "not needed")
            .help("Remove it: what is not needed today may hide something tomorrow.")
    };
    if !used.0.iter().any(|(waiver, _)| *waiver == at) {
        let message =
            format!("nothing needs the waiver of rule {} for {}", waiver.rule.id, waiver.service.value);
        sink.push(unused(message, waiver.origin));
        return;
    }
    if waiver.rule.allow == Allow::Nothing {
        return;
    }
    for (place, allowed) in waiver.allow.iter().enumerate() {
        // Which of them the entrypoint needs shows only when it runs.
        let is_of_switch = waiver.switch().is_some() && rules::is_capability(&capability(&allowed.value));
        if !used.0.contains(&(at, place)) && !is_of_switch {
            let message = format!("the waiver of rule {} allows {} to nobody", waiver.rule.id, allowed.value);
            sink.push(unused(message, allowed.origin));
        }
    }
}

/// Which `allow` of which waiver something needed.
#[derive(Default)]
struct Used(HashSet<(usize, usize)>);

fn breaches(rule: &Rule, view: &View<'_>, services: &[Service<'_>]) -> Vec<Breach> {
    let mut found = Vec::new();
    match rule.check {
        Check::Service(check) => services.iter().for_each(|service| check(service, &mut found)),
        Check::Project(check) => check(view, &mut found),
    }
    found
}

/// The key of an overlay that stands for a rule, where its loss was said.
fn said_already(rule: &Rule, breach: &Breach, reported: &Reported) -> Option<&'static str> {
    let keys = rule.overlays.iter().map(|(_, key)| *key);
    keys.into_iter().find(|key| reported.contains(&(breach.place.clone(), (*key).to_owned())))
}

/// Gives findings about keys of built-in overlays the waiver that would allow it.
fn name_waivers(said: &[(String, String)], sink: &mut Sink) {
    if said.is_empty() {
        return;
    }
    let mut findings = std::mem::take(sink).into_findings();
    for finding in findings.iter_mut().filter(|finding| finding.code == Code::AssertionUndone) {
        let is_it = |path: &str| {
            finding
                .message
                .strip_prefix(path)
                .is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_'))
        };
        let waiver = said.iter().find(|(path, _)| is_it(path)).map(|(_, waiver)| waiver);
        if let (Some(waiver), Some(help)) = (waiver, &mut finding.help)
            && help == assertion::OF_BUILTIN
        {
            *help = format!("Remove what undoes it. {waiver}");
        }
    }
    sink.extend(findings);
}

/// The waiver of one breach.
fn waivable(rule: &Rule, breach: &Breach) -> Waivable {
    let is_project = matches!(rule.check, Check::Project(_));
    let allow = match (&breach.value, breach.proposed.as_slice()) {
        _ if rule.allow == Allow::Nothing => Vec::new(),
        (Some(value), []) => vec![value.clone()],
        (_, proposed) => proposed.to_vec(),
    };
    Waivable { service: if is_project { "*".to_owned() } else { breach.place.clone() }, allow }
}

fn waiver_help(rule: &Rule, breach: &Breach) -> String {
    let waiver = waivable(rule, breach);
    let service = if waiver.service == "*" { "\"*\"" } else { waiver.service.as_str() };
    let allow: Vec<String> = waiver.allow.iter().map(|value| format!("{value:?}")).collect();
    let allow = if allow.is_empty() { String::new() } else { format!(", allow: [{}]", allow.join(", ")) };
    format!("Or waive it: {{ service: {service}, rule: {}{allow}, reason: … }}", rule.id)
}

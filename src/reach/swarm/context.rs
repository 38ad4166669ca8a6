//! The context that all parts of a translation share.

use std::collections::{BTreeMap, BTreeSet};

use crate::compose::text;
use crate::model::limits;
use crate::reach::refusal::{Of, Refusals};
use crate::reach::table::{Row, Verdict};
use crate::reach::walk::{Target, walk};
use crate::source::Origin;
use crate::yaml::Node;

use super::{Need, Object, Question, Stack};

pub struct Context<'a> {
    pub question: &'a Question<'a>,
    pub refusals: Refusals<'a>,
    pub needs: Vec<Need>,
    pub mounts_here: BTreeSet<String>,
    /// The services that a note is about, by its words.
    notes: BTreeMap<String, BTreeSet<String>>,
}

/// Rows whose translation says by itself what differs.
const SAID_ELSEWHERE: &[&str] = &[
    "name",
    "networks.*.driver",
    "networks.*.driver_opts",
    "networks.*.ipam",
    "services.*.depends_on",
    "services.*.platform",
    "services.*.ports.*.published",
    "services.*.restart",
    "services.*.security_opt",
    "services.*.tmpfs",
    "services.*.volumes.*.bind.create_host_path",
    "services.*.volumes.*.type",
];

impl<'a> Context<'a> {
    pub fn new(question: &'a Question<'a>) -> Self {
        Self {
            question,
            refusals: Refusals::new("swarm", "Swarm", question.policy),
            needs: Vec::new(),
            mounts_here: BTreeSet::new(),
            notes: BTreeMap::new(),
        }
    }

    pub fn walk(&mut self) {
        let model = self.question.model;
        walk(self, model);
    }

    /// The name of the stack.
    pub fn stack(&self) -> &'a str {
        &self.question.model.name
    }

    /// Says what differs, once for all services that have it.
    pub fn note(&mut self, service: Option<&str>, words: impl Into<String>) {
        self.notes.entry(words.into()).or_default().extend(service.map(str::to_owned));
    }

    /// Notes a field that engines drop before a version.
    pub fn need(
        &mut self,
        service: &str,
        key: &'static str,
        origin: Origin,
        field: &'static str,
        version: (u32, u32),
    ) {
        let need = Need { service: service.to_owned(), key, origin, field, version };
        if !self.needs.iter().any(|known| known.service == service && known.field == field) {
            self.needs.push(need);
        }
    }

    pub fn finish(
        self,
        networks: Vec<Object>,
        secrets: Vec<Object>,
        configs: Vec<Object>,
        services: Vec<Object>,
    ) -> Stack {
        let said = self.notes.into_iter().map(|(words, services)| {
            let services: Vec<String> = services.into_iter().collect();
            if services.is_empty() { words } else { format!("{words} ({})", services.join(", ")) }
        });
        let mut notes: Vec<String> = said.collect();
        for waived in &self.refusals.waived {
            notes.push(format!("{} is accepted by a waiver: {}", waived.place, waived.reason));
        }
        Stack {
            networks,
            secrets,
            configs,
            services,
            needs: self.needs,
            mounts_here: self.mounts_here.into_iter().collect(),
            notes,
            findings: self.refusals.findings,
        }
    }
}

impl Target for Context<'_> {
    fn verdict(&self, row: &Row) -> Verdict {
        row.api
    }

    fn idle(&self, row: &Row) -> &'static [&'static str] {
        row.swarm_idle.unwrap_or(row.idle)
    }

    fn holds_anyway(&self, service: &Node, row: &Row, node: &Node) -> bool {
        match row.place {
            // A task has as much swap as memory, as a container of which nothing is said.
            "services.*.memswap_limit" => {
                let memory = limits::OF_MEMORY.of(service).map(|memory| memory.node);
                let memory = memory.and_then(|memory| text(memory).parse::<i64>().ok());
                memory.and_then(|memory| memory.checked_mul(2)) == text(node).parse().ok()
            }
            _ => false,
        }
    }

    fn refuse(&mut self, of: Of<'_>, row: &Row, node: &Node) {
        self.refusals.refuse(of, &row.key(), node.origin, row.why_not_on_swarm(), row.todo_on_swarm());
    }

    fn note(&mut self, of: Of<'_>, row: &Row) {
        if !SAID_ELSEWHERE.contains(&row.place) {
            Context::note(self, of.service, format!("{}: {}", row.key(), row.swarm_text));
        }
    }
}

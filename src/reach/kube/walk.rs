//! The column of the table about Kubernetes, for the walk over the model.

use crate::compose::text;
use crate::model::limits;
use crate::reach::refusal::Of;
use crate::reach::table::{Row, Verdict};
use crate::reach::walk::{Target, walk};
use crate::yaml::Node;

use super::context::Context;

/// Walks the services and what they use.
pub fn refuse(context: &mut Context<'_>) {
    let model = context.question.model;
    walk(context, model);
}

impl Target for Context<'_> {
    fn verdict(&self, row: &Row) -> Verdict {
        row.kube
    }

    fn idle(&self, row: &Row) -> &'static [&'static str] {
        row.idle
    }

    fn holds_anyway(&self, service: &Node, row: &Row, node: &Node) -> bool {
        match row.place {
            // As much swap as memory is none beyond the memory.
            "services.*.memswap_limit" => {
                let memory = limits::OF_MEMORY.of(service).map(|memory| memory.node);
                memory.is_some_and(|memory| text(memory) == text(node))
            }
            _ => false,
        }
    }

    fn refuse(&mut self, of: Of<'_>, row: &Row, node: &Node) {
        self.refusals.refuse(of, &row.key(), node.origin, row.kube_text, row.todo);
    }

    fn note(&mut self, of: Of<'_>, row: &Row) {
        Context::note(self, of.service, format!("{}: {}", row.key(), row.kube_text));
    }
}

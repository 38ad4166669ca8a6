//! Who undid a leaf, where the final value does not say: what is gone has no place of its own.

use crate::compose::parse_file;
use crate::diagnostic::Sink;
use crate::project::Inputs;
use crate::reader::Reader;
use crate::source::{FileId, Origin, Span};
use crate::yaml::{Document, Node};

/// Every input that is YAML, parsed again from memory; only a violation needs it.
pub struct Suspects(Option<Vec<Document>>);

impl Suspects {
    pub fn new() -> Self {
        Self(None)
    }

    /// The last place, outside of the file that demands the leaf, that sets, resets or overrides it.
    pub fn last(&mut self, path: &[String], demanded: Option<Span>, inputs: &Inputs) -> Option<Origin> {
        let documents = self.0.get_or_insert_with(|| parse_all(inputs));
        let foreign = |origin: &Origin| origin.span().map(|span| span.file) != demanded.map(|span| span.file);
        documents.iter().filter_map(|document| writes(&document.root, path)).rfind(foreign)
    }
}

fn parse_all(inputs: &Inputs) -> Vec<Document> {
    let count = u32::try_from(inputs.sources().iter().count()).unwrap_or(u32::MAX);
    // What is not YAML was not where a compose value came from.
    let mut ignored = Sink::new();
    (0..count)
        .filter_map(|at| parse_file(FileId(at), Reader::OLDEST, inputs, &mut ignored))
        .flat_map(|layer| layer.documents)
        .collect()
}

/// Where a document decides about a path: at the path itself, or at a tag above it.
fn writes(root: &Node, path: &[String]) -> Option<Origin> {
    let mut node = root;
    for key in path {
        if node.tag.is_some() {
            return Some(node.origin);
        }
        node = node.as_map()?.get(key)?;
    }
    Some(node.origin)
}

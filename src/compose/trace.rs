//! What each document said before it was merged, recorded on request: a merged tree keeps the origin of
//! what won, and whoever asks why wants to see what lost as well.

use std::collections::HashMap;

use crate::diagnostic::Sink;
use crate::source::{FileId, Span};
use crate::yaml::{Node, Path, Value};

use super::canonical::{self, OnFault};
use super::table::PROJECT;
use super::tags::TaggedPath;

/// The record of one load.
#[derive(Debug, Default)]
pub struct Trace {
    /// In the order in which they were merged; what is extended comes before what extends it.
    pub contributions: Vec<Contribution>,
    /// Values with variables as they are written, by their place.
    pub expressions: HashMap<Span, String>,
    /// Env files of includes.
    pub env_files: Vec<FileId>,
}

/// What one document, or one service that is extended, adds to the model.
#[derive(Debug)]
pub struct Contribution {
    pub file: FileId,
    pub how: How,
    /// From the project's root down; with variables replaced and short forms written out, and nothing else.
    pub root: Node,
    /// What it resets and overrides.
    pub tags: Vec<TaggedPath>,
}

/// How a contribution came into the model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum How {
    /// A document of the list.
    Written,
    /// A document that another one includes.
    Included,
    /// A service that another one extends, by its name there.
    Extended(String),
}

impl Trace {
    /// Remembers the values that variables are about to be replaced in.
    pub fn note_expressions(&mut self, node: &Node) {
        match &node.value {
            Value::Map(map) => map.iter().for_each(|(_, child)| self.note_expressions(child)),
            Value::Seq(items) => items.iter().for_each(|item| self.note_expressions(item)),
            Value::String(text) if text.contains('$') => {
                if let Some(span) = node.origin.span() {
                    self.expressions.insert(span, text.to_string());
                }
            }
            _ => {}
        }
    }

    pub fn add(&mut self, file: FileId, how: How, mut root: Node, tags: &[TaggedPath]) {
        // Faults are reported when the merged model passes here.
        canonical::transform(&mut root, &PROJECT, &Path::ROOT, OnFault::Keep, &mut Sink::new());
        self.contributions.push(Contribution { file, how, root, tags: tags.to_vec() });
    }
}

//! Models and images made up for tests.

use std::path::PathBuf;
use std::sync::Arc;

use super::Caller;
use crate::compose::{Model, Profiles};
use crate::host::Owner;
use crate::project::Environment;
use crate::source::{SourceFile, SourceMap};
use crate::yaml::{self, Limits};

pub const OP: Owner = Owner::new(1500, 1501);

/// A model from text in the canonical form, and the map its spans point into.
pub fn model(text: &str) -> (Model, SourceMap) {
    let mut sources = SourceMap::default();
    let file = sources.add(SourceFile::new("compose.yaml", "/p/compose.yaml", text));
    let documents = yaml::parse(file, text, Limits::default()).unwrap();
    let model = Model {
        name: "p".into(),
        directory: PathBuf::from("/p"),
        environment: Arc::new(Environment::default()),
        root: documents.into_iter().next().unwrap().root,
        reader: crate::reader::Reader::default(),
        profiles: Profiles::default(),
        blank_users: std::collections::BTreeMap::new(),
        captured: std::collections::BTreeMap::new(),
    };
    (model, sources)
}

/// An ordinary user.
pub fn op() -> Caller {
    Caller { process: OP, groups: Vec::new(), person: Some(OP), home: Some("/home/op".into()) }
}

/// Root, called by nobody.
pub fn root() -> Caller {
    Caller { process: Owner::ROOT, groups: Vec::new(), person: None, home: Some("/root".into()) }
}

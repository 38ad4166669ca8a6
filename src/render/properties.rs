//! What is rendered says the same to whoever reads it: tried on projects made up at random.

use std::collections::BTreeMap;
use std::path::PathBuf;

use proptest::prelude::*;

use super::read_back::read_back;
use super::{first_difference, render};
use crate::compose::properties::document;
use crate::compose::{self, Model, Phases, Resolve, Selection};
use crate::diagnostic::Sink;
use crate::project::{Environment, Inputs, Project};

fn load(text: &str) -> (Model, Model) {
    let directory = PathBuf::from("/nowhere/project");
    let mut inputs = Inputs::default();
    let mut sink = Sink::new();
    let path = directory.join("compose.yaml");
    let project = Project {
        files: vec![inputs.add("compose.yaml", &path, text)],
        paths: vec![path],
        expect_files: None,
        reader: crate::reader::Reader::default(),
        directory: directory.clone(),
        cwd: directory,
        name: Some("p".to_owned()),
        environment: Environment::new([("B".to_owned(), "of $ {the} environment".to_owned())]),
        env_files: Vec::new(),
        from_env_files: BTreeMap::new(),
    };
    let selection = Selection::default();
    let layers = compose::parse(&project, &inputs, &mut sink).unwrap();
    let model = compose::load(&project, layers, Phases::default(), &selection, &mut inputs, &mut sink);
    let model = model.unwrap_or_else(|| panic!("{:?}\n{text}", sink.findings()));
    let resolve = Resolve::default();
    let selected = model.clone().into_selected(&selection, resolve, &mut inputs, &mut sink).unwrap();
    (model, selected)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_rendered_loads_as_the_same_model(text in document()) {
        let (model, selected) = load(&text);
        let rendered = render(&model, &selected);
        prop_assert!(read_back(&rendered.text, &rendered.tree).is_ok());
        let (_, again) = load(&rendered.text);
        prop_assert_eq!(first_difference(&selected.root, &again.root, ""), None, "{}", rendered.text);
    }
}

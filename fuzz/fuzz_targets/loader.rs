//! Any list of files loads or is refused; a model that is rendered loads as the same model.
#![no_main]

use std::collections::BTreeMap;
use std::path::PathBuf;

use libfuzzer_sys::fuzz_target;
use seaworthy::compose::{self, Model, Phases, Resolve, Selection};
use seaworthy::diagnostic::Sink;
use seaworthy::project::{Environment, Inputs, Project};
use seaworthy::render::read_back::read_back;
use seaworthy::render::{first_difference, render};

/// Between the files of a list.
const NEXT_FILE: char = '\u{1}';

struct Loaded {
    model: Model,
    selected: Model,
}

fn load(texts: &[&str]) -> Option<Loaded> {
    let directory = PathBuf::from("/nowhere/project");
    let mut inputs = Inputs::default();
    let mut sink = Sink::new();
    let mut paths = Vec::new();
    let files = texts.iter().enumerate().map(|(at, text)| {
        let path = directory.join(format!("{at}.yaml"));
        paths.push(path.clone());
        inputs.add(&format!("{at}.yaml"), &path, text)
    });
    let project = Project {
        files: files.collect(),
        paths,
        expect_files: None,
        directory: directory.clone(),
        cwd: directory,
        name: Some("fuzz".to_owned()),
        environment: Environment::new([("A".to_owned(), "value".to_owned())]),
        env_files: Vec::new(),
        from_env_files: BTreeMap::new(),
    };
    let selection = Selection::default();
    let layers = compose::parse(&project, &inputs, &mut sink);
    let model = layers.and_then(|layers| {
        compose::load(&project, layers, Phases::default(), &selection, &mut inputs, &mut sink)
    });
    let selected = model.as_ref().and_then(|model| {
        let resolve = Resolve { env_files: true, container_names: false };
        model.clone().into_selected(&selection, resolve, &mut inputs, &mut sink)
    });
    for finding in sink.findings() {
        for label in &finding.labels {
            let text = inputs.sources().get(label.span.file).map(|source| source.text.clone());
            assert!(text.is_some_and(|text| text.get(label.span.range()).is_some()), "{finding:?}");
        }
    }
    assert!(selected.is_some() || sink.has_errors(), "refused without a word");
    Some(Loaded { model: model?, selected: selected? })
}

fuzz_target!(|text: &str| {
    // What the project names outside itself is the disk's to answer, not the loader's.
    if ["include", "extends", "file", ".."].iter().any(|word| text.contains(word)) {
        return;
    }
    let texts: Vec<&str> = text.split(NEXT_FILE).collect();
    let Some(loaded) = load(&texts) else { return };
    let rendered = render(&loaded.model, &loaded.selected);
    read_back(&rendered.text, &rendered.tree).unwrap();
    let again = load(&[&rendered.text]).expect("what is rendered loads");
    let difference = first_difference(&loaded.selected.root, &again.selected.root, "");
    assert!(difference.is_none(), "{difference:?}\n{}", rendered.text);
});

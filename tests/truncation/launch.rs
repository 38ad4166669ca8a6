//! What `up` decides about a project, in this process.

use std::fs;
use std::path::{Path, PathBuf};

use seaworthy::compose::{self, Phases, Selection};
use seaworthy::diagnostic::{Screen, Sink, write_findings};
use seaworthy::policy::{self, Arranged};
use seaworthy::project::{self, Environment, Inputs, list};
use seaworthy::yaml::Node;

/// The effective model of every service, or what is wrong.
pub fn launch(directory: &Path, files: &[String]) -> Result<Node, String> {
    launch_given(&project::Given { files: files.to_vec(), ..given(directory) })
}

pub fn given(directory: &Path) -> project::Given {
    project::Given {
        environment: Environment::new([("HOME".to_owned(), "/home/ann".to_owned())]),
        cwd: directory.to_path_buf(),
        project_name: Some("cut".to_owned()),
        ..project::Given::default()
    }
}

pub fn launch_given(given: &project::Given) -> Result<Node, String> {
    let mut inputs = Inputs::default();
    let mut sink = Sink::new();
    let model = decide(given, &mut inputs, &mut sink);
    match model {
        Some(model) if !sink.has_errors() => Ok(model),
        _ => {
            let mut out = Vec::new();
            let screen = Screen { colour: false, width: 100 };
            write_findings(&mut out, sink.findings(), inputs.sources(), screen).unwrap();
            let text = String::from_utf8(out).unwrap();
            assert!(sink.has_errors(), "refused without a word: {text}");
            Err(text)
        }
    }
}

fn decide(given: &project::Given, inputs: &mut Inputs, sink: &mut Sink) -> Option<Node> {
    let mut project = project::locate(given, inputs, sink)?;
    let place = policy::Given { system: PathBuf::from("/nowhere/policy.yaml"), ..policy::Given::default() };
    let policy = policy::find(&project, &place, inputs, sink)?;
    list::read(&mut project, &policy::expected(policy.as_ref()), inputs, sink)?;
    policy::check_inputs(policy.as_ref(), &project, inputs, sink);
    if let Some(policy) = &policy {
        policy.check_list(&project, sink);
    }
    if sink.has_errors() {
        return None;
    }
    let layers = compose::parse(&project, inputs, sink)?;
    let arranged = match &policy {
        Some(policy) => policy.layers(layers, &project, inputs, sink)?,
        None => Arranged { layers, ..Arranged::default() },
    };
    let layers = arranged.layers.clone();
    let model = compose::load(&project, layers, Phases::default(), &Selection::default(), inputs, sink)?;
    if let Some(policy) = &policy {
        policy.judge(&model, &arranged, &project, inputs, sink);
    }
    Some(model.root)
}

/// A copy of an example, which a test may damage.
pub struct Example {
    pub name: String,
    folder: tempfile::TempDir,
}

impl Example {
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The overlays that its policy names, relative to it.
    pub fn overlays(&self) -> Vec<String> {
        let text = fs::read_to_string(self.path().join("seaworthy.yaml")).unwrap();
        let policy: serde_json::Value = serde_yaml::from_str(&text).unwrap();
        let overlays = policy["overlays"].as_array().cloned().unwrap_or_default();
        overlays.iter().filter_map(|overlay| Some(overlay["file"].as_str()?.to_owned())).collect()
    }
}

/// Every example that has a policy.
pub fn examples() -> Vec<Example> {
    let mut found = Vec::new();
    for entry in fs::read_dir("examples").unwrap().map(Result::unwrap) {
        if entry.path().join("seaworthy.yaml").exists() {
            let folder = tempfile::tempdir().unwrap();
            copy(&entry.path(), folder.path());
            found.push(Example { name: entry.file_name().to_string_lossy().into_owned(), folder });
        }
    }
    assert!(!found.is_empty());
    found
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        match entry.file_type().unwrap() {
            kind if kind.is_dir() => copy(&entry.path(), &target),
            kind if kind.is_file() => {
                fs::copy(entry.path(), target).unwrap();
            }
            _ => {}
        }
    }
}

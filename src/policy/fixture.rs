//! Projects written as text, for tests: a folder with files, loaded and judged as a launch does.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::compose::{self, Model, Phases, Selection};
use crate::diagnostic::{Code, Finding, Screen, Severity, Sink, write_findings};
use crate::engine::Info;
use crate::host::Owner;
use crate::project::{self, Environment, Inputs, Project};
use crate::reader::Reader;

use super::date::Date;
use super::{Arranged, Given, Policy, find};

/// A folder of files and the variables around it.
pub struct Fixture {
    folder: TempDir,
    list: Vec<String>,
    environment: Vec<(String, String)>,
    pub policy: Option<PathBuf>,
    reader: Reader,
    engine: Option<Info>,
    image_users: BTreeMap<String, Owner>,
    switches: BTreeMap<String, Vec<&'static str>>,
}

/// What became of a project.
pub struct Outcome {
    pub findings: Vec<Finding>,
    pub inputs: Inputs,
    pub policy: Option<Policy>,
    pub arranged: Option<Arranged>,
    pub model: Option<Model>,
}

impl Fixture {
    /// A project of one base file.
    pub fn new(base: &str) -> Self {
        let folder = tempfile::Builder::new().prefix("policy").tempdir().unwrap();
        let fixture = Self {
            folder,
            list: vec!["compose.yaml".into()],
            environment: Vec::new(),
            policy: None,
            reader: Reader::default(),
            engine: None,
            image_users: BTreeMap::new(),
            switches: BTreeMap::new(),
        };
        fixture.with("compose.yaml", base)
    }

    /// Read as a version of Compose does that is newer than any that is known.
    pub fn beyond(mut self) -> Self {
        self.reader = Reader::new(Reader::NEWEST.major, Reader::NEWEST.minor + 1, 0);
        self
    }

    /// An engine that says this of itself.
    pub fn engine(mut self, info: Info) -> Self {
        self.engine = Some(info);
        self
    }

    /// The image of a service has this user.
    pub fn image_user(mut self, service: &str, owner: Owner) -> Self {
        self.image_users.insert(service.to_owned(), owner);
        self
    }

    /// The image of a service starts as root and becomes another user.
    pub fn switches(mut self, service: &str, needs: &[&'static str]) -> Self {
        self.switches.insert(service.to_owned(), needs.to_vec());
        self
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A file that is there, but not in the list.
    pub fn with(self, name: &str, text: &str) -> Self {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        self
    }

    /// A file at the end of the list.
    pub fn file(mut self, name: &str, text: &str) -> Self {
        self.list.push(name.to_owned());
        self.with(name, text)
    }

    /// The list instead of what [`Self::file`] made of it.
    pub fn listing(mut self, names: &[&str]) -> Self {
        self.list = names.iter().map(|name| (*name).to_owned()).collect();
        self
    }

    /// `seaworthy.yaml`, version 1, closed.
    pub fn policy(self, text: &str) -> Self {
        self.with("seaworthy.yaml", &closed(text))
    }

    /// The host's policy and its files.
    pub fn system(self, text: &str) -> Self {
        use std::os::unix::fs::PermissionsExt;
        let fixture = self.with("etc/policy.yaml", &closed(text));
        let directory = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(fixture.path().join("etc"), directory).unwrap();
        std::fs::set_permissions(
            fixture.path().join("etc/policy.yaml"),
            std::fs::Permissions::from_mode(0o644),
        )
        .unwrap();
        fixture
    }

    /// The files in the order in which they are given.
    pub fn list(&self) -> &[String] {
        &self.list
    }

    pub fn environment(&self) -> &[(String, String)] {
        &self.environment
    }

    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn given(&self) -> Given {
        Given {
            path: self.policy.clone(),
            system: self.path().join("etc/policy.yaml"),
            system_owner: rustix::process::geteuid().as_raw(),
            today: Date::parse("2026-11-21").unwrap(),
        }
    }

    pub fn discover(&self, inputs: &mut Inputs, sink: &mut Sink) -> Option<Project> {
        let mut environment = vec![("HOME".to_owned(), "/home/ann".to_owned())];
        environment.extend(self.environment.iter().cloned());
        let given = project::Given {
            files: self.list.clone(),
            environment: Environment::new(environment),
            cwd: self.path().to_path_buf(),
            project_name: Some("test".into()),
            reader: self.reader,
            ..project::Given::default()
        };
        project::discover(&given, inputs, sink)
    }

    /// Everything a launch does up to the verdict.
    pub fn run(&self) -> Outcome {
        let mut inputs = Inputs::default();
        let mut sink = Sink::new();
        let mut outcome = Outcome {
            findings: Vec::new(),
            inputs: Inputs::default(),
            policy: None,
            arranged: None,
            model: None,
        };
        let done = (|| {
            let project = self.discover(&mut inputs, &mut sink)?;
            let layers = compose::parse(&project, &inputs, &mut sink)?;
            let policy = find(&project, &self.given(), &mut inputs, &mut sink)?;
            outcome.policy.clone_from(&policy);
            let Some(mut policy) = policy else {
                outcome.model = compose::load(
                    &project,
                    layers,
                    Phases::default(),
                    &Selection::default(),
                    &mut inputs,
                    &mut sink,
                );
                return Some(());
            };
            policy.check_list(&project, &mut sink);
            let arranged = policy.layers(layers, &project, &mut inputs, &mut sink)?;
            outcome.arranged = Some(arranged.clone());
            let model = compose::load(
                &project,
                arranged.layers.clone(),
                Phases::default(),
                &Selection::default(),
                &mut inputs,
                &mut sink,
            )?;
            policy.info.clone_from(&self.engine);
            policy.image_users.clone_from(&self.image_users);
            policy.switches.clone_from(&self.switches);
            policy.judge(&model, &arranged, &project, &mut inputs, &mut sink);
            outcome.model = Some(model);
            Some(())
        })();
        let _ = done;
        outcome.findings = sink.into_findings();
        outcome.inputs = inputs;
        outcome
    }
}

impl Outcome {
    pub fn errors(&self) -> Vec<&Finding> {
        self.findings.iter().filter(|finding| finding.severity == Severity::Error).collect()
    }

    pub fn codes(&self) -> Vec<Code> {
        self.errors().iter().map(|finding| finding.code).collect()
    }

    /// Everything as people see it.
    pub fn text(&self) -> String {
        let mut out = Vec::new();
        let screen = Screen { colour: false, width: 120 };
        write_findings(&mut out, &self.findings, self.inputs.sources(), screen).unwrap();
        String::from_utf8(out).unwrap()
    }

    pub fn passes(&self) -> bool {
        self.model.is_some() && self.errors().is_empty()
    }

    #[track_caller]
    pub fn assert_passes(&self) {
        assert!(self.passes(), "{}", self.text());
    }

    /// The text under the labels of the first error with a code.
    pub fn places(&self, code: Code) -> Vec<&str> {
        let finding = self.findings.iter().find(|finding| finding.code == code);
        let labels = finding.into_iter().flat_map(|finding| &finding.labels);
        labels.map(|label| self.inputs.sources().text(label.span)).collect()
    }

    /// An effective value.
    pub fn value(&self, path: &[&str]) -> Option<String> {
        self.model.as_ref()?.root.at(path).map(compose::text)
    }
}

/// A policy with this text, closed by its last line.
fn closed(text: &str) -> String {
    let end = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
    format!("version: 1\n{text}{end}...\n")
}

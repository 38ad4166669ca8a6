//! One case of the corpus: a project's own files, and what Compose made of them.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

/// `case.json`, as far as it is needed to run the case.
#[derive(Deserialize)]
struct Description {
    workdir: String,
    discover: bool,
    files: Vec<String>,
    profiles: Vec<String>,
    env: BTreeMap<String, String>,
    expect: String,
}

pub struct Case {
    pub id: String,
    folder: PathBuf,
    /// Where the tool is run.
    pub directory: PathBuf,
    pub files: Vec<String>,
    pub profiles: Vec<String>,
    /// The whole environment, but for `PATH`.
    pub environment: BTreeMap<String, String>,
    /// Compose accepts it.
    pub is_accepted: bool,
    /// Where the answers of 5.5 are.
    answers: PathBuf,
}

/// Every case, or why there is none.
pub fn all() -> Result<Vec<Case>, &'static str> {
    let root = match std::env::var_os("SEAWORTHY_CORPUS") {
        Some(given) => PathBuf::from(given),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus/cases"),
    };
    let missing = "the corpus is not here; SEAWORTHY_CORPUS names its cases folder";
    let root = root.canonicalize().map_err(|_| missing)?;
    let mut folders: Vec<PathBuf> =
        fs::read_dir(root).map_err(|_| missing)?.flatten().map(|entry| entry.path()).collect();
    folders.sort();
    let cases: Vec<Case> =
        folders.into_iter().filter(|folder| folder.join("case.json").exists()).map(read).collect();
    if cases.is_empty() { Err(missing) } else { Ok(cases) }
}

fn read(folder: PathBuf) -> Case {
    let text = fs::read_to_string(folder.join("case.json")).unwrap();
    let description: Description = serde_json::from_str(&text).unwrap();
    let directory = folder.join(&description.workdir).canonicalize().unwrap();
    let mut environment = description.env;
    environment.insert("HOME".to_owned(), "/home/user".to_owned());
    environment.insert("PWD".to_owned(), directory.display().to_string());
    Case {
        id: folder.file_name().unwrap().to_string_lossy().into_owned(),
        files: if description.discover { Vec::new() } else { description.files },
        profiles: description.profiles,
        is_accepted: description.expect == "ok",
        environment,
        answers: folder.join("../../answers-5.5"),
        directory,
        folder,
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        match entry.file_type().unwrap() {
            kind if kind.is_dir() => copy(&path, &target),
            kind if kind.is_symlink() => symlink(fs::read_link(path).unwrap(), target).unwrap(),
            _ => drop(fs::copy(path, target).unwrap()),
        }
    }
}

impl Case {
    /// The same in a folder of its own.
    pub fn copied(&self, to: &Path) -> Self {
        copy(&self.folder, to);
        let mut environment = self.environment.clone();
        let moved = |path: &Path| to.join(path.strip_prefix(&self.folder).unwrap());
        environment.insert("PWD".to_owned(), moved(&self.directory).display().to_string());
        Self {
            id: self.id.clone(),
            folder: to.to_owned(),
            directory: moved(&self.directory),
            files: self.files.clone(),
            profiles: self.profiles.clone(),
            environment,
            is_accepted: self.is_accepted,
            answers: self.answers.clone(),
        }
    }

    /// The files of secrets and configs: only what loading reads is in the corpus, and a start reads them.
    pub fn make_what_is_read_at_a_start(&self) {
        let text = self.recorded_by_5_5().unwrap_or_else(|| self.recorded());
        let model: Value = serde_json::from_str(&text).unwrap();
        let all = ["secrets", "configs"].iter().filter_map(|section| model.get(section)?.as_object());
        for path in all.flat_map(|section| section.values()).filter_map(|one| one.get("file")?.as_str()) {
            let path = Path::new(path);
            if path.starts_with(&self.folder) && !path.exists() {
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, "").unwrap();
            }
        }
    }

    /// What 5.5 printed, where that is another answer than 2.40's.
    pub fn recorded_by_5_5(&self) -> Option<String> {
        let text = fs::read_to_string(self.answers.join(format!("{}.json", self.id))).ok();
        text.map(|text| self.here(&text)).or_else(|| self.accepted_by_5_5())
    }

    /// The same of what 2.40 refuses.
    pub fn accepted_by_5_5(&self) -> Option<String> {
        let text = fs::read_to_string(self.answers.join(format!("{}.accepted.json", self.id))).ok()?;
        Some(self.here(&text))
    }

    fn here(&self, text: &str) -> String {
        text.replace("@DIR@", &self.folder.display().to_string())
    }

    /// What comes before the command.
    pub fn globals(&self) -> Vec<String> {
        let flags = [("--profile", &self.profiles), ("-f", &self.files)];
        flags
            .into_iter()
            .flat_map(|(flag, values)| values.iter().flat_map(move |value| [flag.to_owned(), value.clone()]))
            .collect()
    }

    /// What `docker compose config --format json` printed, for this folder.
    pub fn recorded(&self) -> String {
        self.here(&fs::read_to_string(self.folder.join("expected.json")).unwrap())
    }
}

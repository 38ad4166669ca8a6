//! One case of the corpus: a project's own files, and what Compose made of them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

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
        directory,
        folder,
    }
}

impl Case {
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
        let text = fs::read_to_string(self.folder.join("expected.json")).unwrap();
        text.replace("@DIR@", &self.folder.display().to_string())
    }
}

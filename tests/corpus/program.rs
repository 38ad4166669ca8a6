//! A program that is run on a case.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

pub struct Program {
    path: PathBuf,
    first: &'static [&'static str],
    /// What the program keeps: no home is there.
    state: TempDir,
}

impl Program {
    pub fn ours() -> Self {
        Self { path: env!("CARGO_BIN_EXE_seaworthy").into(), first: &[], state: TempDir::new().unwrap() }
    }

    /// The plugin itself where it can be found, as `docker` would only add time.
    pub fn compose() -> Option<Self> {
        let plugin = ["/usr/local/lib", "/usr/local/libexec", "/usr/lib", "/usr/libexec"]
            .iter()
            .map(|folder| Path::new(folder).join("docker/cli-plugins/docker-compose"))
            .find(|path| path.exists());
        let found = match plugin {
            Some(path) => Self { path, first: &[], state: TempDir::new().ok()? },
            None => Self { path: "docker".into(), first: &["compose"], state: TempDir::new().ok()? },
        };
        let output = Command::new(&found.path).args(found.first).arg("version").output().ok()?;
        output.status.success().then_some(found)
    }

    pub fn run(&self, directory: &Path, environment: &BTreeMap<String, String>, words: &[String]) -> Output {
        Command::new(&self.path)
            .args(self.first)
            .args(words)
            .current_dir(directory)
            .env_clear()
            .env("PATH", PATH)
            .env("XDG_STATE_HOME", self.state.path())
            // For Go: a short run has no use for more threads, nor for collecting garbage.
            .envs([("GOMAXPROCS", "1"), ("GOGC", "off")])
            .envs(environment)
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }
}

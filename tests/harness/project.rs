//! A project in a directory of its own, and the real program run in it.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use tempfile::TempDir;

/// Files below a temporary directory: the project in `project`, the user's home in `home`, and `bin`,
/// which is all of `PATH`, so that no test starts a program that it did not put there.
pub struct Project {
    root: TempDir,
    environment: BTreeMap<String, String>,
    stdin: Vec<u8>,
    bound: Option<u32>,
}

/// How a run ended. Shown with everything that a user would see, without what differs between runs.
pub struct Outcome {
    pub stdout: String,
    pub stderr: String,
    pub status: i32,
}

impl Project {
    /// Nothing but the directories.
    pub fn empty() -> Self {
        let root = TempDir::new().unwrap();
        for name in ["project", "home", "bin"] {
            fs::create_dir(root.path().join(name)).unwrap();
        }
        Self { root, environment: BTreeMap::new(), stdin: Vec::new(), bound: None }
    }

    /// With this compose file.
    pub fn new(compose: &str) -> Self {
        Self::empty().file("compose.yaml", compose)
    }

    /// Adds a file, with the folders it needs. The path is relative to the project.
    pub fn file(self, path: &str, content: impl AsRef<[u8]>) -> Self {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
        self
    }

    pub fn folder(self, path: &str) -> Self {
        fs::create_dir_all(self.path(path)).unwrap();
        self
    }

    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.environment.insert(name.to_owned(), value.to_owned());
        self
    }

    pub fn stdin(mut self, text: &str) -> Self {
        self.stdin = text.as_bytes().to_vec();
        self
    }

    /// What is run is killed once it has taken so many seconds of processor time.
    #[allow(dead_code, reason = "each test uses its part")]
    pub fn within(mut self, seconds: u32) -> Self {
        self.bound = Some(seconds);
        self
    }

    /// Puts a shell script into `PATH`.
    pub fn program(self, name: &str, script: &str) -> Self {
        let path = self.root.path().join("bin").join(name);
        fs::write(&path, format!("#!/bin/sh\n{script}")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        self
    }

    pub fn path(&self, path: &str) -> PathBuf {
        let project = self.root.path().join("project");
        if path.is_empty() { project } else { project.join(path) }
    }

    pub fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap()
    }

    /// Runs seaworthy in the project with these words.
    pub fn run<'w>(&self, words: impl IntoIterator<Item = &'w str>) -> Outcome {
        self.run_in("", words)
    }

    /// The same in a folder of the project.
    pub fn run_in<'w>(&self, folder: &str, words: impl IntoIterator<Item = &'w str>) -> Outcome {
        let directory = self.path(folder);
        let program = env!("CARGO_BIN_EXE_seaworthy");
        let mut command = match self.bound {
            None => Command::new(program),
            Some(seconds) => {
                let mut shell = Command::new("/bin/sh");
                shell.args(["-c", &format!("ulimit -t {seconds} && exec \"$0\" \"$@\""), program]);
                shell
            }
        };
        let output = command
            .args(words)
            .current_dir(&directory)
            .env_clear()
            .env("PATH", self.root.path().join("bin"))
            .env("HOME", self.root.path().join("home"))
            .env("PWD", &directory)
            .env("LC_ALL", "C.UTF-8")
            .envs(&self.environment)
            .write_stdin(self.stdin.clone())
            .output()
            .unwrap();
        Outcome {
            stdout: self.without_places(&output.stdout),
            stderr: self.without_places(&output.stderr),
            status: output.status.code().unwrap_or(-1),
        }
    }

    fn without_places(&self, bytes: &[u8]) -> String {
        let place = |path: &Path| path.display().to_string();
        let text = String::from_utf8_lossy(bytes);
        text.replace(&place(&self.root.path().join("project")), "[DIR]")
            .replace(&place(&self.root.path().join("home")), "[HOME]")
            .replace(&place(self.root.path()), "[ROOT]")
    }
}

impl Outcome {
    /// Standard output of a run that went well.
    #[track_caller]
    pub fn output(self) -> String {
        assert_eq!(self.status, 0, "{self}");
        self.stdout
    }

    /// A run that refused its input, and did nothing else.
    #[track_caller]
    pub fn refused(self) -> Self {
        assert_eq!((self.status, self.stdout.as_str()), (78, ""), "{self}");
        self
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "exit {}", self.status)?;
        for (name, text) in [("stdout", &self.stdout), ("stderr", &self.stderr)] {
            if !text.is_empty() {
                writeln!(f, "--- {name}")?;
                for line in text.lines() {
                    // Editors and formatters would take blanks at the end away.
                    writeln!(f, "{}", line.trim_end())?;
                }
            }
        }
        Ok(())
    }
}

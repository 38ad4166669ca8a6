//! The swarm that `scripts/swarm` starts, and stacks that go away with their tests.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::project::{Outcome, Project};

/// The nodes by number, the manager first.
pub struct Swarm {
    folder: PathBuf,
}

impl Swarm {
    #[track_caller]
    pub fn up() -> Self {
        let folder = std::env::var_os("SEAWORTHY_SWARM").map(PathBuf::from);
        Self {
            folder: folder
                .expect("run this with `scripts/swarm run cargo test --test stack -- --include-ignored`"),
        }
    }

    pub fn socket(&self, node: u8) -> PathBuf {
        self.folder.join(format!("node{node}/docker.sock"))
    }

    pub fn host(&self, node: u8) -> String {
        format!("unix://{}", self.socket(node).display())
    }

    /// The name of the nodes' bridge, and of the manager's side of it.
    pub fn link(&self, node: u8) -> String {
        format!("{}-v{node}", self.folder.file_name().unwrap().to_string_lossy())
    }

    /// What docker prints, whatever its status.
    pub fn tries(&self, node: u8, words: &[&str]) -> (bool, String) {
        let output = Command::new("docker").args(words).env("DOCKER_HOST", self.host(node)).output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8_lossy(&said).into_owned())
    }

    #[track_caller]
    pub fn docker(&self, node: u8, words: &[&str]) -> String {
        let (is_done, said) = self.tries(node, words);
        assert!(is_done, "docker {words:?}: {said}");
        said
    }

    #[track_caller]
    pub fn inspect(&self, words: &[&str]) -> Value {
        let said = self.docker(1, words);
        let all: Value = serde_json::from_str(&said).unwrap_or_else(|_| panic!("{words:?}: {said}"));
        all[0].clone()
    }

    /// What the manager's interface answers; docker's own command fills in defaults.
    #[track_caller]
    pub fn get(&self, path: &str) -> Value {
        let mut stream = UnixStream::connect(self.socket(1)).unwrap();
        stream.write_all(format!("GET /v1.51{path} HTTP/1.0\r\nHost: d\r\n\r\n").as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        serde_json::from_str(body).unwrap()
    }

    /// Seaworthy in the project, with this swarm's manager.
    pub fn runs(&self, project: Project) -> Project {
        Self::runs_at(project, &self.host(1))
    }

    pub fn runs_at(project: Project, host: &str) -> Project {
        let path = std::env::var("PATH").unwrap();
        project.variable("PATH", &path).variable("DOCKER_HOST", host)
    }

    /// The container of a service's task on a node, once it is there.
    #[track_caller]
    pub fn container(&self, node: u8, service: &str) -> String {
        let filter = format!("label=com.docker.swarm.service.name={service}");
        let mut found = String::new();
        self.until(&format!("no container of {service} on node {node}"), || {
            self.docker(node, &["ps", "-q", "--filter", &filter]).trim().clone_into(&mut found);
            !found.is_empty()
        });
        found.lines().next().unwrap().to_owned()
    }

    #[track_caller]
    pub fn until(&self, what: &str, mut holds: impl FnMut() -> bool) {
        let end = Instant::now() + Duration::from_secs(90);
        while !holds() {
            assert!(Instant::now() < end, "{what}: {}", self.tries(1, &["node", "ls"]).1);
            sleep(Duration::from_millis(300));
        }
    }
}

/// A stack that is removed when its test ends, however it ends.
pub struct Stack<'s> {
    pub swarm: &'s Swarm,
    pub name: &'static str,
}

impl<'s> Stack<'s> {
    pub fn new(swarm: &'s Swarm, name: &'static str) -> Self {
        let stack = Self { swarm, name };
        stack.remove();
        stack
    }

    /// Asked for again until nothing is left: a network stays while a task of a removed service is on it.
    pub fn remove(&self) {
        let label = format!("label=com.docker.stack.namespace={}", self.name);
        for words in [["service", "ls"], ["network", "ls"], ["secret", "ls"], ["config", "ls"]] {
            let all = [words[0], words[1], "-q", "--filter", &label];
            self.swarm.until(&format!("a {} of the stack stays", words[0]), || {
                let is_gone = self.swarm.docker(1, &all).trim().is_empty();
                if !is_gone {
                    self.swarm.tries(1, &["stack", "rm", self.name]);
                }
                is_gone
            });
        }
    }

    pub fn deploy(&self, project: &Project, more: &[&str]) -> Outcome {
        let words =
            ["--compose-version", "5.5", "--profile", "*", "stack", "deploy", "--resolve-image", "never"];
        project.run(words.iter().chain(more).copied().chain([self.name]))
    }
}

impl Drop for Stack<'_> {
    fn drop(&mut self) {
        self.swarm.tries(1, &["stack", "rm", self.name]);
    }
}

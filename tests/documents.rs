//! The pages say what the program prints, and lead where they say.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test fails by panicking"
)]

#[path = "documents/hour.rs"]
mod hour;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use seaworthy::host::owner::is_root;

/// Where the pages have the example. How long it is decides where lines break.
const SHOWN: &str = "/srv/agent-pod";

fn page(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The example in a directory whose path is as long as the one shown.
struct Example(PathBuf);

impl Example {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = std::process::id() % 100_000 * 10 + NEXT.fetch_add(1, Ordering::Relaxed);
        let path = PathBuf::from(format!("/tmp/sw-{number:06}"));
        assert_eq!(path.as_os_str().len(), SHOWN.len());
        copy(&root().join("examples/agent-pod"), &path);
        Self(path)
    }

    /// The pages show a machine on which nobody has the number of the store's image. Root can see to that.
    fn program(&self) -> Command {
        let program = env!("CARGO_BIN_EXE_seaworthy");
        if !is_root() {
            return Command::new(program);
        }
        let passwd = self.0.with_extension("passwd");
        let mut command = Command::new("unshare");
        command.args(["--mount", "--propagation", "private", "sh", "-c"]);
        let alone =
            "echo 'root:x:0:0:root:/root:/bin/sh' > \"$1\" && mount --bind \"$1\" /etc/passwd && shift";
        command.args([&format!("{alone} && exec \"$0\" \"$@\""), program]).arg(passwd);
        command
    }

    fn run(&self, words: &[&str], variables: &[(&str, &str)]) -> String {
        let output = self
            .program()
            .args(words)
            .current_dir(&self.0)
            .env("PWD", &self.0)
            .env_remove("STORE_PORT")
            .envs(variables.iter().copied())
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().replace(self.0.to_str().unwrap(), SHOWN)
    }
}

impl Drop for Example {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
        let _ = fs::remove_file(self.0.with_extension("passwd"));
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().flatten() {
        let target = to.join(entry.file_name());
        // What an earlier launch left is not part of the example.
        match entry.file_name().to_str().unwrap() {
            "state" | ".seaworthy" | "seaworthy.lock" | "seaworthy.snapshot.yaml" => {}
            _ if entry.path().is_dir() => copy(&entry.path(), &target),
            _ => drop(fs::copy(entry.path(), target).unwrap()),
        }
    }
}

#[track_caller]
fn has(name: &str, text: &str) {
    assert!(page(name).contains(text), "{name} does not have what the program prints:\n{text}");
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn the_plan_of_the_example_is_the_real_one() {
    let plan = Example::new().run(&["plan"], &[]);
    for name in ["README.md", "docs/review.md"] {
        has(name, &format!("```console\n$ seaworthy plan\n{plan}```"));
    }
}

#[test]
fn explanations_and_annotations_of_the_example_are_the_real_ones() {
    let example = Example::new();
    let one = "explain services.agent.pids_limit";
    let explained = example.run(&one.split(' ').collect::<Vec<_>>(), &[]);
    for name in ["README.md", "docs/up.md"] {
        has(name, &format!("$ seaworthy {one}\n{explained}"));
    }
    let several = "explain services.agent.pids_limit services.agent.user /state";
    let explained = example.run(&several.split(' ').collect::<Vec<_>>(), &[]);
    has("docs/review.md", &format!("$ seaworthy {several}\n{explained}"));
    let path = "services.agent.environment.STORE_URL";
    let explained = example.run(&["explain", path], &[("STORE_PORT", "9090")]);
    has("docs/review.md", &format!("$ STORE_PORT=9090 seaworthy explain {path}\n{explained}"));
    let annotated = example.run(&["config", "--annotate"], &[]);
    let head: String = annotated.split_inclusive('\n').take(12).collect();
    has("docs/review.md", &format!("$ seaworthy config --annotate | head -12\n{head}"));
}

#[test]
fn every_link_leads_somewhere() {
    let mut pages: Vec<PathBuf> = vec!["README.md".into(), "CONTRIBUTING.md".into()];
    let documents = fs::read_dir(root().join("docs")).unwrap().flatten();
    pages.extend(documents.map(|entry| Path::new("docs").join(entry.file_name())));
    let mut links = 0;
    for name in pages.iter().filter(|name| name.extension().is_some_and(|extension| extension == "md")) {
        let text = page(name.to_str().unwrap());
        for rest in text.split("](").skip(1) {
            let target = rest.split(')').next().unwrap();
            let file = target.split('#').next().unwrap();
            if file.is_empty() || target.contains("://") {
                continue;
            }
            links += 1;
            let path = root().join(name).parent().unwrap().join(file);
            assert!(path.exists(), "{}: {target}", name.display());
        }
    }
    assert!(links > 30, "only {links} links were found");
}

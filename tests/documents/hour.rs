//! The first hour of a newcomer, command by command, as `docs/first-hour.md` has it.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What the page calls the project and its directory, each as long as that of the test: how long it is decides where
/// lines break.
const NAME: &str = "notes-app";
const FOLDER: &str = "/srv/";
const PAGE: &str = "docs/first-hour.md";

/// A project in a folder of its own, which goes with its containers.
struct Hour(PathBuf);

impl Hour {
    fn new() -> Self {
        let path = PathBuf::from(format!("/tmp/sw-{:06}", std::process::id() % 1_000_000));
        assert_eq!(path.as_os_str().len(), FOLDER.len() + NAME.len());
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn name(&self) -> &str {
        self.0.file_name().unwrap().to_str().unwrap()
    }

    /// What a shell prints for the words, as the page shows it.
    fn says(&self, words: &str) -> String {
        let program = Path::new(env!("CARGO_BIN_EXE_seaworthy")).parent().unwrap();
        let path = std::env::var("PATH").unwrap();
        let output = Command::new("sh")
            .args(["-c", &format!("exec 2>&1; {words}")])
            .current_dir(&self.0)
            .env("PATH", format!("{}:{path}", program.display()))
            .env("PWD", &self.0)
            .env("HOME", &self.0)
            .env("XDG_STATE_HOME", self.0.with_extension("state"))
            .output()
            .unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        said.replace(self.0.to_str().unwrap(), &format!("{FOLDER}{NAME}")).replace(self.name(), NAME)
    }
}

impl Drop for Hour {
    fn drop(&mut self) {
        let _ = self.says("docker compose --profile '*' down -t 0 --volumes");
        let _ = fs::remove_dir_all(&self.0);
        let _ = fs::remove_dir_all(self.0.with_extension("state"));
    }
}

/// Carries out a page: writes the files that it shows, runs the commands, and puts what they say behind them.
fn carried_out(page: &str, hour: &Hour) -> String {
    let mut text = String::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        let _ = writeln!(text, "{line}");
        let Some(language) = line.strip_prefix("```").filter(|language| !language.is_empty()) else {
            continue;
        };
        let block: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        if language == "console" {
            for command in block.iter().filter_map(|line| line.strip_prefix("$ ")) {
                let _ = write!(text, "$ {command}\n{}", hour.says(command));
            }
        } else {
            let whole = block.iter().fold(String::new(), |whole, line| whole + line + "\n");
            if let Some(name) = block.first().and_then(|line| line.strip_prefix("# ")) {
                fs::write(hour.0.join(name), &whole).unwrap();
            }
            text.push_str(&whole);
        }
        text.push_str("```\n");
    }
    text
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn the_first_hour_goes_as_it_is_written() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(PAGE);
    let written = fs::read_to_string(&path).unwrap();
    let found = carried_out(&written, &Hour::new());
    if std::env::var_os("SEAWORTHY_BLESS").is_some() {
        fs::write(&path, &found).unwrap();
        return;
    }
    let lines = found.lines().zip(written.lines()).enumerate();
    let other = lines.into_iter().find(|(_, (found, written))| found != written);
    assert_eq!(other, None, "{PAGE} differs there; SEAWORTHY_BLESS=1 writes it anew:\n{found}");
    assert_eq!(found.len(), written.len(), "{found}");
}

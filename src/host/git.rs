//! A git repository as the git program shows it. Nothing is written into it, and no program that it names is run.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Component, Path, PathBuf};
use std::process::{Command, Stdio};

use super::process::find_program;

/// A larger file is no compose file, and none that one reads.
const LARGEST: u64 = 4 << 20;

/// The checkout around a directory.
#[derive(Clone, Debug)]
pub struct Repository {
    program: PathBuf,
    /// The topmost directory of the checkout.
    pub root: PathBuf,
}

/// One file of a commit.
struct Entry {
    is_link: bool,
    is_program: bool,
    hash: String,
    path: PathBuf,
}

impl Repository {
    /// The one that a directory lies in.
    ///
    /// # Errors
    /// Why there is none, in git's words.
    pub fn around(directory: &Path) -> Result<Self, String> {
        let search = std::env::var_os("PATH").unwrap_or_default();
        let program =
            find_program(OsStr::new("git"), &search).ok_or("there is no program \"git\" in PATH")?;
        let found = Self { program, root: directory.to_owned() };
        let root = found.ask(&["rev-parse", "--show-toplevel"])?;
        let root = root.strip_suffix(b"\n").unwrap_or(&root).to_vec();
        Ok(Self { root: PathBuf::from(OsString::from_vec(root)), ..found })
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        // Programs that the repository's own settings name are not run.
        command.arg("-C").arg(&self.root).args([
            "-c",
            "core.fsmonitor=false",
            "-c",
            "core.hooksPath=/dev/null",
        ]);
        command.args(words).env("LC_ALL", "C").env("GIT_OPTIONAL_LOCKS", "0").stdin(Stdio::null());
        command
    }

    fn ask(&self, words: &[&str]) -> Result<Vec<u8>, String> {
        let output = self.command(words).output().map_err(|error| format!("git cannot be run: {error}"))?;
        if output.status.success() {
            return Ok(output.stdout);
        }
        let said = String::from_utf8_lossy(&output.stderr);
        let said = said.trim().lines().last().unwrap_or_default();
        Err(if said.is_empty() {
            format!("git {}: {}", words.join(" "), output.status)
        } else {
            said.to_owned()
        })
    }

    /// The commit that a branch, tag or hash stands for.
    ///
    /// # Errors
    /// This clone has no commit of that name.
    pub fn commit(&self, reference: &str) -> Result<String, String> {
        if reference.is_empty() || reference.starts_with('-') {
            return Err(format!("{reference:?} is no name of a commit"));
        }
        let wanted = format!("{reference}^{{commit}}");
        let found = self.ask(&["rev-parse", "--verify", "--quiet", &wanted]);
        let hash = found.map_err(|_| format!("this clone has no commit {reference}"))?;
        Ok(String::from_utf8_lossy(&hash).trim().to_owned())
    }

    /// Writes the files of a commit below an empty directory, but for those that are larger than any that is read.
    ///
    /// # Errors
    /// Git or the disk fails.
    pub fn extract(&self, commit: &str, into: &Path) -> Result<(), String> {
        let listed = self.ask(&["ls-tree", "-r", "-z", "-l", "--full-tree", commit])?;
        let entries: Vec<Entry> = listed.split(|byte| *byte == 0).filter_map(entry).collect();
        let failed = |error: io::Error| format!("the files of {commit} cannot be written: {error}");
        let mut child = self
            .command(&["cat-file", "--batch"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(failed)?;
        let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
        let asked = entries.iter().fold(String::new(), |asked, entry| asked + &entry.hash + "\n");
        let written = std::thread::scope(|scope| {
            // Both ends are served at once, so that neither waits for the other.
            let thread = scope.spawn(move || stdin.map(|mut pipe| pipe.write_all(asked.as_bytes())));
            let written = stdout.map_or(Ok(()), |pipe| write(&mut BufReader::new(pipe), &entries, into));
            if written.is_err() {
                let _ = child.kill();
            }
            let _ = thread.join();
            written
        });
        let status = child.wait().map_err(failed)?;
        written.map_err(failed)?;
        if status.success() { Ok(()) } else { Err(format!("git cat-file: {status}")) }
    }

    /// The files of some that git is told to ignore, so that no commit has them.
    pub fn ignored<'p>(&self, files: &[&'p Path]) -> BTreeSet<&'p Path> {
        let is_ignored = |file: &&&Path| {
            let mut command = self.command(&["check-ignore", "--quiet", "--"]);
            command.arg(file).stderr(Stdio::null());
            command.status().is_ok_and(|status| status.success())
        };
        files.iter().filter(is_ignored).copied().collect()
    }
}

/// `MODE blob HASH SIZE\tPATH`; nothing for submodules and for files that are too large.
fn entry(line: &[u8]) -> Option<Entry> {
    let tab = line.iter().position(|byte| *byte == b'\t')?;
    let (head, path) = line.split_at_checked(tab)?;
    let head = std::str::from_utf8(head).ok()?;
    let mut words = head.split_ascii_whitespace();
    let (mode, kind, hash, size) = (words.next()?, words.next()?, words.next()?, words.next()?);
    let path = PathBuf::from(OsStr::from_bytes(path.get(1..)?));
    let is_inside = path.components().all(|part| matches!(part, Component::Normal(_)));
    let is_small = size.parse::<u64>().is_ok_and(|size| size <= LARGEST);
    (kind == "blob" && is_small && is_inside).then(|| Entry {
        is_link: mode == "120000",
        is_program: mode == "100755",
        hash: hash.to_owned(),
        path,
    })
}

/// Writes each blob as it comes; links last, so that nothing is written through one.
fn write(blobs: &mut impl BufRead, entries: &[Entry], into: &Path) -> io::Result<()> {
    use std::os::unix::fs::{OpenOptionsExt, symlink};
    let mut links = Vec::new();
    for entry in entries {
        let mut head = String::new();
        blobs.read_line(&mut head)?;
        let size = head.trim_end().rsplit(' ').next().and_then(|size| size.parse::<u64>().ok());
        let size = size.ok_or_else(|| io::Error::other(format!("git says {:?}", head.trim_end())))?;
        let mut content = Vec::new();
        blobs.by_ref().take(size).read_to_end(&mut content)?;
        blobs.read_exact(&mut [0])?;
        let path = into.join(&entry.path);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        if entry.is_link {
            links.push((path, content));
            continue;
        }
        let mode = if entry.is_program { 0o755 } else { 0o644 };
        let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(&path)?;
        file.write_all(&content)?;
    }
    for (path, target) in links {
        symlink(OsStr::from_bytes(&target), path)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_a_tree_is_a_file_that_lies_inside() {
        let read = |line: &str| entry(line.as_bytes()).map(|entry| entry.path.display().to_string());
        assert_eq!(read("100644 blob 0123 12\ta b.yaml").as_deref(), Some("a b.yaml"));
        assert_eq!(read("100644 blob 0123      12\tdeep/a").as_deref(), Some("deep/a"));
        for line in [
            "160000 commit 0123 -\tmodule",
            "100644 blob 0123 99999999\tlarge",
            "100644 blob 0123 1\t../out",
            "100644 blob 0123 1\t/etc/passwd",
            "",
        ] {
            assert_eq!(read(line), None, "{line}");
        }
    }
}

//! The other side of `snapshot diff --against REF`: what the files of a commit would run, worked out anew, so that a
//! change cannot bring its own proof.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::cli::Request;
use crate::diagnostic::{Code, Finding};
use crate::host::git::Repository;
use crate::run::session::current_directory;
use crate::source::SourceMap;

/// The snapshot of a commit.
pub struct Base {
    /// `REF:seaworthy.snapshot.yaml`
    pub name: String,
    pub text: String,
    /// Why it is the file that the commit has, and not what its files make.
    pub only_written: Option<String>,
}

/// Variables that hold paths by which a project is found.
const PATHS: [&str; 4] =
    ["COMPOSE_FILE", "COMPOSE_ENV_FILES", "SEAWORTHY_POLICY", "COMPOSE_PROJECT_DIRECTORY"];

/// Works out what a commit would run: its files are written to a directory that goes away again, and read there as this run
/// reads the checkout. Where they cannot be read so, the snapshot that the commit has.
///
/// # Errors
/// There is no repository, no such commit, or nothing in it to compare with.
pub fn of(reference: &str, request: &Request, snapshot: &Path, read: &SourceMap) -> Result<Base, Finding> {
    let repository = Repository::around(&current_directory()).map_err(|why| no_base(reference, &why))?;
    let commit = repository.commit(reference).map_err(|why| no_base(reference, &why))?;
    let folder = tempfile::Builder::new()
        .prefix("seaworthy-base-")
        .tempdir()
        .map_err(|error| no_base(reference, &format!("no directory for its files: {error}")))?;
    // The directory's name can be the project's.
    let tree = folder.path().join(repository.root.file_name().unwrap_or(OsStr::new("base")));
    std::fs::create_dir(&tree).map_err(|error| no_base(reference, &error.to_string()))?;
    repository.extract(&commit, &tree).map_err(|why| no_base(reference, &why))?;
    let moved = Moved { from: &repository.root, to: &tree };
    moved.bring(&repository, read);
    let inside = snapshot.strip_prefix(&repository.root).ok().map(Path::to_path_buf);
    let written = inside.as_ref().and_then(|inside| std::fs::read_to_string(tree.join(inside)).ok());
    let name = inside.as_deref().unwrap_or(snapshot).display();
    let name = format!("{reference}:{name}");
    match moved.take(request, &folder.path().join("taken.yaml")) {
        Ok(text) => Ok(Base { name, text, only_written: None }),
        Err(why) => match written {
            Some(text) => Ok(Base { name, text, only_written: Some(why) }),
            None => {
                Err(no_base(reference, &format!("its files cannot be read, and it has no snapshot: {why}")))
            }
        },
    }
}

fn no_base(reference: &str, why: &str) -> Finding {
    Finding::error(Code::SnapshotBase, format!("there is nothing to compare with at {reference}: {why}"))
        .help(Code::SnapshotBase.remedy())
}

/// The checkout, and the place where the commit's files are.
struct Moved<'m> {
    from: &'m Path,
    to: &'m Path,
}

impl Moved<'_> {
    /// Files that no commit has because git ignores them are the same on both sides.
    fn bring(&self, repository: &Repository, read: &SourceMap) {
        let inside = read.iter().map(|file| file.path.as_path()).filter(|path| path.starts_with(self.from));
        let absent: Vec<&Path> = inside.filter(|path| !self.path(path).exists()).collect();
        for path in repository.ignored(&absent) {
            let to = self.path(path);
            if let Some(parent) = to.parent() {
                let _ = std::fs::create_dir_all(parent);
            }
            // A file that cannot be copied is missed, with an error, where it is needed.
            let _ = std::fs::copy(path, to);
        }
    }

    fn path(&self, path: &Path) -> PathBuf {
        path.strip_prefix(self.from).map_or_else(|_| path.to_owned(), |inside| self.to.join(inside))
    }

    /// A word of the command line or the environment, with the paths in it moved.
    fn word(&self, word: &OsStr) -> OsString {
        let (Some(text), Some(from), Some(to)) = (word.to_str(), self.from.to_str(), self.to.to_str()) else {
            return word.to_owned();
        };
        let is_it = |rest: &str| rest.is_empty() || rest.starts_with(['/', ':', ',']);
        let mut moved = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(from) {
            let (before, found) = rest.split_at_checked(at).unwrap_or((rest, ""));
            let behind = found.strip_prefix(from).unwrap_or_default();
            let begins = before.is_empty() || before.ends_with(['=', ':', ',']);
            moved.push_str(before);
            moved.push_str(if begins && is_it(behind) { to } else { from });
            rest = behind;
        }
        (moved + rest).into()
    }

    /// The snapshot of the files there, as this program takes it, with the same words.
    fn take(&self, request: &Request, file: &Path) -> Result<String, String> {
        let failed = |error: std::io::Error| error.to_string();
        let program = std::env::current_exe().map_err(failed)?;
        let here = current_directory();
        let here = self.path(&here.canonicalize().unwrap_or(here));
        if !here.is_dir() {
            return Err(format!(
                "there is no directory {}",
                here.strip_prefix(self.to).unwrap_or(&here).display()
            ));
        }
        let words = request.again("snapshot");
        let mut command = Command::new(program);
        if let Some(reader) = request.global.reader {
            command.arg("--compose-version").arg(reader.to_string());
        }
        command.args(words.iter().skip(1).map(|word| self.word(OsStr::new(word))));
        command.args(["write", "--snapshot"]).arg(file);
        command.current_dir(&here).env("PWD", &here).stdin(Stdio::null()).stdout(Stdio::null());
        for name in PATHS {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, self.word(&value));
            }
        }
        let output = command.stderr(Stdio::piped()).output().map_err(failed)?;
        if output.status.success() {
            return std::fs::read_to_string(file).map_err(failed);
        }
        let said = String::from_utf8_lossy(&output.stderr);
        let first = said.lines().find(|line| line.starts_with("error")).unwrap_or_default();
        Err(first.rsplit_once("]: ").map_or(first, |(_, message)| message).to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_the_checkout_become_those_of_the_commit() {
        let moved = Moved { from: Path::new("/srv/repo"), to: Path::new("/tmp/x/repo") };
        for (word, wanted) in [
            ("/srv/repo/a.yaml", "/tmp/x/repo/a.yaml"),
            ("/srv/repo", "/tmp/x/repo"),
            ("--file=/srv/repo/a.yaml", "--file=/tmp/x/repo/a.yaml"),
            ("/srv/repo/a.yaml:/srv/repo/b.yaml", "/tmp/x/repo/a.yaml:/tmp/x/repo/b.yaml"),
            ("/srv/repository/a.yaml", "/srv/repository/a.yaml"),
            ("/data/srv/repo/a.yaml", "/data/srv/repo/a.yaml"),
            ("compose.yaml", "compose.yaml"),
        ] {
            assert_eq!(moved.word(OsStr::new(word)), wanted);
        }
    }
}

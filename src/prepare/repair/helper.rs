//! What is said between us and the helper container, at both ends: one request, one answer, as JSON.

mod border;

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::super::there::{Found, Seek, find};
use super::{Helper, Job, Work, walk};
use crate::engine::Inside;
use crate::engine::helper::{Given, HelperImage, MOUNTED_AT, PROGRESS, Task, Whose, hear, say as answer};
use crate::host::Dir;
use crate::host::walk::Summary;

/// Giving away, reaching what is closed, and opening what its owner closed to himself. Not
/// `DAC_READ_SEARCH`, which opens any file of the host by its handle.
const CAPABILITIES: [&str; 3] = ["CHOWN", "DAC_OVERRIDE", "FOWNER"];

/// In numbers of one side or the other, see [`Inside`].
#[derive(Serialize, Deserialize)]
struct Request {
    /// Both ends must be the same program.
    version: String,
    /// Device and number of the directory that is meant; `None` for one of another machine, and for a volume.
    root: Option<(u64, u64)>,
    /// What is to be found there, before anything else is done.
    seeks: Vec<Seek>,
    trees: Vec<Part>,
}

/// One directory below it.
#[derive(Serialize, Deserialize)]
struct Part {
    relative: PathBuf,
    work: Work,
}

impl Request {
    /// In which the helper has to be.
    fn groups(&self) -> BTreeSet<u32> {
        self.trees.iter().flat_map(Part::groups).collect()
    }
}

impl Part {
    /// Whoever is not in a group takes the setgid bit away where he changes a mode.
    fn groups(&self) -> Vec<u32> {
        match &self.work {
            Work::HandOver(_) => Vec::new(),
            Work::Share(share) => share.groups.iter().copied().collect(),
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Reply {
    /// One for each; a text says why a tree was not begun.
    Done {
        found: Vec<Found>,
        trees: Vec<Result<Summary, String>>,
    },
    Failed(String),
}

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Has the helper do jobs below one root; one answer for each.
pub(super) fn ask(
    helper: &Helper<'_>,
    image: &HelperImage,
    place: (&Path, Option<&str>),
    jobs: &[&Job],
    progress: &dyn Fn(u64),
) -> Result<Vec<Result<Summary, String>>, String> {
    let trees = jobs.iter().map(|job| Part { relative: job.relative.clone(), work: job.work.clone() });
    let (_, trees) = say(helper, image, place, (Vec::new(), trees.collect()), progress)?;
    Ok(trees)
}

/// Has the helper of an engine on another machine look for things there.
pub fn look(helper: &Helper<'_>, root: &Path, seeks: &[Seek]) -> Result<Vec<Found>, String> {
    let (found, _) = say(helper, helper.image()?, (root, None), (seeks.to_vec(), Vec::new()), &|_| {})?;
    let ours = |text: String| text.replace(MOUNTED_AT, &root.display().to_string());
    let ours = |found| match found {
        Found::Failed(text) => Found::Failed(ours(text)),
        found => found,
    };
    Ok(found.into_iter().map(ours).collect())
}

type Answers = (Vec<Found>, Vec<Result<Summary, String>>);

fn say(
    helper: &Helper<'_>,
    image: &HelperImage,
    (root, volume): (&Path, Option<&str>),
    (seeks, trees): (Vec<Seek>, Vec<Part>),
    progress: &dyn Fn(u64),
) -> Result<Answers, String> {
    // A volume is known by its name; where it is kept, an ordinary user may not look.
    let identity = if helper.is_elsewhere || volume.is_some() {
        None
    } else {
        let stat = Dir::open(root).and_then(|root| root.stat()).map_err(|error| error.to_string())?;
        Some((stat.dev, stat.ino))
    };
    let is_only_looked_at = seeks.is_empty() && trees.iter().all(|part| part.work.is_dry());
    let request = Request { version: VERSION.to_owned(), root: identity, seeks, trees };
    let request = helper.border.enter(request)?;
    let failed = |error: serde_json::Error| format!("the helper: {error}");
    let mut line = serde_json::to_vec(&request).map_err(failed)?;
    line.push(b'\n');
    let task = Task {
        words: &[],
        given: match volume {
            None => Given::Directory(root),
            Some(name) if is_only_looked_at => Given::Volume(name),
            Some(name) => Given::VolumeToChange(name),
        },
        whose: Whose::Host,
        capabilities: &CAPABILITIES,
        groups: request.map(Request::groups),
        request: &line,
        progress,
    };
    let said = helper.engine.run_helper(image, &task).into_result()?;
    let reply: Inside<Reply> = serde_json::from_slice(&said).map_err(failed)?;
    let here = |summary: Summary| summary.moved(Path::new(MOUNTED_AT), root);
    match helper.border.leave(reply) {
        Reply::Done { found, trees } => Ok((found, trees.into_iter().map(|one| one.map(here)).collect())),
        Reply::Failed(reason) => Err(reason),
    }
}

/// The helper's whole life: reads a request, does it, says what it did.
///
/// # Errors
/// Where nobody listens.
pub fn serve(tree: &Path) -> std::io::Result<()> {
    let line = hear()?;
    let reply = match carry_out(&line, tree) {
        Ok((found, trees)) => Reply::Done { found, trees },
        Err(reason) => Reply::Failed(reason),
    };
    answer(&Inside::of_helper(reply))
}

fn carry_out(line: &str, tree: &Path) -> Result<Answers, String> {
    let request: Inside<Request> = serde_json::from_str(line).map_err(|error| error.to_string())?;
    let request = request.for_helper();
    if request.version != VERSION {
        return Err(format!("the helper is version {VERSION}, and was asked by {}", request.version));
    }
    let root = Dir::open(tree).map_err(|error| error.to_string())?;
    let stat = root.stat().map_err(|error| error.to_string())?;
    // Whoever can exchange a directory above it could have the engine mount another one.
    if request.root.is_some_and(|meant| meant != (stat.dev, stat.ino)) {
        return Err("the engine gave the helper another directory than was meant".to_owned());
    }
    let progress = |count: u64| {
        let _ = writeln!(std::io::stderr(), "{PROGRESS}{count}");
    };
    let one =
        |part: &Part| walk(&root, &part.relative, &part.work, &progress).map_err(|error| error.to_string());
    let found = request.seeks.iter().map(|seek| find(tree, seek)).collect();
    Ok((found, request.trees.iter().map(one).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::{Handover, Owner, Takes};

    fn request(root: &Path, version: &str, identity: Option<(u64, u64)>) -> String {
        let stat = Dir::open(root).unwrap().stat().unwrap();
        let ours = Owner::current();
        serde_json::to_string(&Request {
            version: version.to_owned(),
            root: Some(identity.unwrap_or((stat.dev, stat.ino))),
            seeks: Vec::new(),
            trees: ["state", "none"]
                .map(|name| Part {
                    relative: name.into(),
                    work: Work::HandOver(Handover {
                        to: ours,
                        from: BTreeSet::new(),
                        groups: BTreeSet::new(),
                        takes: Takes::Known,
                        dry_run: false,
                    }),
                })
                .into(),
        })
        .unwrap()
    }

    #[test]
    fn only_the_directory_that_was_meant_is_gone_through() {
        let temp = tempfile::tempdir().unwrap();
        std::fs::create_dir(temp.path().join("state")).unwrap();
        let (_, done) = carry_out(&request(temp.path(), VERSION, None), temp.path()).unwrap();
        assert_eq!(done[0].as_ref().map(|done| (done.right, done.given)), Ok((1, 0)));
        assert!(done[1].as_ref().is_err_and(|reason| reason.contains("no such file")), "{done:?}");
        let other = carry_out(&request(temp.path(), VERSION, Some((1, 1))), temp.path());
        assert!(other.unwrap_err().contains("another directory"));
        assert!(carry_out(&request(temp.path(), "0.0.0", None), temp.path()).unwrap_err().contains("0.0.0"));
    }
}

//! What is said between us and the helper container, at both ends: one request, one answer, as JSON.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::super::there::{Found, Seek, find};
use super::{Helper, Job, Work, walk};
use crate::engine::IdMap;
use crate::engine::helper::{Given, HelperImage, MOUNTED_AT, PROGRESS, Task, Whose, hear, say as answer};
use crate::host::walk::share::{By, Share};
use crate::host::walk::{Summary, Why};
use crate::host::{Dir, Handover, Owner};

/// Giving away, reaching what is closed, and opening what its owner closed to himself. Not
/// `DAC_READ_SEARCH`, which opens any file of the host by its handle.
const CAPABILITIES: [&str; 3] = ["CHOWN", "DAC_OVERRIDE", "FOWNER"];

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
    let part = |job: &&Job| {
        let work = helper.map.as_ref().map_or(Ok(job.work.clone()), |map| inside(&job.work, map))?;
        Ok(Part { relative: job.relative.clone(), work })
    };
    let trees: Vec<Part> = jobs.iter().map(part).collect::<Result<_, String>>()?;
    let (_, trees) = say(helper, image, place, (Vec::new(), trees), progress)?;
    Ok(trees)
}

/// Has the helper of an engine on another machine look for things there.
pub fn look(helper: &Helper<'_>, root: &Path, seeks: &[Seek]) -> Result<Vec<Found>, String> {
    let (found, _) = say(helper, helper.image()?, (root, None), (seeks.to_vec(), Vec::new()), &|_| {})?;
    let outside = |text: String| text.replace(MOUNTED_AT, &root.display().to_string());
    let outside = |found| match found {
        Found::Failed(text) => Found::Failed(outside(text)),
        found => found,
    };
    Ok(found.into_iter().map(outside).collect())
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
    let groups = trees.iter().flat_map(Part::groups).collect();
    let is_only_looked_at = seeks.is_empty() && trees.iter().all(|part| part.work.is_dry());
    let request = Request { version: VERSION.to_owned(), root: identity, seeks, trees };
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
        groups,
        request: &line,
        progress,
    };
    let said = helper.engine.run_helper(image, &task).into_result()?;
    let here = |summary: Summary| {
        let summary = summary.moved(Path::new(MOUNTED_AT), root);
        helper.map.as_ref().map_or(summary.clone(), |map| outside(summary, map))
    };
    match serde_json::from_slice(&said).map_err(failed)? {
        Reply::Done { found, trees } => Ok((found, trees.into_iter().map(|one| one.map(here)).collect())),
        Reply::Failed(reason) => Err(reason),
    }
}

/// In the numbers that the helper of an engine without root has. Owners it does not have, it could not
/// take from either.
fn inside(work: &Work, map: &IdMap) -> Result<Work, String> {
    match work {
        Work::HandOver(handover) => handed_inside(handover, map).map(Work::HandOver),
        Work::Share(share) => shared_inside(share, map).map(Work::Share),
    }
}

fn shared_inside(share: &Share, map: &IdMap) -> Result<Share, String> {
    let users = |uids: &BTreeSet<u32>| uids.iter().filter_map(|uid| map.uid_to_container(*uid)).collect();
    Ok(Share {
        by: match &share.by {
            By::Group(gid) => By::Group(
                map.gid_to_container(*gid)
                    .ok_or_else(|| format!("the engine's map of users does not have group {gid}"))?,
            ),
            By::List(users) => {
                let user = |(uid, writes): (&u32, &bool)| Some((map.uid_to_container(*uid)?, *writes));
                By::List(users.iter().filter_map(user).collect())
            }
        },
        from: users(&share.from),
        top: users(&share.top),
        groups: share.groups.iter().filter_map(|gid| map.gid_to_container(*gid)).collect(),
        dry_run: share.dry_run,
    })
}

fn handed_inside(handover: &Handover, map: &IdMap) -> Result<Handover, String> {
    let (uid, gid) = (map.uid_to_container(handover.to.uid), map.gid_to_container(handover.to.gid));
    let (Some(uid), Some(gid)) = (uid, gid) else {
        return Err(format!("the engine's map of users does not have {}", handover.to));
    };
    Ok(Handover {
        to: Owner::new(uid, gid),
        from: handover.from.iter().filter_map(|uid| map.uid_to_container(*uid)).collect(),
        groups: handover.groups.iter().filter_map(|gid| map.gid_to_container(*gid)).collect(),
        takes: handover.takes,
        dry_run: handover.dry_run,
    })
}

fn outside(mut summary: Summary, map: &IdMap) -> Summary {
    for left in &mut summary.left {
        if let Why::Owner(uid) = &mut left.why {
            *uid = map.uid_to_host(*uid).unwrap_or(*uid);
        }
    }
    summary
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
    answer(&reply)
}

fn carry_out(line: &str, tree: &Path) -> Result<Answers, String> {
    let request: Request = serde_json::from_str(line).map_err(|error| error.to_string())?;
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
    use std::collections::BTreeMap;

    use super::*;
    use crate::engine::idmap::Range;
    use crate::host::Takes;

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

    #[test]
    fn an_engine_without_root_is_asked_in_its_own_numbers() {
        let ranges = vec![
            Range { container: 0, host: 1500, length: 1 },
            Range { container: 1, host: 100_000, length: 65536 },
        ];
        let map = IdMap::new(ranges.clone(), ranges);
        let handover = Handover {
            to: Owner::new(100_999, 100_999),
            from: BTreeSet::from([103_000, 77]),
            groups: BTreeSet::from([1500]),
            takes: Takes::Known,
            dry_run: false,
        };
        let there = handed_inside(&handover, &map).unwrap();
        assert_eq!(there.to, Owner::new(1000, 1000));
        assert_eq!((there.from, there.groups), (BTreeSet::from([3001]), BTreeSet::from([0])));
        assert!(handed_inside(&Handover { to: Owner::new(5, 5), ..handover }, &map).is_err());
        let share = Share {
            by: By::List(BTreeMap::from([(1500, true), (100_999, false), (5, true)])),
            from: BTreeSet::from([100_999, 5]),
            top: BTreeSet::from([1500]),
            groups: BTreeSet::from([100_999]),
            dry_run: true,
        };
        let there = shared_inside(&share, &map).unwrap();
        assert_eq!(there.by, By::List(BTreeMap::from([(0, true), (1000, false)])));
        assert_eq!((there.from, there.top), (BTreeSet::from([1000]), BTreeSet::from([0])));
        assert!(there.groups == BTreeSet::from([1000]) && there.dry_run);
        assert!(shared_inside(&Share { by: By::Group(5), ..share }, &map).is_err());
    }
}

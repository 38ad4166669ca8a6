//! Giving state directories over, or sharing them: by ourselves, or by a helper container where we may not.
//!
//! Both ways are the same walk. The helper gets one directory that was declared, and goes down from there
//! by descriptor as we would, so that a name exchanged meanwhile leads it nowhere either.

pub mod helper;

use std::cell::OnceCell;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::engine::border::Border;
use crate::engine::helper::{HelperImage, program};
use crate::engine::{Answer, Engine, IdMap};
use crate::host::walk::Summary;
use crate::host::{Dir, DirError, Handover, Share, hand_over, share};
use crate::ownership::SharedTree;
use crate::ownership::lock::repair::Tree;

/// What is done with a directory and all that is in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Work {
    HandOver(Handover),
    Share(Share),
}

impl Work {
    fn is_dry(&self) -> bool {
        match self {
            Self::HandOver(handover) => handover.dry_run,
            Self::Share(share) => share.dry_run,
        }
    }

    #[must_use]
    fn dry(mut self, dry_run: bool) -> Self {
        match &mut self {
            Self::HandOver(handover) => handover.dry_run = dry_run,
            Self::Share(share) => share.dry_run = dry_run,
        }
        self
    }
}

/// One directory and what is done with it.
#[derive(Clone, Debug)]
pub struct Job {
    /// On the engine's machine.
    pub root: PathBuf,
    /// The volume whose directory that is, as the engine calls it.
    pub volume: Option<String>,
    pub relative: PathBuf,
    pub work: Work,
}

impl Job {
    pub fn of_tree(tree: &Tree, dry_run: bool) -> Self {
        let work = Work::HandOver(tree.handover.clone()).dry(dry_run);
        let (root, relative) = (tree.root.clone(), tree.relative.clone());
        Self { root, volume: tree.volume.clone(), relative, work }
    }

    pub fn of_shared(tree: &SharedTree, dry_run: bool) -> Self {
        let work = Work::Share(tree.share.clone()).dry(dry_run);
        let (root, relative) = (tree.root.clone(), tree.relative.clone());
        Self { root, volume: tree.volume.clone(), relative, work }
    }
}

/// How often it is told how far a walk is.
const OFTEN: Duration = Duration::from_millis(200);

/// Who does it.
pub enum By<'e> {
    Host,
    Helper(Helper<'e>),
}

/// An engine's helper, loaded into it at the first use.
pub struct Helper<'e> {
    engine: &'e Engine,
    /// Between our numbers and those in it.
    border: Border,
    /// Whether what it sees is another machine's, so that nothing can be seen from here.
    is_elsewhere: bool,
    image: OnceCell<Answer<HelperImage>>,
}

impl<'e> Helper<'e> {
    pub fn new(engine: &'e Engine) -> Answer<Self> {
        // Where the engine itself has no root, nothing turns its map off.
        let map = if engine.info().is_rootless { engine.id_map() } else { Answer::Known(IdMap::identity()) };
        map.map(|map| Self {
            engine,
            border: Border::new(map),
            is_elsewhere: engine.is_remote(),
            image: OnceCell::new(),
        })
    }

    fn image(&self) -> Result<&HelperImage, String> {
        let image = self
            .image
            .get_or_init(|| Answer::from(program()).and_then(|program| self.engine.helper_image(&program)));
        image.as_ref().into_result()
    }
}

/// Why a tree was not gone through.
#[derive(Debug, thiserror::Error)]
pub enum RepairError {
    #[error(transparent)]
    Host(#[from] DirError),
    #[error("{0}")]
    Helper(String),
}

/// Does each job, or looks what there would be to do; one answer for each, in order. An answer that
/// is an error says that the tree could not be begun, or that what was done is not known; what went wrong
/// with single entries is in the summary.
pub fn repair(
    jobs: &[Job],
    by: &By<'_>,
    progress: &(dyn Fn(u64) + Sync),
) -> Vec<Result<Summary, RepairError>> {
    let helper = match by {
        By::Host => return jobs.iter().map(|job| here(job, progress)).collect(),
        By::Helper(helper) => helper,
    };
    // Where we can see for ourselves that all is well, no container is needed.
    let mut answers: Vec<_> = jobs
        .iter()
        .map(|job| {
            if helper.is_elsewhere {
                return None;
            }
            let look = Job { work: job.work.clone().dry(true), ..job.clone() };
            let seen = here(&look, progress).ok()?;
            (seen.errors.is_empty() && (job.work.is_dry() || !seen.changes())).then_some(Ok(seen))
        })
        .collect();
    // One container for all of one root.
    let next = |answers: &[Option<_>]| {
        jobs.iter().zip(answers).find(|(_, answer)| answer.is_none()).map(|(job, _)| job)
    };
    while let Some(Job { root, volume, .. }) = next(&answers) {
        let open = jobs.iter().zip(&answers).enumerate();
        let at: Vec<(usize, &Job)> = open
            .filter(|(_, (job, answer))| answer.is_none() && job.root == *root)
            .map(|(at, (job, _))| (at, job))
            .collect();
        let asked: Vec<&Job> = at.iter().map(|(_, job)| *job).collect();
        let found = there(helper, (root, volume.as_deref()), &asked, progress);
        for ((at, _), found) in at.into_iter().zip(found) {
            if let Some(answer) = answers.get_mut(at) {
                *answer = Some(found);
            }
        }
    }
    answers.into_iter().flatten().collect()
}

/// By ourselves.
fn here(job: &Job, progress: &(dyn Fn(u64) + Sync)) -> Result<Summary, RepairError> {
    Ok(walk(&Dir::open(&job.root)?, &job.relative, &job.work, progress)?)
}

/// By the helper; exactly one answer for each job.
fn there(
    helper: &Helper<'_>,
    place: (&Path, Option<&str>),
    jobs: &[&Job],
    progress: &dyn Fn(u64),
) -> Vec<Result<Summary, RepairError>> {
    let found = helper.image().and_then(|image| helper::ask(helper, image, place, jobs, progress));
    match found {
        Ok(found) if found.len() == jobs.len() => {
            found.into_iter().map(|one| one.map_err(RepairError::Helper)).collect()
        }
        Ok(_) => jobs.iter().map(|_| Err(RepairError::Helper("the helper's answer is cut".into()))).collect(),
        Err(reason) => jobs.iter().map(|_| Err(RepairError::Helper(reason.clone()))).collect(),
    }
}

/// The walk, with somebody told how far it is.
fn walk(
    root: &Dir,
    relative: &Path,
    work: &Work,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<Summary, DirError> {
    let (seen, done) = (AtomicU64::new(0), AtomicBool::new(false));
    std::thread::scope(|scope| {
        let tell = || {
            while !done.load(Ordering::Relaxed) {
                std::thread::park_timeout(OFTEN);
                progress(seen.load(Ordering::Relaxed));
            }
        };
        let teller = std::thread::Builder::new().spawn_scoped(scope, tell).map_err(|source| {
            DirError::Io { path: root.path().join(relative), action: "start a thread for it", source }
        })?;
        let result = match work {
            Work::HandOver(handover) => hand_over(root, relative, handover, &seen),
            Work::Share(wanted) => share(root, relative, wanted, &seen),
        };
        done.store(true, Ordering::Relaxed);
        teller.thread().unpark();
        result
    })
}

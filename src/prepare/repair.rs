//! Giving state directories over: by ourselves, or by a helper container where we may not.
//!
//! Both ways are the same walk. The helper gets one directory that was declared, and goes down from there
//! by descriptor as we would, so that a name exchanged meanwhile leads it nowhere either.

pub mod helper;

use std::cell::OnceCell;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use crate::engine::helper::{HelperImage, program};
use crate::engine::{Answer, Engine, IdMap};
use crate::host::walk::Summary;
use crate::host::{Dir, DirError, Handover, hand_over};
use crate::ownership::lock::repair::Tree;

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
    /// From the numbers of the host to those in the helper, where they differ.
    map: Option<IdMap>,
    image: OnceCell<Answer<HelperImage>>,
}

impl<'e> Helper<'e> {
    pub fn new(engine: &'e Engine) -> Answer<Self> {
        // Where the engine itself has no root, nothing turns its map off.
        let map = if engine.info().is_rootless { engine.id_map().map(Some) } else { Answer::Known(None) };
        map.map(|map| Self { engine, map, image: OnceCell::new() })
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

/// Gives trees over, or looks what there would be to give; one answer for each, in order. An answer that
/// is an error says that the tree could not be begun, or that what was done is not known; what went wrong
/// with single entries is in the summary.
pub fn repair(
    trees: &[&Tree],
    dry_run: bool,
    by: &By<'_>,
    progress: &(dyn Fn(u64) + Sync),
) -> Vec<Result<Summary, RepairError>> {
    let helper = match by {
        By::Host => return trees.iter().map(|tree| here(tree, dry_run, progress)).collect(),
        By::Helper(helper) => helper,
    };
    // Where we can see for ourselves that all is well, no container is needed.
    let mut answers: Vec<_> = trees
        .iter()
        .map(|tree| {
            let seen = here(tree, true, progress).ok()?;
            (seen.errors.is_empty() && (dry_run || !seen.changes())).then_some(Ok(seen))
        })
        .collect();
    // One container for all of one root.
    let next = |answers: &[Option<_>]| {
        trees.iter().zip(answers).find(|(_, answer)| answer.is_none()).map(|(tree, _)| tree.root.as_path())
    };
    while let Some(root) = next(&answers) {
        let open = trees.iter().zip(&answers).enumerate();
        let at: Vec<(usize, &Tree)> = open
            .filter(|(_, (tree, answer))| answer.is_none() && tree.root == *root)
            .map(|(at, (tree, _))| (at, *tree))
            .collect();
        let asked: Vec<&Tree> = at.iter().map(|(_, tree)| *tree).collect();
        let found = there(helper, root, &asked, dry_run, progress);
        for ((at, _), found) in at.into_iter().zip(found) {
            if let Some(answer) = answers.get_mut(at) {
                *answer = Some(found);
            }
        }
    }
    answers.into_iter().flatten().collect()
}

/// By ourselves.
fn here(tree: &Tree, dry_run: bool, progress: &(dyn Fn(u64) + Sync)) -> Result<Summary, RepairError> {
    let handover = Handover { dry_run, ..tree.handover.clone() };
    Ok(walk(&Dir::open(&tree.root)?, &tree.relative, &handover, progress)?)
}

/// By the helper; exactly one answer for each tree.
fn there(
    helper: &Helper<'_>,
    root: &Path,
    trees: &[&Tree],
    dry_run: bool,
    progress: &dyn Fn(u64),
) -> Vec<Result<Summary, RepairError>> {
    let found = helper.image().and_then(|image| helper::ask(helper, image, root, trees, dry_run, progress));
    match found {
        Ok(found) if found.len() == trees.len() => {
            found.into_iter().map(|one| one.map_err(RepairError::Helper)).collect()
        }
        Ok(_) => {
            trees.iter().map(|_| Err(RepairError::Helper("the helper's answer is cut".into()))).collect()
        }
        Err(reason) => trees.iter().map(|_| Err(RepairError::Helper(reason.clone()))).collect(),
    }
}

/// The walk, with somebody told how far it is.
fn walk(
    root: &Dir,
    relative: &Path,
    handover: &Handover,
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
        let result = hand_over(root, relative, handover, &seen);
        done.store(true, Ordering::Relaxed);
        teller.thread().unpark();
        result
    })
}

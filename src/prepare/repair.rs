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
        let map =
            if engine.info().is_rootless { engine.id_map().map(Some) } else { Answer::Known(None) };
        map.map(|map| Self { engine, map, image: OnceCell::new() })
    }

    fn image(&self) -> Result<&HelperImage, String> {
        let image = self.image.get_or_init(|| {
            Answer::from(program()).and_then(|program| self.engine.helper_image(&program))
        });
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

/// Gives one tree over, or looks what there would be to give.
///
/// # Errors
/// Where it could not be begun, or what it did is not known; what went wrong with single entries is in
/// the summary.
pub fn repair(
    tree: &Tree,
    dry_run: bool,
    by: &By<'_>,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<Summary, RepairError> {
    let handover = Handover { dry_run, ..tree.handover.clone() };
    let root = Dir::open(&tree.root)?;
    match by {
        By::Host => Ok(walk(&root, &tree.relative, &handover, progress)?),
        By::Helper(helper) => {
            // Where we can see for ourselves that all is well, no container is needed.
            let look = Handover { dry_run: true, ..handover.clone() };
            if let Ok(summary) = walk(&root, &tree.relative, &look, progress)
                && summary.errors.is_empty()
                && (dry_run || !summary.changes())
            {
                return Ok(summary);
            }
            let image = helper.image().map_err(RepairError::Helper)?;
            helper::ask(helper, image, &root, tree, &handover, progress)
        }
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
        let teller = std::thread::Builder::new().spawn_scoped(scope, tell).ok();
        let result = hand_over(root, relative, handover, &seen);
        done.store(true, Ordering::Relaxed);
        if let Some(teller) = teller {
            teller.thread().unpark();
        }
        result
    })
}

//! Several workers in one tree. Each goes down by itself, and leaves part of its way to those who have
//! nothing to do.

use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use rustix::io::Errno;

use super::descend::Descent;
use super::joint::{Above, Joint};
use super::names::Names;
use super::{Handover, Summary};

/// Workers at least, and at most: where a disk has to be waited for, more than there are processors help.
const WORKERS: (usize, usize) = (4, 16);

/// Part of a directory.
pub(super) struct Job<'a> {
    pub directory: Arc<Joint<'a>>,
    pub entries: Names,
    pub directories: Names,
    /// Whether these names are not all: then it is listed, by whoever does this.
    pub has_more: bool,
}

#[derive(Default)]
struct Queue<'a> {
    jobs: Vec<Job<'a>>,
    /// Workers that have a job, and may leave part of it to others.
    busy: usize,
    waiting: usize,
}

pub(super) struct Pool<'a> {
    pub handover: &'a Handover,
    pub seen: &'a AtomicU64,
    /// How many directories below the top are joint.
    pub joint: &'a AtomicUsize,
    queue: Mutex<Queue<'a>>,
    wake: Condvar,
    /// Whether somebody waits for a job that is not there yet; looked at all the time.
    is_hungry: AtomicBool,
}

/// Does the whole tree.
pub(super) fn run(
    handover: &Handover,
    path: &Path,
    directory: OwnedFd,
    mount: Option<u64>,
    seen: &AtomicU64,
) -> Summary {
    let joint = AtomicUsize::new(0);
    let pool = Pool {
        handover,
        seen,
        joint: &joint,
        queue: Mutex::default(),
        wake: Condvar::new(),
        is_hungry: AtomicBool::new(false),
    };
    let top = Joint::new(directory, mount, Above::Path(path.to_owned()));
    let (entries, directories) = Default::default();
    pool.leave(Job { directory: Arc::new(top), entries, directories, has_more: true });
    let processors = rustix::thread::sched_getaffinity(None).map_or(1, |set| set.count() as usize);
    let mut all = Summary::default();
    let mut fail = |error: &std::io::Error| {
        all.fail(
            path.to_owned(),
            "start a thread for it",
            Errno::from_io_error(error).unwrap_or(Errno::AGAIN),
        );
    };
    let summaries = std::thread::scope(|scope| {
        let mut others = Vec::new();
        for _ in 1..(processors * 2).clamp(WORKERS.0, WORKERS.1) {
            match std::thread::Builder::new().spawn_scoped(scope, || pool.work()) {
                Ok(other) => others.push(other),
                // Those that are there do it all, but it is said.
                Err(error) => {
                    fail(&error);
                    break;
                }
            }
        }
        let own = pool.work();
        let others = others.into_iter().map(std::thread::ScopedJoinHandle::join);
        std::iter::once(Ok(own)).chain(others).collect::<Vec<_>>()
    });
    for summary in summaries {
        match summary {
            Ok(summary) => all.add(summary),
            Err(_) => all.fail(path.to_owned(), "finish it", Errno::CANCELED),
        }
    }
    all
}

impl<'a> Pool<'a> {
    fn work(&self) -> Summary {
        let mut summary = Summary::default();
        while let Some(job) = self.take() {
            Descent::new(self, &mut summary, job).run();
            self.queue().busy -= 1;
            self.wake.notify_all();
        }
        summary
    }

    /// The next job; `None` where all is done.
    fn take(&self) -> Option<Job<'a>> {
        let mut queue = self.queue();
        loop {
            if let Some(job) = queue.jobs.pop() {
                queue.busy += 1;
                self.is_hungry.store(queue.waiting > queue.jobs.len(), Ordering::Relaxed);
                return Some(job);
            }
            if queue.busy == 0 {
                return None;
            }
            queue.waiting += 1;
            self.is_hungry.store(true, Ordering::Relaxed);
            queue = self.wake.wait(queue).unwrap_or_else(PoisonError::into_inner);
            queue.waiting -= 1;
        }
    }

    pub fn is_hungry(&self) -> bool {
        self.is_hungry.load(Ordering::Relaxed)
    }

    pub fn leave(&self, job: Job<'a>) {
        let mut queue = self.queue();
        queue.jobs.push(job);
        self.is_hungry.store(queue.waiting > queue.jobs.len(), Ordering::Relaxed);
        drop(queue);
        self.wake.notify_one();
    }

    fn queue(&self) -> MutexGuard<'_, Queue<'a>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

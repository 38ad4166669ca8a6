//! The work on a large project, on several processors.
//!
//! What a pass does with one service it does without looking at another. Where a section of the project
//! has many members they are shared out among threads; findings come in the members' order, so that nobody
//! can tell. Everything smaller, and every mapping further down, is done where it stands: sharing out costs
//! more than it saves there.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::sync::{Mutex, OnceLock, PoisonError, mpsc};
use std::thread;

use rayon::iter::{IndexedParallelIterator, IntoParallelIterator, ParallelIterator};
use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::diagnostic::Sink;
use crate::host::{defer_signals, expect_memory_here};

use super::mapping::{Entry, Mapping, Member};
use super::node::Node;
use super::path::Path;

/// Sections with fewer members are not shared out.
const MANY: usize = 128;

/// More threads than this wait for each other.
const MOST_THREADS: usize = 8;

/// So many parts for each thread, that one which is held up delays the others little.
const PARTS: usize = 8;

/// As much as the first thread usually has: trees are walked recursively.
const STACK: usize = 8 << 20;

fn processors() -> usize {
    static COUNT: OnceLock<usize> = OnceLock::new();
    *COUNT.get_or_init(|| thread::available_parallelism().map_or(1, NonZero::get).min(MOST_THREADS))
}

/// The threads, of which the one that asks first is one. `None` where they cannot be started: it does
/// everything alone then.
fn pool() -> Option<&'static ThreadPool> {
    static POOL: OnceLock<Option<ThreadPool>> = OnceLock::new();
    let start = || {
        let pool = ThreadPoolBuilder::new().num_threads(processors()).stack_size(STACK).use_current_thread();
        let started = |_| {
            // They outlive the work. What ends the program is for the thread that knows what it is doing.
            std::mem::forget(defer_signals());
            expect_memory_here();
        };
        pool.start_handler(started).build().ok()
    };
    if processors() > 1 { POOL.get_or_init(start).as_ref() } else { None }
}

/// Whether there is more than one thread to share out work to.
pub fn helps() -> bool {
    #[cfg(test)]
    if alone::is_set() {
        return false;
    }
    processors() > 1
}

/// Whether a mapping at `path` is a section with members enough.
pub fn is_large(path: &Path<'_>, members: usize) -> bool {
    path.is_section() && pays(members)
}

/// Whether a section with so many members is worth sharing out.
pub fn pays(members: usize) -> bool {
    members >= MANY && helps()
}

/// How many members of so many make one part.
pub fn part(members: usize) -> usize {
    members.div_ceil(processors() * PARTS).max(1)
}

/// Does every part, on as many threads as are of use; results in the order of the parts.
pub fn in_parts<P: Send, R: Send>(parts: Vec<P>, work: impl Fn(P) -> R + Sync + Send) -> Vec<R> {
    match pool() {
        Some(pool) => pool.install(|| parts.into_par_iter().with_max_len(1).map(work).collect()),
        None => parts.into_iter().map(work).collect(),
    }
}

/// As [`in_parts`], but `take` gets each result as soon as it is there and all before it were taken, and the
/// work ends when it says `false`.
pub fn in_turn<P: Send, R: Send>(
    parts: Vec<P>,
    work: impl Fn(P) -> R + Sync,
    mut take: impl FnMut(R) -> bool,
) {
    let Some(pool) = pool() else {
        let _ = parts.into_iter().map(work).try_for_each(|result| if take(result) { Some(()) } else { None });
        return;
    };
    let count = parts.len();
    let queue = Mutex::new(parts.into_iter().enumerate());
    let next_part = || queue.lock().unwrap_or_else(PoisonError::into_inner).next();
    let labour = |results: mpsc::SyncSender<(usize, R)>| {
        while let Some((at, part)) = next_part() {
            if results.send((at, work(part))).is_err() {
                break;
            }
        }
    };
    pool.in_place_scope(|scope| {
        // Nobody runs far ahead: what is done takes memory until it is taken.
        let (sender, results) = mpsc::sync_channel(processors());
        let labour = &labour;
        for _ in 1..processors().min(count) {
            let sender = sender.clone();
            scope.spawn(move |_| labour(sender));
        }
        drop(sender);
        let mut early = BTreeMap::new();
        let mut next = 0;
        while next < count {
            early.extend(results.try_iter());
            if let Some(result) = early.remove(&next) {
                next += 1;
                if !take(result) {
                    return;
                }
            } else if let Some((at, part)) = next_part() {
                early.insert(at, work(part));
            } else if let Ok((at, result)) = results.recv() {
                early.insert(at, result);
            } else {
                return;
            }
        }
    });
}

/// Does `work` with each value of the mapping at `path`.
pub fn values(map: &mut Mapping, path: &Path<'_>, work: impl Fn(&mut Node, &Path<'_>) + Sync) {
    if !is_large(path, map.len()) {
        map.iter_mut().for_each(|(key, value)| work(value, &path.key(key)));
        return;
    }
    let part = part(map.len());
    in_parts(map.parts_mut(part).collect(), |members: &mut [Member]| {
        members.iter_mut().for_each(|member| work(&mut member.entry.value, &path.key(&member.key)));
    });
}

/// Looks at each member of the mapping at `path`. What is found comes in their order.
pub fn look(map: &Mapping, path: &Path<'_>, sink: &mut Sink, work: impl Fn(&str, &Entry, &mut Sink) + Sync) {
    if !is_large(path, map.len()) {
        map.entries().for_each(|(key, entry)| work(key, entry, sink));
        return;
    }
    let found = in_parts(map.parts(part(map.len())).collect(), |members| {
        let mut sink = Sink::new();
        for member in members {
            work(&member.key, &member.entry, &mut sink);
        }
        sink
    });
    found.into_iter().for_each(|found| sink.extend(found.into_findings()));
}

/// Work that is not shared out, to compare with.
#[cfg(test)]
pub(crate) mod alone {
    use std::cell::Cell;

    thread_local!(static SET: Cell<bool> = const { Cell::new(false) });

    pub fn is_set() -> bool {
        SET.get()
    }

    pub fn run<R>(work: impl FnOnce() -> R) -> R {
        SET.set(true);
        let result = work();
        SET.set(false);
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::{Code, Finding};
    use crate::source::Origin;
    use crate::yaml::Value;

    fn mapping(size: usize) -> Mapping {
        let mut map = Mapping::new();
        for at in 0..size {
            let value = Value::Int(i64::try_from(at).unwrap());
            map.put(format!("key-{at}"), Node::new(value, Origin::Environment));
        }
        map
    }

    /// What is shared out is the same as what is not, findings and all.
    #[test]
    fn many_members_are_done_like_few() {
        let sections = Path::ROOT;
        let section = sections.key("services");
        let member = section.key("a");
        for (path, size) in [(&section, 3), (&section, MANY), (&section, 3 * MANY + 1), (&member, 2 * MANY)] {
            let mut map = mapping(size);
            values(&mut map, path, |node, path| *node = Node::string(path.to_string(), node.origin));
            let is_done = |(key, node): (&str, &Node)| node.as_str() == Some(&format!("{path}.{key}"));
            assert!(map.iter().all(is_done) && map.len() == size);

            let mut sink = Sink::new();
            look(&map, path, &mut sink, |key, _, sink| sink.push(Finding::warning(Code::ComposeValue, key)));
            assert!(sink.findings().iter().map(|finding| finding.message.as_str()).eq(map.keys().take(500)));
        }
    }

    #[test]
    fn every_part_is_done_once_and_in_its_place() {
        let done = in_parts((0..1000).collect(), |at: usize| at * 2);
        assert!(done.iter().enumerate().all(|(at, twice)| *twice == at * 2) && done.len() == 1000);
    }
}

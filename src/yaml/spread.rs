//! The work on a large project, on several processors.
//!
//! What a pass does with one service it does without looking at another. Where a section of the project
//! has many members they are shared out among threads, which end with the pass; findings come in the
//! members' order, so that nobody can tell. Everything smaller, and every mapping further down, is done
//! where it stands: a thread costs more than it saves there.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::sync::{Mutex, OnceLock, PoisonError, mpsc};
use std::thread;

use crate::diagnostic::Sink;

use super::mapping::{Entry, Mapping};
use super::node::{Node, Text};
use super::path::Path;

/// Sections with fewer members are not shared out.
const MANY: usize = 128;

/// More threads than this wait for each other.
const MOST_THREADS: usize = 8;

/// So many parts for each thread, that one which is held up delays the others little.
const PARTS: usize = 4;

/// As much as the first thread usually has: trees are walked recursively.
const STACK: usize = 8 << 20;

fn processors() -> usize {
    static COUNT: OnceLock<usize> = OnceLock::new();
    *COUNT.get_or_init(|| thread::available_parallelism().map_or(1, NonZero::get).min(MOST_THREADS))
}

/// Whether a mapping at `path` is a section with members enough.
pub fn is_large(path: &Path<'_>, members: usize) -> bool {
    path.is_section() && pays(members)
}

/// Whether a section with so many members is worth sharing out.
pub fn pays(members: usize) -> bool {
    members >= MANY && processors() > 1
}

/// How many members of so many make one part.
pub fn part(members: usize) -> usize {
    members.div_ceil(processors() * PARTS).max(1)
}

/// Does every part, on as many threads as are of use; results in the order of the parts.
pub fn in_parts<P: Send, R: Send>(parts: Vec<P>, work: impl Fn(P) -> R + Sync) -> Vec<R> {
    let threads = processors().min(parts.len());
    let done = Mutex::new(Vec::with_capacity(parts.len()));
    let queue = Mutex::new(parts.into_iter().enumerate());
    let labour = || {
        loop {
            let next = queue.lock().unwrap_or_else(PoisonError::into_inner).next();
            let Some((at, part)) = next else { break };
            let result = work(part);
            done.lock().unwrap_or_else(PoisonError::into_inner).push((at, result));
        }
    };
    thread::scope(|scope| {
        for _ in 1..threads {
            // Without a further thread this one does it all.
            if thread::Builder::new().stack_size(STACK).spawn_scoped(scope, labour).is_err() {
                break;
            }
        }
        labour();
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_unstable_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, result)| result).collect()
}

/// As [`in_parts`], but `take` gets each result as soon as it is there and all before it were taken, and the
/// work ends when it says `false`.
pub fn in_turn<P: Send, R: Send>(
    parts: Vec<P>,
    work: impl Fn(P) -> R + Sync,
    mut take: impl FnMut(R) -> bool,
) {
    let threads = processors().min(parts.len());
    let count = parts.len();
    let queue = Mutex::new(parts.into_iter().enumerate());
    let labour = |results: mpsc::SyncSender<(usize, R)>| {
        loop {
            let next = queue.lock().unwrap_or_else(PoisonError::into_inner).next();
            let Some((at, part)) = next else { break };
            if results.send((at, work(part))).is_err() {
                break;
            }
        }
    };
    thread::scope(|scope| {
        let (sender, results) = mpsc::sync_channel(threads);
        let labour = &labour;
        for _ in 0..threads {
            let sender = sender.clone();
            let worker = thread::Builder::new().stack_size(STACK);
            if worker.spawn_scoped(scope, move || labour(sender)).is_err() {
                break;
            }
        }
        drop(sender);
        let mut early = BTreeMap::new();
        let mut next = 0;
        while next < count {
            let Ok((at, result)) = results.recv() else { break };
            early.insert(at, result);
            while let Some(result) = early.remove(&next) {
                next += 1;
                if !take(result) {
                    return;
                }
            }
        }
    });
}

/// Does `work` with each value of the mapping at `path`.
pub fn each(
    map: &mut Mapping,
    path: &Path<'_>,
    sink: &mut Sink,
    work: impl Fn(&str, &mut Node, &Path<'_>, &mut Sink) + Sync,
) {
    if !is_large(path, map.len()) {
        map.iter_mut().for_each(|(key, child)| work(key, child, &path.key(key), sink));
        return;
    }
    let part = part(map.len());
    let found = in_parts(map.parts_mut(part).collect(), |members| {
        let mut sink = Sink::new();
        for (key, entry) in members {
            work(key, &mut entry.value, &path.key(key), &mut sink);
        }
        sink
    });
    found.into_iter().for_each(|found| sink.extend(found.into_findings()));
}

/// As [`each`], for work that has nothing to say.
pub fn values(map: &mut Mapping, path: &Path<'_>, work: impl Fn(&str, &mut Node, &Path<'_>) + Sync) {
    each(map, path, &mut Sink::new(), |key, node, path, _| work(key, node, path));
}

/// As [`each`], for looking only.
pub fn each_of(
    map: &Mapping,
    path: &Path<'_>,
    sink: &mut Sink,
    work: impl Fn(&str, &Entry, &Path<'_>, &mut Sink) + Sync,
) {
    if !is_large(path, map.len()) {
        map.entries().for_each(|(key, entry)| work(key, entry, &path.key(key), sink));
        return;
    }
    let found = in_parts(map.parts(part(map.len())).collect(), |members| {
        let mut sink = Sink::new();
        for (key, entry) in members {
            work(key, entry, &path.key(key), &mut sink);
        }
        sink
    });
    found.into_iter().for_each(|found| sink.extend(found.into_findings()));
}

/// The mapping with each entry replaced by what `work` makes of it.
pub fn converted(
    map: Mapping,
    path: &Path<'_>,
    sink: &mut Sink,
    work: impl Fn(&str, Entry, &Path<'_>, &mut Sink) -> Entry + Sync,
) -> Mapping {
    let convert = |(key, entry): (Text, Entry), sink: &mut Sink| {
        let entry = work(&key, entry, &path.key(&key), sink);
        (key, entry)
    };
    if !is_large(path, map.len()) {
        return map.into_iter().map(|member| convert(member, sink)).collect();
    }
    let part = part(map.len());
    let mut members = map.into_iter();
    let parts = std::iter::from_fn(|| {
        let taken: Vec<_> = members.by_ref().take(part).collect();
        (!taken.is_empty()).then_some(taken)
    });
    let done = in_parts(parts.collect(), |members: Vec<_>| {
        let mut sink = Sink::new();
        let members: Vec<_> = members.into_iter().map(|member| convert(member, &mut sink)).collect();
        (members, sink)
    });
    done.into_iter()
        .flat_map(|(members, found)| {
            sink.extend(found.into_findings());
            members
        })
        .collect()
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

    fn complain(key: &str, path: &Path<'_>, sink: &mut Sink) {
        sink.push(Finding::warning(Code::ComposeValue, format!("{path} {key}")));
    }

    /// What is shared out is the same as what is not, findings and all.
    #[test]
    fn many_members_are_done_like_few() {
        let sections = Path::ROOT;
        let section = sections.key("services");
        let member = section.key("a");
        for (path, size) in [(&section, 3), (&section, MANY), (&section, 3 * MANY + 1), (&member, 2 * MANY)] {
            let expected: Vec<String> = (0..size).map(|at| format!("{path}.key-{at} key-{at}")).collect();
            let texts = |sink: Sink| -> Vec<String> {
                sink.into_findings().into_iter().map(|finding| finding.message).collect()
            };

            let mut sink = Sink::new();
            let mut map = mapping(size);
            each(&mut map, path, &mut sink, |key, node, path, sink| {
                complain(key, path, sink);
                *node = Node::string(key, node.origin);
            });
            assert!(map.iter().all(|(key, node)| node.as_str() == Some(key)));
            assert_eq!(texts(sink), expected);

            let mut sink = Sink::new();
            each_of(&map, path, &mut sink, |key, _, path, sink| complain(key, path, sink));
            assert_eq!(texts(sink), expected);

            let mut sink = Sink::new();
            let done = converted(mapping(size), path, &mut sink, |key, entry, path, sink| {
                complain(key, path, sink);
                Entry { value: Node::string(key, entry.value.origin), ..entry }
            });
            assert!(done.entries().eq_by_texts(&map));
            assert_eq!(texts(sink), expected);
        }
    }

    trait Same<'m> {
        fn eq_by_texts(self, other: &Mapping) -> bool;
    }

    impl<'m, I: Iterator<Item = (&'m str, &'m Entry)>> Same<'m> for I {
        fn eq_by_texts(self, other: &Mapping) -> bool {
            let all: Vec<_> = self.map(|(key, entry)| (key, entry.value.as_str())).collect();
            all == other.iter().map(|(key, node)| (key, node.as_str())).collect::<Vec<_>>()
        }
    }

    #[test]
    fn every_part_is_done_once_and_in_its_place() {
        let done = in_parts((0..1000).collect(), |at: usize| at * 2);
        assert!(done.iter().enumerate().all(|(at, twice)| *twice == at * 2) && done.len() == 1000);
    }
}

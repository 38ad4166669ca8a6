//! Dependencies as a graph.

use foldhash::{HashMap, HashMapExt};

use crate::diagnostic::{Code, Finding, Sink};
use crate::yaml::{Mapping, Node};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    Open,
    Done,
}

/// Reports the first circle among enabled services, drawn as a path.
pub fn refuse_cycles(services: &Mapping, enabled: &dyn Fn(&str) -> bool, sink: &mut Sink) {
    let mut names: Vec<&str> = services.keys().filter(|name| enabled(name)).collect();
    names.sort_unstable();
    let mut marks: HashMap<&str, Mark> = HashMap::new();
    for start in names {
        if marks.contains_key(start) {
            continue;
        }
        // An explicit stack: a chain of dependencies may be as long as the project is large.
        let mut stack: Vec<(&str, Vec<&str>)> = vec![(start, dependencies(services, start))];
        marks.insert(start, Mark::Open);
        while let Some((name, rest)) = stack.last_mut() {
            let Some(next) = rest.pop() else {
                marks.insert(name, Mark::Done);
                stack.pop();
                continue;
            };
            match marks.get(next) {
                Some(Mark::Done) => {}
                Some(Mark::Open) => {
                    let mut path: Vec<&str> =
                        stack.iter().map(|(name, _)| *name).skip_while(|name| *name != next).collect();
                    path.push(next);
                    let at = services.entry(next).map(|entry| entry.key);
                    let mut finding = Finding::error(
                        Code::ComposeCycle,
                        format!("dependency cycle detected: {}", path.join(" -> ")),
                    )
                    .help("Remove one of these dependencies.");
                    if let Some(at) = at {
                        finding = finding.at_origin(at, "part of the circle");
                    }
                    sink.push(finding);
                    return;
                }
                None if services.contains(next) && enabled(next) => {
                    marks.insert(next, Mark::Open);
                    stack.push((next, dependencies(services, next)));
                }
                None => {}
            }
        }
    }
}

/// In reverse order, so that popping visits them alphabetically.
fn dependencies<'s>(services: &'s Mapping, name: &str) -> Vec<&'s str> {
    let mut names: Vec<&str> = services
        .get(name)
        .and_then(|service| service.get("depends_on"))
        .and_then(Node::as_map)
        .into_iter()
        .flat_map(Mapping::keys)
        .collect();
    names.sort_unstable_by(|a, b| b.cmp(a));
    names
}

//! What a document leaves alone is not gone through again: with each of many files the model grows, and most
//! of it is as the files before have left it.

use crate::yaml::{Mapping, Node};

use super::project_sections;

/// Members of the sections, by section.
type Members = Vec<(&'static str, Vec<String>)>;

/// What a document says something about.
pub fn members(document: &Node) -> Members {
    let of = |section| {
        let members = document.get(section).and_then(Node::as_map).into_iter().flat_map(Mapping::keys);
        (section, members.map(str::to_owned).collect())
    };
    project_sections().map(of).collect()
}

/// Sections without the members that are worked on, by section.
pub type Rest = Vec<(&'static str, Mapping)>;

/// Sets all of the sections aside but `members`, of which there is null in what is set aside.
pub fn set(model: &mut Node, members: &Members) -> Rest {
    let mut rest = Vec::new();
    for (section, members) in members {
        let Some(all) = model.get_mut(section).and_then(Node::as_map_mut) else { continue };
        if members.len() >= all.len() {
            continue;
        }
        let mut worked_on = Mapping::with_capacity(members.len());
        for name in members {
            if let Some(entry) = all.entry(name).map(|entry| entry.key)
                && let Some(slot) = all.get_mut(name)
            {
                let null = Node::null(slot.origin);
                worked_on.insert(name.as_str(), entry, std::mem::replace(slot, null));
            }
        }
        rest.push((*section, std::mem::replace(all, worked_on)));
    }
    rest
}

/// The whole model again, every member in its place.
pub fn put_back(model: &mut Node, rest: Rest) {
    for (section, mut all) in rest {
        let Some(worked_on) = model.get_mut(section).and_then(Node::as_map_mut) else { continue };
        for (name, entry) in std::mem::take(worked_on) {
            match all.get_mut(&name) {
                Some(slot) => *slot = entry.value,
                None => {
                    all.insert(name, entry.key, entry.value);
                }
            }
        }
        *worked_on = all;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::FileId;
    use crate::yaml::{Limits, parse, to_json_compact};

    fn read(text: &str) -> Node {
        parse(FileId(0), text, Limits::default()).unwrap().remove(0).root
    }

    #[test]
    fn what_is_set_aside_comes_back_in_its_place() {
        let text = "{services: {a: 1, b: 2, c: 3}, networks: {n: {}}, x-y: {a: 1}}";
        let mut model = read(text);
        let rest = set(&mut model, &members(&read("{services: {b: {}}, volumes: {v: {}}}")));
        assert_eq!(to_json_compact(&model), r#"{"services":{"b":2},"networks":{},"x-y":{"a":1}}"#);
        put_back(&mut model, rest);
        assert_eq!(to_json_compact(&model), to_json_compact(&read(text)));
    }
}

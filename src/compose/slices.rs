//! A large model, worked on in slices by several processors.
//!
//! Most phases look at each service for itself. Where there are many, the model is taken apart: each slice
//! is a model with some of the services, the first has what stands before them as well and the last what
//! comes after. The same phases run on each, and then the model is put together again. What they find
//! comes in the order of the model, so that nobody can tell how often it was cut.

use crate::yaml::{Entry, Mapping, Node, Text, Value, spread};

/// The section with the services.
pub const SECTION: &str = "services";

/// Does `work`, which must not look from one service at another, with the model; one result for each slice.
pub fn each<R: Send>(model: &mut Node, work: impl Fn(&mut Node) -> R + Sync) -> Vec<R> {
    if !model.get(SECTION).and_then(Node::as_map).is_some_and(|services| spread::pays(services.len())) {
        return vec![work(model)];
    }
    let slices = cut(model);
    let done = spread::in_parts(slices, |mut slice| {
        let result = work(&mut slice);
        (slice, result)
    });
    let mut whole = Mapping::new();
    let mut results = Vec::with_capacity(done.len());
    for (slice, result) in done {
        results.push(result);
        if let Value::Map(slice) = slice.value {
            join(&mut whole, slice);
        }
    }
    model.value = Value::Map(whole);
    results
}

/// Takes everything out of the model.
fn cut(model: &mut Node) -> Vec<Node> {
    let Value::Map(map) = std::mem::replace(&mut model.value, Value::Null) else { return Vec::new() };
    let mut slices: Vec<Vec<(Text, Entry)>> = vec![Vec::new()];
    let mut add = |key: &Text, entry: Entry, begins: bool| {
        if begins {
            slices.push(Vec::new());
        }
        if let Some(slice) = slices.last_mut() {
            slice.push((key.clone(), entry));
        }
    };
    for (key, Entry { key: at, value: node }) in map {
        match node.value {
            Value::Map(services) if key == SECTION => {
                let size = spread::part(services.len());
                for (number, part) in services.into_parts(size).into_iter().enumerate() {
                    let part = Node { value: Value::Map(part), origin: node.origin, tag: node.tag };
                    add(&key, Entry { key: at, value: part }, number > 0);
                }
            }
            _ => add(&key, Entry { key: at, value: node }, false),
        }
    }
    let slice = |entries: Vec<_>| Node {
        value: Value::Map(entries.into_iter().collect()),
        origin: model.origin,
        tag: model.tag,
    };
    slices.into_iter().map(slice).collect()
}

fn join(whole: &mut Mapping, slice: Mapping) {
    for (key, entry) in slice {
        match whole.get_mut(&key).map(|node| &mut node.value) {
            None => whole.append(key, entry),
            Some(Value::Map(members)) => {
                if let Value::Map(more) = entry.value.value {
                    members.join(more);
                }
            }
            Some(_) => {}
        }
    }
}

#[cfg(test)]
mod tests;

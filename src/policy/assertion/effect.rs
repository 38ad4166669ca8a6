//! Keys that take the effect of another key away while that one keeps its value.
//!
//! Some cancel it wherever they stand, unless the overlay itself writes both. Others decide it: what the base and
//! the overlays say of them is right, and a later file that says otherwise takes the effect away.

mod across;
mod covered;
pub mod files;
mod named;
mod pairs;

use crate::compose::text;
use crate::source::{FileId, Origin};
use crate::yaml::Node;

use super::leaves::Undone;
use pairs::{Cancels, PAIRS};

/// The two sides, and what was there when the overlay was laid on.
pub struct Sides<'n> {
    /// The overlay's document, decoded.
    pub wanted: &'n Node,
    /// The final model.
    pub have: &'n Node,
    /// The base with the mandatory overlays; `None` where they do not load without the rest.
    pub laid: Option<&'n Node>,
    /// The base alone.
    pub base: Option<&'n Node>,
}

impl Sides<'_> {
    fn is_new(&self, path: &[&str], have: &Node) -> bool {
        let before = self.laid.and_then(|laid| laid.at(path));
        before.is_none_or(|before| !before.same(have))
    }

    /// Whether an overlay gives the service to the project.
    fn brings(&self, service: &str) -> bool {
        self.base.is_none_or(|base| base.at(&["services", service]).is_none())
    }
}

/// The keys of an overlay that the final model keeps without effect.
pub fn lost(sides: &Sides<'_>) -> Vec<Undone> {
    let mut lost = Vec::new();
    for pair in PAIRS {
        let Some(section) = sides.wanted.get(pair.section).and_then(Node::as_map) else { continue };
        for (name, entry) in section.iter() {
            let path: Vec<&str> = [pair.section, name].iter().chain(pair.by).copied().collect();
            let Some(by) = sides.have.at(&path) else { continue };
            for demanded in pair.demanded {
                let Some((below, leaf)) = first_leaf(entry, demanded) else { continue };
                let counts = match pair.cancels {
                    Cancels::Always(cancels) => cancels(leaf, by),
                    Cancels::Later(cancels) => cancels(leaf, by) && sides.is_new(&path, by),
                    Cancels::Unused(cancels) => {
                        cancels(leaf, by) && sides.brings(name) && sides.is_new(&path, by)
                    }
                };
                // An overlay that says both means both.
                if !counts || writes(leaf, by) {
                    continue;
                }
                let other = format!("{}: {}", path.join("."), shown(by));
                lost.push(undone(
                    &[&[pair.section, name], below.as_slice()].concat(),
                    leaf,
                    by.origin,
                    &other,
                ));
            }
        }
    }
    across::find(sides, &mut lost);
    covered::find(sides, &mut lost);
    named::find(sides, &mut lost);
    lost
}

/// A demand that holds and has no effect.
fn undone(path: &[&str], leaf: &Node, by: Origin, other: &str) -> Undone {
    Undone {
        path: path.iter().map(|key| (*key).to_owned()).collect(),
        what: format!("has no effect beside `{other}`"),
        by: Some(by),
        label: "takes its effect away".to_owned(),
        demanded: leaf.origin,
        keeps_value: true,
    }
}

/// A value in few words: a mapping or list by its first keys.
fn shown(node: &Node) -> String {
    match (node.as_map(), node.as_seq()) {
        (Some(map), _) => format!("{{{}}}", map.iter().map(|(key, _)| key).collect::<Vec<_>>().join(", ")),
        (_, Some(items)) => format!("[{}]", items.iter().map(shown).collect::<Vec<_>>().join(", ")),
        _ => text(node),
    }
}

/// Whether both stand in one file.
fn writes(leaf: &Node, by: &Node) -> bool {
    file(leaf.origin).is_some_and(|own| file(by.origin) == Some(own))
}

/// The demanded value, or the first one below it that the overlay says.
fn first_leaf<'n>(entry: &'n Node, demanded: &[&'n str]) -> Option<(Vec<&'n str>, &'n Node)> {
    let mut node = entry.at(demanded)?;
    let mut path = demanded.to_vec();
    while let Some(map) = node.as_map() {
        let (key, below) = map.iter().find(|(key, below)| *key != "name" && file(below.origin).is_some())?;
        path.push(key);
        node = below;
    }
    file(node.origin).map(|_| (path, node))
}

fn file(origin: Origin) -> Option<FileId> {
    origin.span().map(|span| span.file)
}

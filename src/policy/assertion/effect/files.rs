//! Variables and labels that an overlay takes from files, and what counts more than those files.

use crate::compose::{names_in_file, text};
use crate::diagnostic::Finding;
use crate::project::Inputs;
use crate::yaml::{Mapping, Node};

use super::{Sides, Undone, file, undone};

/// The list of files, and the mapping that counts more than all of them.
const KEYS: [(&str, &str); 2] = [("env_file", "environment"), ("label_file", "labels")];

/// Whether an overlay has such files at all.
pub fn concern(wanted: &Node) -> bool {
    let services = wanted.get("services").and_then(Node::as_map);
    services
        .into_iter()
        .flat_map(Mapping::iter)
        .any(|(_, service)| KEYS.iter().any(|(key, _)| service.get(key).is_some()))
}

/// # Errors
/// A finding where a file that is there cannot be read.
pub fn find(sides: &Sides<'_>, inputs: &mut Inputs, lost: &mut Vec<Undone>) -> Result<(), Box<Finding>> {
    let services = sides.wanted.get("services").and_then(Node::as_map);
    for (name, wanted) in services.into_iter().flat_map(Mapping::iter) {
        let Some(have) = sides.have.at(&["services", name]) else { continue };
        for (key, above) in KEYS {
            for demanded in wanted.get(key).and_then(Node::as_seq).unwrap_or_default() {
                if file(demanded.origin).is_none() && demanded.get("path").is_none() {
                    continue;
                }
                let names = names_in_file(demanded, inputs)?;
                if let Some((by, said)) =
                    counts_more(sides, name, have, (key, above), demanded, &names, inputs)?
                {
                    let leaf = demanded.get("path").unwrap_or(demanded);
                    lost.push(undone(&["services", name, key], leaf, by.origin, &said));
                }
            }
        }
    }
    Ok(())
}

/// Something new that gives one of these names another value: the mapping, or a later file of the list.
fn counts_more<'n>(
    sides: &Sides<'n>,
    service: &str,
    have: &'n Node,
    (key, above): (&str, &str),
    demanded: &Node,
    names: &[String],
    inputs: &mut Inputs,
) -> Result<Option<(&'n Node, String)>, Box<Finding>> {
    let written = have.get(above).and_then(Node::as_map);
    for (name, value) in written.into_iter().flat_map(Mapping::iter) {
        let is_new = sides.is_new(&["services", service, above, name], value);
        if is_new && names.iter().any(|own| own == name) && file(value.origin) != file(demanded.origin) {
            return Ok(Some((value, format!("services.{service}.{above}.{name}"))));
        }
    }
    let known = sides.laid.and_then(|laid| laid.at(&["services", service, key])).and_then(Node::as_seq);
    let files = have.get(key).and_then(Node::as_seq).unwrap_or_default();
    let Some(place) = files.iter().position(|one| path(one) == path(demanded)) else { return Ok(None) };
    for other in files.iter().skip(place + 1) {
        let is_known = known.unwrap_or_default().iter().any(|known| path(known) == path(other));
        if !is_known && names_in_file(other, inputs)?.iter().any(|name| names.contains(name)) {
            let by = other.get("path").unwrap_or(other);
            return Ok(Some((by, format!("services.{service}.{key}: {}", path(other)))));
        }
    }
    Ok(None)
}

fn path(entry: &Node) -> String {
    text(entry.get("path").unwrap_or(entry))
}

//! Variables and labels that an overlay takes from files, and what counts more than those files.

use crate::compose::{names_in_file, text};
use crate::diagnostic::Finding;
use crate::model::field::{Field, Named};
use crate::model::path::{ENV_FILE, ENV_FILES, LABEL_FILES};
use crate::model::{life, program};
use crate::project::Inputs;
use crate::yaml::{Mapping, Node};

use super::{Sides, Undone, file, undone};

/// The list of files, and the mapping that counts more than all of them.
fn files_of(service: &Node) -> [(&'static str, &[Node], Field<Named>); 2] {
    [
        (ENV_FILES.path(), ENV_FILES.items(service), program::ENVIRONMENT),
        (LABEL_FILES.path(), LABEL_FILES.items(service), life::LABELS),
    ]
}

/// Whether an overlay has such files at all.
pub fn concern(wanted: &Node) -> bool {
    let services = wanted.get("services").and_then(Node::as_map);
    services
        .into_iter()
        .flat_map(Mapping::iter)
        .any(|(_, service)| ENV_FILES.is_set(service) || LABEL_FILES.is_set(service))
}

/// # Errors
/// A finding where a file that is there cannot be read.
pub fn find(sides: &Sides<'_>, inputs: &mut Inputs, lost: &mut Vec<Undone>) -> Result<(), Box<Finding>> {
    let services = sides.wanted.get("services").and_then(Node::as_map);
    for (name, wanted) in services.into_iter().flat_map(Mapping::iter) {
        let Some(have) = sides.have.at(&["services", name]) else { continue };
        for (key, demands, above) in files_of(wanted) {
            for demanded in demands {
                if file(demanded.origin).is_none() && !ENV_FILE.is_set(demanded) {
                    continue;
                }
                let names = names_in_file(demanded, inputs)?;
                if let Some((by, said)) =
                    counts_more(sides, name, have, (key, above), demanded, &names, inputs)?
                {
                    let leaf = ENV_FILE.place(demanded);
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
    (key, above): (&str, Field<Named>),
    demanded: &Node,
    names: &[String],
    inputs: &mut Inputs,
) -> Result<Option<(&'n Node, String)>, Box<Finding>> {
    for (name, value) in above.entries(have) {
        let above = above.path();
        let is_new = sides.is_new(&["services", service, above, name], value);
        if is_new && names.iter().any(|own| own == name) && file(value.origin) != file(demanded.origin) {
            return Ok(Some((value, format!("services.{service}.{above}.{name}"))));
        }
    }
    let of = |service: &'n Node| {
        let all = files_of(service).into_iter();
        all.filter(|(own, ..)| *own == key).flat_map(|(_, files, _)| files).collect::<Vec<_>>()
    };
    let known = sides.laid.and_then(|laid| laid.at(&["services", service])).map(of).unwrap_or_default();
    let files = of(have);
    let Some(place) = files.iter().position(|one| path(one) == path(demanded)) else { return Ok(None) };
    for other in files.iter().skip(place + 1) {
        let is_known = known.iter().any(|known| path(known) == path(other));
        if !is_known && names_in_file(other, inputs)?.iter().any(|name| names.contains(name)) {
            let by = ENV_FILE.place(other);
            return Ok(Some((by, format!("services.{service}.{key}: {}", path(other)))));
        }
    }
    Ok(None)
}

fn path(entry: &Node) -> String {
    text(ENV_FILE.place(entry))
}

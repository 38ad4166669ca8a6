//! Mandatory overlays that demand different things of the same key: then no project can hold both.

use crate::compose::text;
use crate::diagnostic::{Code, Finding};
use crate::model::limits;
use crate::policy::overlay::Overlay;
use crate::yaml::{Node, Value};

use super::leaves::Undone;

/// The finding about two overlays, where it is another overlay that undoes a leaf of this one.
pub(super) fn contradiction(undone: &Undone, overlay: &Overlay, all: &[Overlay]) -> Option<Finding> {
    // Of limits the tighter one holds for both.
    let key: Vec<&str> = undone.path.iter().skip(2).map(String::as_str).collect();
    if overlay.is_builtin() || limits::find(&key).is_some() {
        return None;
    }
    let own = scalar(overlay, &undone.path)?;
    // Rules stand for what is built in.
    let others = all.iter().filter(|other| other.file != overlay.file && !other.is_builtin());
    let (other, rival) = others
        .filter_map(|other| Some((other, scalar(other, &undone.path)?)))
        .find(|(_, rival)| text(rival) != text(own))?;
    let message = format!(
        "the mandatory overlays {} and {} contradict each other: {} is {} in one and {} in the other",
        overlay.name,
        other.name,
        undone.path.join("."),
        text(own),
        text(rival)
    );
    let finding = Finding::error(Code::AssertionUndone, message)
        .at_origin(rival.origin, format!("{} here", text(rival)));
    let help = "Nothing can hold both: take the key out of one of them.";
    Some(finding.at_origin(own.origin, format!("{} here", text(own))).help(help))
}

/// What an overlay demands at a path, of the service by its name or of all.
fn scalar<'o>(overlay: &'o Overlay, path: &[String]) -> Option<&'o Node> {
    let [section, name, rest @ ..] = path else { return None };
    let below = |name: &str| {
        let words: Vec<&str> =
            [section.as_str(), name].into_iter().chain(rest.iter().map(String::as_str)).collect();
        overlay.documents.iter().rev().find_map(|document| document.root.at(&words))
    };
    let found = below(name).or_else(|| below("*"))?;
    let plain = !matches!(found.value, Value::Null | Value::Seq(_) | Value::Map(_)) && found.tag.is_none();
    plain.then_some(found)
}

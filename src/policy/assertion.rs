//! Every leaf of a mandatory overlay, on the final model.
//!
//! An overlay is expanded for the services that the final model has, whatever became of them on the
//! way, and each document is read for itself, so that both sides of a comparison are decoded alike.

mod contradiction;
mod effect;
mod equality;
mod leaves;
mod rival;
mod suspects;

use std::collections::HashSet;
use std::sync::Arc;

use effect::Sides;
use leaves::{Leaves, Undone};
use suspects::Suspects;

use crate::compose::{self, Model};
use crate::diagnostic::{Code, Finding, Sink};
use crate::model::uses::Uses;
use crate::project::{Inputs, Project};
use crate::source::Origin;
use crate::yaml::Node;

use super::arrange::{self, Arranged};
use super::expand::{Choice, Names, expand};
use super::overlay::Overlay;
use super::{Policy, opened};

/// Keys of services and networks for which an overlay's assertion was undone, so that a rule about the
/// same key need not say it again.
pub type Reported = HashSet<(String, String)>;

/// The help where a key of a built-in overlay is gone, until its rule is known.
pub const OF_BUILTIN: &str =
    "Remove what undoes it, or write a waiver of the rule that stands for it, with a reason.";

impl Policy {
    /// Checks every leaf of every mandatory overlay.
    pub(super) fn assert_overlays(
        &self,
        model: &Model,
        arranged: &Arranged,
        project: &Project,
        inputs: &mut Inputs,
        sink: &mut Sink,
    ) -> Reported {
        let all = Names::of(&model.root);
        let is_scoped = arranged.mandatory.iter().any(|overlay| !overlay.scope.is_everywhere());
        let uses = if is_scoped { Uses::of(&model.root) } else { Uses::default() };
        let opened = opened::networks(&arranged.mandatory);
        let mut reported = Reported::new();
        let mut suspects = Suspects::new();
        let mut before = None;
        for overlay in &arranged.mandatory {
            let left_out = |section: &str, name: &str, key: &str| {
                self.waives_key(overlay, section, name, key) || opened.covers(overlay, section, name, key)
            };
            let given = |name: &str| self.gives(overlay, name);
            let choice = Choice { leaves_out: &left_out, gives: &given };
            let names = all.clone().within(&overlay.scope, &uses);
            for document in &overlay.documents {
                let expanded = expand(document, &names, &choice, None, sink);
                let environment = Arc::clone(&model.environment);
                // Warnings about the overlay were given when it was loaded with the others.
                let mut own = Sink::new();
                let fragment = compose::fragment(&expanded, project, &environment, inputs, &mut own);
                let Some(fragment) = fragment else {
                    sink.extend(own.into_findings());
                    continue;
                };
                let mut leaves = Leaves { undone: Vec::new(), builtin: overlay.is_builtin() };
                leaves.check(&expanded.root, Some(&fragment.root), &model.root);
                // The demands of a built-in overlay have rules of its own, which a waiver can name.
                if !overlay.is_builtin() {
                    let mut sides =
                        Sides { wanted: &fragment.root, have: &model.root, laid: None, base: None };
                    let mut lost = effect::lost(&sides);
                    let has_files = effect::files::concern(&fragment.root);
                    if has_files || !lost.is_empty() {
                        let before = before.get_or_insert_with(|| Before::of(arranged, project, inputs));
                        (sides.laid, sides.base) = (before.laid.as_ref(), before.base.as_ref());
                        lost = effect::lost(&sides);
                    }
                    if has_files && let Err(finding) = effect::files::find(&sides, inputs, &mut lost) {
                        sink.push(*finding);
                    }
                    leaves.undone.extend(lost);
                }
                for undone in leaves.undone {
                    if let [section, name, key, ..] = undone.path.as_slice() {
                        let place =
                            if section == "services" { name.clone() } else { format!("{section}.{name}") };
                        reported.insert((place, key.clone()));
                    }
                    if !undone.keeps_value
                        && let Some(finding) = rival::contradiction(&undone, overlay, &arranged.mandatory)
                    {
                        sink.push(finding);
                        continue;
                    }
                    let demanded = undone.demanded.span();
                    let culprit = undone
                        .by
                        .filter(|by| {
                            by.span().is_some_and(|by| Some(by.file) != demanded.map(|span| span.file))
                        })
                        .or_else(|| suspects.last(&undone.path, demanded, inputs));
                    sink.push(describe(&undone, culprit, overlay, model));
                }
            }
        }
        reported
    }
}

/// A service that a mandatory overlay gives to the project.
pub struct Brought {
    pub service: String,
    pub overlay: String,
    /// The place of its name in the overlay.
    pub origin: Origin,
}

impl Policy {
    /// The services that an overlay of the policy's has and no file of the project. Built-in ones bring none.
    pub fn brought(&self, arranged: &Arranged, project: &Project, inputs: &mut Inputs) -> Vec<Brought> {
        let own = || arranged.mandatory.iter().filter(|overlay| !overlay.is_builtin());
        if own().next().is_none() {
            return Vec::new();
        }
        let before = Before::of(arranged, project, inputs);
        let has = |root: &Node, name: &str| root.at(&["services", name]).is_some();
        let files = arranged.layers.iter().enumerate();
        let of_project: Vec<&Node> = files
            .filter(|(at, _)| *at == 0 || *at > arranged.mandatory.len())
            .flat_map(|(_, layer)| layer.documents.iter().map(|document| &document.root))
            .chain(before.base.as_ref())
            .collect();
        let is_of_project = |name: &str| of_project.iter().any(|root| has(root, name));
        let mut brought: Vec<Brought> = Vec::new();
        for overlay in own() {
            for services in
                overlay.documents.iter().filter_map(|document| document.root.get("services")?.as_map())
            {
                for (name, entry) in services.entries() {
                    if name == "*" || is_of_project(name) || brought.iter().any(|one| one.service == name) {
                        continue;
                    }
                    let (service, overlay) = (name.to_owned(), overlay.name.clone());
                    brought.push(Brought { service, overlay, origin: entry.key });
                }
            }
        }
        brought
    }
}

/// The project before the files behind the overlays said anything.
struct Before {
    base: Option<Node>,
    laid: Option<Node>,
}

impl Before {
    fn of(arranged: &Arranged, project: &Project, inputs: &mut Inputs) -> Self {
        let mut load = |count: usize| {
            let layers = arranged.layers.get(..count)?;
            // Faults of the whole project are said where that is loaded.
            arrange::whole(layers, project, inputs, &mut Sink::new())
        };
        Self { base: load(1), laid: load(1 + arranged.mandatory.len()) }
    }
}

/// The finding: who undid it, and what.
fn describe(undone: &Undone, culprit: Option<Origin>, overlay: &Overlay, model: &Model) -> Finding {
    let path = undone.path.join(".");
    let message = if undone.keeps_value {
        format!("{path}, which the mandatory overlay {} demands, {}", overlay.name, undone.what)
    } else {
        format!("{path} {}, which the mandatory overlay {} demands", undone.what, overlay.name)
    };
    let demanded = undone.demanded.span();
    let culprit = culprit.or_else(|| nearest(&model.root, &undone.path, demanded));
    let mut finding = Finding::error(Code::AssertionUndone, message);
    if let Some(span) = culprit.and_then(Origin::span) {
        finding = finding.at(span, undone.label.clone());
    }
    if let Some(span) = demanded {
        finding = finding.at(span, format!("demanded by {}", overlay.name));
    }
    finding.help(if overlay.is_builtin() {
        OF_BUILTIN.to_owned()
    } else {
        format!("Remove what undoes it, or change {} itself.", overlay.name)
    })
}

/// The innermost place on a path that the project wrote.
fn nearest(root: &Node, path: &[String], demanded: Option<crate::source::Span>) -> Option<Origin> {
    let mut node = root;
    let mut found = None;
    for key in path {
        let Some(entry) = node.as_map().and_then(|map| map.entry(key)) else { break };
        for origin in [entry.key, entry.value.origin] {
            if let Some(span) = origin.span()
                && Some(span.file) != demanded.map(|demanded| demanded.file)
            {
                found = Some(origin);
                break;
            }
        }
        node = &entry.value;
    }
    found
}

//! The order in which Compose gets the files: the base, the mandatory overlays, the rest.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::compose::{self, Layer, Phases, Selection};
use crate::diagnostic::{Code, Finding, Sink};
use crate::model::uses::Uses;
use crate::model::{network, resource};
use crate::project::{Inputs, Project};
use crate::yaml::{Mapping, Node, Tag};

use super::adapt::Surroundings;
use super::expand::{Choice, Names, expand};
use super::overlay::{self, Kind, Overlay};
use super::rules::{self, Rule, user};
use super::waiver::Waiver;
use super::{Policy, Rank, opened};

/// The layers of a launch with the mandatory overlays in their place.
#[derive(Clone, Debug, Default)]
pub struct Arranged {
    pub layers: Vec<Layer>,
    pub mandatory: Vec<Overlay>,
}

impl Policy {
    /// Puts the mandatory overlays behind the base, with `"*"` replaced. `None` where the sink got
    /// errors.
    pub fn layers(
        &self,
        layers: Vec<Layer>,
        project: &Project,
        inputs: &mut Inputs,
        sink: &mut Sink,
    ) -> Option<Arranged> {
        let loaded: Vec<_> =
            self.overlays.iter().map(|wanted| overlay::load(wanted, project.reader, inputs, sink)).collect();
        let mandatory: Vec<Overlay> = loaded.into_iter().collect::<Option<_>>()?;
        let layers = without_repeats(layers, &mandatory, inputs, sink)?;
        if mandatory.is_empty() {
            return Some(Arranged { layers, mandatory });
        }
        let whole = whole(&layers, project, inputs, sink)?;
        let mut names = Names::of(&whole);
        add_new_names(&mut names, &mandatory);
        let mut surroundings = Surroundings::new(&whole);
        let uses = uses(&whole, &mandatory);
        let opened = opened::networks(&mandatory);
        let before = errors(sink);
        let mut placed = Vec::with_capacity(mandatory.len());
        for overlay in &mandatory {
            let waived = |section: &str, name: &str, key: &str| {
                self.waives_key(overlay, section, name, key) || opened.covers(overlay, section, name, key)
            };
            let given = |name: &str| self.gives(overlay, name);
            let choice = Choice { leaves_out: &waived, gives: &given };
            let names = names.clone().within(&overlay.scope, &uses);
            let documents = overlay
                .documents
                .iter()
                .map(|document| expand(document, &names, &choice, Some(&mut surroundings), sink))
                .collect();
            placed.push(Layer { file: overlay.file, documents });
        }
        if errors(sink) > before {
            return None;
        }
        let mut rest = layers.into_iter();
        let arranged = rest.next().into_iter().chain(placed).chain(rest).collect();
        Some(Arranged { layers: arranged, mandatory })
    }
}

/// The uses of networks and volumes, with those that overlays add; nothing where every overlay is laid on everybody.
fn uses(whole: &Node, mandatory: &[Overlay]) -> Uses {
    if mandatory.iter().all(|overlay| overlay.scope.is_everywhere()) {
        return Uses::default();
    }
    let mut uses = Uses::of(whole);
    mandatory.iter().flat_map(|overlay| &overlay.documents).for_each(|document| uses.add(&document.root));
    uses
}

fn errors(sink: &Sink) -> usize {
    sink.findings().iter().filter(|finding| finding.severity == crate::diagnostic::Severity::Error).count()
}

/// The layers that are not mandatory overlays themselves.
fn without_repeats(
    layers: Vec<Layer>,
    mandatory: &[Overlay],
    inputs: &Inputs,
    sink: &mut Sink,
) -> Option<Vec<Layer>> {
    let place = |path: &Path| -> PathBuf { path.canonicalize().unwrap_or_else(|_| path.to_path_buf()) };
    let overlays: Vec<(PathBuf, &Overlay)> = mandatory
        .iter()
        .filter_map(|overlay| match &overlay.kind {
            Kind::File { path, .. } => Some((place(path), overlay)),
            Kind::Builtin(_) => None,
        })
        .collect();
    let mut kept = Vec::with_capacity(layers.len());
    for (at, layer) in layers.into_iter().enumerate() {
        let source = inputs.sources().get(layer.file)?;
        let here = place(&source.path);
        let Some((_, overlay)) =
            overlays.iter().find(|(path, overlay)| overlay.file == layer.file || *path == here)
        else {
            kept.push(layer);
            continue;
        };
        if at == 0 {
            sink.push(
                Finding::error(
                    Code::FileListInvalid,
                    format!("the list of files starts with the mandatory overlay {}", overlay.name),
                )
                .at_origin(overlay.origin, "demanded here")
                .help("The first file is the base. Name it first: a list that lost its beginning looks like this."),
            );
            return None;
        }
        sink.push(
            Finding::note(
                Code::FileListInvalid,
                format!("{} is a mandatory overlay and was moved forward, behind the base", source.name),
            )
            .at_origin(overlay.origin, "demanded here"),
        );
    }
    Some(kept)
}

/// The project as it is without mandatory overlays; every service of every profile.
pub(super) fn whole(
    layers: &[Layer],
    project: &Project,
    inputs: &mut Inputs,
    sink: &mut Sink,
) -> Option<Node> {
    // What is only a warning here is said again when the arranged layers are loaded.
    let mut own = Sink::new();
    // An overlay may complete what is inconsistent without it.
    let phases = Phases { consistency: false, ..Phases::default() };
    let model = compose::load(project, layers.to_vec(), phases, &Selection::default(), inputs, &mut own);
    if model.is_none() {
        sink.extend(own.into_findings());
    }
    model.map(|model| model.root)
}

/// Services that only overlays define are part of the project too.
fn add_new_names(names: &mut Names, mandatory: &[Overlay]) {
    for document in mandatory.iter().flat_map(|overlay| &overlay.documents) {
        let section = |key: &str| compose::section(&document.root, key).into_iter().flat_map(Mapping::iter);
        for (name, service) in section("services") {
            if name == "*"
                || names.services.iter().any(|known| known == name)
                || service.tag == Some(Tag::Reset)
            {
                continue;
            }
            names.services.push(name.to_owned());
            let elsewhere = network::is_elsewhere(service);
            if !elsewhere {
                add(&mut names.networks, "default");
            }
        }
        for (name, network) in section("networks") {
            let external = resource::EXTERNAL.is_on(network);
            if name != "*" && !external && network.tag != Some(Tag::Reset) {
                add(&mut names.networks, name);
            }
        }
    }
}

fn add(names: &mut Vec<String>, name: &str) {
    if !names.iter().any(|known| known == name) {
        names.push(name.to_owned());
    }
}

impl Policy {
    /// The capabilities that a built-in overlay which drops all of them leaves a service, by a waiver for its start as
    /// root.
    pub(super) fn gives(&self, overlay: &Overlay, service: &str) -> Option<Node> {
        let Kind::Builtin(builtin) = overlay.kind else { return None };
        let drops = |rule: &Rule| rule.overlays.contains(&(builtin.name, "cap_drop"));
        rules::find("cap-drop").filter(|rule| drops(rule))?;
        let counts = |waiver: &&Waiver| overlay.rank == Rank::Project || waiver.rank == Rank::System;
        let mut origin = None;
        let mut names = BTreeSet::new();
        for waiver in self.waivers_of(user::RULE, service).filter(counts) {
            let Some(capabilities) = waiver.switch() else { continue };
            origin.get_or_insert(waiver.origin);
            names.extend(capabilities);
        }
        let origin = origin?;
        Some(Node::seq(names.into_iter().map(|name| Node::string(name, origin)).collect(), origin))
    }

    /// Whether a waiver takes a key out of what a built-in overlay sets for a service or network.
    pub(super) fn waives_key(&self, overlay: &Overlay, section: &str, name: &str, key: &str) -> bool {
        let Kind::Builtin(builtin) = overlay.kind else { return false };
        self.waivers.iter().any(|waiver| {
            let counts = overlay.rank == Rank::Project || waiver.rank == Rank::System;
            counts
                && !waiver.expired(self.today)
                && waiver.rule.overlays.contains(&(builtin.name, key))
                && match section {
                    "services" => waiver.service.value == "*" || waiver.service.value == name,
                    _ => waiver.allow.iter().any(|allowed| allowed.value == name),
                }
        })
    }
}

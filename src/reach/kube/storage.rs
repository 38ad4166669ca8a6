//! Claims to storage.

use std::collections::BTreeMap;

use crate::compose::short::size;
use crate::compose::text;
use crate::model::{mount, resource};
use crate::reach::refusal::Of;
use crate::source::Origin;
use crate::yaml::Node;

use super::context::Context;
use super::name;
use super::node::{Map, OWN, list, one, own, text as string};
use super::quantity;

/// One claim that services share.
#[derive(Debug)]
struct Claim {
    /// `volumes.data`, or the source of a bind.
    place: String,
    /// The volume's key.
    volume: Option<String>,
    is_external: bool,
    /// Pods that mount it.
    pods: i64,
    origin: Origin,
}

/// By name.
#[derive(Debug, Default)]
pub struct Claims {
    claims: BTreeMap<String, Vec<Claim>>,
}

impl Claims {
    /// The name of a volume's claim.
    pub fn of_volume(&mut self, key: &str, declared: Option<&Node>, pods: i64, origin: Origin) -> String {
        let external = declared.filter(|node| resource::EXTERNAL.is_on(node));
        let name = match external.and_then(|node| resource::NAME.node(node)) {
            Some(name) => text(name),
            None => name::label(key),
        };
        let origin = declared.map_or(origin, |node| node.origin);
        let (place, volume) = (format!("volumes.{key}"), Some(key.to_owned()));
        self.add(&name, Claim { place, volume, is_external: external.is_some(), pods, origin });
        name
    }

    /// The name of the claim that stands for a directory of this machine.
    pub fn of_bind(&mut self, source: &str, shown: &str, pods: i64, origin: Origin) -> String {
        let name = name::label(shown);
        self.add(&name, Claim { place: source.to_owned(), volume: None, is_external: false, pods, origin });
        name
    }

    fn add(&mut self, name: &str, claim: Claim) {
        let known = self.claims.entry(name.to_owned()).or_default();
        match known.iter_mut().find(|known| known.place == claim.place) {
            Some(known) => known.pods += claim.pods,
            None => known.push(claim),
        }
    }
}

/// A claim of each replica.
pub fn template(context: &mut Context<'_>, of: Of<'_>, name: &str, node: &Node) -> Node {
    let mut metadata = Map::new();
    metadata.put("name", string(name, node.origin));
    let mut annotations = Map::new();
    context.annotations(of, "volumes.volume.labels", mount::LABELS.node(node), &mut annotations);
    metadata.put_map("annotations", annotations);
    let mut template = Map::new();
    template.put("metadata", metadata.done());
    template.put("spec", spec("ReadWriteOnce", string(context.question.volume_size, OWN)));
    template.done()
}

fn spec(mode: &'static str, size: Node) -> Node {
    let mut spec = Map::new();
    spec.put("accessModes", list(vec![own(mode)]));
    spec.put("resources", one("requests", one("storage", size)));
    spec.done()
}

/// The claims that the services mount.
pub fn claims(context: &mut Context<'_>) {
    for (name, claims) in std::mem::take(&mut context.claims.claims) {
        for claim in claims {
            context.take("PersistentVolumeClaim", &name, &claim.place, claim.origin);
            let model = context.question.model;
            let declared = claim.volume.as_ref().and_then(|key| model.root.at(&["volumes", key]));
            let section = claim.place.as_str();
            let mut annotations = Map::new();
            let of = Of { service: None, section };
            context.annotations(
                of,
                "volumes.labels",
                declared.and_then(|node| resource::LABELS.node(node)),
                &mut annotations,
            );
            if claim.is_external {
                context.note(None, format!("{} is there already: the claim {name}", claim.place));
                continue;
            }
            // Of the driver itself a size is a quota.
            let wanted = declared.and_then(|node| node.at(&["driver_opts", "size"]));
            let size = match wanted.map(|node| (size::parse(&text(node)), node.origin)) {
                Some((Ok(bytes), origin)) if bytes > 0 => string(quantity::bytes(bytes), origin),
                _ => {
                    context.note(None, "claims ask for what --volume-size says");
                    string(context.question.volume_size, OWN)
                }
            };
            let mode = if claim.pods > 1 {
                context.note(
                    None,
                    format!("the claim {name} is of several pods: its class of storage must let many write"),
                );
                "ReadWriteMany"
            } else {
                "ReadWriteOnce"
            };
            let metadata = context.metadata(&name, None, annotations);
            context.add("PersistentVolumeClaim", "v1", &name, vec![("spec", spec(mode, size))], metadata);
        }
    }
}

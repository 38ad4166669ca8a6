//! Fits the copies of `"*"` to what the project has, where Compose would refuse them or they would
//! loosen something: a list that must not repeat, a limit kept under `deploy`, a tighter limit.

use std::collections::{HashMap, HashSet};

use crate::compose::{merge, section, table::PROJECT, text};
use crate::model::{limits, mount};
use crate::yaml::{Mapping, Node, Value};

/// What a project and the overlays before this one set.
pub struct Surroundings<'m> {
    /// The project without mandatory overlays.
    whole: &'m Node,
    /// Elements of lists in which Compose refuses repeats.
    listed: HashMap<(String, String), HashSet<String>>,
    limits: HashMap<(String, &'static str), f64>,
    under_deploy: HashSet<String>,
}

impl<'m> Surroundings<'m> {
    pub fn new(whole: &'m Node) -> Self {
        Self { whole, listed: HashMap::new(), limits: HashMap::new(), under_deploy: HashSet::new() }
    }

    fn service(&self, name: &str) -> Option<&'m Node> {
        section(self.whole, "services")?.get(name)
    }

    /// Changes a copy of `"*"` for one service. `own` is what the overlay says of it by name.
    pub fn fit(&mut self, name: &str, copy: &mut Node, own: Option<&Node>) {
        let Some(fields) = copy.as_map_mut() else { return };
        self.fit_mounts(name, fields);
        let under_deploy = self.under_deploy.contains(name)
            || [self.service(name), own].into_iter().flatten().any(|node| node.at(limits::DEPLOY).is_some());
        for limit in limits::LIMITS {
            let Some(wanted) = fields.get(limit.key).filter(|node| node.tag.is_none()) else { continue };
            let Some(bound) = limits::written(wanted) else { continue };
            let known = self.service(name).and_then(|service| limit.of(service));
            let known = known.map(|limit| limit.value).filter(|value| *value > 0.0);
            let earlier = self.limits.get(&(name.to_owned(), limit.key)).copied();
            let tightest = known.into_iter().chain(earlier).fold(f64::INFINITY, f64::min);
            if tightest <= bound {
                fields.remove(limit.key);
            } else if under_deploy
                && let Some(key) = limit.deploy
                && let Some(entry) = fields.remove_entry(limit.key)
            {
                let origin = entry.value.origin;
                let mut inner = Mapping::new();
                let value = Node::string(text(&entry.value), origin);
                inner.insert(key, entry.key, value);
                let wrapped =
                    ["limits", "resources"].into_iter().fold(Node::map(inner, origin), |node, key| {
                        let mut map = Mapping::new();
                        map.insert(key, origin, node);
                        Node::map(map, origin)
                    });
                place(fields, wrapped);
            }
        }
    }

    /// A service that mounts a place itself keeps its own mount there.
    fn fit_mounts(&self, name: &str, fields: &mut Mapping) {
        let Some(service) = self.service(name) else { return };
        let Some(items) =
            fields.get_mut("tmpfs").filter(|node| node.tag.is_none()).and_then(Node::as_seq_mut)
        else {
            return;
        };
        items.retain(|item| item.as_str().is_none_or(|item| !mounts_at(service, tmpfs_target(item))));
        if items.is_empty() {
            fields.remove("tmpfs");
        }
    }

    /// Leaves out of a service's lists what is there already, and remembers what it sets.
    pub fn note(&mut self, name: &str, service: &mut Node) {
        let whole = self.service(name);
        let Some(fields) = service.as_map_mut() else { return };
        for (key, node) in fields.iter_mut() {
            if !refuses_repeats(key) || node.tag.is_some() {
                continue;
            }
            let Some(items) = node.as_seq_mut() else { continue };
            let listed = self.listed.entry((name.to_owned(), key.to_owned())).or_insert_with(|| {
                let items = whole.and_then(|whole| whole.get(key)).and_then(Node::as_seq).unwrap_or_default();
                items.iter().map(text).collect()
            });
            items.retain(|item| item.as_str().is_none_or(|item| listed.insert(item.to_owned())));
        }
        let node = &*service;
        if node.at(limits::DEPLOY).is_some() {
            self.under_deploy.insert(name.to_owned());
        }
        for limit in limits::LIMITS {
            if let Some(found) = limit.of(node).filter(limits::Effective::is_limit) {
                self.limits.insert((name.to_owned(), limit.key), found.value);
            }
        }
    }
}

/// Merges `resources` below the `deploy` of a copy.
fn place(fields: &mut Mapping, resources: Node) {
    let origin = resources.origin;
    match fields.remove("deploy") {
        Some(deploy) => {
            let spec = PROJECT
                .child("services")
                .and_then(|spec| spec.child("a"))
                .and_then(|spec| spec.child("deploy"));
            let mut sink = crate::diagnostic::Sink::new();
            let merged = merge(deploy, resources, spec, &crate::yaml::Path::ROOT, &mut sink);
            fields.insert("deploy", origin, merged);
        }
        None => {
            fields.insert("deploy", origin, resources);
        }
    }
}

/// Whether the schema refuses equal items of a service's list that merging does not collapse.
fn refuses_repeats(key: &str) -> bool {
    let spec = PROJECT.child("services").and_then(|spec| spec.child("a")).and_then(|spec| spec.child(key));
    spec.is_some_and(|spec| {
        spec.list.is_some_and(|list| list.unique) && spec.unique_by.is_none() && spec.map.is_none()
    })
}

/// The place of a short tmpfs entry.
pub fn tmpfs_target(item: &str) -> &str {
    item.split(':').next().unwrap_or(item).trim_end_matches('/')
}

/// Whether a decoded service mounts something at a target.
pub fn mounts_at(service: &Node, target: &str) -> bool {
    let seq = |key: &str| service.get(key).and_then(Node::as_seq).unwrap_or_default();
    let volumes = seq("volumes").iter().filter_map(|volume| mount::TARGET.str(volume));
    let tmpfs = seq("tmpfs").iter().filter_map(|item| match &item.value {
        Value::String(text) => Some(tmpfs_target(text)),
        _ => None,
    });
    volumes.map(|place| place.trim_end_matches('/')).chain(tmpfs).any(|place| place == target)
}

//! `extends`: a service that starts from a copy of another.

use std::collections::HashMap;
use std::path::{Path as FsPath, PathBuf};
use std::rc::Rc;

use crate::diagnostic::{Code, Finding};
use crate::reader::Habit;
use crate::source::{FileId, Origin};
use crate::yaml::{Mapping, Node, Path, Tag, Value};

use super::budget::DEEPEST;
use super::load::{Level, Loader, Prepared, relative};
use super::table::PROJECT;
use super::tags::{self, TaggedPath};
use super::trace::How;
use super::{faults, merge, parse_file, paths, schema_service};
use crate::yaml::suggest::{listed, nearest_key};

/// Resolves the `extends` of one document.
pub struct Extends<'l, 'a> {
    loader: &'l mut Loader<'a>,
    level: &'l Level,
    files: HashMap<PathBuf, Rc<Scope>>,
}

/// Services that are merged already, by file and name; `None` where that could not be done.
type Done = HashMap<(PathBuf, String), Option<Rc<Node>>>;

/// Services that can extend one another by name: a document, or a file named by `extends.file`.
struct Scope {
    services: Mapping,
    /// What each service resets or overrides.
    tags: HashMap<String, Vec<TaggedPath>>,
    /// As the reference named it.
    label: String,
    path: PathBuf,
}

/// A step of the chain, for drawing a cycle.
#[derive(Clone)]
struct Step {
    path: PathBuf,
    label: String,
    service: String,
    origin: Origin,
}

impl<'l, 'a> Extends<'l, 'a> {
    pub fn new(loader: &'l mut Loader<'a>, level: &'l Level) -> Self {
        Self { loader, level, files: HashMap::new() }
    }

    /// Replaces every extending service of the document by the merged one. Where that cannot be done, the sink
    /// gets an error and the service is faulty.
    pub fn document(&mut self, root: &mut Node, tags: &[TaggedPath], file: FileId) -> Option<()> {
        let Some(services) = root.get_mut("services") else { return Some(()) };
        let Some(map) = services.as_map_mut() else { return Some(()) };
        let extending: Vec<String> = map
            .iter()
            .filter(|(_, service)| service.get("extends").is_some())
            .map(|(name, _)| name.to_owned())
            .collect();
        if extending.is_empty() {
            return Some(());
        }
        let source = self.loader.inputs.sources().get(file)?;
        let (label, path) = (source.name.clone(), source.path.clone());
        // A large project is not copied for this: the services move, and come back when they are merged.
        let services = std::mem::take(map);
        let scope = Rc::new(Scope { services, tags: tags::of_services(tags), label, path: path.clone() });
        let mut done = Done::new();
        for name in &extending {
            self.service(&scope, name, &mut Vec::new(), &mut done);
            if self.loader.stopped {
                return None;
            }
        }
        *map = Rc::try_unwrap(scope).map_or_else(|scope| scope.services.clone(), |scope| scope.services);
        for name in extending {
            let merged = done.remove(&(path.clone(), name.clone())).flatten();
            let Some(slot) = map.get_mut(&name) else { continue };
            match merged {
                Some(merged) => *slot = Rc::unwrap_or_clone(merged),
                None => slot.tag = Some(Tag::Fault),
            }
        }
        Some(())
    }

    /// A service of `scope` with everything it extends merged in; `None` where the sink got an error.
    fn service(
        &mut self,
        scope: &Rc<Scope>,
        name: &str,
        chain: &mut Vec<Step>,
        done: &mut Done,
    ) -> Option<Rc<Node>> {
        let memo = (scope.path.clone(), name.to_owned());
        // A record has the whole way for each service that goes it.
        let known = done.get(&memo).filter(|known| self.loader.trace.is_none() || known.is_none());
        if let Some(known) = known {
            return known.clone();
        }
        let merged = self.extended(scope, name, chain, done).map(Rc::new);
        done.insert(memo, merged.clone());
        merged
    }

    fn extended(
        &mut self,
        scope: &Rc<Scope>,
        name: &str,
        chain: &mut Vec<Step>,
        done: &mut Done,
    ) -> Option<Node> {
        let service = scope.services.get(name).filter(|service| !service.is_faulty())?;
        let Some(extends) = service.get("extends") else { return Some(service.clone()) };
        if faults::is_within(extends) {
            return None;
        }
        let reference = match &extends.value {
            Value::String(text) => text.to_string(),
            Value::Map(map) => match map.get("service") {
                Some(node) => merge::text(node),
                None => {
                    self.loader.sink.push(
                        Finding::error(
                            Code::ComposeExtends,
                            format!("services.{name}.extends.service is required"),
                        )
                        .at_origin(extends.origin, "names no service"),
                    );
                    return None;
                }
            },
            _ => String::new(),
        };
        let step = Step {
            path: scope.path.clone(),
            label: scope.label.clone(),
            service: name.to_owned(),
            origin: extends.origin,
        };
        if let Some(start) = chain.iter().position(|known| known.path == step.path && known.service == name) {
            self.loader.sink.push(cycle(chain.get(start..).unwrap_or_default(), &step));
            return None;
        }
        if chain.len() >= DEEPEST {
            self.loader.sink.push(
                Finding::error(
                    Code::ComposeExtends,
                    format!("more than {DEEPEST} services extend one another, {} among them", step.service),
                )
                .at_origin(step.origin, "one too many")
                .help("Let services extend a common one rather than each the one before."),
            );
            self.loader.stopped = true;
            return None;
        }
        chain.push(step);
        let base_scope = match extends.get("file") {
            Some(file) => self.file(name, file, &merge::text(file))?,
            None => Rc::clone(scope),
        };
        let Some(base) = base_scope.services.get(&reference) else {
            let where_ =
                if Rc::ptr_eq(&base_scope, scope) { "the same file" } else { base_scope.label.as_str() };
            let mut finding = Finding::error(
                Code::ComposeExtends,
                format!("cannot extend service {name:?}: service {reference:?} not found in {where_}"),
            )
            .at_origin(extends.get("service").unwrap_or(extends).origin, "not defined there");
            let is_other = |near: &&str| *near != name || !Rc::ptr_eq(&base_scope, scope);
            finding = match nearest_key(&reference, &base_scope.services).filter(is_other) {
                Some(near) => finding.help(format!("Did you mean `{near}`?")),
                None => finding.help(format!(
                    "Services in {where_}: {}. An `extends` sees {}.",
                    listed(&base_scope.services),
                    if self.loader.reader.has(Habit::IncludesBeforeExtends) {
                        "no other -f files"
                    } else {
                        "neither other -f files nor what the same file includes"
                    }
                )),
            };
            self.loader.sink.push(finding);
            return None;
        };
        let merged = if base.is_null() {
            service.clone()
        } else {
            let base = self.service(&base_scope, &reference, chain, done)?;
            self.record(chain, &base_scope, &reference);
            self.loader.within(|budget| budget.copies(&base, extends.origin))?;
            let mut copy = (*base).clone();
            tags::apply(&mut copy, scope.tags.get(name).map_or(&[], Vec::as_slice));
            let services = Path::ROOT.key("services");
            merge(copy, service.clone(), Some(schema_service()), &services.key(name), self.loader.sink)
        };
        chain.pop();
        let mut merged = merged;
        if let Some(map) = merged.as_map_mut() {
            map.remove("extends");
        }
        Some(merged)
    }

    /// Records what the first service of the chain gets from a service extended on the way.
    fn record(&mut self, chain: &[Step], base: &Scope, reference: &str) {
        let (Some(trace), Some(first)) = (&mut self.loader.trace, chain.first()) else { return };
        let (Some(service), Some(file)) =
            (base.services.get(reference), self.loader.inputs.sources().find(&base.path))
        else {
            return;
        };
        let mut own = service.clone();
        if let Some(map) = own.as_map_mut() {
            map.remove("extends");
        }
        let origin = own.origin;
        let mut services = Mapping::new();
        services.put(first.service.as_str(), own);
        let mut root = Mapping::new();
        root.put("services", Node::map(services, origin));
        let tags = base.tags.get(reference).cloned().unwrap_or_default();
        let tags: Vec<TaggedPath> = tags
            .into_iter()
            .map(|mut path| {
                path.segments.splice(0..0, ["services".to_owned(), first.service.clone()]);
                path
            })
            .collect();
        trace.add(file, How::Extended(reference.to_owned()), Node::map(root, origin), &tags);
    }

    /// A file named by `extends.file`, as an isolated model with its paths rebased.
    fn file(&mut self, service: &str, node: &Node, text: &str) -> Option<Rc<Scope>> {
        if paths::is_remote(text) {
            self.loader.sink.push(super::remote_source(text, node.origin));
            return None;
        }
        let path = self.level.directory.join(text);
        let path = PathBuf::from(paths::clean(&path.to_string_lossy()));
        if let Some(known) = self.files.get(&path) {
            return Some(Rc::clone(known));
        }
        let file = match self.loader.inputs.read(&path, text) {
            Ok(file) => file,
            Err(finding) => {
                self.loader.sink.push(finding.at_origin(node.origin, "named here"));
                return None;
            }
        };
        let mut model: Option<Node> = None;
        let mut tags = Vec::new();
        for document in parse_file(file, self.loader.reader, self.loader.inputs, self.loader.sink)?.documents
        {
            let prepared = self.loader.prepare(document.root, self.level)?;
            let Prepared { root, tags: own } = prepared;
            if let Some(model) = &mut model {
                tags::apply(model, &own);
            }
            tags.extend(own);
            let mut merged = self.loader.merged(model.take(), root);
            self.loader.spend(&merged, merged.origin)?;
            self.loader.settle(&mut merged, false);
            model = Some(merged);
        }
        let mut model = model.unwrap_or_else(|| Node::map(Mapping::new(), node.origin));
        let directory = relative(&self.level.directory, path.parent().unwrap_or(FsPath::new("/")));
        paths::resolve(&mut model, &PROJECT, &self.loader.base(&directory));
        let services = model.as_map_mut().and_then(|map| map.remove("services"));
        let Some(Value::Map(services)) = services.map(|services| services.value) else {
            self.loader.sink.push(
                Finding::error(
                    Code::ComposeExtends,
                    format!("cannot extend service {service:?} in {text}: no services section"),
                )
                .at_origin(node.origin, "this file has no services"),
            );
            return None;
        };
        let scope = Rc::new(Scope {
            services,
            tags: tags::of_services(&tags),
            label: text.to_owned(),
            path: path.clone(),
        });
        self.files.insert(path, Rc::clone(&scope));
        Some(scope)
    }
}

/// The circle, each step on a line.
fn cycle(steps: &[Step], back: &Step) -> Finding {
    let mut lines = vec!["services extend one another in a circle:".to_owned()];
    let mut all: Vec<&Step> = steps.iter().collect();
    all.push(back);
    for (at, step) in all.iter().enumerate() {
        let verb = if at == 0 { "" } else { "extends " };
        lines.push(format!("  {verb}{} in {}", step.service, step.label));
    }
    let mut finding = Finding::error(Code::ComposeCycle, lines.join("\n")).help("Remove one of these links.");
    for step in steps {
        finding = finding.at_origin(step.origin, format!("{} extends here", step.service));
    }
    finding
}

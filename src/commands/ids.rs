//! `ids`: who each service is on the host.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::cli::{IdsOptions, Request};
use crate::compose::{Model, Selection};
use crate::diagnostic::{Code, Exit, Finding};
use crate::engine::idmap::Local;
use crate::engine::{Answer, Engine, IdMap, Info, Location, Options};
use crate::host::Owner;
use crate::launch::facts::objects;
use crate::launch::live::resources::used;
use crate::operate::accounts::Accounts;
use crate::operate::ids::{Looked, report};
use crate::ownership::bind::view::{ServiceView, ViewQuestion, view};
use crate::ownership::lock::StateRoots;
use crate::ownership::state::declared_trees;
use crate::ownership::{StatePolicy, Strategy};
use crate::run::decide::{Decided, Images, decide};
use crate::run::images::LazyEngine;
use crate::run::plan::PATIENCE;
use crate::run::policy::{binds, id_map, state};
use crate::run::session::Session;
use crate::run::{pass, print};
use crate::yaml::Node;

pub fn run(request: &Request, options: &IdsOptions) -> Result<Exit, Exit> {
    let mut session = Session::new(request);
    session.tolerates_drift = true;
    let engine = LazyEngine::new(Options { deadline: PATIENCE, ..pass::options(request) });
    let Some(decided) = decide(&mut session, &[], &engine, Images::Always) else {
        return Err(session.report());
    };
    let found = std::mem::take(&mut session.sink);
    refuse_unknown(&mut session, &decided.model, &options.services)?;
    session.sink = found;
    let Some(model) = select(&mut session, &decided, &options.services) else { return Err(session.report()) };
    // `check` reports the findings that refuse a launch; the users are known without them.
    let is_refused = session.sink.has_errors();
    session.sink = crate::diagnostic::Sink::new();
    if is_refused {
        session.sink.push(
            Finding::warning(Code::Usage, "a launch of this project would be refused")
                .help("`seaworthy check` says why."),
        );
    }
    if let Answer::Known(Location::Elsewhere(reason)) = engine.get().map(Engine::location) {
        session.sink.push(
            Finding::error(Code::RemoteEngine, format!("the engine runs on another machine: {reason}"))
                .help("Whose files are there, only that machine knows: run `seaworthy ids` on it."),
        );
        return Err(session.report());
    }
    let accounts = Accounts::read().map_err(|error| {
        pass::refuse(
            Finding::error(Code::InputUnreadable, error.to_string()).help("See that everybody can read it."),
        )
    })?;
    let places = Places::of(&decided, &model, &engine);
    let now = places.look(&session, &|mode| id_map(&engine, mode));
    let in_force = id_map(&engine, "");
    let assumed =
        options.assume_userns.map(|base| assumed(base, &in_force)).transpose().map_err(pass::refuse)?;
    let info = Info { security_options: vec!["name=userns".to_owned()], ..Info::default() };
    let then = assumed.as_ref().map(|map| places.look(&session, &|mode| map.for_mode(&info, mode)));
    let refused = |name: &str| {
        model.services().find(|(known, _)| *known == name).map(|(_, node)| refused(node)).unwrap_or_default()
    };
    let looked = Looked {
        project: &model.name,
        now: &now,
        then: then.as_deref().zip(assumed.as_ref()),
        in_force: &in_force,
        refused: &refused,
    };
    let report = report(&looked, &accounts);
    let text = crate::run::told(&report, options.json, crate::operate::ids::Report::human)?;
    session.warn()?;
    print(session.redactor().text(&text).as_bytes())
}

fn refuse_unknown(session: &mut Session<'_>, model: &Model, services: &[String]) -> Result<(), Exit> {
    let known: Vec<&str> = model.services().map(|(name, _)| name).collect();
    let unknown: Vec<&String> = services.iter().filter(|name| !known.contains(&name.as_str())).collect();
    if unknown.is_empty() {
        return Ok(());
    }
    for name in unknown {
        session.sink.push(
            Finding::error(Code::ComposeReference, format!("no such service: {name}"))
                .help(format!("The services are: {}.", known.join(", "))),
        );
    }
    Err(session.report())
}

/// The services that are asked about: those named and no others, else those of a launch.
fn select(session: &mut Session<'_>, decided: &Decided<'_>, services: &[String]) -> Option<Model> {
    if services.is_empty() {
        return Some(decided.selected.clone());
    }
    let selection = Selection { services: services.to_vec(), ..session.selection(&[]) };
    let mut model = decided.model.select(&selection, &mut session.inputs, &mut session.sink)?;
    let of_model = model.root.get_mut("services").and_then(Node::as_map_mut);
    if let Some(map) = of_model {
        map.retain(|name, _| services.iter().any(|one| one == name));
    }
    Some(model)
}

/// The facts that are the same with and without mapped users.
struct Places<'d> {
    decided: &'d Decided<'d>,
    model: &'d Model,
    /// By the key in the model, what the engine says of its volumes.
    volumes: Answer<Vec<(String, Option<PathBuf>)>>,
    roots: StateRoots,
    state: StatePolicy,
}

impl<'d> Places<'d> {
    fn of(decided: &'d Decided<'d>, model: &'d Model, engine: &LazyEngine) -> Self {
        let names = used(model, model.services().map(|(_, node)| node)).volumes;
        let asked = if names.is_empty() {
            Answer::Known(Vec::new())
        } else {
            engine.get().and_then(|engine| objects(engine, "volume", &names.values().collect::<Vec<_>>()))
        };
        let volumes = asked.map(|found| {
            let place = |name: &str| {
                let volume =
                    found.iter().find(|volume| volume.get("Name").and_then(Value::as_str) == Some(name));
                volume.and_then(|volume| volume.get("Mountpoint")?.as_str()).map(PathBuf::from)
            };
            names.iter().map(|(key, name)| (key.clone(), place(name))).collect()
        });
        let declared = decided.policy.as_ref().map(binds).unwrap_or_default().roots;
        let state = decided.policy.as_ref().map(state).unwrap_or_default();
        Self { decided, model, volumes, roots: StateRoots::new(model, &declared), state }
    }

    fn look(&self, session: &Session<'_>, maps: &dyn Fn(&str) -> Answer<IdMap>) -> Vec<ServiceView> {
        let volumes = |key: &str| {
            self.volumes.as_ref().and_then(|all| match all.iter().find(|(known, _)| known == key) {
                Some((_, place)) => Answer::Known(place.clone()),
                None => Answer::unknown("it is not the project's own: see `docker volume inspect`"),
            })
        };
        view(&ViewQuestion {
            model: self.model,
            sources: session.inputs.sources(),
            users: &self.decided.users,
            maps,
            volumes: &volumes,
            shown: &|service, path| self.shown(service, path),
        })
    }

    /// On disk, state that is shown to its service as its own is the operator's.
    fn shown(&self, service: &str, path: &Path) -> Option<Owner> {
        let (_, node) = self.model.services().find(|(name, _)| *name == service)?;
        let trees = declared_trees(node, &self.roots, &self.state.declared);
        let is_shown = trees.iter().any(|tree| tree.strategy == Strategy::Idmap && tree.path == path);
        is_shown.then(|| self.decided.caller.person.unwrap_or(Owner::ROOT))
    }
}

/// The map that would be in force.
fn assumed(base: Option<u32>, in_force: &Answer<IdMap>) -> Result<IdMap, Finding> {
    match in_force {
        Answer::Known(map) if base.is_none() && !map.is_identity() => Ok(map.clone()),
        _ => Local::read(None).map(|local| IdMap::assumed(base, &local)).map_err(|reason| {
            Finding::error(Code::InputUnreadable, reason).help("See that everybody can read it.")
        }),
    }
}

/// Keys that an engine refuses where it maps users.
fn refused(service: &Node) -> Vec<&'static str> {
    let is = |key: &str, value: &str| service.get(key).and_then(Node::as_str) == Some(value);
    let mut keys = Vec::new();
    if service.get("privileged").and_then(Node::as_bool) == Some(true) {
        keys.push("privileged");
    }
    if is("network_mode", "host") {
        keys.push("network_mode: host");
    }
    if is("pid", "host") {
        keys.push("pid: host");
    }
    keys
}

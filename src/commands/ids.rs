//! `ids`: who each service is on the host.

use crate::cli::{IdsOptions, Request};
use crate::compose::{Model, Selection};
use crate::diagnostic::{Code, Exit, Finding};
use crate::engine::Options;
use crate::operate::accounts::Accounts;
use crate::operate::ids::{Looked, report};
use crate::run::decide::{Decided, Images, decide};
use crate::run::identities::{Places, assumed, elsewhere, mapping, refused};
use crate::run::images::LazyEngine;
use crate::run::plan::PATIENCE;
use crate::run::policy::id_map;
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
    if let Some(reason) = elsewhere(&engine) {
        session.sink.push(
            Finding::error(Code::RemoteEngine, reason)
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
    let info = mapping();
    let then = assumed.as_ref().map(|map| places.look(&session, &|mode| map.for_mode(&info, mode)));
    let refused = |name: &str| refused(&model, name);
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

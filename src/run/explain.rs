//! `explain PATH`: where an effective value comes from.

use crate::cli::{ExplainOptions, Request};
use crate::compose::{Resolve, Selection, Trace};
use crate::diagnostic::{Code, Exit, Finding, Severity};
use crate::engine::{Answer, Options};
use crate::ownership::Users;
use crate::review::explain::{Shown, chains, to_json, write_human};
use crate::review::{Chain, Chains, Did, Event, Place, Segment};
use crate::yaml::Mapping;
use crate::yaml::suggest;

use super::decide::{Images, decide};
use super::images::LazyEngine;
use super::plan::PATIENCE;
use super::session::Session;

pub fn run(request: &Request, options: &ExplainOptions) -> Result<Exit, Exit> {
    let mut session = Session::new(request);
    session.trace = Some(Trace::default());
    session.tolerates_drift = true;
    let engine = LazyEngine::new(Options { deadline: PATIENCE, ..super::pass::options(request) });
    let Some(decided) = decide(&mut session, &[], &engine, Images::WhereNeeded) else {
        return Err(session.report());
    };
    // Every service of every profile can be asked about, and what is refused most of all.
    let selection = Selection { profiles: vec!["*".to_owned()], all_resources: true, ..Selection::default() };
    let resolve = Resolve { container_names: false, ..Resolve::default() };
    let project = decided.project;
    let mut model = decided.model;
    model.profiles = crate::compose::Profiles::new(&selection.profiles, None);
    let model = model.into_selected(&selection, resolve, &mut session.inputs, &mut session.sink);
    let Some(model) = model else { return Err(session.report()) };
    let trace = session.trace.take().unwrap_or_default();
    let sources = session.inputs.sources();
    let all = Chains::new(&model.root, &trace, &project, sources);
    let mut found = Vec::new();
    for path in &options.paths {
        let chains = chains(path, &all);
        if chains.is_empty() {
            return Err(super::pass::refuse(unknown(path, &all)));
        }
        found.extend(chains);
    }
    for chain in &mut found {
        name_users(chain, &decided.users);
    }
    let redactor = session.redactor();
    let shown = Shown { redactor: &redactor };
    let text = if options.json {
        format!("{:#}\n", to_json(&found, &all, shown))
    } else {
        write_human(&found, &all, shown)
    };
    let refused = session.sink.findings().iter().any(|finding| finding.severity == Severity::Error);
    let outcome = super::print(text.as_bytes());
    if refused {
        use std::io::Write;
        let _ = writeln!(
            std::io::stderr(),
            "seaworthy: this project would not be launched; `seaworthy check` says why"
        );
    }
    outcome
}

/// Says which setting of the policy gave a service its user, or will once its image is there.
fn name_users(chain: &mut Chain<'_>, users: &Users) {
    let [Segment::Key(section), Segment::Key(service), Segment::Key(key)] = chain.place.0.as_slice() else {
        return;
    };
    let Some(decision) = users.of(service).filter(|_| section == "services" && key == "user") else { return };
    if let Some(event) = chain.events.iter_mut().find(|event| event.did == Did::Policy) {
        event.note = Some(decision.from.describe().to_owned());
    } else if chain.value.is_none() && chain.events.is_empty() {
        let known = match &decision.user {
            Answer::Known(identity) => format!("so {}", identity.owner),
            Answer::Unknown(reason) => format!("not known: {reason}"),
        };
        chain.events.push(Event {
            did: if decision.spec.is_some() { Did::Policy } else { Did::Defaults },
            place: decision.from.span(),
            written: None,
            counts: true,
            note: Some(format!("{}, {known}", decision.from.describe())),
            variables: Vec::new(),
        });
    }
}

/// The longest part of the path that there is, and what is near the next one.
fn unknown(path: &str, all: &Chains<'_>) -> Finding {
    let finding = Finding::error(Code::Usage, format!("there is no {path:?} in this project"));
    // The path may lack its section.
    for section in ["services", "networks", "volumes", "configs", "secrets"] {
        let full = format!("{section}.{path}");
        if !all.find(&full).is_empty() {
            return finding.help(format!("Did you mean `{full}`?"));
        }
    }
    let parts: Vec<&str> = path.split('.').collect();
    for length in (0..parts.len()).rev() {
        let head = parts.get(..length).unwrap_or_default().join(".");
        let place = if head.is_empty() { Some(Place::default()) } else { all.find(&head).into_iter().next() };
        let Some(place) = place else { continue };
        let Some(node) = place.at(all.model()) else { continue };
        let wanted = parts.get(length).copied().unwrap_or_default();
        let known: Vec<&str> = node.as_map().into_iter().flat_map(Mapping::keys).collect();
        let at = if head.is_empty() { "the project".to_owned() } else { head };
        return match suggest::nearest(wanted, known.iter().copied()) {
            Some(near) => finding.help(format!("Did you mean `{near}`?")),
            None if known.is_empty() => finding.help(format!("{at} has nothing below it.")),
            None => finding.help(format!("{at} has: {}.", known.join(", "))),
        };
    }
    finding.help("A path is keys joined by dots, `*` for each one; or a port, or the target of a mount.")
}

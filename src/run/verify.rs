//! From the command line to everything that is decided about a launch. Nothing on the host changes.

use std::collections::BTreeMap;

use crate::compose::{Model, Phases};
use crate::ownership::images::wanted_paths;
use crate::ownership::{Caller, HostStep, UserDecision, UserQuestion, decide_users};
use crate::project::Project;

use super::images::{LazyEngine, LazyImages};
use super::session::Session;

/// Everything that was decided about a launch.
pub struct Verified {
    pub project: Project,
    /// Every service of every profile.
    pub model: Model,
    /// The services of this launch.
    pub selected: Model,
    pub users: Vec<UserDecision>,
    /// What has to be created on the host, in order.
    pub steps: Vec<HostStep>,
}

/// Loads, verifies and decides; `None` where the session has errors.
pub fn verify(session: &mut Session<'_>, services: &[String], engine: &LazyEngine) -> Option<Verified> {
    let selection = session.selection(services);
    let project = session.discover()?;
    let layers = session.layers(&project)?;
    let mut model = session.load(&project, layers, Phases::default(), &selection)?;

    let home = model.environment.get("HOME").map(std::path::PathBuf::from);
    let caller = Caller::find(&model.directory, home.as_deref());
    let images = LazyImages::new(engine, wanted_paths(&model));
    let known = BTreeMap::new();
    let users = decide_users(&UserQuestion {
        model: &model,
        sources: session.inputs.sources(),
        policy: None,
        images: &images,
        caller: &caller,
        known: &known,
    });
    crate::ownership::apply(&mut model, &users.decisions);
    session.sink.extend(users.findings);
    let steps = Vec::new();

    let selected = model.select(&selection, &mut session.inputs, &mut session.sink)?;
    if session.sink.has_errors() {
        return None;
    }
    Some(Verified { project, model, selected, users: users.decisions, steps })
}

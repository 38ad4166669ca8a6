//! From the command line to the model that is judged and the users that it runs as. The host is not looked at.

use std::path::PathBuf;

use crate::cli::Command;
use crate::compose::{Model, Phases};
use crate::diagnostic::Sink;
use crate::launch::demanded::Demanded;
use crate::launch::judge::judge_flags;
use crate::ownership::bind::{Reach, misses_something};
use crate::ownership::home;
use crate::ownership::images::wanted_paths;
use crate::ownership::{Caller, NoEngine, UserQuestion, Users, decide_users};
use crate::policy::{self, Arranged, EnginePlaces, Policy};
use crate::project::{Project, list};

use super::asked::{self, Asked};
use super::images::{LazyEngine, LazyImages};
use super::lock::Locked;
use super::policy::{binds, switching, users};
use super::session::{Session, Stage};

/// The patience with the engine: it depends on who asks.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Images {
    /// A launch without a policy asks the engine only where something has to be created.
    WhereNeeded,
    /// A review wants to know who runs.
    Always,
}

/// The decisions that need no look at the host.
pub struct Decided<'e> {
    pub project: Project,
    pub policy: Option<Policy>,
    pub arranged: Arranged,
    pub model: Model,
    pub selected: Model,
    pub users: Users,
    pub asked: Option<Asked>,
    pub lock: Option<Locked>,
    pub caller: Caller,
    pub images: LazyImages<'e>,
    /// Whether the engine may be asked.
    pub asks: bool,
    /// Whether everything is wanted that can be known.
    pub is_review: bool,
}

impl Decided<'_> {
    /// Every service of every profile, as it is launched.
    pub fn whole(&self) -> &Model {
        self.asked.as_ref().map_or(&self.model, |asked| &asked.model)
    }

    /// The services of this launch, as they are launched.
    pub fn launched(&self) -> &Model {
        self.asked.as_ref().map_or(&self.selected, |asked| &asked.selected)
    }

    /// Who they run as.
    pub fn runs(&self) -> &Users {
        self.asked.as_ref().map_or(&self.users, |asked| &asked.users)
    }

    /// Whether what is launched is what containers have that are there.
    pub fn is_kept(&self) -> bool {
        self.asked.as_ref().is_some_and(|asked| asked.is_kept)
    }
}

/// Loads the project, and decides who runs.
pub fn decide<'e>(
    session: &mut Session<'_>,
    services: &[String],
    engine: &'e LazyEngine,
    images: Images,
) -> Option<Decided<'e>> {
    let mut project = session.locate()?;
    let given = session.policy_given();
    let mut policy = policy::find(&project, &given, &mut session.inputs, &mut session.sink)?;
    if policy.is_some() {
        session.stage = Stage::Read;
    }
    session.settle_reader(&mut project, policy.as_ref())?;
    let selection = session.selection(services);
    let expected = policy::expected(policy.as_ref());
    list::read(&mut project, &expected, &mut session.inputs, &mut session.sink)?;
    policy::check_inputs(policy.as_ref(), &project, &session.inputs, &mut session.sink);
    if let Some(policy) = &policy {
        policy.check_list(&project, &mut session.sink);
    }
    if session.sink.has_errors() {
        return None;
    }
    let layers = session.layers(&project)?;
    let arranged = match &policy {
        Some(policy) => policy.layers(layers, &project, &mut session.inputs, &mut session.sink)?,
        None => Arranged { layers, ..Arranged::default() },
    };
    let mut model = session.load(&project, arranged.layers.clone(), Phases::default(), &selection)?;
    session.stage = Stage::Judged;
    if policy.is_some() {
        session.confirm_reader(&project, &Reach::of(&model, session.inputs.sources()))?;
    }

    session.sink.extend(asked::unmeant(&project, &model, policy.is_some()));
    let home = model.environment.get("HOME").map(PathBuf::from);
    let caller =
        Caller::find(&model.directory, home.as_deref()).map_err(|finding| session.sink.push(finding)).ok()?;
    let mut laid = asked::typed(session, &model, &project);
    let review = images == Images::Always;
    let asks = review
        || policy.is_some()
        || misses_something(laid.as_ref().unwrap_or(&model), session.inputs.sources());
    let kept = asked::kept(session, laid.as_ref().unwrap_or(&model), engine, asks);
    let is_kept = kept.is_some();
    laid = kept.or(laid);
    let lazy = LazyImages::new(engine, wanted_paths(laid.as_ref().unwrap_or(&model)));
    let images: &dyn crate::ownership::Images = if asks { &lazy } else { &NoEngine };
    let lock = Locked::read(session, &project, policy.as_ref(), &model)?;
    let mut user_policy = policy.as_ref().map(|policy| users(policy, &model));
    if let (Some(user_policy), Some(file)) = (&mut user_policy, &lock) {
        user_policy.reserved = file.lock.reserved();
    }
    let known = lock.as_ref().map(|file| file.lock.given()).unwrap_or_default();
    let decide_users = |model: &Model| {
        decide_users(&UserQuestion {
            model,
            sources: session.inputs.sources(),
            policy: user_policy.as_ref(),
            images,
            caller: &caller,
            known: &known,
        })
    };
    let users = decide_users(&model);
    let laid_users = laid.as_ref().map(decide_users);
    let roots = policy.as_ref().map(binds).unwrap_or_default().roots;
    let lock = lock.map(|file| Locked::new(file, &model, &users.decisions, images, &roots));
    let fixes_home =
        policy.as_ref().and_then(|policy| policy.users.fixes_home.as_ref()).filter(|fix| fix.value);
    for (model, users) in [(Some(&mut model), Some(&users)), (laid.as_mut(), laid_users.as_ref())] {
        let (Some(model), Some(users)) = (model, users) else { continue };
        crate::ownership::apply(&mut model.root, &users.decisions);
        if let Some(fix) = fixes_home {
            home::fix(model, users, fix.origin.span());
        }
    }
    // A launch does not look into images only to say this.
    if policy.is_some() && review {
        session.sink.extend(home::report(&model, &users, images));
    }
    if laid.is_none() {
        session.sink.extend(users.findings.iter().cloned());
    }

    if let Some(policy) = &mut policy {
        let configured = project.environment.get("DOCKER_HOST");
        policy.engine = EnginePlaces::new(engine.get().known(), configured);
        policy.info = engine.get().known().map(|engine| engine.info().clone());
        policy.image_users = users.of_images();
        if asks {
            policy.switches = switching(policy, &model, &users, images);
        }
        policy.judge(&model, &arranged, &project, &mut session.inputs, &mut session.sink);
        if let (false, Command::Compose(command)) = (session.skips_typed, &session.request.command) {
            let found = judge_flags(command, policy, &arranged, &model, &project, &mut session.inputs);
            session.sink.extend(found);
        }
    }
    // A finding about a flag comes before those that follow from it.
    session.sink.extend(laid_users.iter().flat_map(|users| users.findings.iter().cloned()));
    let selected = model.select(&selection, &mut session.inputs, &mut session.sink)?;
    if let (Some(policy), false, Command::Compose(command)) =
        (&policy, session.skips_typed, &session.request.command)
    {
        let demanded = Demanded {
            command,
            policy,
            arranged: &arranged,
            model: &model,
            selected: &selected,
            project: &project,
        };
        let found = demanded.judge(&mut session.inputs, &|name| asked::runs(&model, name, engine));
        session.sink.extend(found);
    }
    let asked = laid.zip(laid_users).and_then(|(model, users)| {
        // The findings about the files were reported before.
        let selected = model.select(&selection, &mut session.inputs, &mut Sink::new())?;
        Some(Asked { model, selected, users, is_kept })
    });
    if let Some(asked) = asked.as_ref().filter(|_| policy.is_some()) {
        session.sink.extend(asked::others(asked, &users));
    }
    // By now everything is read that the files include, extend and name.
    policy::check_inputs(policy.as_ref(), &project, &session.inputs, &mut session.sink);
    Some(Decided {
        project,
        policy,
        arranged,
        model,
        selected,
        users,
        asked,
        lock,
        caller,
        images: lazy,
        asks,
        is_review: review,
    })
}

//! From what was said to numbers.

use std::collections::BTreeMap;

use crate::diagnostic::Finding;
use crate::engine::{Answer, ResolvedUser, UserError, resolve_user};
use crate::host::Owner;
use crate::model::{identity, program};
use crate::ownership::allocate::{self, Exhausted};
use crate::ownership::images::image_of;
use crate::ownership::predict::{Question, gives_itself_a_user};
use crate::ownership::spec::{Incomplete, Placed, SpecError, UserSpec};
use crate::yaml::Node;

use super::explain;
use super::{Identity, UserDecision, UserQuestion, UserSource, Users};

/// What was said about one service, before any number is known.
enum Said<'a> {
    /// Its own `user:`.
    Own(&'a Node),
    /// Whatever `from` is.
    Spec(UserSpec, UserSource),
    /// An `x-seaworthy.user` that cannot be read.
    Unreadable(&'a Node, SpecError),
    Nothing,
}

pub(super) struct Resolver<'a> {
    question: &'a UserQuestion<'a>,
    findings: Vec<Finding>,
}

impl<'a> Resolver<'a> {
    pub fn new(question: &'a UserQuestion<'a>) -> Self {
        Self { question, findings: Vec::new() }
    }

    pub fn run(mut self) -> Users {
        let services: Vec<(&str, &Node, Said<'_>)> = self
            .question
            .model
            .services()
            .filter(|(_, service)| !program::PROVIDER.is_set(service))
            .map(|(name, service)| (name, service, self.said(name, service)))
            .collect();
        self.unknown_services();
        let given = self.allocate(&services);
        let mut decisions = Vec::new();
        for (name, service, said) in &services {
            let decision = self.decide(name, service, said, &given);
            decisions.push(decision);
        }
        Users { decisions, findings: self.findings }
    }

    fn said(&self, name: &str, service: &'a Node) -> Said<'a> {
        if let Some(user) = identity::USER.node(service) {
            return Said::Own(user);
        }
        // Whoever writes no policy asks for nothing but Compose.
        let Some(policy) = self.question.policy else { return Said::Nothing };
        if let Some(user) = self.question.model.blank_users.get(name) {
            return Said::Own(user);
        }
        if let Some(user) = service.at(&["x-seaworthy", "user"]) {
            return match user.as_str().unwrap_or_default().parse() {
                Ok(spec) => Said::Spec(spec, UserSource::Extension(user.origin)),
                Err(error) => Said::Unreadable(user, error),
            };
        }
        let of_service = policy.services.get(name).map(|said| (said, true));
        match of_service.or_else(|| policy.default.as_ref().map(|said| (said, false))) {
            Some((Placed { value, span }, true)) => Said::Spec(*value, UserSource::Policy(*span)),
            Some((Placed { value, span }, false)) => Said::Spec(*value, UserSource::PolicyDefault(*span)),
            None => Said::Nothing,
        }
    }

    /// An entry for a service that is not there protects nobody.
    fn unknown_services(&mut self) {
        let Some(policy) = self.question.policy else { return };
        let names: Vec<&str> = self.question.model.services().map(|(name, _)| name).collect();
        for (name, said) in &policy.services {
            if !names.contains(&name.as_str()) {
                self.findings.push(explain::no_such_service(name, said.span, &names));
            }
        }
    }

    fn allocate(&self, services: &[(&str, &Node, Said<'_>)]) -> Result<BTreeMap<String, Owner>, Exhausted> {
        let per_service = services
            .iter()
            .filter(|(_, _, said)| matches!(said, Said::Spec(UserSpec::PerService, _)))
            .map(|(name, ..)| *name);
        // Who is named in numbers elsewhere is not given to somebody else.
        let mut taken = self.question.policy.map(|policy| policy.reserved.clone()).unwrap_or_default();
        for (_, _, said) in services {
            let owner = match said {
                Said::Spec(UserSpec::Fixed(owner), _) => Some(*owner),
                Said::Own(user) => user.as_str().and_then(numbers),
                _ => None,
            };
            taken.extend(owner.map(|owner| owner.uid));
        }
        let base = self.question.policy.map_or(allocate::DEFAULT_BASE, |policy| policy.base);
        allocate::allocate(per_service, self.question.known, &taken, base)
    }

    fn decide(
        &mut self,
        name: &str,
        service: &Node,
        said: &Said<'_>,
        given: &Result<BTreeMap<String, Owner>, Exhausted>,
    ) -> UserDecision {
        let image = image_of(self.question.model, name, service);
        let mut decision = UserDecision {
            service: name.to_owned(),
            value: None,
            groups: Vec::new(),
            user: Answer::unknown("nothing says it"),
            from: UserSource::EngineDefault,
            spec: None,
            inject: false,
            awaits_image: false,
        };
        match said {
            Said::Own(user) => self.own(&mut decision, user, image.as_deref()),
            Said::Unreadable(user, error) => {
                decision.from = UserSource::Extension(user.origin);
                decision.user = Answer::unknown(error);
                self.findings.push(explain::unreadable(name, user, error));
            }
            Said::Nothing => {
                if let (None, Some(user)) = (self.question.policy, service.at(&["x-seaworthy", "user"])) {
                    self.findings.push(explain::no_policy(name, user));
                }
                decision.user = self.image_user(name, image.as_deref(), UserSource::Image);
                let has_user = matches!(&decision.user, Answer::Known(user) if user.owner.uid != 0);
                decision.from = if has_user { UserSource::Image } else { UserSource::EngineDefault };
            }
            Said::Spec(spec, from) => {
                let (mut spec, mut from) = (*spec, *from);
                if matches!(from, UserSource::PolicyDefault(_)) && spec != UserSpec::Image {
                    let wanted = match (spec, given) {
                        (UserSpec::Fixed(owner), _) => Some(owner),
                        (UserSpec::Caller, _) => self.question.caller.person,
                        (_, Ok(given)) => given.get(name).copied(),
                        (_, Err(_)) => None,
                    };
                    match self.gives_itself_a_user(name, service, wanted) {
                        Some(true) => (spec, from) = (UserSpec::Image, UserSource::Image),
                        Some(false) => {}
                        None => decision.awaits_image = true,
                    }
                }
                (decision.spec, decision.from) = (Some(spec), from);
                decision.user = self.spec_user(name, spec, from, image.as_deref(), given);
                if let Answer::Known(user) = &decision.user {
                    decision.value = Some(user.owner.to_string());
                    decision.inject = true;
                    if spec == UserSpec::Image && user.owner.uid != 0 {
                        decision.groups.clone_from(&user.supplementary);
                    }
                }
            }
        }
        decision
    }

    /// Whether a service's image starts as root and becomes its user by itself, so that the default is not for it;
    /// `None` while the image is not there. The lock remembers what was found: the image is looked into once.
    fn gives_itself_a_user(&self, name: &str, service: &Node, wanted: Option<Owner>) -> Option<bool> {
        let known = self.question.known.get(name);
        if known.is_some() && known == wanted.as_ref() {
            return Some(false);
        }
        let question = Question::of_start(self.question.model, &[], self.question.images);
        match gives_itself_a_user(&question, name, service) {
            Answer::Known(gives) => Some(gives),
            Answer::Unknown(_) => known.map(|owner| owner.uid == 0),
        }
    }

    fn own(&mut self, decision: &mut UserDecision, user: &Node, image: Option<&str>) {
        let text = user.as_str().unwrap_or_default();
        decision.from = UserSource::Service(user.origin);
        decision.value = Some(text.to_owned());
        let name = decision.service.clone();
        let strict = self.question.policy.is_some();
        if let Some(incomplete) = Incomplete::of(text) {
            let environment = &self.question.model.environment;
            let finding =
                explain::incomplete(&name, user, &incomplete, self.question.sources, environment, strict);
            self.findings.push(finding);
        }
        let resolved = match numbers(text) {
            // Two numbers mean the same in every image; only the home directory does not.
            Some(owner) => {
                let identity = Identity { owner, supplementary: Vec::new(), home: None };
                decision.user = Answer::Known(identity);
                return;
            }
            None => self.resolve(image, Some(text)),
        };
        decision.user = match resolved {
            Answer::Known(Ok(resolved)) => {
                if resolved.name.is_none() && !text.contains(':') && resolved.uid != 0 && strict {
                    self.findings.push(explain::group_zero(&name, user, resolved.uid));
                }
                Answer::Known(identity(resolved))
            }
            Answer::Known(Err(error)) => {
                self.findings.push(explain::refused_by_engine(&name, user, image, &error));
                Answer::unknown(error)
            }
            Answer::Unknown(reason) => Answer::Unknown(reason),
        };
    }

    fn spec_user(
        &mut self,
        name: &str,
        spec: UserSpec,
        from: UserSource,
        image: Option<&str>,
        given: &Result<BTreeMap<String, Owner>, Exhausted>,
    ) -> Answer<Identity> {
        let plain = |owner| Answer::Known(Identity { owner, supplementary: Vec::new(), home: None });
        match spec {
            UserSpec::Fixed(owner) => plain(owner),
            UserSpec::Image => self.image_user(name, image, from),
            UserSpec::Caller => {
                if let Some(owner) = self.question.caller.person {
                    return plain(owner);
                }
                self.findings.push(explain::caller_is_root(name, from));
                Answer::unknown("the caller is root")
            }
            UserSpec::PerService => match given {
                Ok(given) => match given.get(name) {
                    Some(owner) => plain(*owner),
                    None => Answer::unknown("no user was given"),
                },
                Err(error) => {
                    self.findings.push(explain::exhausted(name, from, *error));
                    Answer::unknown(error)
                }
            },
        }
    }

    fn image_user(&mut self, name: &str, image: Option<&str>, from: UserSource) -> Answer<Identity> {
        match self.resolve(image, None) {
            Answer::Known(Ok(resolved)) => Answer::Known(identity(resolved)),
            Answer::Known(Err(error)) => {
                self.findings.push(explain::image_is_broken(name, image, from, &error));
                Answer::unknown(error)
            }
            Answer::Unknown(reason) => Answer::Unknown(reason),
        }
    }

    fn resolve(&self, image: Option<&str>, user: Option<&str>) -> Answer<Result<ResolvedUser, UserError>> {
        match image {
            Some(image) => self.question.images.resolve(image, user),
            None => Answer::unknown("the service has no image"),
        }
    }
}

/// A text of two numbers, as the engine reads numbers: leading zeros mean nothing.
pub fn numbers(text: &str) -> Option<Owner> {
    let (uid, gid) = text.split_once(':')?;
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number(uid) || !is_number(gid) {
        return None;
    }
    resolve_user(text, None, None).ok().map(|user| Owner::new(user.uid, user.gid))
}

fn identity(user: ResolvedUser) -> Identity {
    Identity {
        owner: Owner::new(user.uid, user.gid),
        supplementary: user.supplementary,
        home: Some(user.home),
    }
}

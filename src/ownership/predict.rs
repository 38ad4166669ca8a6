//! Settings that would keep a service from working, as far as that can be known before it is launched.
//!
//! What it reads from the host is judged with its bind sources, its home and working directory in
//! [`home`](super::home). Here is the rest: ports that it may not bind, places that it writes in a root file
//! system that cannot be written, a first program that its user may not run, and entrypoints that want to
//! become somebody else. Only what follows from the model, the image and the engine is said; a service may
//! still fail for reasons of its own.

mod devices;
mod entry;
mod initdb;
mod ports;
mod reach;
mod start;
mod switch;
mod tmpfs;
mod told;
mod writes;

pub use start::{Start, needs, start};
pub use told::{Becomes, becomes, gives_itself_a_user, told};

use crate::compose::{Model, text};
use crate::diagnostic::{Code, Finding, Severity};
use crate::engine::Image;
use crate::model::{identity, place, program};
use crate::source::Origin;
use crate::yaml::Node;

use super::bind::{BindDecision, keeps};
use super::images::image_of;
use super::volume::VolumeDecision;
use super::{Identity, Images, UserDecision};

/// What there is to know.
pub struct Question<'q> {
    /// The services of this launch.
    pub model: &'q Model,
    pub users: &'q [UserDecision],
    pub images: &'q dyn Images,
    /// The first port that a user without capabilities may bind, in a network of the container's own and in
    /// the host's; `None` where that is not known.
    pub first_port: [Option<u32>; 2],
    /// The bind sources and volumes of the services, as far as they were looked at.
    pub binds: &'q [BindDecision],
    pub volumes: &'q [VolumeDecision],
    /// Whether the engine writes a user who is a bare number into the container's passwd, as Podman does.
    pub names_users: bool,
    /// The services that a waiver of root with `entrypoint` would let start.
    pub waivable: &'q [String],
    /// Whether the engine's devices are those of this machine.
    pub sees_devices: bool,
}

impl<'q> Question<'q> {
    /// About the start alone: what is mounted and what the host has is not asked.
    pub fn of_start(model: &'q Model, users: &'q [UserDecision], images: &'q dyn Images) -> Self {
        Self {
            model,
            users,
            images,
            first_port: [None; 2],
            binds: &[],
            volumes: &[],
            names_users: false,
            waivable: &[],
            sees_devices: false,
        }
    }
}

/// One service with all that is known of it.
struct Subject<'q> {
    model: &'q Model,
    name: &'q str,
    service: &'q Node,
    /// Of its name or its user.
    origin: Origin,
    decision: Option<&'q UserDecision>,
    user: Option<&'q Identity>,
    image_name: String,
    image: Image,
}

/// Everything that would keep a service from working: as errors where it cannot start, else as warnings. Asks the
/// images.
pub fn predict(question: &Question<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, service) in question.model.services() {
        let Some(subject) = Subject::of(question, name, service) else { continue };
        if question.sees_devices {
            devices::predict(&subject, &mut findings);
        }
        ports::predict(&subject, question.first_port, &mut findings);
        writes::predict(&subject, &mut findings);
        tmpfs::predict(&subject, question.images, &mut findings);
        entry::predict(&subject, question, &mut findings);
        initdb::predict(&subject, question, &mut findings);
    }
    findings
}

impl<'q> Subject<'q> {
    /// `None` for a service without a container.
    fn of(question: &Question<'q>, name: &'q str, service: &'q Node) -> Option<Self> {
        let image_name = image_of(question.model, name, service)?;
        let decision = question.users.iter().find(|user| user.service == name);
        let origin = decision.and_then(|user| user.from.span()).map(|span| Origin::Policy(Some(span)));
        Some(Self {
            model: question.model,
            name,
            service,
            origin: identity::USER.node(service).map(|node| node.origin).or(origin).unwrap_or(service.origin),
            decision,
            user: decision.and_then(|decision| decision.user.as_ref().known()),
            image: question.images.inspect(&image_name).known().unwrap_or_default(),
            image_name,
        })
    }
}

impl Subject<'_> {
    fn warning(&self, what: &str) -> Finding {
        Finding::warning(Code::WillNotWork, format!("service `{}` {what}", self.name)).of_service(self.name)
    }

    /// A finding that the service certainly cannot start.
    fn error(&self, what: &str) -> Finding {
        Finding { severity: Severity::Error, ..self.warning(what) }
    }

    fn runs_as(&self) -> String {
        self.user.map(|user| format!("runs as {}", user.owner)).unwrap_or_default()
    }

    /// Whether its user has a capability from its first program on. One who is not root has none: the engine
    /// leaves them in the bounding set.
    fn has(&self, capability: &str) -> Option<bool> {
        let user = self.user?;
        Some(user.owner.uid == 0 && keeps(self.service, capability))
    }

    /// Lists the capabilities that its first program lacks; `None` where it has all of them.
    fn missing(&self, capabilities: &[&str]) -> Option<String> {
        let missing: Vec<&str> =
            capabilities.iter().copied().filter(|name| self.has(name) == Some(false)).collect();
        match missing.as_slice() {
            [] => None,
            [one] => Some((*one).to_owned()),
            [first @ .., last] => Some(format!("{} and {last}", first.join(", "))),
        }
    }

    /// Whether something is mounted there, as a tmpfs or otherwise.
    fn mounts_at(&self, target: &str) -> bool {
        place::of_service(&self.model.root, self.service).iter().any(|place| place.target == target)
    }

    fn texts(&self, key: &str) -> Vec<String> {
        self.service.get(key).and_then(Node::as_seq).unwrap_or_default().iter().map(text).collect()
    }

    /// What is run, word by word: entrypoint, then command.
    fn words(&self) -> (Vec<String>, Vec<String>) {
        let own = |key: &str| self.service.get(key).filter(|node| !node.is_null()).map(|_| self.texts(key));
        let entrypoint = own("entrypoint");
        // An entrypoint of the service's own takes the image's command away.
        let from_image = if entrypoint.is_some() { Vec::new() } else { self.image.cmd.clone() };
        let command = own("command").unwrap_or(from_image);
        (entrypoint.unwrap_or_else(|| self.image.entrypoint.clone()), command)
    }

    /// A variable as the service gets it.
    fn variable(&self, name: &str) -> Option<String> {
        variable(self.service, Some(&self.image), name)
    }
}

/// A variable of a service: its own, else its image's.
fn variable(service: &Node, image: Option<&Image>, name: &str) -> Option<String> {
    let own = program::ENVIRONMENT.entry(service, name).map(text);
    own.or_else(|| image?.variable(name).map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ownership::images::fake::{Fake, FakeImages};
    use crate::ownership::testing::{model, op};
    use crate::ownership::{UserQuestion, decide_users};

    /// The messages about one service `a` of these fields, of the image `app`.
    pub fn predicted(fields: &str, image: Fake, first_port: [Option<u32>; 2]) -> Vec<String> {
        found(fields, image, first_port).into_iter().map(|finding| finding.message).collect()
    }

    pub fn found(fields: &str, image: Fake, first_port: [Option<u32>; 2]) -> Vec<Finding> {
        let (model, sources) = model(&format!("services:\n  a: {{image: app, {fields}}}\n"));
        let images = FakeImages::one("app", image);
        let users = decide_users(&UserQuestion {
            model: &model,
            sources: &sources,
            policy: None,
            images: &images,
            caller: &op(),
            known: &std::collections::BTreeMap::new(),
        });
        let question = Question {
            first_port,
            sees_devices: true,
            ..Question::of_start(&model, &users.decisions, &images)
        };
        predict(&question)
    }

    #[test]
    fn of_an_image_that_is_not_there_nothing_is_said_but_what_the_model_says() {
        let fields = "user: '1:1', read_only: true, command: [sh, -c, 'echo >> /var/log/x']";
        let (model, _) = model(&format!("services:\n  a: {{image: other, {fields}}}\n"));
        let images = FakeImages::default();
        let question = Question { first_port: [Some(1024); 2], ..Question::of_start(&model, &[], &images) };
        let messages: Vec<_> = predict(&question).into_iter().map(|finding| finding.message).collect();
        assert_eq!(messages.len(), 1, "{messages:?}");
    }
}

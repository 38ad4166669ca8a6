//! `probe`: whether a service can do its work, before it is given any.
//!
//! Its program is run once where it can change nothing, and its credentials are looked at as its user. What they
//! hold is read where it lies, and only what it is worth is said.

mod content;
mod credentials;
mod encoded;
mod look;
mod place;
mod report;
pub mod there;
pub(in crate::operate) mod time;
mod trial;

use std::cell::OnceCell;
use std::path::Path;

use crate::compose::Model;
use crate::engine::{Answer, Engine, IdMap, Image, Location};
use crate::host::Owner;
use crate::model::namespace;
use crate::ownership::bind::Whom;
use crate::ownership::{UserDecision, images};
use crate::policy::probes::Probe;
use crate::yaml::Node;

pub use report::{Line, Outcome, Report, Status};

/// Everything that the answer depends on.
pub struct Question<'q> {
    pub model: &'q Model,
    pub name: &'q str,
    pub service: &'q Node,
    pub decision: &'q UserDecision,
    pub engine: &'q Engine,
    /// Whose a directory of the host is on disk, where its service sees it as its own.
    pub on_disk: &'q dyn Fn(&Path) -> Option<Owner>,
    subject: OnceCell<Answer<Image>>,
}

impl<'q> Question<'q> {
    pub fn new(
        model: &'q Model,
        (name, service): (&'q str, &'q Node),
        decision: &'q UserDecision,
        engine: &'q Engine,
        on_disk: &'q dyn Fn(&Path) -> Option<Owner>,
    ) -> Self {
        Self { model, name, service, decision, engine, on_disk, subject: OnceCell::new() }
    }

    /// Asks all that is declared about the service.
    pub fn ask<'p>(&self, probes: impl IntoIterator<Item = &'p Probe>) -> Report {
        let mut report = Report::new(self.name);
        for probe in probes {
            if let Some(program) = &probe.program {
                report.programs.push(trial::try_program(self, program));
            }
            report.credentials.extend(probe.credentials.iter().map(|one| credentials::look_at(self, one)));
        }
        report
    }

    /// The files of the host that are declared as credentials and whose source is not there.
    pub fn sources_missing<'p>(&self, probes: impl IntoIterator<Item = &'p Probe>) -> Report {
        let mut report = Report::new(self.name);
        let all = probes.into_iter().flat_map(|probe| &probe.credentials);
        report.credentials.extend(all.filter_map(|one| credentials::source_missing(self, one)));
        report
    }

    /// Whether the engine says that it does not have the service's image.
    pub fn lacks_image(&self) -> bool {
        let name = images::image_of(self.model, self.name, self.service);
        let found = name.map(|name| self.engine.images(&[&name]));
        matches!(found, Some(Answer::Known(found)) if found.iter().all(Option::is_none))
    }

    /// What the engine says of the service's image.
    fn image(&self) -> &Answer<Image> {
        self.subject.get_or_init(|| {
            let Some(name) = images::image_of(self.model, self.name, self.service) else {
                return Answer::unknown("the service has no image");
            };
            self.engine.images(&[&name]).and_then(|mut found| match found.pop().flatten() {
                Some(image) => Answer::Known(image),
                None => Answer::Unknown(format!("the image {name} is not there; pull or build it first")),
            })
        })
    }

    fn map(&self) -> Answer<IdMap> {
        let mode = namespace::USERNS.or_empty(self.service);
        self.engine.id_map().and_then(|map| map.for_mode(self.engine.info(), mode))
    }

    fn whom(&self) -> Whom {
        Whom::of(self.service, Some(self.decision), self.map())
    }

    /// Whether what the host shows is what the engine mounts.
    fn is_here(&self) -> bool {
        self.engine.location() == Location::Here
    }
}

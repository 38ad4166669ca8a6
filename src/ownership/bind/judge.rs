//! The rules for one source.

use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::diagnostic::{Code, Finding, Severity};
use crate::engine::{Answer, Location, unanswered};
use crate::host::{Kind, Owner};
use crate::model::namespace;
use crate::ownership::images::{AFTER_PULL, NO_ENGINE, image_of};
use crate::ownership::kind::{self, KindFrom};
use crate::ownership::remote;
use crate::ownership::root::Roots;
use crate::policy::rules::engine_socket;
use crate::project::is_in_kernel;
use crate::yaml::Node;

use super::explain::{self, Say};
use super::look::{self, Found, Seen};
use super::mounts::{self, Mount, Source};
use super::way::{self, Writer};
use super::whom::Whom;
use super::{
    BindDecision, BindQuestion, Declared, Outcome, Role, Sought, WriteProbe, birth, nested, probe, there,
    tmpfs, usable, within,
};

/// A decision with what later looks at all of them need.
pub(super) struct Judged {
    pub decision: BindDecision,
    /// Without links, as far as it is there.
    pub real: PathBuf,
    pub groups: Vec<u32>,
    /// Whether its service is root and may use what belongs to anybody.
    pub overrides: bool,
    pub probe: Option<WriteProbe>,
}

/// One service, while its sources are judged.
pub(super) struct Service<'a> {
    pub name: &'a str,
    pub node: &'a Node,
    pub image: Option<String>,
    pub whom: Whom,
    pub mounts: Vec<Mount>,
}

impl Service<'_> {
    /// What was decided about one of its sources, whether or not it could be looked at.
    pub fn judged(
        &self,
        mount: &Mount,
        source: &Source,
        (kind, kind_from): (Kind, KindFrom),
        outcome: Outcome,
    ) -> Judged {
        let decision = BindDecision {
            service: self.name.to_owned(),
            role: source.role,
            source: source.path.clone(),
            target: mount.target.display().to_string(),
            read_only: mount.read_only,
            origin: mount.origin,
            kind,
            kind_from,
            identity: None,
            changed_by: None,
            owner: self.whom.owner.clone(),
            outcome,
        };
        let (groups, overrides) = (self.whom.groups.clone(), self.whom.overrides);
        Judged { decision, real: source.path.clone(), groups, overrides, probe: None }
    }
}

pub(super) struct Judge<'a> {
    pub question: &'a BindQuestion<'a>,
    pub roots: Roots,
    pub judged: Vec<Judged>,
    pub sought: Vec<Sought>,
    pub findings: Vec<Finding>,
    /// Who writes where: only a policy asks.
    pub writers: Vec<Writer<'a>>,
    /// Every source that a service of any profile mounts for writing.
    pub written: OnceCell<Vec<PathBuf>>,
    /// Mount points of tmpfs, each with its mode and the service that wants it.
    pub tmpfs: BTreeMap<PathBuf, (u32, String)>,
    /// What nobody could say.
    pub unclear: RefCell<Vec<Finding>>,
}

/// What shall become of a missing path.
pub(super) struct Plan {
    pub outcome: Outcome,
    pub finding: Option<Finding>,
}

impl From<Outcome> for Plan {
    fn from(outcome: Outcome) -> Self {
        Self { outcome, finding: None }
    }
}

impl Plan {
    /// Refused where the finding is an error; else left to the engine.
    pub fn said(finding: Finding) -> Self {
        if finding.severity == Severity::Error {
            let outcome = Outcome::Refuse(Box::new(finding.clone()));
            return Self { outcome, finding: Some(finding) };
        }
        let outcome = Outcome::Leave("the engine creates it".to_owned());
        Self { outcome, finding: Some(finding) }
    }
}

impl<'a> Judge<'a> {
    pub fn new(question: &'a BindQuestion<'a>) -> Self {
        let project = question.model.directory.as_path();
        let declared = question.policy.map(|policy| policy.roots.as_slice()).unwrap_or_default();
        let roots = match declared {
            // Where a pipe has its name, nothing can be made.
            [] if is_in_kernel(project) => Roots::default(),
            [] => Roots::new([project]),
            declared => Roots::new(declared.iter().map(PathBuf::as_path)),
        };
        let judges = question.policy.is_some() && question.location == &Location::Here;
        let writers = if judges { Writer::all(question) } else { Vec::new() };
        Self {
            question,
            roots,
            judged: Vec::new(),
            sought: Vec::new(),
            findings: Vec::new(),
            writers,
            written: OnceCell::new(),
            tmpfs: BTreeMap::new(),
            unclear: RefCell::default(),
        }
    }

    pub fn finish(self) -> (Vec<Judged>, Vec<Finding>) {
        (self.judged, self.findings)
    }

    pub fn strict(&self) -> bool {
        self.question.policy.is_some()
    }

    /// Whether what Compose would run of a service is refused.
    pub fn refuses(&self, service: &str) -> bool {
        self.strict() && !(self.question.observed)(service)
    }

    pub fn service(&mut self, name: &'a str, node: &'a Node) {
        let (findings, judged) = (self.findings.len(), self.judged.len());
        self.mounts_of(name, node);
        let found = self.findings.get_mut(findings..).unwrap_or_default();
        let mut refused = found.iter_mut().filter(|finding| finding.severity == Severity::Error).peekable();
        if refused.peek().is_none() || !(self.question.stays)(name) {
            return;
        }
        for finding in refused {
            finding.severity = Severity::Warning;
            finding.help = Some(explain::left_running(finding.help.as_deref()));
        }
        for judged in self.judged.get_mut(judged..).unwrap_or_default() {
            if matches!(judged.decision.outcome, Outcome::Refuse(_)) {
                judged.decision.outcome =
                    Outcome::Leave("its container runs and is left as it is".to_owned());
            }
        }
    }

    fn mounts_of(&mut self, name: &'a str, node: &'a Node) {
        let mounts = mounts::of_service(self.question.model, node, self.question.sources);
        if self.strict() {
            let found = tmpfs::judge(self, name, node, &mounts);
            self.findings.extend(found);
        }
        if mounts.iter().all(|mount| mount.source.is_none()) {
            return;
        }
        let userns = namespace::USERNS.or_empty(node);
        let whom = Whom::of(node, self.question.users.of(name), (self.question.maps)(userns));
        if let (Answer::Known(_), Answer::Known(_), Answer::Unknown(reason)) =
            (&whom.inside, &whom.map, &whom.owner)
        {
            self.findings.push(explain::unmapped(name, reason));
        }
        if let (Answer::Unknown(reason), Some(mount)) = (&whom.map, mounts.first()) {
            let message = format!("whom service `{name}` is on this machine is not known: {reason}");
            // The engine answers, and the mode leaves the choice to it. Without a policy nobody has to know.
            let is_chosen = !userns.is_empty() && (self.question.maps)("").is_known();
            if !is_chosen {
                self.unclear(mount, unanswered(message));
            } else if self.strict() {
                let origin = namespace::USERNS.node(node).map_or(node.origin, |mode| mode.origin);
                let finding = Finding::error(Code::UserMap, message).help(Code::UserMap.remedy());
                self.findings.push(finding.at_origin(origin, "this mode"));
            }
        }
        let image = image_of(self.question.model, name, node);
        let service = Service { name, node, image, whom, mounts };
        if remote::elsewhere(self.question.location).is_some() {
            return there::service(self, &service);
        }
        for mount in &service.mounts {
            if let Some(source) = &mount.source {
                self.source(&service, mount, source);
            }
        }
        nested::mount_points(self, &service);
    }

    fn source(&mut self, service: &Service<'_>, mount: &Mount, source: &Source) {
        let say = Say {
            service: service.name,
            mount,
            source,
            directory: &self.question.model.directory,
            strict: self.strict(),
            refuses: self.refuses(service.name),
        };
        let declared = self.declared(&source.path);
        let (mut real, mut kind, mut kind_from) = (source.path.clone(), Kind::Directory, KindFrom::Default);
        let mut there = None;
        let copied = self.copied(&source.path);
        let mut plan = match look::look(&source.path) {
            _ if copied.is_some() => {
                let of_copy = copied.map_or(Kind::File, |(kind, _)| kind);
                (kind, kind_from) = (of_copy, KindFrom::Declared);
                let finding = copied.and_then(|(_, mode)| {
                    usable::judge_copy(&say, &service.whom, self.question.caller.process, mode)
                });
                match finding {
                    Some(finding) => Plan::said(finding),
                    None => Outcome::Present.into(),
                }
            }
            Found::Present(seen) => {
                (kind, kind_from) = (seen.kind, KindFrom::Source);
                real.clone_from(&seen.real);
                let plan = self.present(&say, service, declared, &seen);
                there = Some(seen);
                plan
            }
            Found::Missing { existing } => {
                (kind, kind_from) = self.expected(service, mount, source, declared);
                self.missing(&say, service, declared, (kind, kind_from), &existing)
            }
            Found::Dangling(link) => Plan::said(say.dangling(&link)),
            Found::InTheWay(way, kind) => Plan::said(say.in_the_way(&way, kind)),
            Found::Unknown(reason) => Outcome::Leave(reason).into(),
        };
        self.findings.extend(plan.finding.take());
        let probe = probe::of(self, service, mount, (source.role, kind), &plan.outcome, there.as_ref());
        let mut judged = service.judged(mount, source, (kind, kind_from), plan.outcome);
        judged.decision.identity = there.as_ref().map(|seen| seen.identity);
        judged.decision.changed_by = way::changed_by(self, &source.path);
        judged.real = real;
        judged.probe = probe;
        self.judged.push(judged);
    }

    /// What is derived and will stand there, and the mode of its files.
    fn copied(&self, path: &Path) -> Option<(Kind, u32)> {
        self.question.policy?.copies.iter().find_map(|copy| Some((copy.kind_at(path)?, copy.mode)))
    }

    pub fn declared(&self, path: &Path) -> Option<&'a Declared> {
        self.question.policy?.create.iter().find(|declared| declared.path == path)
    }

    /// What the image itself has at the target; `None` also where another mount covers it.
    fn in_image(&self, service: &Service<'_>, mount: &Mount) -> Option<Kind> {
        if mounts::enclosing(&service.mounts, &mount.target).is_some() {
            return None;
        }
        let image = service.image.as_deref()?;
        let target = mount.target.to_str()?;
        let found = match self.question.images.kind_at(image, target) {
            Answer::Known(found) => found,
            Answer::Unknown(reason) => {
                self.unclear_image(mount, service.name, target, &reason);
                None
            }
        };
        found.filter(|kind| *kind != Kind::Symlink)
    }

    /// Where an image that is there could not be looked into.
    pub fn unclear_image(&self, mount: &Mount, service: &str, target: &str, reason: &str) {
        if ![AFTER_PULL, NO_ENGINE].contains(&reason) {
            let message =
                format!("what the image of service `{service}` has at {target} is not known: {reason}");
            self.unclear(mount, unanswered(message));
        }
    }

    fn unclear(&self, mount: &Mount, finding: Finding) {
        self.unclear.borrow_mut().push(finding.at_origin(mount.origin, "mounted here"));
    }

    /// Whether a directory has nothing in it; `false` where it may not be listed.
    pub fn is_empty(&self, mount: &Mount, path: &Path) -> bool {
        look::is_empty(path).unwrap_or_else(|error| {
            let message = format!("whether {} is empty is not known: {error}", path.display());
            let finding =
                Finding::error(Code::PrepareFailed, message).help("Correct the cause and run again.");
            self.unclear(mount, finding);
            false
        })
    }

    pub fn expected(
        &self,
        service: &Service<'_>,
        mount: &Mount,
        source: &Source,
        declared: Option<&Declared>,
    ) -> (Kind, KindFrom) {
        if matches!(source.role, Role::Secret | Role::Config) {
            return (Kind::File, KindFrom::Default);
        }
        if let Some(declared) = declared {
            return (declared.kind(), KindFrom::Declared);
        }
        if source.has_slash {
            return (Kind::Directory, KindFrom::Slash);
        }
        if let Some(kind) = self.in_image(service, mount) {
            return (kind, KindFrom::Image);
        }
        let of_target = || kind::of_name(&mount.target).filter(|kind| *kind != Kind::CharDevice);
        match kind::of_name(&source.path).or_else(of_target) {
            Some(kind) => (kind, KindFrom::Name),
            None => (Kind::Directory, KindFrom::Default),
        }
    }

    fn present(
        &self,
        say: &Say<'_>,
        service: &Service<'_>,
        declared: Option<&Declared>,
        seen: &Seen,
    ) -> Plan {
        let is_leftover = || {
            seen.kind == Kind::Directory
                && service.whom.map.as_ref().known().and_then(|map| map.to_host(Owner::ROOT))
                    == Some(seen.owner)
                && self.is_empty(say.mount, &seen.real)
        };
        if let Some(declared) = declared.map(Declared::kind).filter(|kind| *kind != seen.kind) {
            return Plan::said(say.not_as_declared(seen.kind, declared, is_leftover()));
        }
        // Looking into an image costs more than all the rest: only where the names leave a doubt.
        let in_doubt = match (seen.kind, kind::of_name(&say.mount.target)) {
            (Kind::Directory, of_target) => of_target == Some(Kind::File),
            (_, of_target) => of_target.is_none(),
        };
        if in_doubt
            && let Some(image) = self.in_image(service, say.mount)
            && (image == Kind::Directory) != (seen.kind == Kind::Directory)
        {
            return Plan::said(say.kinds_differ(seen.kind, image));
        }
        if say.source.copies_up
            && self.is_empty(say.mount, &seen.real)
            && self.in_image(service, say.mount) == Some(Kind::Directory)
        {
            return Plan { finding: Some(say.copied_up()), ..Plan::said(say.copied_up()) };
        }
        if let Some(finding) = way::judge(self, say, seen) {
            return Plan::said(finding);
        }
        let mut plan = Plan::from(Outcome::Present);
        let mended = || {
            let is = |path| (self.question.mended)(service.name, path, seen.owner);
            is(&say.source.path) || is(&seen.real)
        };
        if self.question.location == &Location::Here
            && !mended()
            && let Some(finding) = usable::judge(say, &service.whom, seen)
            && !(finding.code == Code::BindOwner && birth::is_operators(self, &say.source.path, seen.owner))
        {
            let finding = usable::say_former(say, &service.whom, seen, self.question.former, finding);
            if finding.severity == Severity::Error {
                plan.outcome = Outcome::Refuse(Box::new(finding.clone()));
            }
            plan.finding = Some(finding);
        }
        let is_looked_into = self.question.location == &Location::Here && plan.finding.is_none();
        if is_looked_into
            && seen.kind == Kind::Directory
            && !mended()
            && let Some(finding) = within::judge(say, &service.whom, seen)
        {
            if finding.severity == Severity::Error {
                plan.outcome = Outcome::Refuse(Box::new(finding.clone()));
            }
            plan.finding = Some(finding);
        }
        let looks_like_file = kind::of_name(&say.source.path) == Some(Kind::File);
        if plan.finding.is_none() && looks_like_file && is_leftover() {
            plan.finding = Some(say.leftover());
        }
        plan
    }

    fn missing(
        &self,
        say: &Say<'_>,
        service: &Service<'_>,
        declared: Option<&Declared>,
        (kind, from): (Kind, KindFrom),
        existing: &Path,
    ) -> Plan {
        let makes_volume = say.source.role == Role::Volume && say.strict;
        if !say.source.engine_creates && !makes_volume {
            return Plan::said(say.never_created());
        }
        let image = if from == KindFrom::Image { Some(kind) } else { self.in_image(service, say.mount) };
        if let Some(image) = image
            && (image == Kind::Directory) != (kind == Kind::Directory)
        {
            return Plan::said(say.kinds_differ(kind, image));
        }
        if makes_volume && say.source.copies_up && image == Some(Kind::Directory) {
            return Plan::said(say.copied_up());
        }
        let mut warning = None;
        match (kind, declared) {
            (Kind::Directory, _) | (Kind::File, Some(_)) => {}
            (Kind::File, None) => {
                let finding = say.missing_file(from, image.is_some());
                if finding.severity == Severity::Error {
                    return Plan::said(finding);
                }
                warning = Some(finding);
            }
            (Kind::Socket, _) if self.question.engine_is_silent && engine_socket(&say.source.path) => {
                let outcome = Outcome::Leave("the engine makes it when it starts".to_owned());
                return Plan { outcome, finding: Some(say.engine_to_come()) };
            }
            _ => return Plan::said(say.missing_special(kind)),
        }
        let mut plan = self.create(say, service, declared, existing);
        plan.finding = plan.finding.or(warning);
        plan
    }
}

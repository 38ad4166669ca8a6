//! Who a service may run as, by what its image, its state and its environment show.

use std::path::Path;

use crate::engine::{Answer, IdMap, ResolvedUser};
use crate::host::{Dir, Kind, Owner};
use crate::model::{mount, namespace};
use crate::ownership::bind::{BindDecision, Role};
use crate::ownership::images::{image_of, wanted_paths};
use crate::ownership::predict::{Question, Start, start, told};
use crate::ownership::{Images, UserSource};
use crate::run::images::LazyImages;
use crate::run::policy::id_map;
use crate::run::verify::Verified;
use crate::yaml::Node;

use super::draft::NamedUser;
use super::seen::Seen;

/// One service.
#[derive(Clone, Debug)]
pub(super) struct Evidence {
    pub name: String,
    /// Why nothing is known of its image, where that is so.
    pub unknown: Option<String>,
    /// Who says already whom it runs as: its own `user:`, or the host's policy.
    pub said: Option<&'static str>,
    /// Whom its image runs as.
    pub image: Option<Owner>,
    pub start: Option<Start>,
    /// Whom a variable names, and which.
    pub told: Option<(Owner, &'static str)>,
    /// Whom root becomes, where that is known.
    pub becomes: Option<Owner>,
    /// Whether it drops all capabilities itself.
    pub drops_all: bool,
    /// Who it may be in numbers, the best first; behind them all is the image's own user.
    pub candidates: Vec<NamedUser>,
    /// Whether only the first of them all comes into question.
    pub is_held: bool,
    /// Whether the image's own user goes before the candidates.
    pub image_first: bool,
}

/// Looks at every service that has a container.
pub(super) fn gather(seen: &Seen<'_>, verified: &Verified) -> Vec<Evidence> {
    let model = &verified.selected;
    let images = LazyImages::new(seen.engine, wanted_paths(model));
    let question = Question::of_start(model, &verified.users, &images);
    let remembered = verified.lock.as_ref().map(|lock| &lock.file.lock);
    let mut all = Vec::new();
    for (name, service) in model.services() {
        let Some(image) = image_of(model, name, service) else { continue };
        let from = verified.users.iter().find(|user| user.service == name).map(|user| user.from);
        let of_service = |bind: &&BindDecision| bind.service == name;
        let mut binds = verified.host.binds.iter().filter(of_service);
        let look = Look {
            seen,
            name,
            service,
            said: match from {
                Some(UserSource::Service(_) | UserSource::Extension(_)) => Some("its own `user:`"),
                // The project's own says it only where the host's does not.
                Some(UserSource::Policy(_)) => Some("the host's policy"),
                Some(UserSource::PolicyDefault(_)) if seen.host.gives_user => Some("the host's policy"),
                _ => None,
            },
            image: &image,
            images: &images,
            map: id_map(seen.engine, namespace::USERNS.or_empty(service)),
            before: remembered.and_then(|lock| lock.services.get(name)).map(|entry| entry.user),
            binds: binds.by_ref().collect(),
        };
        let start = start(&question, name, service).known();
        all.push(look.evidence(start));
    }
    all
}

struct Look<'l> {
    seen: &'l Seen<'l>,
    name: &'l str,
    service: &'l Node,
    said: Option<&'static str>,
    image: &'l str,
    images: &'l dyn Images,
    map: Answer<IdMap>,
    /// Whom the lock remembers.
    before: Option<Owner>,
    binds: Vec<&'l BindDecision>,
}

impl Look<'_> {
    fn evidence(&self, start: Option<Start>) -> Evidence {
        let inspected = self.images.inspect(self.image);
        let own = self.images.resolve(self.image, None).known().and_then(Result::ok);
        let told = told(self.service, inspected.as_ref().known());
        let mut evidence = Evidence {
            name: self.name.to_owned(),
            unknown: inspected.reason().map(str::to_owned),
            said: self.said,
            image: own.as_ref().map(|user| Owner::new(user.uid, user.gid)),
            becomes: told
                .map(|(owner, _)| owner)
                .or_else(|| start.as_ref().and_then(|one| self.account(one))),
            told,
            drops_all: compose_list(self.service, "cap_drop").any(|name| name.eq_ignore_ascii_case("ALL")),
            candidates: Vec::new(),
            is_held: false,
            image_first: true,
            start,
        };
        if self.said.is_some() {
            return evidence;
        }
        if evidence.unknown.is_none() {
            self.look_inside(&mut evidence, own.as_ref());
        }
        // A launch as anybody else would be refused.
        if let Some(owner) = self.before {
            evidence.is_held = true;
            evidence.image_first = Some(owner) == evidence.image;
            let why = "who it was at the last launch, by seaworthy.lock".to_owned();
            evidence.candidates.insert(0, NamedUser { owner, why });
        }
        evidence
    }

    /// Evidence from an image that the engine has.
    fn look_inside(&self, evidence: &mut Evidence, own: Option<&ResolvedUser>) {
        let user = self.images.inspect(self.image).known().map(|image| image.user).unwrap_or_default();
        match own {
            Some(own) if own.uid != 0 => {
                // A user of numbers alone means the same with another engine, or with none. Group 0 and further groups
                // stay the image's affair: its files are made for them.
                let is_number = user.split(':').all(|part| part.parse::<u32>().is_ok());
                if is_number && own.gid != 0 && own.supplementary.is_empty() {
                    let why = format!("USER {user} of its image");
                    evidence.candidates.push(NamedUser { owner: Owner::new(own.uid, own.gid), why });
                    evidence.image_first = false;
                }
                // The owner of existing state runs the service if the image's user cannot use that state.
                evidence.candidates.extend(self.owners(false));
            }
            Some(_) if !evidence.start.as_ref().is_some_and(Start::needs_root) => {
                evidence.candidates = self.instead_of_root(evidence);
                evidence.image_first = evidence.candidates.is_empty();
            }
            _ => {}
        }
    }

    /// For an image that starts as root and works without.
    fn instead_of_root(&self, evidence: &Evidence) -> Vec<NamedUser> {
        let mut found: Vec<NamedUser> = self.owners(true);
        if let Some(start @ Start::Switches { by, account: Some(account), place, .. }) = &evidence.start
            && let Some(owner) = self.account(start)
        {
            found.push(NamedUser { owner, why: format!("{place} of its image becomes {account} by {by}") });
        }
        // A program that does not show how it becomes that user may need root for it.
        if let (Some((owner, variable)), Some(Start::Switches { place, .. })) =
            (evidence.told, &evidence.start)
        {
            found.push(NamedUser {
                owner,
                why: format!("{variable}, and {place} of its image becomes that user"),
            });
        }
        found.retain(|user| self.may_write_volumes(user.owner));
        found.dedup_by_key(|user| user.owner);
        found
    }

    /// The account that the start program switches to, by the image's passwd.
    fn account(&self, start: &Start) -> Option<Owner> {
        let Start::Switches { account: Some(account), .. } = start else { return None };
        let user = self.images.resolve(self.image, Some(account)).known()?.ok()?;
        (user.uid != 0 && user.gid != 0).then(|| Owner::new(user.uid, user.gid))
    }

    /// The owners of directories that the service writes and that are there; with `known`, those whom the image
    /// has a name for.
    fn owners(&self, known: bool) -> Vec<NamedUser> {
        let mut found = Vec::new();
        let is_state = |bind: &&&BindDecision| {
            matches!(bind.role, Role::Bind | Role::Volume) && !bind.read_only && bind.kind == Kind::Directory
        };
        for bind in self.binds.iter().filter(is_state) {
            let Ok(stat) = Dir::open(&bind.source).and_then(|dir| dir.stat()) else { continue };
            let inside = self.map.as_ref().known().and_then(|map| {
                Some(Owner::new(map.uid_to_container(stat.owner.uid)?, map.gid_to_container(stat.owner.gid)?))
            });
            let Some(inside) = inside.filter(|owner| owner.uid != 0) else { continue };
            let user = self.images.resolve(self.image, Some(&inside.uid.to_string())).known();
            let user = user.and_then(Result::ok);
            let name = user.as_ref().and_then(|user| user.name.clone());
            if known && name.is_none() {
                continue;
            }
            let gid = user.map(|user| user.gid).filter(|gid| *gid != 0).unwrap_or(inside.gid);
            if gid == 0 {
                continue;
            }
            let path = self.seen.written(&bind.source);
            let why = match name {
                Some(name) => format!("owner of {path}; {name} in its image"),
                None => format!("owner of {path}, which the user of its image cannot use"),
            };
            found.push(NamedUser { owner: Owner::new(inside.uid, gid), why });
        }
        found
    }

    /// Whether a new volume, which takes owner and mode of what the image has there, can be written.
    fn may_write_volumes(&self, owner: Owner) -> bool {
        let mounts = mount::VOLUMES.items(self.service).iter();
        let text = |mount: &Node, key: &str| mount.get(key).and_then(Node::as_str).map(str::to_owned);
        let is_volume = |mount: &&Node| {
            text(mount, "type").as_deref() == Some("volume") && !mount::READ_ONLY.is_on(mount)
        };
        let is_bound = |target: &str| self.binds.iter().any(|bind| bind.target == target);
        let targets = mounts.filter(is_volume).filter_map(|mount| text(mount, "target"));
        let declared = self.images.inspect(self.image).known().map(|image| image.volumes).unwrap_or_default();
        targets.chain(declared).filter(|target| !is_bound(target)).all(|target| {
            match self.images.entry_at(self.image, target.trim_end_matches('/')) {
                Answer::Known(Some(entry)) => {
                    entry.owner.uid == owner.uid
                        || entry.owner.gid == owner.gid && entry.mode & 0o020 != 0
                        || entry.mode & 0o002 != 0
                }
                // The engine makes it as root's.
                Answer::Known(None) | Answer::Unknown(_) => false,
            }
        })
    }
}

fn compose_list<'n>(service: &'n Node, key: &str) -> impl Iterator<Item = &'n str> {
    service.get(key).and_then(Node::as_seq).into_iter().flatten().filter_map(Node::as_str)
}

impl Evidence {
    /// The user that the policy writes when the first `at` possibilities are out: `Some(None)` for the image's own,
    /// `None` where nothing is left.
    pub fn possibility(&self, at: usize) -> Option<Option<&NamedUser>> {
        if self.is_held && at > 0 {
            return None;
        }
        let own = [None].into_iter();
        let named = self.candidates.iter().map(Some);
        if self.image_first { own.chain(named).nth(at) } else { named.chain(own).nth(at) }
    }

    /// For people: how a service begins that is left to its image.
    pub fn story(&self) -> String {
        if let Some(who) = self.said {
            return who.to_owned();
        }
        if let Some(reason) = &self.unknown {
            let told = self.told.map(|(owner, name)| format!("; {name} says {owner}")).unwrap_or_default();
            return format!("the image is not known ({reason}){told}");
        }
        match self.image {
            Some(own) if own.uid != 0 => format!("the image's own user, {own}"),
            Some(_) => {
                format!("starts as root{}", self.then().map(|then| format!(", {then}")).unwrap_or_default())
            }
            None => "the image's own user, which is not known".to_owned(),
        }
    }

    /// The account that a start program switches to, if that can be read.
    pub fn then(&self) -> Option<String> {
        match (self.start.as_ref()?, self.told) {
            (_, Some((owner, name))) => Some(format!("then {owner} by {name}")),
            (Start::Switches { by, account: Some(account), .. }, None) => {
                Some(format!("then {account} by {by}"))
            }
            (Start::Switches { by, .. }, None) => Some(format!("then another user by {by}")),
            (Start::Supervised, None) => Some("then whom s6 starts".to_owned()),
            (Start::Plain, None) => None,
        }
    }
}

/// Whether a path is something that root alone would make, and a project hardly means.
pub(super) fn is_top(path: &Path) -> bool {
    path.components().count() < 3
}

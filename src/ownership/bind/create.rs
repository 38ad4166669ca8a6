//! Where and how something missing is made.

use std::path::Path;

use crate::engine::{Answer, Location};
use crate::host::access::{self, Access, Verdict};
use crate::host::{Kind, Owner};
use crate::ownership::root::Standing;
use crate::ownership::step::{HostStep, Place};

use super::explain::Say;
use super::judge::{Judge, Plan, Service};
use super::{Declared, Outcome, birth, usable};

impl Judge<'_> {
    /// Makes a directory, or what was declared, where that is allowed.
    pub fn create(
        &self,
        say: &Say<'_>,
        service: &Service<'_>,
        declared: Option<&Declared>,
        existing: &Path,
    ) -> Plan {
        let kind = declared.map_or(Kind::Directory, Declared::kind);
        let born = birth::of(self, say, service, kind);
        let (owner, mode) = match declared.and_then(|declared| declared.owner) {
            Some(inside) => (service.whom.on_host(inside), born.usual_mode),
            None => (born.owner, born.mode),
        };
        let mode = declared.and_then(|declared| declared.mode).unwrap_or(mode);
        let path = say.source.path.as_path();
        let (anchor, relative) = match self.standing(path, existing, declared.is_some()) {
            Standing::Inside { anchor, relative } => (anchor, relative),
            Standing::Outside if existing == Path::new("/") => {
                return Plan::said(say.at_host_root(&self.question.model.environment));
            }
            standing => {
                let root = service.whom.map.as_ref().known().and_then(|map| map.to_host(Owner::ROOT));
                let owner = owner.known();
                if !say.strict && (owner.is_none() || owner == root) {
                    return Outcome::Leave("the engine creates it, as root".to_owned()).into();
                }
                return Plan::said(say.outside(&standing, owner, mode));
            }
        };
        let owner = match (self.question.location, owner) {
            // There, owners are whatever the virtual machine makes of them.
            (Location::VirtualMachine, _) => None,
            (_, Answer::Known(owner)) => Some(owner),
            (_, Answer::Unknown(reason)) => return Outcome::Pending(reason).into(),
        };
        // What is shared may begin as ours.
        let ours = self.question.caller.process;
        let is_ours = (self.question.shared)(path) && self.may_make(ours, existing).is_ok();
        let owner =
            owner.map(|owner| if is_ours && self.may_make(owner, existing).is_err() { ours } else { owner });
        if let Some(owner) = owner
            && let Err(why) = self.may_make(owner, existing)
            && !self.helps()
        {
            let root = service.whom.map.as_ref().known().and_then(|map| map.to_host(Owner::ROOT));
            if !say.strict && Some(owner) == root {
                return Outcome::Leave("the engine creates it, as root".to_owned()).into();
            }
            return Plan::said(say.may_not_make(&why, owner, mode, kind));
        }
        // Shared trees, and those under an id-mapped mount, are made usable afterwards.
        let is_kept = (self.question.shared)(path) || (self.question.durable)(path);
        let closed = |owner| usable::judge_new(say, &service.whom, kind, owner, mode);
        if let Some(finding) = owner.filter(|_| !is_kept).and_then(closed) {
            return Plan::said(finding);
        }
        let place = Place { root: anchor, path: relative, owner, mode, service: service.name.to_owned() };
        Outcome::Create(match declared.and_then(|declared| declared.content.clone()) {
            Some(content) => HostStep::CreateFile { place, content },
            None => HostStep::CreateDirectory { place },
        })
        .into()
    }

    /// Whether the helper makes here what this process may not.
    pub fn helps(&self) -> bool {
        self.strict() && self.question.sends_helper && self.question.location == &Location::Here
    }

    /// What is declared by name may be created where it is declared, but nothing above it.
    pub fn standing(&self, path: &Path, existing: &Path, is_declared: bool) -> Standing {
        let standing = self.roots.standing(path, existing);
        if is_declared
            && !matches!(standing, Standing::Inside { .. })
            && path.parent() == Some(existing)
            && let (Ok(anchor), Some(name)) = (existing.canonicalize(), path.file_name())
        {
            return Standing::Inside { anchor, relative: name.into() };
        }
        standing
    }

    /// Whether this process can make something of this owner there, or why not.
    pub fn may_make(&self, owner: Owner, existing: &Path) -> Result<(), String> {
        let caller = self.question.caller;
        if caller.may_chown() {
            return Ok(());
        }
        let ours = caller.process;
        // A group of ours can be given, but whether it is one is known only by trying; what Compose
        // would run does not hang on a try.
        if owner.uid != ours.uid || (owner.gid != ours.gid && !caller.groups.contains(&owner.gid)) {
            return Err(format!("it must belong to {owner}, and user {ours} may not give it away"));
        }
        let wanted = Access { write: true, execute: true, read: false };
        match access::check(existing, &caller.credentials(), wanted) {
            Ok(Verdict::Blocked(blocked)) => Err(blocked.to_string()),
            _ => Ok(()),
        }
    }
}

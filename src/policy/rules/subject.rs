//! What rules look at.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::OnceLock;

use crate::compose::{Model, section};
use crate::engine::Info;
use crate::host::Owner;
use crate::model::place::{self, Place};
use crate::model::uses::Uses;
use crate::model::{limits, program};
use crate::policy::engine::EnginePlaces;
use crate::policy::opened::Opened;
use crate::policy::overlay::{Kind, Overlay};
use crate::policy::user::{UserSetting, Users};
use crate::policy::{Policy, Rank};
use crate::source::Origin;
use crate::yaml::{Mapping, Node};

use super::Breach;
use super::FileVariables;
use super::mount::{self, Mount};
use super::paths::{self, Ways};

/// The model and what the policy says of it.
pub struct View<'m> {
    pub model: &'m Model,
    pub users: &'m Users,
    pub opened: &'m Opened,
    pub mandatory: &'m [Overlay],
    /// The engine's own places.
    pub engine: Option<&'m EnginePlaces>,
    /// What the engine says of itself.
    pub info: Option<&'m Info>,
    /// By service, the user of its image, as [`crate::policy::Policy::image_users`] has it.
    pub image_users: Option<&'m BTreeMap<String, Owner>>,
    /// By service, what [`crate::policy::Policy::switches`] has.
    pub switches: Option<&'m BTreeMap<String, Vec<&'static str>>>,
    /// The variables that services get from env files, where those were read.
    pub variables: Option<&'m FileVariables>,
    pub ways: Ways,
    /// Found where an overlay is laid on some services alone.
    uses: OnceLock<Uses>,
}

impl<'m> View<'m> {
    pub fn new(model: &'m Model, users: &'m Users, opened: &'m Opened, mandatory: &'m [Overlay]) -> Self {
        Self {
            model,
            users,
            opened,
            mandatory,
            engine: None,
            info: None,
            image_users: None,
            switches: None,
            variables: None,
            ways: Ways::default(),
            uses: OnceLock::new(),
        }
    }

    #[must_use]
    pub fn with_engine(mut self, policy: &'m Policy) -> Self {
        self.engine = Some(&policy.engine);
        self.info = policy.info.as_ref();
        self.image_users = Some(&policy.image_users);
        self.switches = Some(&policy.switches);
        self
    }

    #[must_use]
    pub fn with_variables(mut self, variables: &'m FileVariables) -> Self {
        self.variables = Some(variables);
        self
    }

    /// Whether a place is, lies in or holds one of the engine's own.
    pub fn is_engines(&self, place: &Path) -> bool {
        paths::engine_socket(place) || self.engine.is_some_and(|engine| engine.touch(place))
    }

    pub fn section(&self, key: &str) -> impl Iterator<Item = (&'m str, &'m Node)> + use<'m> {
        section(&self.model.root, key).into_iter().flat_map(Mapping::iter)
    }

    pub fn services(&self) -> impl Iterator<Item = Service<'_>> {
        let services = section(&self.model.root, "services").into_iter().flat_map(Mapping::entries);
        services.map(|(name, entry)| Service {
            name,
            node: &entry.value,
            origin: entry.key,
            view: self,
            mounts: OnceLock::new(),
        })
    }

    /// The rank of the policy that demands an internal network.
    pub fn egress_rank(&self, network: &str) -> Rank {
        let is_no_egress = |overlay: &&Overlay| {
            matches!(overlay.kind, Kind::Builtin(builtin) if builtin.name == "no-egress")
                && (overlay.scope.is_everywhere() || {
                    let uses = self.uses.get_or_init(|| Uses::of(&self.model.root));
                    overlay.scope.covers_place(&format!("networks.{network}"), uses)
                })
        };
        self.mandatory.iter().find(is_no_egress).map_or(Rank::Project, |overlay| overlay.rank)
    }

    /// The bounds that built-in overlays in force set for a limit of a service.
    pub fn built_in_bounds<'s>(
        &self,
        service: &'s str,
        key: &'static str,
    ) -> impl Iterator<Item = f64> + use<'m, 's> {
        let documents = self
            .mandatory
            .iter()
            .filter(move |overlay| overlay.is_builtin() && overlay.scope.covers(service))
            .flat_map(|overlay| &overlay.documents);
        documents.filter_map(move |document| limits::own(document.root.at(&["services", "*"])?, key))
    }

    pub fn home(&self) -> Option<&'m Path> {
        self.model
            .environment
            .get("HOME")
            .filter(|home| home.starts_with('/') && home.len() > 1)
            .map(Path::new)
    }
}

/// One service of the final model.
pub struct Service<'v> {
    pub name: &'v str,
    pub node: &'v Node,
    /// Of its name.
    pub origin: Origin,
    pub view: &'v View<'v>,
    /// Looked up once, for all the rules that are about them.
    mounts: OnceLock<Vec<Mount<'v>>>,
}

impl<'v> Service<'v> {
    /// A container runs for it; a provider runs something else.
    pub fn has_container(&self) -> bool {
        program::has_container(self.node)
    }

    /// Bind mounts, and the files of secrets and configs.
    pub fn mounts(&self) -> &[Mount<'v>] {
        self.mounts.get_or_init(|| mount::find(self))
    }

    /// Everything that comes to a place of its containers.
    pub fn places(&self) -> Vec<Place<'v>> {
        place::of_service(&self.view.model.root, self.node)
    }

    pub fn user_setting(&self) -> Option<UserSetting> {
        self.view.users.of(self.name).map(|setting| setting.value)
    }

    /// Something this service sets.
    pub fn breach(&self, node: &Node, what: impl Into<Cow<'static, str>>) -> Breach {
        Breach::at(self.name, node, what)
    }

    /// Something this service lacks.
    pub fn lacks(&self, what: impl Into<Cow<'static, str>>) -> Breach {
        Breach::of(self.name, self.origin, what).lacking()
    }
}

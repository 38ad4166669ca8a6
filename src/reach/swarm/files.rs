//! Secrets and configs: what they hold, and where a task has them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::compose::short::file_mode;
use crate::compose::{section, text};
use crate::diagnostic::{Code, Finding};
use crate::model::place::absolute;
use crate::model::{identity, mount, resource};
use crate::ownership::user::numbers;
use crate::reach::content::content;
use crate::reach::refusal::Of;
use crate::yaml::{Mapping, Node};

use super::context::Context;
use super::object::Fields;
use super::service::{Service, words};
use super::{NAMESPACE, Object};

/// The most bytes of a config or secret: the larger one of the swarm's two bounds. It says itself where its bound is lower.
const LIMIT: usize = 1 << 20;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Secret,
    Config,
}

impl Kind {
    fn section(self) -> &'static str {
        match self {
            Self::Secret => "secrets",
            Self::Config => "configs",
        }
    }

    /// The field of the container's spec.
    pub fn field(self) -> &'static str {
        match self {
            Self::Secret => "Secrets",
            Self::Config => "Configs",
        }
    }
}

fn name_of(context: &Context<'_>, kind: Kind, key: &str) -> String {
    let own = context.question.model.root.at(&[kind.section(), key, "name"]).map(text);
    own.filter(|name| !name.is_empty()).unwrap_or_else(|| format!("{}_{key}", context.stack()))
}

/// The configs or secrets that the project declares.
pub fn declared(context: &mut Context<'_>, kind: Kind) -> Vec<Object> {
    let model = context.question.model;
    let mut all = Vec::new();
    for (key, entry) in section(&model.root, kind.section()).into_iter().flat_map(Mapping::entries) {
        let node = &entry.value;
        let is_external = resource::EXTERNAL.is_on(node);
        let name = name_of(context, kind, key);
        let spec = if is_external { Value::Null } else { spec(context, kind, key, &name, node) };
        all.push(Object { key: key.to_owned(), name, is_external, spec, origin: entry.key });
    }
    all
}

fn spec(context: &mut Context<'_>, kind: Kind, key: &str, name: &str, node: &Node) -> Value {
    let mut spec = Fields::new();
    spec.put("Name", name);
    let mut labels = words(resource::LABELS.node(node));
    labels.put(NAMESPACE, context.stack());
    spec.put("Labels", labels.done());
    let named = |key: &str| node.get(key).map(text).filter(|text| !text.is_empty());
    match content(context.question.model, node, LIMIT) {
        Ok(bytes) => spec.put("Data", STANDARD.encode(bytes)),
        Err(error) => {
            let place = format!("{}.{key}", kind.section());
            let of = Of { service: None, section: &place };
            let why = format!("its content cannot be had: {error}");
            let todo = "Put it there, or write `external: true`";
            context.refusals.refuse(of, kind.section(), node.origin, &why, todo);
        }
    }
    if let Some(driver) = named("template_driver") {
        let mut fields = Fields::new();
        fields.put("Name", driver);
        spec.put("Templating", fields.done());
    }
    spec.done()
}

/// Whether the user of a service can read a file; also where too little is known to say that it cannot.
fn is_readable(service: &Service<'_>, mode: i64, uid: Option<u32>, gid: Option<u32>) -> bool {
    let Some(user) = identity::USER.text(service.node).and_then(|user| numbers(&user)) else { return true };
    let (Some(uid), Some(gid)) = (uid, gid) else { return true };
    let groups = identity::GROUPS.texts(service.node);
    let mut members = groups.iter().map(|group| group.parse::<u32>());
    let is_member = user.gid == gid || members.any(|group| group.map_or(true, |group| group == gid));
    user.uid == 0
        || if user.uid == uid {
            mode & 0o400 != 0
        } else if is_member {
            mode & 0o040 != 0
        } else {
            mode & 0o004 != 0
        }
}

/// The configs or secrets of a service: by name, until they have an id.
pub fn of_service(context: &mut Context<'_>, service: &Service<'_>, kind: Kind) -> Vec<Value> {
    let mut all = Vec::new();
    for node in service.list(kind.section()) {
        let source = mount::FILE_SOURCE.text(node).unwrap_or_default();
        let field = |key: &str| node.get(key).map(text).filter(|text| !text.is_empty());
        let target = match (kind, field("target")) {
            (Kind::Secret, Some(target)) => absolute("/run/secrets", &target),
            (Kind::Secret, None) => absolute("/run/secrets", &source),
            (Kind::Config, target) => absolute("/", &target.unwrap_or_else(|| source.clone())),
        };
        let mode = match field("mode") {
            None => Some(0o444),
            Some(mode) => file_mode::parse(&mode).ok().filter(|mode| (0..=0o7777).contains(mode)),
        };
        let Some(mode) = mode else {
            service.refuse(context, kind.section(), node.origin, "its mode is none");
            continue;
        };
        let owner = |key: &str| field(key).map_or(Some(0), |written| written.parse::<u32>().ok());
        if !is_readable(service, mode, owner("uid"), owner("gid")) {
            let user = identity::USER.text(service.node).unwrap_or_default();
            let message = format!(
                "services.{}.{}: {target} would belong to {}:{} with mode {mode:04o}, and the user {user} could not read it",
                service.name,
                kind.section(),
                field("uid").unwrap_or_else(|| "0".to_owned()),
                field("gid").unwrap_or_else(|| "0".to_owned())
            );
            let finding = Finding::error(Code::BindAccess, message)
                .at_origin(node.origin, "here")
                .of_service(service.name);
            context.refusals.refuse_always(finding.help(
                "Write `uid`, `gid` and `mode` so that the user can: Swarm gives the file to whom they name.",
            ));
        }
        let mut file = Fields::new();
        file.put("Name", target);
        file.put("UID", field("uid").unwrap_or_else(|| "0".to_owned()));
        file.put("GID", field("gid").unwrap_or_else(|| "0".to_owned()));
        file.put("Mode", mode);
        let mut reference = Fields::new();
        reference.put("File", file.done());
        let name = name_of(context, kind, &source);
        reference.put(if kind == Kind::Secret { "SecretName" } else { "ConfigName" }, name);
        all.push(reference.done());
    }
    all
}

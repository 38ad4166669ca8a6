//! What all parts of a rendering share.

use std::collections::{BTreeMap, BTreeSet};

use crate::compose::text as text_of;
use crate::diagnostic::{Code, Finding};
use crate::ownership::UserDecision;
use crate::policy::Posture;
use crate::reach::refusal::{Of, Refusals};
use crate::redact::{holds_credential, is_plain, written};
use crate::source::Origin;
use crate::yaml::{Mapping, Node};

use super::files::{self, Files};
use super::name::{self, Names};
use super::node::{Map, OWN, own, text};
use super::profile;
use super::storage::Claims;
use super::{Object, Question, Rendered};

pub struct Context<'a> {
    pub question: &'a Question<'a>,
    pub refusals: Refusals<'a>,
    pub namespace: String,
    pub names: Names,
    pub objects: Vec<Object>,
    pub claims: Claims,
    /// By the key of a note, the services that it is about.
    notes: BTreeMap<String, BTreeSet<String>>,
    /// Of Secrets that are referred to.
    awaited: BTreeMap<String, BTreeSet<String>>,
}

impl<'a> Context<'a> {
    pub fn new(question: &'a Question<'a>) -> Self {
        let wanted = question.namespace.map_or_else(|| name::label(&question.model.name), str::to_owned);
        let mut refusals = Refusals::new("kubernetes", "Kubernetes", question.policy);
        if !name::is_label(&wanted) {
            refusals.refuse_always(
                Finding::error(Code::NotEnforceable, format!("{wanted:?} is no name of a namespace")).help(
                    "Give one of lower-case letters, digits and hyphens, at most 63, with --namespace.",
                ),
            );
        }
        Self {
            question,
            refusals,
            namespace: wanted,
            names: Names::default(),
            objects: Vec::new(),
            claims: Claims::default(),
            notes: BTreeMap::new(),
            awaited: BTreeMap::new(),
        }
    }

    /// The strictest posture of some services.
    pub fn posture<'s>(&self, services: impl IntoIterator<Item = &'s str>) -> Posture {
        self.question.policy.map_or(Posture::Observe, |policy| policy.posture.strictest(services).value)
    }

    pub fn user_of(&self, service: &str) -> Option<&'a UserDecision> {
        self.question.users.iter().find(|decision| decision.service == service)
    }

    /// Says what differs, once for all services that have it.
    pub fn note(&mut self, service: Option<&str>, words: impl Into<String>) {
        self.notes.entry(words.into()).or_default().extend(service.map(str::to_owned));
    }

    /// Takes a name, or refuses the place that comes second.
    pub fn take(&mut self, kind: &'static str, name: &str, place: &str, origin: Origin) {
        if !name::is_label(name) {
            let finding = Finding::error(
                Code::NotEnforceable,
                format!("{place} has no name that Kubernetes takes: {name:?} would be that of a {kind}"),
            );
            let help =
                "Use lower-case letters, digits and hyphens, at most 63, and a letter or digit at both ends.";
            self.refusals.refuse_always(finding.at_origin(origin, "here").help(help));
        } else if let Err(other) = self.names.take(kind, name, place) {
            let finding = Finding::error(
                Code::NotEnforceable,
                format!("{place} and {other} would both be the {kind} {name} on Kubernetes"),
            );
            self.refusals.refuse_always(finding.at_origin(origin, "here").help("Rename one of the two."));
        }
    }

    /// `metadata` of an object of this project.
    pub fn metadata(&self, name: &str, labels: Option<Node>, annotations: Map) -> Node {
        let mut metadata = Map::new();
        metadata.put("name", text(name, OWN));
        metadata.put("namespace", text(self.namespace.as_str(), OWN));
        metadata.put("labels", labels.unwrap_or_else(|| self.labels(None)));
        metadata.put_map("annotations", annotations);
        metadata.done()
    }

    /// Labels of what belongs to the project, or to one of its services.
    pub fn labels(&self, service: Option<&str>) -> Node {
        let mut labels = Map::new();
        if let Some(service) = service {
            labels.put("app.kubernetes.io/name", text(service, OWN));
        }
        labels.put("app.kubernetes.io/instance", text(self.namespace.as_str(), OWN));
        labels.put("app.kubernetes.io/managed-by", own("seaworthy"));
        labels.done()
    }

    /// What the pods of a service are found by.
    pub fn selector(&self, service: &str) -> Map {
        let mut labels = Map::new();
        labels.put("app.kubernetes.io/name", text(service, OWN));
        labels.put("app.kubernetes.io/instance", text(self.namespace.as_str(), OWN));
        labels
    }

    /// Labels of the model as annotations.
    pub fn annotations(&mut self, of: Of<'_>, key: &str, node: Option<&Node>, into: &mut Map) {
        for (name, value) in node.and_then(Node::as_map).into_iter().flat_map(Mapping::iter) {
            let value_text = text_of(value);
            if !name::is_qualified(name) {
                let why = format!("{name:?} is no key of an annotation");
                let todo = "Use letters, digits, `-`, `_` and `.`, at most 63, with a domain and `/` before them or not";
                self.refusals.refuse(of, key, value.origin, &why, todo);
            } else if self.may_show(of, key, name, &value_text, value.origin) {
                into.put(name, text(value_text, value.origin));
            }
        }
    }

    /// Whether a text may stand in a manifest: no credential is in it, or credentials are to be written.
    pub fn may_show(&mut self, of: Of<'_>, key: &str, name: &str, value: &str, origin: Origin) -> bool {
        if self.question.with_secrets || !is_secret(name, value) {
            return true;
        }
        let why = "a credential in it could be read in the manifest";
        let todo = "Take it from the environment or a secret, or render it with --with-secrets";
        self.refusals.refuse(of, key, origin, why, todo);
        false
    }

    /// A Secret that is referred to, with one more of its keys.
    pub fn await_secret(&mut self, name: &str, key: &str) {
        self.awaited.entry(name.to_owned()).or_default().insert(key.to_owned());
    }

    pub fn add(
        &mut self,
        kind: &'static str,
        api: &'static str,
        name: &str,
        body: Vec<(&'static str, Node)>,
        metadata: Node,
    ) {
        let mut object = Map::new();
        object.put("apiVersion", own(api));
        object.put("kind", own(kind));
        object.put("metadata", metadata);
        for (key, node) in body {
            object.put(key, node);
        }
        self.objects.push(Object { kind, name: name.to_owned(), node: object.done() });
    }

    /// Adds a `ConfigMap` or Secret; a Secret only where its content may be written.
    pub fn add_files(&mut self, name: &str, files: Files, annotations: Map, place: &str, origin: Origin) {
        let kind = if files.secret { "Secret" } else { "ConfigMap" };
        self.take(kind, name, place, origin);
        if files.bytes() > files::LIMIT {
            self.refusals.refuse_always(
                Finding::error(Code::NotEnforceable, format!("{place}: a {kind} holds 1 MiB at most"))
                    .at_origin(origin, "here")
                    .help("Put what is large into a volume."),
            );
        }
        if files.secret && !self.question.with_secrets {
            for key in files.keys() {
                self.await_secret(name, key);
            }
            return;
        }
        let metadata = self.metadata(name, None, annotations);
        let kept = files.secret.then(|| ("type", own("Opaque")));
        let body = kept.into_iter().chain(files.body()).collect();
        self.add(kind, "v1", name, body, metadata);
    }

    pub fn finish(mut self) -> Rendered {
        let pods: Vec<&Node> =
            self.objects.iter().filter_map(|object| profile::pod_of(&object.node)).collect();
        let level = profile::level(&pods, self.question.version);
        let mut labels = Map::new();
        labels.put("app.kubernetes.io/managed-by", own("seaworthy"));
        for mode in ["enforce", "audit", "warn"] {
            labels.put(format!("pod-security.kubernetes.io/{mode}"), own(level.name()));
            let version = text(format!("v{}", self.question.version), OWN);
            labels.put(format!("pod-security.kubernetes.io/{mode}-version"), version);
        }
        let mut metadata = Map::new();
        metadata.put("name", text(self.namespace.as_str(), OWN));
        metadata.put("labels", labels.done());
        self.add("Namespace", "v1", &self.namespace.clone(), Vec::new(), metadata.done());
        self.objects.sort_by(|a, b| (place_of(a.kind), &a.name).cmp(&(place_of(b.kind), &b.name)));
        let mut notes: Vec<String> = self
            .notes
            .into_iter()
            .map(|(words, services)| {
                let services: Vec<String> = services.into_iter().collect();
                if services.is_empty() { words } else { format!("{words} ({})", services.join(", ")) }
            })
            .collect();
        for waived in &self.refusals.waived {
            notes.push(format!("{} is accepted by a waiver: {}", waived.place, waived.reason));
        }
        Rendered {
            objects: self.objects,
            level,
            namespace: self.namespace,
            version: self.question.version,
            notes,
            awaited: self
                .awaited
                .into_iter()
                .map(|(name, keys)| (name, keys.into_iter().collect()))
                .collect(),
            findings: self.refusals.findings,
        }
    }
}

/// Kinds in the order in which they are applied.
const KINDS: [&str; 9] = [
    "Namespace",
    "ConfigMap",
    "Secret",
    "PersistentVolumeClaim",
    "NetworkPolicy",
    "Service",
    "Deployment",
    "StatefulSet",
    "Job",
];

/// Where a kind stands among the others.
pub fn place_of(kind: &str) -> usize {
    KINDS.iter().position(|known| *known == kind).unwrap_or(KINDS.len())
}

/// Whether a file has a credential in it. What is no text is a program or a picture.
pub fn is_secret_file(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok_and(|text| is_secret("", text) || holds_credential(text))
}

/// Whether a value looks like a credential, by its name or by itself.
pub fn is_secret(name: &str, value: &str) -> bool {
    !value.is_empty() && !is_plain(name, value) && written(name, value) != value
}

//! What an image's build may do.

use std::path::{Path, PathBuf};

use crate::compose::{paths as model_paths, text};
use crate::model::build;
use crate::policy::posture::Posture;
use crate::yaml::Node;

use super::{Allow, Breach, Check, Rule, Service, paths};

pub const RULES: &[Rule] = &[
    Rule {
        id: "build-privileged",
        forbids: "be built with full privileges",
        why: "A build step that is privileged, or has the insecure entitlement, is root on the host.",
        from: Some(Posture::Baseline),
        cis: &["5.5"],
        owasp: &["3"],
        model: "`build.privileged` is absent or false, and `build.entitlements` lacks security.insecure",
        live: "nowhere: a build leaves only an image",
        fix: "Remove `privileged` and the entitlement.",
        check: Check::Service(|service, breaches| {
            if let Some(node) = build::PRIVILEGED.on(service.node) {
                breaches.push(service.breach(node, "is built privileged"));
            }
            for node in build::ENTITLEMENTS.items(service.node) {
                if text(node) == "security.insecure" {
                    breaches.push(service.breach(node, "is built with the entitlement security.insecure"));
                }
            }
        }),
        ..Rule::COMMON
    },
    Rule {
        id: "build-host-access",
        forbids: "be built with access to the host",
        why: "A build on the host's network, with an agent's keys or a system directory as context, can carry them \
              into the image.",
        from: Some(Posture::Hardened),
        owasp: &["5", "12"],
        model: "`build` has no host network, SSH, or directories of the host besides its context",
        live: "nowhere: a build leaves only an image",
        fix: "Remove it, or build the image elsewhere and name it.",
        allow: Allow::Values("settings, such as network=host"),
        check: Check::Service(access),
        ..Rule::COMMON
    },
];

fn access(service: &Service<'_>, breaches: &mut Vec<Breach>) {
    let mut add = |node: &Node, value: String| {
        breaches.push(service.breach(node, format!("is built with {value}")).allowing(value));
    };
    if let Some((node, mode)) = build::NETWORK.written(service.node)
        && (mode == "host" || mode.starts_with("container:"))
    {
        add(node, format!("network={mode}"));
    }
    for node in build::ENTITLEMENTS.items(service.node) {
        let entitlement = text(node);
        if entitlement != "security.insecure" {
            add(node, format!("entitlements={entitlement}"));
        }
    }
    for node in build::SSH.items(service.node) {
        let id = text(node).split(':').next().unwrap_or_default().to_owned();
        add(node, format!("ssh={id}"));
    }
    let home = service.view.home();
    let is_bad = |path: &PathBuf| {
        paths::sensitive(path, true).is_some()
            || service.view.is_engines(path)
            || paths::in_home(path, home).is_some()
    };
    let reaches = |place: &str| place.starts_with('/') && service.view.ways.both(place).iter().any(is_bad);
    let contexts = build::CONTEXTS.entries(service.node);
    let own = build::CONTEXT.node(service.node).map(|node| ("context", node));
    for (key, node) in own.into_iter().chain(contexts) {
        let place = text(node);
        if reaches(&place) {
            add(node, format!("{key}={place}"));
        }
    }
    if let Some(node) = build::DOCKERFILE.node(service.node) {
        let context = build::CONTEXT.text(service.node).filter(|context| context.starts_with('/'));
        // Below a context that is elsewhere it is elsewhere as well.
        let place = model_paths::join(Path::new(context.as_deref().unwrap_or("/")), &text(node));
        let place = if text(node).starts_with('/') { text(node) } else { place };
        if (context.is_some() || text(node).starts_with('/')) && reaches(&place) {
            add(node, format!("dockerfile={}", text(node)));
        }
    }
    for field in [build::CACHE_FROM, build::CACHE_TO] {
        for node in field.items(service.node) {
            let key = field.path().trim_start_matches("build.");
            let cache = text(node);
            let fields = cache.split(',').filter_map(|field| field.split_once('='));
            let mut places =
                fields.filter(|(name, _)| matches!(name.trim(), "src" | "dest")).map(|(_, place)| place);
            if places.any(|place| reaches(&model_paths::join(Path::new("/"), place))) {
                add(node, format!("{key}={cache}"));
            }
        }
    }
}

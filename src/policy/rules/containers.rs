//! What runs, where, by whose hand.

use crate::model::{kernel, path, program};
use crate::policy::posture::Posture;
use crate::yaml::{Mapping, Node};

use super::{Allow, Breach, Check, Rule};

/// Variables with which the loader puts a library into every program.
pub const LOADER: &[&str] = &["LD_PRELOAD", "LD_AUDIT"];

pub const RULES: &[Rule] = &[
    Rule {
        id: "provider",
        forbids: "be provided by a program of the host",
        why: "Compose runs that program as the caller, at `up`, at `create` and even at `up --dry-run`: no container \
              holds it.",
        from: Some(Posture::Baseline),
        owasp: &["6"],
        model: "`provider` is absent",
        live: "nowhere: there is no container; judged before Compose is run with anything but config",
        fix: "Remove `provider`.",
        allow: Allow::Values("types"),
        check: Check::Service(|service, breaches| {
            if let Some(provider) = program::PROVIDER.node(service.node) {
                let kind = program::PROVIDER_TYPE.text(service.node).unwrap_or_default();
                breaches
                    .push(service.breach(provider, format!("runs the host's program {kind}")).allowing(kind));
            }
        }),
        ..Rule::COMMON
    },
    Rule {
        id: "runtime",
        forbids: "choose another container runtime",
        why: "A runtime is a program of the host that decides what every other setting means.",
        from: Some(Posture::Hardened),
        model: "`runtime`, `isolation` and `credential_spec` are absent",
        live: "HostConfig.Runtime is the engine's default, HostConfig.Isolation is empty",
        fix: "Remove `runtime`, `isolation` and `credential_spec`.",
        allow: Allow::Values("runtimes"),
        check: Check::Service(|service, breaches| {
            for field in [kernel::RUNTIME, kernel::ISOLATION] {
                if let Some((node, value)) = field.written(service.node).filter(|(_, value)| value != "runc")
                {
                    let key = field.name();
                    breaches.push(service.breach(node, format!("has {key}: {value}")).allowing(value));
                }
            }
            if let Some(node) = path::CREDENTIAL_SPEC.node(service.node) {
                breaches.push(service.breach(node, "has a credential_spec").allowing("credential_spec"));
            }
        }),
        ..Rule::COMMON
    },
    Rule {
        id: "runtime-annotations",
        forbids: "instruct the runtime through annotations",
        why: "`run.oci.*` and `org.systemd.property.*` change what runtimes do with the container.",
        from: Some(Posture::Hardened),
        model: "no annotation is one that instructs a runtime",
        live: "HostConfig.Annotations has no such key",
        fix: "Remove the annotation.",
        allow: Allow::Values("annotations by name"),
        check: Check::Service(|service, breaches| {
            for (name, node) in kernel::ANNOTATIONS.entries(service.node) {
                if ["run.oci.", "org.systemd.property.", "io.podman."]
                    .iter()
                    .any(|prefix| name.starts_with(prefix))
                {
                    breaches.push(service.breach(node, format!("has the annotation {name}")).allowing(name));
                }
            }
        }),
        ..Rule::COMMON
    },
    Rule {
        id: "models",
        forbids: "use a model that the host runs",
        why: "The model's server is a program of the host, outside of every container.",
        from: Some(Posture::Hardened),
        model: "`models` is absent",
        live: "nowhere on the container but its environment",
        fix: "Remove `models`, or run the server as a service.",
        allow: Allow::Values("models"),
        check: Check::Service(|service, breaches| {
            for (name, node) in program::MODELS.entries(service.node) {
                let mut breach = service.lacks(format!("uses the model {name}")).allowing(name);
                if node.origin.span().is_some() {
                    breach.origin = node.origin;
                }
                breaches.push(breach);
            }
        }),
        ..Rule::COMMON
    },
    Rule {
        id: "health-off",
        forbids: "switch its health check off",
        why: "Nobody sees that it hangs, and what waits for its health waits for nothing.",
        from: Some(Posture::Contained),
        cis: &["5.27"],
        model: "`healthcheck` is not disabled",
        live: "Config.Healthcheck.Test is not [NONE]",
        fix: "Remove `disable` and `test: [NONE]`, or write a test of your own.",
        check: Check::Service(|service, breaches| {
            if let Some(node) = program::health_off(service.node) {
                breaches.push(service.breach(node, "switches its health check off"));
            }
        }),
        ..Rule::COMMON
    },
    Rule {
        id: "loader-environment",
        forbids: "load code through its environment",
        why: "LD_PRELOAD and LD_AUDIT put a library into every program of the container.",
        from: Some(Posture::Hardened),
        model: "`environment`, env files and those of hooks included, sets neither LD_PRELOAD nor LD_AUDIT",
        live: "Config.Env sets neither",
        fix: "Remove the variable.",
        allow: Allow::Values("variables"),
        check: Check::Service(|service, breaches| {
            let set = |node: Option<&'_ Node>, whose: &str| -> Vec<Breach> {
                let variables = node.and_then(Node::as_map).into_iter().flat_map(Mapping::iter);
                let loaders = variables.filter(|(name, _)| LOADER.contains(name));
                loaders
                    .map(|(name, node)| service.breach(node, format!("sets {name}{whose}")).allowing(name))
                    .collect()
            };
            breaches.extend(set(program::ENVIRONMENT.node(service.node), ""));
            for (place, hook) in program::hooks(service.node) {
                breaches
                    .extend(set(program::HOOK_ENVIRONMENT.node(hook), &format!(" for a hook in {place}")));
            }
            let of_files = service.view.variables.map(|all| all.of(service.name)).unwrap_or_default();
            for (name, origin) in of_files.iter().filter(|(name, _)| LOADER.contains(&name.as_str())) {
                let what = format!("sets {name} through an env file");
                breaches.push(Breach::of(service.name, *origin, what).allowing(name));
            }
        }),
        ..Rule::COMMON
    },
];

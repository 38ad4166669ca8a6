//! What runs a service: a Deployment, a `StatefulSet` where state is kept, a Job where it ends.

use crate::compose::text;
use crate::model::network::LINKS;
use crate::model::{logging, order, program, replicas, restart};
use crate::yaml::Node;

use super::container;
use super::context::Context;
use super::mounts;
use super::name;
use super::network;
use super::node::{Map, OWN, int, own, text as string};
use super::pod;
use super::service::{Kind, Service};

/// More retries than any job has.
const ALWAYS: i64 = i32::MAX as i64;

pub fn render(context: &mut Context<'_>, name: &str, node: &Node) {
    if program::PROVIDER.is_set(node) {
        return;
    }
    let ends = ending(context, name, node);
    let service = Service::new(context, name, node, ends.is_some());
    naming(context, &service);
    depends(context, &service);
    logs(context, &service);
    let mounts = mounts::of_service(context, &service);
    let kind = match ends {
        Some((policy, retries)) => Kind::Job { policy, retries },
        None if mounts.has_claims => Kind::StatefulSet,
        None => Kind::Deployment,
    };
    let listening = container::listening(context, &service);
    let restart = match kind {
        Kind::Job { policy, .. } => policy,
        Kind::Deployment | Kind::StatefulSet => "Always",
    };
    let spec = pod::spec(context, &service, &mounts, &listening, restart);
    let mut labels = context.selector(&service.label);
    network::join(context, &service, &mut labels);
    let mut annotations = Map::new();
    for key in ["annotations", "labels"] {
        context.annotations(service.of(), key, service.get(key), &mut annotations);
    }
    let template = pod::template(labels, annotations, spec);
    add(context, &service, kind, template, mounts.templates);
    network::services(context, &service, &listening);
}

fn add(context: &mut Context<'_>, service: &Service<'_>, kind: Kind, template: Node, claims: Vec<Node>) {
    let replicas = int(service.replicas, replicas::SCALE.node(service.node).map_or(OWN, |node| node.origin));
    let selector = pod::selecting(context.selector(&service.label));
    let metadata = context.metadata(&service.label, Some(context.labels(Some(&service.label))), Map::new());
    let mut spec = Map::new();
    let (kind, api) = match kind {
        Kind::Deployment => {
            spec.put("replicas", replicas);
            spec.put("selector", selector);
            spec.put("template", template);
            ("Deployment", "apps/v1")
        }
        Kind::StatefulSet => {
            spec.put("serviceName", string(service.label.as_str(), OWN));
            spec.put("replicas", replicas);
            spec.put("podManagementPolicy", own("Parallel"));
            spec.put("selector", selector);
            spec.put("template", template);
            spec.put_list("volumeClaimTemplates", claims);
            ("StatefulSet", "apps/v1")
        }
        Kind::Job { retries, .. } => {
            let origin = restart::RESTART.node(service.node).map_or(OWN, |node| node.origin);
            spec.put("backoffLimit", int(retries, origin));
            if service.replicas != 1 {
                spec.put("parallelism", replicas.clone());
                spec.put("completions", replicas);
            }
            spec.put("template", template);
            ("Job", "batch/v1")
        }
    };
    context.take("workload", &service.label, &format!("services.{}", service.name), service.node.origin);
    context.add(kind, api, &service.label, vec![("spec", spec.done())], metadata);
}

/// When the container is not started again for ever: the policy of a job's pod, and how often it is tried.
fn ending(context: &mut Context<'_>, name: &str, node: &Node) -> Option<(&'static str, i64)> {
    let section = format!("services.{name}");
    let of = crate::reach::refusal::Of { service: Some(name), section: &section };
    let restart = restart::RESTART.node(node).filter(|node| !text(node).is_empty());
    if let Some(restart) = restart {
        let written = text(restart);
        let (word, count) = written.split_once(':').unwrap_or((&written, ""));
        return match (word, count) {
            ("always" | "unless-stopped", "") => None,
            ("no", "") => Some(("Never", 0)),
            ("on-failure", "") => Some(("OnFailure", ALWAYS)),
            ("on-failure", count)
                if count.parse::<i64>().is_ok_and(|count| (0..=ALWAYS).contains(&count)) =>
            {
                let retries = count.parse().unwrap_or(ALWAYS);
                Some(("OnFailure", if retries == 0 { ALWAYS } else { retries }))
            }
            _ => {
                let why = format!("{written:?} is no way to be started again");
                context.refusals.refuse(
                    of,
                    "restart",
                    restart.origin,
                    &why,
                    "Write `always`, `on-failure` or `no`",
                );
                None
            }
        };
    }
    if let Some(policy) = restart::POLICY.node(node) {
        let condition = policy.get("condition").map(text).unwrap_or_default();
        let attempts = policy.get("max_attempts").and_then(Node::as_int).filter(|count| *count > 0);
        return match condition.as_str() {
            "" | "any" => None,
            "none" => Some(("Never", 0)),
            "on-failure" => Some(("OnFailure", attempts.unwrap_or(ALWAYS).min(ALWAYS))),
            other => {
                let why = format!("{other:?} is no way to be started again");
                let todo = "Write `condition: any`, `on-failure` or `none`";
                context.refusals.refuse(of, "deploy.restart_policy", policy.origin, &why, todo);
                None
            }
        };
    }
    // Compose starts it once; whether it is meant to end, only who waits for that says.
    let ends = |service: &Node| {
        let condition = order::DEPENDS_ON.entry(service, name).and_then(|wait| order::CONDITION.text(wait));
        condition.as_deref() == Some("service_completed_successfully")
    };
    if context.question.model.services().any(|(_, service)| ends(service)) {
        return Some(("Never", 0));
    }
    context.note(Some(name), "restart: nothing is written, and the workload is started again when it ends");
    None
}

/// The name by which others reach it must stay.
fn naming(context: &mut Context<'_>, service: &Service<'_>) {
    if service.label == service.name && name::is_service_name(&service.label) {
        return;
    }
    let why = format!("{:?} is no name of a Service, by which others reach it", service.name);
    let todo = format!("Rename it, for example to {}, also where others name it", service.label);
    context.refusals.refuse(service.of(), "name", service.node.origin, &why, &todo);
}

/// Nothing waits for another's state.
fn depends(context: &mut Context<'_>, service: &Service<'_>) {
    for (other, node) in order::DEPENDS_ON.entries(service.node) {
        let condition = order::CONDITION.node(node);
        if let Some(condition) =
            condition.filter(|node| !matches!(text(node).as_str(), "" | "service_started"))
        {
            let why = format!("nothing there waits until {other} is {}", said(&text(condition)));
            service.refuse(context, "depends_on", condition.origin, &why);
        }
        // A link says so by itself; there it is the order of starts.
        let is_linked =
            LINKS.items(service.node).iter().any(|link| text(link).split(':').next() == Some(other));
        let restart = order::RESTART.on(node).filter(|_| !is_linked);
        if let Some(restart) = restart {
            let why = format!("nothing there restarts it with {other}");
            service.refuse(context, "depends_on", restart.origin, &why);
        }
    }
}

/// Drivers that keep what is printed on the node, as the kubelet does.
const KEPT: [&str; 3] = ["json-file", "local", "journald"];

fn logs(context: &mut Context<'_>, service: &Service<'_>) {
    let driver = logging::DRIVER.node(service.node);
    if let Some(driver) = driver.filter(|node| !text(node).is_empty() && !KEPT.contains(&text(node).as_str()))
    {
        let why =
            format!("the kubelet keeps what is printed, and no pod says that it goes to {}", text(driver));
        service.refuse(context, "logging", driver.origin, &why);
    }
}

fn said(condition: &str) -> &'static str {
    match condition {
        "service_healthy" => "healthy",
        _ => "done",
    }
}

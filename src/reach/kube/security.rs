//! Privileges, capabilities, security options and kernel settings.

use crate::compose::text;
use crate::model::capability::name as capability;
use crate::model::{SecurityOption, kernel, security};
use crate::yaml::Node;

use super::context::Context;
use super::node::{Map, OWN, flag, list, one, own, text as string};
use super::profile::is_safe_sysctl;
use super::service::Service;

/// What `security_opt` comes to.
#[derive(Debug, Default)]
pub struct Options {
    no_new_privileges: Option<Node>,
    unconfined_seccomp: Option<Node>,
    unconfined_apparmor: Option<Node>,
    selinux: Map,
}

impl Options {
    pub fn read(context: &mut Context<'_>, service: &Service<'_>) -> Self {
        let mut options = Self::default();
        for node in security::OPTIONS.items(service.node) {
            let option = SecurityOption::of_text(&text(node));
            let taken = match option.parts() {
                ("no-new-privileges", "true") => {
                    options.no_new_privileges = Some(flag(false, node.origin));
                    true
                }
                ("no-new-privileges", "false") => {
                    options.no_new_privileges = None;
                    true
                }
                ("seccomp", "unconfined") => {
                    options.unconfined_seccomp = Some(string("Unconfined", node.origin));
                    true
                }
                ("seccomp", "builtin" | "default") => {
                    options.unconfined_seccomp = None;
                    true
                }
                ("apparmor", "unconfined") => {
                    options.unconfined_apparmor = Some(string("Unconfined", node.origin));
                    true
                }
                ("apparmor", "docker-default" | "runtime/default") => {
                    options.unconfined_apparmor = None;
                    true
                }
                ("label", value) => options.label(value, node),
                _ => false,
            };
            if !taken {
                let why = match option.name.as_str() {
                    "seccomp" | "apparmor" => "the profile is not on the nodes".to_owned(),
                    "systempaths" => "paths of /proc can be unmasked in a user namespace alone".to_owned(),
                    _ => format!("{} has no counterpart", text(node)),
                };
                service.refuse(context, "security_opt", node.origin, &why);
            }
        }
        options
    }

    fn label(&mut self, value: &str, node: &Node) -> bool {
        let (key, value) = match value.split_once(':') {
            Some((key @ ("type" | "user" | "role" | "level"), value)) if !value.is_empty() => {
                (key.to_owned(), value)
            }
            None if value == "disable" => ("type".to_owned(), "spc_t"),
            _ => return false,
        };
        self.selinux.put(key, string(value, node.origin));
        true
    }
}

/// `securityContext` of the container.
pub fn of_container(context: &mut Context<'_>, service: &Service<'_>, options: &Options) -> Map {
    let mut security = Map::new();
    service.identity.of_container(&mut security);
    if let Some(node) = security::PRIVILEGED.on(service.node) {
        security.put("privileged", flag(true, node.origin));
    }
    let added = capabilities(service, "cap_add");
    escalation(context, service, options, &added, &mut security);
    if let Some(node) = security::READ_ONLY.on(service.node) {
        security.put("readOnlyRootFilesystem", flag(true, node.origin));
    }
    let mut both = Map::new();
    both.put_list("add", added);
    both.put_list("drop", capabilities(service, "cap_drop"));
    security.put_map("capabilities", both);
    if let Some(node) = &options.unconfined_apparmor {
        security.put("appArmorProfile", one("type", node.clone()));
    }
    security.put_map("seLinuxOptions", options.selinux.clone());
    security
}

fn capabilities(service: &Service<'_>, key: &str) -> Vec<Node> {
    service.list(key).iter().map(|node| string(capability(&text(node)), node.origin)).collect()
}

/// A container that is privileged, or has `SYS_ADMIN`, always may.
fn escalation(
    context: &mut Context<'_>,
    service: &Service<'_>,
    options: &Options,
    added: &[Node],
    security: &mut Map,
) {
    let Some(node) = &options.no_new_privileges else { return };
    let is_open = |node: &&Node| matches!(node.as_str(), Some("SYS_ADMIN" | "ALL"));
    if security::PRIVILEGED.is_on(service.node) || added.iter().any(|node| is_open(&node)) {
        let why = "a container that is privileged or has SYS_ADMIN always may get new privileges";
        service.refuse(context, "security_opt", node.origin, why);
        return;
    }
    security.put("allowPrivilegeEscalation", node.clone());
}

/// `securityContext` of the pod.
pub fn of_pod(context: &mut Context<'_>, service: &Service<'_>, options: &Options, low_port: bool) -> Map {
    let mut security = Map::new();
    service.identity.of_pod(context, service.name, &mut security);
    let seccomp = options.unconfined_seccomp.clone().unwrap_or_else(|| own("RuntimeDefault"));
    security.put("seccompProfile", one("type", seccomp));
    let mut sysctls = Vec::new();
    let mut add = |name: &str, value: Node| {
        let mut entry = Map::new();
        entry.put("name", string(name, value.origin));
        entry.put("value", value);
        sysctls.push(entry.done());
    };
    let mut opens_ports = low_port && !service.is_on_host_network();
    for (name, value) in kernel::SYSCTLS.entries(service.node) {
        opens_ports &= name != UNPRIVILEGED_PORTS;
        if is_safe_sysctl(name, context.question.version) {
            add(name, string(text(value), value.origin));
        } else {
            let why = format!("{name} is not among the settings that every node allows");
            service.refuse(context, "sysctls", value.origin, &why);
        }
    }
    // The engine sets it for every container; a runtime of Kubernetes may or may not.
    if opens_ports {
        add(UNPRIVILEGED_PORTS, string("0", OWN));
    }
    security.put_list("sysctls", sysctls);
    security
}

const UNPRIVILEGED_PORTS: &str = "net.ipv4.ip_unprivileged_port_start";

/// A list of texts with their origins.
pub fn words(items: &[Node], change: impl Fn(&str) -> String) -> Node {
    list(items.iter().map(|node| string(change(&text(node)), node.origin)).collect())
}

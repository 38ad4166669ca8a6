//! The confinement of a task: privileges, capabilities, the root file system.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::compose::text;
use crate::host::read_found;
use crate::model::{SecurityOption, security};
use crate::yaml::Node;

use super::context::Context;
use super::object::{Fields, texts};
use super::service::Service;

/// From here on a service holds these privileges.
const SINCE: (u32, u32) = (1, 44);

/// More than any profile has.
const LIMIT: u64 = 1 << 20;

pub fn add(context: &mut Context<'_>, service: &Service<'_>, spec: &mut Fields) {
    let mut privileges = Fields::new();
    let mut selinux = Fields::new();
    for node in security::OPTIONS.items(service.node) {
        option(context, service, node, &mut privileges, &mut selinux);
    }
    privileges.put_fields("SELinuxContext", selinux);
    spec.put_fields("Privileges", privileges);
    if security::READ_ONLY.is_on(service.node) {
        spec.put("ReadOnly", true);
    }
    for (key, field) in [("cap_add", "CapabilityAdd"), ("cap_drop", "CapabilityDrop")] {
        spec.put_list(field, texts(service.list(key).iter().map(|node| capability(&text(node)))));
    }
}

/// The text as the engine's interface writes it.
fn capability(written: &str) -> String {
    let upper = written.trim().to_ascii_uppercase();
    if upper == "ALL" || upper.starts_with("CAP_") { upper } else { format!("CAP_{upper}") }
}

fn one(key: &str, value: impl Into<Value>) -> Value {
    let mut fields = Fields::new();
    fields.put(key, value);
    fields.done()
}

/// One option; of two that contradict one another the later one counts, as without Swarm.
fn option(
    context: &mut Context<'_>,
    service: &Service<'_>,
    node: &Node,
    privileges: &mut Fields,
    selinux: &mut Fields,
) {
    let written = text(node);
    let option = SecurityOption::of_text(&written);
    let key = "security_opt";
    let mut need = |field| context.need(service.name, key, node.origin, field, SINCE);
    match option.parts() {
        ("no-new-privileges", "true") => {
            need("Privileges.NoNewPrivileges");
            privileges.put("NoNewPrivileges", true);
        }
        ("no-new-privileges", "false") => privileges.put("NoNewPrivileges", false),
        ("seccomp", "unconfined") => {
            need("Privileges.Seccomp");
            privileges.put("Seccomp", one("Mode", "unconfined"));
        }
        ("seccomp", "builtin" | "default" | "") => {
            let why = "a task has the default profile of each node's engine";
            service.refuse(context, key, node.origin, why);
        }
        ("seccomp", file) => {
            need("Privileges.Seccomp");
            match read_found(&context.question.model.directory.join(file), LIMIT) {
                Ok(profile) => {
                    let mut seccomp = Fields::new();
                    seccomp.put("Mode", "custom");
                    seccomp.put("Profile", STANDARD.encode(&profile.bytes));
                    privileges.put("Seccomp", seccomp.done());
                }
                Err(error) => {
                    let why = format!("the profile {file} cannot be read: {error}");
                    service.refuse(context, key, node.origin, &why);
                }
            }
        }
        ("apparmor", "unconfined") => {
            need("Privileges.AppArmor");
            privileges.put("AppArmor", one("Mode", "disabled"));
        }
        ("apparmor", "docker-default") => {
            need("Privileges.AppArmor");
            privileges.put("AppArmor", one("Mode", "default"));
        }
        ("label", "disable") => selinux.put("Disable", true),
        ("label", value) => match value.split_once(':') {
            Some(("user", value)) => selinux.put("User", value),
            Some(("role", value)) => selinux.put("Role", value),
            Some(("type", value)) => selinux.put("Type", value),
            Some(("level", value)) => selinux.put("Level", value),
            _ => {
                service.refuse(context, key, node.origin, &format!("{written} has no field there"));
            }
        },
        ("apparmor", profile) => {
            let why = format!("a service has the default profile or none, and not {profile}");
            service.refuse(context, key, node.origin, &why);
        }
        _ => {
            service.refuse(context, key, node.origin, &format!("{written} has no field there"));
        }
    }
}

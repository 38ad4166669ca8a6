//! What a container shares with the host or with another container.

use crate::model::field::{Field, Text};
use crate::model::namespace;
use crate::model::uses::of_container;

use super::field::{Fields, shown, string};
use super::{Scope, podman};

pub fn add(fields: &mut Fields<'_>, scope: &Scope<'_>) {
    mode(fields, scope, "HostConfig.PidMode", namespace::PID, &[""], "it sees other processes");
    // What the engine makes of nothing depends on its `default-ipc-mode`; shareable is an invitation.
    mode(
        fields,
        scope,
        "HostConfig.IpcMode",
        namespace::IPC,
        &["", "private", "none"],
        "it shares memory with others",
    );
    mode(fields, scope, "HostConfig.UTSMode", namespace::UTS, &[""], "it can name the host");
    mode(
        fields,
        scope,
        "HostConfig.UsernsMode",
        namespace::USERNS,
        &["", "private"],
        "its users are those of the host",
    );
    mode(
        fields,
        scope,
        "HostConfig.CgroupParent",
        namespace::CGROUP_PARENT,
        &[""],
        "its limits are those of another group",
    );
    if namespace::CGROUP.text(fields.service).as_deref() == Some("private") {
        mode(
            fields,
            scope,
            "HostConfig.CgroupnsMode",
            namespace::CGROUP,
            &["private"],
            "it sees the host's control groups",
        );
    }
}

/// A mode must be what the model says; where that says nothing, one of `default`.
fn mode(
    fields: &mut Fields<'_>,
    scope: &Scope<'_>,
    name: &'static str,
    field: Field<Text>,
    default: &'static [&'static str],
    why: &'static str,
) {
    let set = field.text(fields.service);
    let mut allowed: Vec<String> = default.iter().map(|&mode| mode.to_owned()).collect();
    if let Some(set) = &set {
        allowed.extend(shared(set, scope));
    }
    fields.add(
        name,
        field.name(),
        set.as_deref().map_or_else(|| shown(""), str::to_owned),
        why,
        move |live| {
            let found = string(live, name);
            let is_own = set.is_none() && podman::is_own_namespace(live, name, &found);
            (!allowed.contains(&found) && !is_own).then(|| shown(&found))
        },
    );
}

/// A mode as the engine may show it: a service, or a container's name, is resolved to an id.
pub fn shared(mode: &str, scope: &Scope<'_>) -> Vec<String> {
    if let Some(service) = mode.strip_prefix("service:") {
        return scope.containers_of(service).map(|container| format!("container:{}", container.id)).collect();
    }
    let mut all = vec![mode.to_owned()];
    if let Some(name) = mode.strip_prefix("container:") {
        // What the model takes for a service's own container must be that one, not another of that name.
        if let Some(service) = of_container(&scope.model.root, name) {
            let own: Vec<_> =
                scope.containers_of(service).filter(|container| container.name == name).collect();
            return own
                .iter()
                .flat_map(|container| [mode.to_owned(), format!("container:{}", container.id)])
                .collect();
        }
        let same = scope.containers.iter().chain(scope.others).filter(|container| container.name == name);
        all.extend(same.map(|container| format!("container:{}", container.id)));
    }
    all
}

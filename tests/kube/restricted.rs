//! The restricted profile of the Pod Security Standards, as it is published, on what a program reads.

use serde_json::Value;

use crate::manifests::text;

/// Everything in a pod that the profile does not allow; what baseline does not allow is part of it.
pub fn violations(pod: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let mut expect = |holds: bool, what: &str| {
        if !holds {
            found.push(what.to_owned());
        }
    };
    for key in ["hostNetwork", "hostPID", "hostIPC"] {
        expect(pod.get(key).is_none_or(|value| value == &Value::Bool(false)), key);
    }
    let allowed = [
        "configMap",
        "csi",
        "downwardAPI",
        "emptyDir",
        "ephemeral",
        "image",
        "persistentVolumeClaim",
        "projected",
        "secret",
    ];
    for volume in pod.get("volumes").and_then(Value::as_array).into_iter().flatten() {
        let kinds = volume.as_object().unwrap().keys().filter(|key| *key != "name");
        for kind in kinds {
            expect(allowed.contains(&kind.as_str()), &format!("a volume of kind {kind}"));
        }
    }
    let safe = [
        "kernel.shm_rmid_forced",
        "net.ipv4.ip_local_port_range",
        "net.ipv4.ip_unprivileged_port_start",
        "net.ipv4.tcp_syncookies",
        "net.ipv4.ping_group_range",
        "net.ipv4.ip_local_reserved_ports",
        "net.ipv4.tcp_keepalive_time",
        "net.ipv4.tcp_fin_timeout",
        "net.ipv4.tcp_keepalive_intvl",
        "net.ipv4.tcp_keepalive_probes",
    ];
    for sysctl in pod.pointer("/securityContext/sysctls").and_then(Value::as_array).into_iter().flatten() {
        expect(safe.contains(&text(sysctl, "/name")), &format!("the setting {sysctl}"));
    }
    let of_pod = pod.get("securityContext");
    let lists = ["initContainers", "containers", "ephemeralContainers"];
    let containers = lists.iter().filter_map(|list| pod.get(list).and_then(Value::as_array)).flatten();
    for container in containers {
        let own = container.get("securityContext");
        let at = |pointer: &str| own.and_then(|own| own.pointer(pointer));
        let own_or_shared =
            |pointer: &str| at(pointer).or_else(|| of_pod.and_then(|pod| pod.pointer(pointer)));
        let both = |pointer: &str| [at(pointer), of_pod.and_then(|pod| pod.pointer(pointer))];
        expect(at("/privileged").is_none_or(|value| value == &Value::Bool(false)), "privileged");
        expect(at("/allowPrivilegeEscalation") == Some(&Value::Bool(false)), "allowPrivilegeEscalation");
        expect(own_or_shared("/runAsNonRoot") == Some(&Value::Bool(true)), "runAsNonRoot");
        expect(!both("/runAsUser").contains(&Some(&Value::from(0))), "runAsUser");
        let seccomp = own_or_shared("/seccompProfile/type").and_then(Value::as_str);
        expect(matches!(seccomp, Some("RuntimeDefault" | "Localhost")), "seccompProfile");
        for profile in both("/appArmorProfile/type").into_iter().flatten() {
            expect(profile != "Unconfined", "appArmorProfile");
        }
        for options in both("/seLinuxOptions").into_iter().flatten() {
            let types = ["", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"];
            let is_known = types.contains(&text(options, "/type"));
            expect(
                is_known && options.get("user").is_none() && options.get("role").is_none(),
                "seLinuxOptions",
            );
        }
        expect(at("/procMount").is_none_or(|value| value == "Default"), "procMount");
        let list = |pointer: &str| at(pointer).and_then(Value::as_array).cloned().unwrap_or_default();
        expect(list("/capabilities/drop").contains(&Value::from("ALL")), "capabilities.drop");
        expect(list("/capabilities/add").iter().all(|name| name == "NET_BIND_SERVICE"), "capabilities.add");
        for port in container.get("ports").and_then(Value::as_array).into_iter().flatten() {
            expect(port.get("hostPort").is_none_or(|port| port == 0), "hostPort");
        }
        for probe in ["livenessProbe", "readinessProbe", "startupProbe"] {
            for action in ["httpGet", "tcpSocket"] {
                expect(container.pointer(&format!("/{probe}/{action}/host")).is_none(), "host of a probe");
            }
        }
    }
    found
}

#[test]
fn each_part_of_the_profile_is_looked_at() {
    let good = serde_json::json!({
        "securityContext": { "seccompProfile": { "type": "RuntimeDefault" } },
        "containers": [{
            "name": "a",
            "securityContext": {
                "runAsNonRoot": true, "runAsUser": 1, "allowPrivilegeEscalation": false,
                "capabilities": { "drop": ["ALL"], "add": ["NET_BIND_SERVICE"] }
            }
        }],
        "volumes": [{ "name": "x", "emptyDir": {} }]
    });
    assert_eq!(violations(&good), Vec::<String>::new());
    let of_container = "/containers/0/securityContext";
    for (parent, key, wrong) in [
        ("", "hostPID", serde_json::json!(true)),
        ("/volumes/0", "hostPath", serde_json::json!({ "path": "/" })),
        ("/securityContext", "seccompProfile", serde_json::json!({ "type": "Unconfined" })),
        ("/securityContext", "sysctls", serde_json::json!([{ "name": "kernel.msgmax", "value": "1" }])),
        ("/securityContext", "runAsUser", serde_json::json!(0)),
        (of_container, "privileged", serde_json::json!(true)),
        (of_container, "runAsNonRoot", serde_json::json!(false)),
        (of_container, "runAsUser", serde_json::json!(0)),
        (of_container, "allowPrivilegeEscalation", serde_json::json!(true)),
        (of_container, "capabilities", serde_json::json!({ "drop": ["NET_RAW"] })),
        (of_container, "capabilities", serde_json::json!({ "drop": ["ALL"], "add": ["CHOWN"] })),
        (of_container, "appArmorProfile", serde_json::json!({ "type": "Unconfined" })),
        (of_container, "seLinuxOptions", serde_json::json!({ "type": "spc_t" })),
        (of_container, "procMount", serde_json::json!("Unmasked")),
        ("/containers/0", "ports", serde_json::json!([{ "containerPort": 80, "hostPort": 80 }])),
    ] {
        let mut pod = good.clone();
        pod.pointer_mut(parent).unwrap()[key] = wrong;
        assert_eq!(violations(&pod).len(), 1, "{parent}/{key}: {:?}", violations(&pod));
    }
}

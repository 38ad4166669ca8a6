//! Every key of Compose is judged, and by the rules that it names.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::compose::table::{Map, PROJECT, Spec};
use crate::engine::Info;
use crate::policy::fixture::Fixture;
use crate::policy::rules::tests::{about, policy};
use crate::policy::rules::{CATALOGUE, find};

/// Fields of a service `a` with which a rule refuses it because of one key.
const SAMPLES: &[(&str, &str, &str)] = &[
    ("services.*.annotations", "runtime-annotations", "annotations: { run.oci.x: \"1\" }"),
    ("services.*.build.context", "build-host-access", "build: { context: / }"),
    ("services.*.build.dockerfile", "build-host-access", "build: { context: ., dockerfile: /etc/shadow }"),
    (
        "services.*.build.entitlements",
        "build-privileged",
        "build: { context: ., entitlements: [security.insecure] }",
    ),
    ("services.*.build.ssh", "build-host-access", "build: { context: ., ssh: [default] }"),
    (
        "services.*.build.cache_from",
        "build-host-access",
        "build: { context: ., cache_from: [\"type=local,src=/etc\"] }",
    ),
    (
        "services.*.build.cache_to",
        "build-host-access",
        "build: { context: ., cache_to: [\"type=local,dest=/etc/cron.d\"] }",
    ),
    (
        "services.*.build.additional_contexts",
        "build-host-access",
        "build: { context: ., additional_contexts: { keys: ~/.ssh } }",
    ),
    ("services.*.build.network", "build-host-access", "build: { context: ., network: host }"),
    (
        "services.*.build.secrets[].source",
        "sensitive-mount",
        "build: { context: ., secrets: [s] } }\nsecrets:\n  s: { file: /etc/shadow",
    ),
    ("services.*.build.privileged", "build-privileged", "build: { context: ., privileged: true }"),
    (
        "services.*.develop.watch[].path",
        "sensitive-mount",
        "build: ., develop: { watch: [{ path: /etc, action: sync, target: /x }] }",
    ),
    (
        "services.*.develop.watch[].exec.user",
        "hook-root",
        "build: ., develop: { watch: [{ path: ., action: sync+exec, target: /x, exec: { command: [x], user: root } }] }",
    ),
    (
        "services.*.develop.watch[].exec.privileged",
        "hook-privileged",
        "build: ., develop: { watch: [{ path: ., action: sync+exec, target: /x, exec: { command: [x], user: \"1:1\", privileged: true } }] }",
    ),
    (
        "services.*.develop.watch[].exec.environment",
        "loader-environment",
        "build: ., develop: { watch: [{ path: ., action: sync+exec, target: /x, exec: { command: [x], user: \"1:1\", environment: { LD_PRELOAD: /x.so } } }] }",
    ),
    ("services.*.cap_add", "dangerous-capability", "cap_add: [SYS_ADMIN]"),
    ("services.*.cap_add", "cap-add", "cap_add: [NET_BIND_SERVICE]"),
    ("services.*.cap_add", "unknown-capability", "cap_add: [NET_RAWW]"),
    ("services.*.cap_drop", "cap-drop", "cap_drop: [NET_RAW]"),
    ("services.*.cap_drop", "unknown-capability", "cap_drop: [NET_RAWW]"),
    ("services.*.cgroup_parent", "cgroup-parent", "cgroup_parent: /evil"),
    ("services.*.cgroup", "host-cgroup", "cgroup: host"),
    ("services.*.cpu_rt_runtime", "realtime-cpu", "cpu_rt_runtime: 1000"),
    ("services.*.cpus", "cpu-limit", "cpus: 80"),
    ("services.*.configs[].source", "sensitive-mount", "configs: [c] }\nconfigs:\n  c: { file: /etc/shadow"),
    (
        "services.*.configs[].target",
        "mount-target",
        "configs: [{ source: c, target: /etc/passwd }] }\nconfigs:\n  c: { file: ./c",
    ),
    (
        "services.*.configs[].target",
        "copied-into-mount",
        "volumes: [\"/srv/x:/x\"], configs: [{ source: c, target: /x/y }] }\nconfigs:\n  c: { content: z",
    ),
    ("services.*.deploy.replicas", "replicas", "deploy: { replicas: 500 }"),
    (
        "services.*.deploy.resources.limits.cpus",
        "cpu-limit",
        "deploy: { resources: { limits: { cpus: \"80\" } } }",
    ),
    (
        "services.*.deploy.resources.limits.memory",
        "memory-limit",
        "deploy: { resources: { limits: { memory: 900g } } }",
    ),
    (
        "services.*.deploy.resources.limits.pids",
        "pids-limit",
        "deploy: { resources: { limits: { pids: 500000 } } }",
    ),
    (
        "services.*.deploy.resources.reservations.devices[].capabilities",
        "gpus",
        "deploy: { resources: { reservations: { devices: [{ capabilities: [gpu] }] } } }",
    ),
    (
        "services.*.deploy.resources.reservations.devices[].driver",
        "gpus",
        "deploy: { resources: { reservations: { devices: [{ capabilities: [gpu], driver: nvidia }] } } }",
    ),
    (
        "services.*.deploy.resources.reservations.devices[].count",
        "gpus",
        "deploy: { resources: { reservations: { devices: [{ capabilities: [gpu], count: 1 }] } } }",
    ),
    (
        "services.*.deploy.resources.reservations.devices[].device_ids",
        "gpus",
        "deploy: { resources: { reservations: { devices: [{ capabilities: [gpu], device_ids: [\"0\"] }] } } }",
    ),
    (
        "services.*.deploy.resources.reservations.devices[].options",
        "gpus",
        "deploy: { resources: { reservations: { devices: [{ capabilities: [gpu], options: { a: b } }] } } }",
    ),
    (
        "services.*.deploy.restart_policy.condition",
        "restart-always",
        "deploy: { restart_policy: { condition: any } }",
    ),
    ("services.*.device_cgroup_rules", "device-cgroup-rules", "device_cgroup_rules: [\"b *:* rwm\"]"),
    ("services.*.devices[].source", "dangerous-device", "devices: [/dev/sda]"),
    ("services.*.devices[].source", "devices", "devices: [/dev/snd]"),
    ("services.*.dns", "dns", "dns: [8.8.8.8]"),
    ("services.*.provider.type", "provider", "provider: { type: evil }"),
    ("services.*.provider.options.*", "provider", "provider: { type: evil, options: { a: b } }"),
    ("services.*.environment", "loader-environment", "environment: { LD_PRELOAD: /x.so }"),
    ("services.*.env_file[].path", "sensitive-mount", "env_file: [{ path: /etc/shadow }]"),
    ("services.*.env_file[].path", "home-mount", "env_file: [{ path: ~/.aws/credentials }]"),
    ("services.*.env_file[].path", "loader-environment", "env_file: [{ path: loader.env }]"),
    ("services.*.external_links", "external-links", "external_links: [other]"),
    ("services.*.extra_hosts.*", "extra-hosts", "extra_hosts: [\"h=host-gateway\"]"),
    ("services.*.group_add", "group-add", "group_add: [docker]"),
    ("services.*.gpus[].capabilities", "gpus", "gpus: [{ capabilities: [gpu] }]"),
    ("services.*.gpus[].driver", "gpus", "gpus: [{ driver: nvidia }]"),
    ("services.*.gpus[].count", "gpus", "gpus: [{ count: 1 }]"),
    ("services.*.gpus[].device_ids", "gpus", "gpus: [{ device_ids: [\"0\"] }]"),
    ("services.*.gpus[].options", "gpus", "gpus: [{ options: { a: b } }]"),
    ("services.*.healthcheck.test", "health-off", "healthcheck: { test: [NONE] }"),
    ("services.*.healthcheck.disable", "health-off", "healthcheck: { disable: true }"),
    ("services.*.image", "image-latest", "image: nginx"),
    ("services.*.ipc", "host-ipc", "ipc: host"),
    ("services.*.ipc", "foreign-container", "ipc: \"container:x\""),
    ("services.*.ipc", "shared-namespace", "ipc: shareable"),
    ("services.*.label_file", "sensitive-mount", "label_file: [/etc/shadow]"),
    ("services.*.label_file", "home-mount", "label_file: [~/.aws/credentials]"),
    ("services.*.logging.driver", "logging", "logging: { driver: syslog }"),
    ("services.*.mem_limit", "memory-limit", "mem_limit: 900g"),
    ("services.*.mem_limit", "limits-not-enforced", "mem_limit: 8m"),
    ("services.*.memswap_limit", "memory-limit", "mem_limit: 1g, memswap_limit: -1"),
    ("services.*.memswap_limit", "limits-not-enforced", "mem_limit: 8m, memswap_limit: 80m"),
    ("services.*.mac_address", "mac-address", "mac_address: \"02:42:ac:11:65:43\""),
    (
        "services.*.models.*.endpoint_var",
        "models",
        "models: { m: { endpoint_var: A } } }\nmodels:\n  m: { model: ai/x",
    ),
    (
        "services.*.models.*.model_var",
        "models",
        "models: { m: { model_var: A } } }\nmodels:\n  m: { model: ai/x",
    ),
    ("services.*.network_mode", "host-network", "network_mode: host"),
    ("services.*.network_mode", "default-bridge", "network_mode: bridge"),
    ("services.*.network_mode", "network-mode", "network_mode: slirp4netns"),
    ("services.*.network_mode", "foreign-container", "network_mode: \"container:x\""),
    (
        "services.*.networks.*.driver_opts",
        "network-endpoint-options",
        "networks: { n: { driver_opts: { com.docker.network.endpoint.sysctls: x } } } }\nnetworks:\n  n: { internal: true",
    ),
    (
        "services.*.networks.*.mac_address",
        "mac-address",
        "networks: { n: { mac_address: \"02:42:ac:11:65:43\" } } }\nnetworks:\n  n: { internal: true",
    ),
    ("services.*.oom_kill_disable", "oom-exempt", "oom_kill_disable: true"),
    ("services.*.oom_score_adj", "oom-exempt", "oom_score_adj: -500"),
    ("services.*.pid", "host-pid", "pid: host"),
    ("services.*.pid", "foreign-container", "pid: \"container:x\""),
    ("services.*.pid", "shared-namespace", "pid: \"service:b\" }\n  b: { image: \"x:1\""),
    ("services.*.pids_limit", "pids-limit", "pids_limit: 500000"),
    ("services.*.pids_limit", "limits-not-enforced", "pids_limit: 5"),
    (
        "services.*.ports[].host_ip",
        "port-all-interfaces",
        "ports: [{ target: 80, published: \"8080\", host_ip: 0.0.0.0 }]",
    ),
    (
        "services.*.ports[].published",
        "privileged-port",
        "ports: [{ target: 80, published: \"80\", host_ip: 127.0.0.1 }]",
    ),
    ("services.*.privileged", "privileged", "privileged: true"),
    ("services.*.read_only", "read-only-root", "read_only: false"),
    ("services.*.restart", "restart-always", "restart: always"),
    ("services.*.runtime", "runtime", "runtime: kata"),
    ("services.*.scale", "replicas", "scale: 500"),
    ("services.*.secrets[].source", "sensitive-mount", "secrets: [s] }\nsecrets:\n  s: { file: /etc/shadow"),
    (
        "services.*.secrets[].target",
        "mount-target",
        "secrets: [{ source: s, target: /etc/passwd }] }\nsecrets:\n  s: { file: ./s",
    ),
    (
        "services.*.secrets[].target",
        "copied-into-mount",
        "volumes: [\"/srv/x:/x\"], secrets: [{ source: s, target: /x/y }] }\nsecrets:\n  s: { environment: HOME",
    ),
    ("services.*.security_opt", "seccomp-unconfined", "security_opt: [\"seccomp=unconfined\"]"),
    ("services.*.security_opt", "apparmor-unconfined", "security_opt: [\"apparmor=unconfined\"]"),
    ("services.*.security_opt", "selinux-disabled", "security_opt: [\"label=disable\"]"),
    ("services.*.security_opt", "systempaths-unconfined", "security_opt: [\"systempaths=unconfined\"]"),
    ("services.*.security_opt", "no-new-privileges", "security_opt: [\"no-new-privileges=false\"]"),
    ("services.*.shm_size", "shm-size", "shm_size: 900g"),
    ("services.*.sysctls", "sysctls", "sysctls: { net.ipv4.ip_forward: 1 }"),
    ("services.*.tmpfs", "tmpfs-options", "tmpfs: [\"/x:rw,exec\"]"),
    ("services.*.tmpfs", "mount-target", "tmpfs: [\"/bin\"]"),
    ("services.*.ulimits.*.hard", "unlimited-ulimit", "ulimits: { memlock: { soft: 1, hard: -1 } }"),
    ("services.*.use_api_socket", "api-socket", "use_api_socket: true"),
    ("services.*.user", "user-root", "user: \"0:0\""),
    ("services.*.userns_mode", "host-userns", "userns_mode: host"),
    ("services.*.uts", "host-uts", "uts: host"),
    ("services.*.volumes[].source", "engine-socket", "volumes: [\"/var/run/docker.sock:/s\"]"),
    ("services.*.volumes[].source", "sensitive-mount", "volumes: [\"/etc:/host:ro\"]"),
    ("services.*.volumes[].source", "home-mount", "volumes: [\"~/.ssh:/keys:ro\"]"),
    ("services.*.volumes[].target", "mount-target", "volumes: [\"/srv/x:/bin\"]"),
    ("services.*.volumes[].bind.propagation", "mount-propagation", "volumes: [\"/srv/x:/x:rshared\"]"),
    ("services.*.volumes[].bind.propagation", "slave-propagation", "volumes: [\"/srv/x:/x:rslave\"]"),
    ("services.*.volumes_from", "volumes-from", "volumes_from: [b] }\n  b: { image: \"x:1\""),
    ("services.*.post_start[].user", "hook-root", "post_start: [{ command: [x], user: root }]"),
    (
        "services.*.post_start[].privileged",
        "hook-privileged",
        "post_start: [{ command: [x], user: \"1:1\", privileged: true }]",
    ),
    (
        "services.*.post_start[].environment",
        "loader-environment",
        "post_start: [{ command: [x], user: \"1:1\", environment: { LD_PRELOAD: /x.so } }]",
    ),
    ("services.*.pre_stop[].user", "hook-root", "pre_stop: [{ command: [x], user: root }]"),
    (
        "services.*.pre_stop[].privileged",
        "hook-privileged",
        "pre_stop: [{ command: [x], user: \"1:1\", privileged: true }]",
    ),
    (
        "services.*.pre_stop[].environment",
        "loader-environment",
        "pre_stop: [{ command: [x], user: \"1:1\", environment: { LD_PRELOAD: /x.so } }]",
    ),
    ("networks.*.name", "host-network", "networks: [n] }\nnetworks:\n  n: { external: true, name: host"),
    ("networks.*.driver", "network-driver", "networks: [n] }\nnetworks:\n  n: { driver: macvlan"),
    (
        "networks.*.driver_opts",
        "network-options",
        "networks: [n] }\nnetworks:\n  n: { internal: true, driver_opts: { com.docker.network.bridge.name: br0 }",
    ),
    (
        "networks.*.ipam.driver",
        "network-options",
        "networks: [n] }\nnetworks:\n  n: { internal: true, ipam: { driver: evil }",
    ),
    (
        "networks.*.ipam.options",
        "network-options",
        "networks: [n] }\nnetworks:\n  n: { internal: true, ipam: { options: { a: b } }",
    ),
    ("networks.*.external.name", "network-external", "networks: [n] }\nnetworks:\n  n: { external: true"),
    ("networks.*.internal", "egress", "networks: [n] }\nnetworks:\n  n: { internal: false"),
    ("volumes.*.driver", "volume-options", "volumes: [\"v:/v\"] }\nvolumes:\n  v: { driver: evil"),
    (
        "volumes.*.driver_opts",
        "volume-device",
        "volumes: [\"v:/v\"] }\nvolumes:\n  v: { driver_opts: { type: none, o: bind, device: / }",
    ),
    (
        "volumes.*.driver_opts",
        "volume-options",
        "volumes: [\"v:/v\"] }\nvolumes:\n  v: { driver_opts: { type: proc, device: proc }",
    ),
    (
        "volumes.*.driver_opts",
        "volume-remote",
        "volumes: [\"v:/v\"] }\nvolumes:\n  v: { driver_opts: { type: nfs, device: \"nas:/x\" }",
    ),
    ("volumes.*.external.name", "volume-external", "volumes: [\"v:/v\"] }\nvolumes:\n  v: { external: true"),
    ("secrets.*.file", "sensitive-mount", "secrets: [s] }\nsecrets:\n  s: { file: /etc/shadow"),
    ("secrets.*.file", "home-mount", "secrets: [s] }\nsecrets:\n  s: { file: ~/.aws/credentials"),
    ("configs.*.file", "sensitive-mount", "configs: [s] }\nconfigs:\n  s: { file: /etc/shadow"),
    ("configs.*.file", "home-mount", "configs: [s] }\nconfigs:\n  s: { file: ~/.aws/credentials"),
    ("models.*.model", "models", "models: [m] }\nmodels:\n  m: { model: ai/x"),
    ("models.*.context_size", "models", "models: [m] }\nmodels:\n  m: { model: ai/x, context_size: 5"),
    ("models.*.runtime_flags", "models", "models: [m] }\nmodels:\n  m: { model: ai/x, runtime_flags: [a]"),
    ("services.*.pre_start[].command", "pre-start", "pre_start: [{ command: [x], user: \"1:1\" }]"),
    ("services.*.pre_start[].image", "pre-start", "pre_start: [{ command: [x], image: \"y:1\" }]"),
    ("services.*.pre_start[].image", "image-latest", "pre_start: [{ command: [x], image: y }]"),
    ("services.*.pre_start[].user", "pre-start", "pre_start: [{ command: [x], user: \"1:1\" }]"),
    ("services.*.pre_start[].user", "hook-root", "pre_start: [{ command: [x], user: root }]"),
    ("services.*.pre_start[].privileged", "pre-start", "pre_start: [{ command: [x], privileged: true }]"),
    (
        "services.*.pre_start[].privileged",
        "hook-privileged",
        "pre_start: [{ command: [x], privileged: true }]",
    ),
    ("services.*.pre_start[].working_dir", "pre-start", "pre_start: [{ command: [x], working_dir: /x }]"),
    (
        "services.*.pre_start[].environment",
        "pre-start",
        "pre_start: [{ command: [x], environment: { A: b } }]",
    ),
    (
        "services.*.pre_start[].environment",
        "loader-environment",
        "pre_start: [{ command: [x], environment: { LD_PRELOAD: /x.so } }]",
    ),
    ("services.*.pre_start[].per_replica", "pre-start", "pre_start: [{ command: [x], per_replica: true }]"),
];

/// Every key of the table that has no keys of its own.
fn leaves(spec: &Spec, path: &str, found: &mut BTreeSet<String>) {
    let mut is_leaf = true;
    let below = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    match spec.map {
        Some(Map::Object(object)) => {
            is_leaf = false;
            for field in object.fields {
                leaves(&field.spec, &below(field.key), found);
            }
        }
        Some(Map::Free { value, .. }) if value.map.is_some() || value.item().is_some() => {
            is_leaf = false;
            leaves(value, &below("*"), found);
        }
        _ => {}
    }
    if let Some(item) = spec.item().filter(|item| item.map.is_some()) {
        is_leaf = false;
        leaves(item, &format!("{path}[]"), found);
    }
    if is_leaf {
        found.insert(path.to_owned());
    }
}

#[test]
fn each_key_names_the_rules_that_judge_it_or_why_there_are_none() {
    let mut known = BTreeSet::new();
    leaves(&PROJECT, "", &mut known);
    let said: BTreeMap<&str, Judged> = KEYS.iter().copied().collect();
    assert_eq!(said.len(), KEYS.len(), "a key stands here twice");
    let missing: Vec<&String> = known.iter().filter(|key| !said.contains_key(key.as_str())).collect();
    assert!(missing.is_empty(), "say which rules judge these keys: {missing:#?}");
    let unknown: Vec<&&str> = said.keys().filter(|key| !known.contains(**key)).collect();
    assert!(unknown.is_empty(), "Compose has no such keys: {unknown:#?}");
    let rules = said.values().flat_map(|judged| if let By(rules) = judged { *rules } else { &[] });
    let named: BTreeSet<&str> = rules.copied().collect();
    let ids = CATALOGUE.iter().map(|rule| rule.id);
    let idle: Vec<&str> = ids.filter(|id| !named.contains(id) && *id != "unjudged-key").collect();
    assert!(idle.is_empty(), "no key names these rules: {idle:?}");
}

#[test]
fn each_of_those_rules_reads_the_key() {
    let mut failures = Vec::new();
    let sampled: BTreeSet<(&str, &str)> = SAMPLES.iter().map(|(key, rule, _)| (*key, *rule)).collect();
    for (key, judged) in KEYS {
        let By(rules) = judged else { continue };
        for rule in rules.iter().filter(|rule| !sampled.contains(&(*key, **rule))) {
            failures.push(format!("{key}: no sample for {rule}"));
        }
    }
    for (key, rule, fields) in SAMPLES {
        let rule = find(rule).unwrap();
        let image = if fields.starts_with("image:") { "" } else { "image: \"x:1\", " };
        let user = if fields.starts_with("user:") { "" } else { "user: \"1:1\", " };
        // What an overlay of the posture would put right comes after it.
        let fixture = if rule.overlays.is_empty() || fields.contains('\n') {
            Fixture::new(&format!("services:\n  a: {{ {image}{user}{fields} }}\n"))
        } else {
            let fields = fields.replace("cap_drop: ", "cap_drop: !override ");
            Fixture::new("services:\n  a: { image: \"x:1\", user: \"1:1\" }\n")
                .file("over.yaml", &format!("services:\n  a: {{ {fields} }}\n"))
        };
        let fixture = if key.contains("pre_start") { fixture.beyond() } else { fixture };
        let fixture =
            if rule.id == "limits-not-enforced" { fixture.engine(Info::default()) } else { fixture };
        let fixture = fixture.with("loader.env", "LD_PRELOAD=/x.so\n");
        let outcome = fixture.policy(&policy(rule, "")).run();
        // The overlay closes the network, so that nothing is left to refuse.
        let is_closed =
            rule.id == "egress" && outcome.value(&["networks", "n", "internal"]).as_deref() == Some("true");
        if about(&outcome, rule).is_empty() && !is_closed {
            failures.push(format!("{key}: {} lets {fields} through\n{}", rule.id, outcome.text()));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Where a field of a service is declared: the view, once for each declaration. That of the project's own networks,
/// volumes and files has paths that begin otherwise.
fn readers(path: &str) -> Vec<&'static str> {
    let all = crate::model::views();
    all.iter()
        .filter(|(view, _)| *view != "resource")
        .flat_map(|(view, fields)| fields.iter().copied().flatten().map(move |field| (*view, *field)))
        .filter(|(_, field)| *field == path)
        .map(|(view, _)| view)
        .collect()
}

/// What holds a field: `volumes[]` of `volumes[].source`, and `volumes` of `volumes[]`.
fn holder(path: &str) -> Option<&str> {
    path.strip_suffix("[]").or_else(|| path.rsplit_once('.').map(|(above, _)| above))
}

/// A key that a rule judges can place, run, confine or open something. One view reads it, or the entry as a whole.
#[test]
fn what_places_runs_confines_or_opens_is_read_by_exactly_one_view() {
    let mut failures = Vec::new();
    let mut judged = 0;
    for (key, rules) in KEYS {
        let (By(_), Some(field)) = (rules, key.strip_prefix("services.*.")) else { continue };
        judged += 1;
        let mut at = Some(field);
        while let Some(path) = at.filter(|path| readers(path).is_empty()) {
            at = holder(path);
        }
        match at.map(readers).unwrap_or_default().as_slice() {
            [_] => {}
            [] => failures.push(format!("{field}: no view reads it")),
            several => failures.push(format!("{field}: read by {several:?}")),
        }
    }
    assert!(judged > 80, "only {judged} keys are judged; is the table where it was?");
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// What a view declares is a key of a service that Compose has, and nothing is declared twice.
#[test]
fn every_field_of_a_view_is_one_of_the_table() {
    let mut known = BTreeSet::new();
    leaves(&PROJECT, "", &mut known);
    let known: Vec<&str> = known.iter().filter_map(|key| key.strip_prefix("services.*.")).collect();
    let mut failures = Vec::new();
    for (view, fields) in crate::model::views().into_iter().filter(|(view, _)| *view != "resource") {
        for group in fields {
            let last = group.first().and_then(|path| path.rsplit('.').next());
            for field in *group {
                let is_it = |key: &&&str| {
                    key.strip_prefix(field)
                        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
                };
                if known.iter().find(is_it).is_none() {
                    failures.push(format!("{view}: Compose has no {field}"));
                }
                if readers(field).len() != 1 {
                    failures.push(format!("{view}: {field} is read by {:?}", readers(field)));
                }
                if field.rsplit('.').next() != last {
                    failures.push(format!("{view}: {field} has another last key than {:?}", group.first()));
                }
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

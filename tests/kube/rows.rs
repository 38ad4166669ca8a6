//! One case or more for each row of the table: what becomes of the key.

use std::collections::BTreeSet;
use std::io::Write;

use seaworthy::reach::table::{self, Verdict};
use serde_json::Value;

use crate::manifests::{documents, find, pods};
use crate::project::{Outcome, Project};

/// What is to come of a case.
enum Want {
    /// In the pod of `a`, as JSON.
    Pod(&'static str, &'static str),
    /// In its container.
    Container(&'static str, &'static str),
    /// In an object.
    Object(&'static str, &'static str, &'static str, &'static str),
    /// Named with this key.
    Refused(&'static str),
    /// The same as without it.
    Nothing,
}

use Want::{Container, Nothing, Object, Pod, Refused};

/// A row's place, fields of service `a` or a whole file, and what comes of it.
type Case = (&'static str, &'static str, Want);

const ENV: &str = "services.*.environment";

const CASES: &[Case] = &[
    ("services.*.profiles", "profiles: [x]", Nothing),
    (
        "services.*.annotations",
        "annotations: { a: b }",
        Object("Deployment", "a", "/spec/template/metadata/annotations", r#"{"a":"b"}"#),
    ),
    ("services.*.attach", "attach: false", Nothing),
    ("services.*.build", "build: .", Nothing),
    ("services.*.develop", "develop: { watch: [{ path: ., action: rebuild }] }", Nothing),
    ("services.*.blkio_config", "blkio_config: { weight: 300 }", Refused("blkio_config")),
    (
        "services.*.cap_add",
        "cap_add: [cap_chown]",
        Container("/securityContext/capabilities/add", r#"["CHOWN"]"#),
    ),
    ("services.*.cap_drop", "cap_drop: [all]", Container("/securityContext/capabilities/drop", r#"["ALL"]"#)),
    ("services.*.cgroup_parent", "cgroup_parent: x", Refused("cgroup_parent")),
    ("services.*.cgroup", "cgroup: host", Refused("cgroup")),
    ("services.*.cpu_count", "cpu_count: 2", Refused("cpu_count")),
    ("services.*.cpu_percent", "cpu_percent: 20", Refused("cpu_percent")),
    ("services.*.cpu_period", "cpu_period: 100000", Refused("cpu_period")),
    ("services.*.cpu_quota", "cpu_quota: 50000", Refused("cpu_quota")),
    ("services.*.cpu_rt_period", "cpu_rt_period: 1000", Refused("cpu_rt_period")),
    ("services.*.cpu_rt_runtime", "cpu_rt_runtime: 1000", Refused("cpu_rt_runtime")),
    ("services.*.cpus", "cpus: 0.1", Container("/resources/limits/cpu", r#""100m""#)),
    ("services.*.cpus", "cpus: 0.12345", Refused("cpus")),
    ("services.*.cpuset", "cpuset: '0'", Refused("cpuset")),
    ("services.*.cpu_shares", "cpu_shares: 512", Refused("cpu_shares")),
    (
        "services.*.command",
        "command: [sh, -c, 'echo $$(date)']",
        Container("/args", r#"["sh","-c","echo $$(date)"]"#),
    ),
    ("services.*.command", "command: [x, --password=hunter2hunter2]", Refused("command")),
    (
        "services.*.container_name",
        "container_name: other",
        Object("Service", "other", "/spec/clusterIP", r#""None""#),
    ),
    ("services.*.container_name", "container_name: other_one", Refused("container_name")),
    ("services.*.credential_spec", "credential_spec: { config: x }", Refused("credential_spec")),
    ("services.*.depends_on", "depends_on: [b]", Nothing),
    ("services.*.depends_on", "depends_on: { b: { condition: service_healthy } }", Refused("depends_on")),
    ("services.*.device_cgroup_rules", "device_cgroup_rules: ['c 1:3 r']", Refused("device_cgroup_rules")),
    ("services.*.devices", "devices: [/dev/fuse]", Refused("devices")),
    ("services.*.dns", "dns: 9.9.9.9", Refused("dns")),
    (
        "services.*.dns_opt",
        "dns_opt: ['ndots:1']",
        Pod("/dnsConfig/options", r#"[{"name":"ndots","value":"1"}]"#),
    ),
    ("services.*.dns_search", "dns_search: x.example", Pod("/dnsConfig/searches", r#"["x.example"]"#)),
    ("services.*.domainname", "domainname: x.example", Refused("domainname")),
    ("services.*.entrypoint", "entrypoint: [x]", Container("/command", r#"["x"]"#)),
    ("services.*.entrypoint", "entrypoint: []", Refused("entrypoint")),
    ("services.*.provider", "provider: { type: model }", Refused("provider")),
    (ENV, "environment: { A: b }", Container("/env", r#"[{"name":"A","value":"b"}]"#)),
    (
        ENV,
        "environment: { DB_PASSWORD: hunter2 }",
        Container(
            "/env",
            r#"[{"name":"DB_PASSWORD","valueFrom":{"secretKeyRef":{"name":"a-env","key":"DB_PASSWORD"}}}]"#,
        ),
    ),
    ("services.*.env_file", "env_file: [{ path: absent, required: false }]", Nothing),
    (
        "services.*.expose",
        "expose: ['8080']",
        Container("/ports", r#"[{"containerPort":8080,"protocol":"TCP"}]"#),
    ),
    ("services.*.extends", "extends: { service: b }", Nothing),
    ("services.*.external_links", "external_links: [x]", Refused("external_links")),
    (
        "services.*.extra_hosts",
        "extra_hosts: ['x=10.0.0.1']",
        Pod("/hostAliases", r#"[{"ip":"10.0.0.1","hostnames":["x"]}]"#),
    ),
    ("services.*.extra_hosts", "extra_hosts: ['x=host-gateway']", Refused("extra_hosts")),
    ("services.*.group_add", "group_add: [5005]", Pod("/securityContext/supplementalGroups", "[5005]")),
    ("services.*.group_add", "group_add: [docker]", Refused("group_add")),
    ("services.*.gpus", "gpus: all", Refused("gpus")),
    ("services.*.hostname", "hostname: x", Pod("/hostname", r#""x""#)),
    ("services.*.hostname", "hostname: x.y", Refused("hostname")),
    (
        "services.*.healthcheck",
        "healthcheck: { test: [CMD, x], interval: 1m, timeout: 500ms, retries: 7, start_period: 1h }",
        Container(
            "/readinessProbe",
            r#"{"exec":{"command":["x"]},"periodSeconds":60,"timeoutSeconds":1,"failureThreshold":7}"#,
        ),
    ),
    (
        "services.*.healthcheck",
        "healthcheck: { test: x y }",
        Container("/readinessProbe/exec/command", r#"["/bin/sh","-c","x y"]"#),
    ),
    ("services.*.healthcheck", "healthcheck: { disable: true }", Nothing),
    ("services.*.healthcheck", "healthcheck: { interval: 1m }", Refused("healthcheck")),
    ("services.*.image", "hostname: h", Container("/image", r#""example.org/a:1""#)),
    ("services.*.init", "init: true", Pod("/shareProcessNamespace", "true")),
    ("services.*.ipc", "ipc: host", Pod("/hostIPC", "true")),
    ("services.*.ipc", "ipc: 'service:b'", Refused("ipc")),
    ("services.*.isolation", "isolation: hyperv", Refused("isolation")),
    (
        "services.*.labels",
        "labels: { x.y: z }",
        Object("Deployment", "a", "/spec/template/metadata/annotations", r#"{"x.y":"z"}"#),
    ),
    ("services.*.labels", "labels: { 'x[0]': z }", Refused("labels")),
    (
        "services.*.label_file",
        "label_file: labels",
        Object("Deployment", "a", "/spec/template/metadata/annotations", r#"{"of":"file"}"#),
    ),
    (
        "services.*.links",
        "links: ['b:store']",
        Object("Service", "store", "/spec/selector/app.kubernetes.io~1name", r#""b""#),
    ),
    ("services.*.logging", "logging: { driver: json-file, options: { max-size: 1m } }", Nothing),
    ("services.*.logging", "logging: { driver: syslog }", Refused("logging")),
    ("services.*.mem_limit", "mem_limit: 256m", Container("/resources/limits/memory", r#""256Mi""#)),
    (
        "services.*.mem_reservation",
        "mem_reservation: 1000000",
        Container("/resources/requests/memory", r#""1000000""#),
    ),
    ("services.*.memswap_limit", "mem_limit: 1g, memswap_limit: 2g", Refused("memswap_limit")),
    (
        "services.*.memswap_limit",
        "mem_limit: 1g, memswap_limit: 1g",
        Container("/resources/limits/memory", r#""1Gi""#),
    ),
    ("services.*.mem_swappiness", "mem_swappiness: 10", Refused("mem_swappiness")),
    ("services.*.mac_address", "mac_address: '02:42:ac:11:00:02'", Refused("mac_address")),
    (
        "services.*.models",
        "services: { a: { image: 'x:1', models: [m] } }\nmodels: { m: { model: ai/x } }",
        Refused("models"),
    ),
    ("services.*.network_mode", "network_mode: host", Pod("/hostNetwork", "true")),
    ("services.*.network_mode", "network_mode: none", Refused("network_mode")),
    ("services.*.network_mode", "network_mode: 'service:b'", Refused("network_mode")),
    ("services.*.oom_kill_disable", "oom_kill_disable: true", Refused("oom_kill_disable")),
    ("services.*.oom_score_adj", "oom_score_adj: 500", Refused("oom_score_adj")),
    ("services.*.pid", "pid: host", Pod("/hostPID", "true")),
    ("services.*.pid", "pid: 'service:b'", Refused("pid")),
    ("services.*.pids_limit", "pids_limit: 100", Refused("pids_limit")),
    (
        "services.*.platform",
        "platform: linux/arm64",
        Pod("/nodeSelector", r#"{"kubernetes.io/os":"linux","kubernetes.io/arch":"arm64"}"#),
    ),
    ("services.*.platform", "platform: windows/amd64", Refused("platform")),
    ("services.*.privileged", "privileged: true", Container("/securityContext/privileged", "true")),
    ("services.*.pull_policy", "pull_policy: always", Container("/imagePullPolicy", r#""Always""#)),
    ("services.*.pull_policy", "pull_policy: daily", Refused("pull_policy")),
    ("services.*.pull_refresh_after", "pull_refresh_after: 1d", Nothing),
    ("services.*.read_only", "read_only: true", Container("/securityContext/readOnlyRootFilesystem", "true")),
    ("services.*.restart", "restart: always", Pod("/restartPolicy", r#""Always""#)),
    ("services.*.restart", "restart: 'no'", Object("Job", "a", "/spec/backoffLimit", "0")),
    ("services.*.restart", "restart: 'on-failure:3'", Object("Job", "a", "/spec/backoffLimit", "3")),
    ("services.*.runtime", "runtime: runsc", Pod("/runtimeClassName", r#""runsc""#)),
    ("services.*.scale", "scale: 3", Object("Deployment", "a", "/spec/replicas", "3")),
    (
        "services.*.security_opt",
        "security_opt: [no-new-privileges]",
        Container("/securityContext/allowPrivilegeEscalation", "false"),
    ),
    (
        "services.*.security_opt",
        "security_opt: ['seccomp=unconfined']",
        Pod("/securityContext/seccompProfile/type", r#""Unconfined""#),
    ),
    (
        "services.*.security_opt",
        "security_opt: ['label=type:container_t']",
        Container("/securityContext/seLinuxOptions", r#"{"type":"container_t"}"#),
    ),
    ("services.*.security_opt", "security_opt: ['seccomp=p.json']", Refused("security_opt")),
    ("services.*.security_opt", "security_opt: ['apparmor=mine']", Refused("security_opt")),
    ("services.*.security_opt", "security_opt: ['systempaths=unconfined']", Refused("security_opt")),
    (
        "services.*.security_opt",
        "security_opt: [no-new-privileges], cap_add: [SYS_ADMIN]",
        Refused("security_opt"),
    ),
    (
        "services.*.shm_size",
        "shm_size: 128m",
        Pod("/volumes", r#"[{"name":"dev-shm","emptyDir":{"medium":"Memory","sizeLimit":"128Mi"}}]"#),
    ),
    ("services.*.stdin_open", "stdin_open: true", Container("/stdin", "true")),
    ("services.*.stop_grace_period", "stop_grace_period: 1m30s", Pod("/terminationGracePeriodSeconds", "90")),
    ("services.*.stop_grace_period", "hostname: h", Pod("/terminationGracePeriodSeconds", "10")),
    ("services.*.stop_signal", "stop_signal: SIGQUIT", Refused("stop_signal")),
    ("services.*.storage_opt", "storage_opt: { size: 1G }", Refused("storage_opt")),
    (
        "services.*.sysctls",
        "sysctls: { net.ipv4.tcp_syncookies: 0 }",
        Pod("/securityContext/sysctls", r#"[{"name":"net.ipv4.tcp_syncookies","value":"0"}]"#),
    ),
    ("services.*.sysctls", "sysctls: { net.core.somaxconn: 1024 }", Refused("sysctls")),
    (
        "services.*.tmpfs",
        "tmpfs: ['/tmp:size=64m,mode=1777']",
        Pod("/volumes", r#"[{"name":"tmp","emptyDir":{"medium":"Memory","sizeLimit":"64Mi"}}]"#),
    ),
    ("services.*.tmpfs", "tmpfs: ['/tmp:mode=0700']", Refused("tmpfs")),
    ("services.*.tmpfs", "tmpfs: ['/tmp:noexec']", Refused("tmpfs")),
    ("services.*.tmpfs", "tmpfs: ['/tmp:uid=1000']", Refused("tmpfs")),
    ("services.*.tty", "tty: true", Container("/tty", "true")),
    ("services.*.ulimits", "ulimits: { nofile: 1024 }", Refused("ulimits")),
    ("services.*.use_api_socket", "use_api_socket: true", Refused("use_api_socket")),
    ("services.*.user", "user: '1000:1000'", Container("/securityContext/runAsUser", "1000")),
    ("services.*.user", "user: '1000:1000'", Container("/securityContext/runAsNonRoot", "true")),
    ("services.*.user", "user: '1000:1000'", Pod("/securityContext/supplementalGroupsPolicy", r#""Strict""#)),
    ("services.*.user", "user: '1000:0'", Container("/securityContext/runAsGroup", "0")),
    ("services.*.user", "user: node", Refused("user")),
    ("services.*.userns_mode", "userns_mode: host", Nothing),
    ("services.*.userns_mode", "userns_mode: private", Refused("userns_mode")),
    ("services.*.uts", "uts: host", Refused("uts")),
    ("services.*.volumes_from", "volumes_from: [b]", Refused("volumes_from")),
    ("services.*.working_dir", "working_dir: /x", Container("/workingDir", r#""/x""#)),
    ("services.*.pre_start", "pre_start: [{ command: x }]", Refused("pre_start")),
    (
        "services.*.post_start",
        "post_start: [{ command: [x] }]",
        Container("/lifecycle/postStart/exec/command", r#"["x"]"#),
    ),
    ("services.*.post_start", "post_start: [{ command: [x], user: root }]", Refused("post_start")),
    (
        "services.*.pre_stop",
        "pre_stop: [{ command: [x] }]",
        Container("/lifecycle/preStop/exec/command", r#"["x"]"#),
    ),
    ("services.*.pre_stop", "pre_stop: [{ command: [x] }, { command: [y] }]", Refused("pre_stop")),
    // Deploy.
    ("services.*.deploy.mode", "deploy: { mode: global }", Refused("deploy.mode")),
    (
        "services.*.deploy.replicas",
        "deploy: { replicas: 2 }",
        Object("Deployment", "a", "/spec/replicas", "2"),
    ),
    ("services.*.deploy.labels", "deploy: { labels: { a: b } }", Nothing),
    ("services.*.deploy.update_config", "deploy: { update_config: { parallelism: 2 } }", Nothing),
    ("services.*.deploy.rollback_config", "deploy: { rollback_config: { parallelism: 2 } }", Nothing),
    (
        "services.*.deploy.resources.limits.cpus",
        "deploy: { resources: { limits: { cpus: '2' } } }",
        Container("/resources/limits/cpu", r#""2""#),
    ),
    (
        "services.*.deploy.resources.limits.memory",
        "deploy: { resources: { limits: { memory: 1g } } }",
        Container("/resources/limits/memory", r#""1Gi""#),
    ),
    (
        "services.*.deploy.resources.limits.pids",
        "deploy: { resources: { limits: { pids: 5 } } }",
        Refused("deploy.resources.limits.pids"),
    ),
    (
        "services.*.deploy.resources.reservations.cpus",
        "deploy: { resources: { reservations: { cpus: '0.25' } } }",
        Container("/resources/requests/cpu", r#""250m""#),
    ),
    (
        "services.*.deploy.resources.reservations.memory",
        "deploy: { resources: { reservations: { memory: 1g } } }",
        Container("/resources/requests/memory", r#""1Gi""#),
    ),
    (
        "services.*.deploy.resources.reservations.devices",
        "deploy: { resources: { reservations: { devices: [{ capabilities: [gpu] }] } } }",
        Refused("deploy.resources.reservations.devices"),
    ),
    (
        "services.*.deploy.resources.reservations.generic_resources",
        "deploy: { resources: { reservations: { generic_resources: [{ discrete_resource_spec: { kind: gpu, value: 1 } }] } } }",
        Refused("deploy.resources.reservations.generic_resources"),
    ),
    (
        "services.*.deploy.restart_policy",
        "deploy: { restart_policy: { condition: on-failure, max_attempts: 4 } }",
        Object("Job", "a", "/spec/backoffLimit", "4"),
    ),
    (
        "services.*.deploy.placement",
        "deploy: { placement: { constraints: [node.role == worker] } }",
        Refused("deploy.placement"),
    ),
    ("services.*.deploy.endpoint_mode", "deploy: { endpoint_mode: dnsrr }", Nothing),
    // Mounts.
    (
        "services.*.configs",
        "services: { a: { image: 'x:1', configs: [c] } }\nconfigs: { c: { content: hi } }",
        Container("/volumeMounts", r#"[{"name":"config-c","mountPath":"/c","subPath":"c","readOnly":true}]"#),
    ),
    (
        "services.*.configs",
        "services: { a: { image: 'x:1', user: '5:5', configs: [{ source: c, mode: 0400 }] } }\nconfigs: { c: { content: hi } }",
        Refused("configs"),
    ),
    (
        "services.*.secrets",
        "services: { a: { image: 'x:1', user: '5:6', secrets: [{ source: s, mode: 0440, gid: '6' }] } }\nsecrets: { s: { file: ./s } }",
        Pod("/volumes", r#"[{"name":"secret-s","secret":{"secretName":"s","defaultMode":288}}]"#),
    ),
    (
        "services.*.secrets",
        "services: { a: { image: 'x:1', user: '5:6', secrets: [{ source: s, mode: 0400, uid: '5' }] } }\nsecrets: { s: { file: ./s } }",
        Refused("secrets"),
    ),
    (
        "services.*.ports.*.name",
        "ports: [{ target: 80, published: '8080', name: web }]",
        Object("Service", "a-published", "/spec/ports/0/name", r#""web""#),
    ),
    (
        "services.*.ports.*.mode",
        "ports: [{ target: 80, mode: host }]",
        Object("Service", "a-published", "/spec/ports/0/port", "80"),
    ),
    ("services.*.ports.*.host_ip", "ports: ['127.0.0.1:8080:80']", Refused("ports.host_ip")),
    (
        "services.*.ports.*.target",
        "ports: ['8080:80']",
        Object("Service", "a-published", "/spec/ports/0/targetPort", "80"),
    ),
    (
        "services.*.ports.*.published",
        "ports: ['8080:80']",
        Object("Service", "a-published", "/spec/ports/0/port", "8080"),
    ),
    (
        "services.*.ports.*.protocol",
        "ports: ['53:53/udp']",
        Object("Service", "a-published", "/spec/ports/0/protocol", r#""UDP""#),
    ),
    (
        "services.*.ports.*.app_protocol",
        "ports: [{ target: 80, app_protocol: http }]",
        Object("Service", "a-published", "/spec/ports/0/appProtocol", r#""http""#),
    ),
    (
        "services.*.volumes.*.type",
        "services: { a: { image: 'x:1', volumes: ['data:/d'] } }\nvolumes: { data: }",
        Object(
            "StatefulSet",
            "a",
            "/spec/template/spec/volumes/0/persistentVolumeClaim/claimName",
            r#""data""#,
        ),
    ),
    (
        "services.*.volumes.*.type",
        "volumes: ['./labels:/etc/labels:ro']",
        Pod("/volumes", r#"[{"name":"a-files","configMap":{"name":"a-files","defaultMode":292}}]"#),
    ),
    ("services.*.volumes.*.type", "volumes: ['./state:/state']", Refused("volumes=claim")),
    (
        "services.*.volumes.*.type",
        "volumes: [{ type: npipe, source: x, target: /x }]",
        Refused("volumes.type"),
    ),
    (
        "services.*.volumes.*.source",
        "services: { a: { image: 'x:1', volumes: ['My_Data:/d'] } }\nvolumes: { My_Data: }",
        Object("PersistentVolumeClaim", "my-data", "/spec/accessModes", r#"["ReadWriteOnce"]"#),
    ),
    (
        "services.*.volumes.*.target",
        "volumes: [{ type: volume, target: /d/../e }]",
        Object("StatefulSet", "a", "/spec/template/spec/containers/0/volumeMounts/0/mountPath", r#""/e""#),
    ),
    (
        "services.*.volumes.*.read_only",
        "volumes: [{ type: volume, target: /d, read_only: true }]",
        Object("StatefulSet", "a", "/spec/template/spec/containers/0/volumeMounts/0/readOnly", "true"),
    ),
    (
        "services.*.volumes.*.consistency",
        "volumes: [{ type: tmpfs, target: /d, consistency: cached }]",
        Pod("/volumes/0/name", r#""d""#),
    ),
    (
        "services.*.volumes.*.bind.create_host_path",
        "volumes: [{ type: bind, source: ./labels, target: /d, read_only: true, bind: { create_host_path: false } }]",
        Pod("/volumes/0/name", r#""a-files""#),
    ),
    (
        "services.*.volumes.*.bind.propagation",
        "volumes: [{ type: bind, source: ./labels, target: /d, read_only: true, bind: { propagation: rshared } }]",
        Refused("volumes.bind.propagation"),
    ),
    (
        "services.*.volumes.*.bind.selinux",
        "volumes: [{ type: bind, source: ./labels, target: /d, read_only: true, bind: { selinux: Z } }]",
        Refused("volumes.bind.selinux"),
    ),
    (
        "services.*.volumes.*.bind.recursive",
        "volumes: [{ type: bind, source: ./labels, target: /d, read_only: true, bind: { recursive: readonly } }]",
        Refused("volumes.bind.recursive"),
    ),
    (
        "services.*.volumes.*.volume.nocopy",
        "volumes: [{ type: volume, target: /d, volume: { nocopy: true } }]",
        Object("StatefulSet", "a", "/spec/volumeClaimTemplates/0/metadata/name", r#""d""#),
    ),
    (
        "services.*.volumes.*.volume.subpath",
        "services: { a: { image: 'x:1', volumes: [{ type: volume, source: data, target: /d, volume: { subpath: s } }] } }\nvolumes: { data: }",
        Container("/volumeMounts/0/subPath", r#""s""#),
    ),
    (
        "services.*.volumes.*.volume.labels",
        "volumes: [{ type: volume, target: /d, volume: { labels: { a: b } } }]",
        Object("StatefulSet", "a", "/spec/volumeClaimTemplates/0/metadata/annotations", r#"{"a":"b"}"#),
    ),
    (
        "services.*.volumes.*.tmpfs.size",
        "volumes: [{ type: tmpfs, target: /d, tmpfs: { size: 1m } }]",
        Pod("/volumes/0/emptyDir/sizeLimit", r#""1Mi""#),
    ),
    (
        "services.*.volumes.*.tmpfs.mode",
        "volumes: [{ type: tmpfs, target: /d, tmpfs: { mode: 448 } }]",
        Refused("volumes.tmpfs.mode"),
    ),
    (
        "services.*.volumes.*.image",
        "volumes: [{ type: image, source: x, target: /d, image: { subpath: s } }]",
        Refused("volumes.image"),
    ),
    (
        "services.*.volumes.*.image",
        "volumes: [{ type: image, source: x, target: /d }]",
        Refused("volumes.image"),
    ),
    // Networks of a service.
    (
        "services.*.networks.*.aliases",
        "networks: { default: { aliases: [other] } }",
        Object("Service", "other", "/spec/clusterIP", r#""None""#),
    ),
    (
        "services.*.networks.*.driver_opts",
        "networks: { default: { driver_opts: { a: b } } }",
        Refused("networks.driver_opts"),
    ),
    (
        "services.*.networks.*.gw_priority",
        "networks: { default: { gw_priority: 1 } }",
        Refused("networks.gw_priority"),
    ),
    (
        "services.*.networks.*.interface_name",
        "networks: { default: { interface_name: x } }",
        Refused("networks.interface_name"),
    ),
    (
        "services.*.networks.*.ipv4_address",
        "networks: { default: { ipv4_address: 10.0.0.2 } }",
        Refused("networks.ipv4_address"),
    ),
    (
        "services.*.networks.*.ipv6_address",
        "networks: { default: { ipv6_address: 'fd00::2' } }",
        Refused("networks.ipv6_address"),
    ),
    (
        "services.*.networks.*.link_local_ips",
        "networks: { default: { link_local_ips: [169.254.0.2] } }",
        Refused("networks.link_local_ips"),
    ),
    (
        "services.*.networks.*.mac_address",
        "networks: { default: { mac_address: '02:42:ac:11:00:02' } }",
        Refused("networks.mac_address"),
    ),
    ("services.*.networks.*.priority", "networks: { default: { priority: 5 } }", Nothing),
    // The project.
    (
        "version",
        "version: '3'\nservices: { a: { image: 'x:1' } }",
        Object("Deployment", "a", "/spec/replicas", "1"),
    ),
    (
        "name",
        "name: My_Project\nservices: { a: { image: 'x:1' } }",
        Object("Namespace", "my-project", "/apiVersion", r#""v1""#),
    ),
    (
        "include",
        "include: [more.yaml]\nservices: { a: { image: 'x:1' } }",
        Object("Deployment", "more", "/spec/replicas", "1"),
    ),
    (
        "networks.*.name",
        NETWORK_NAME,
        Object("NetworkPolicy", "n", "/spec/policyTypes", r#"["Ingress","Egress"]"#),
    ),
    (
        "networks.*.driver",
        "services: { a: { image: 'x:1', networks: [n] } }\nnetworks: { n: { driver: macvlan } }",
        Refused("networks.driver"),
    ),
    (
        "networks.*.driver_opts",
        "services: { a: { image: 'x:1', networks: [n] } }\nnetworks: { n: { driver_opts: { mtu: 1400 } } }",
        Refused("networks.driver_opts"),
    ),
    (
        "networks.*.ipam",
        "services: { a: { image: 'x:1', networks: [n] } }\nnetworks: { n: { ipam: { config: [{ subnet: 10.9.0.0/24 }] } } }",
        Refused("networks.ipam"),
    ),
    (
        "networks.*.external",
        "services: { a: { image: 'x:1', networks: [n] } }\nnetworks: { n: { external: true } }",
        Refused("networks.external"),
    ),
    (
        "networks.*.internal",
        "services: { a: { image: 'x:1', networks: [n] } }\nnetworks: { n: { internal: true } }",
        Object(
            "NetworkPolicy",
            "n",
            "/spec/egress/0",
            r#"{"to":[{"podSelector":{"matchLabels":{"network.seaworthy/n":"member"}}}]}"#,
        ),
    ),
    (
        "networks.*.internal",
        "services: { a: { image: 'x:1', networks: [n] } }\nnetworks: { n: }",
        Object("NetworkPolicy", "n", "/spec/egress", "[{}]"),
    ),
    (
        "networks.*.attachable",
        "services: { a: { image: 'x:1', networks: [n] } }\nnetworks: { n: { attachable: true } }",
        Object("NetworkPolicy", "n", "/spec/egress", "[{}]"),
    ),
    (
        "networks.*.labels",
        "services: { a: { image: 'x:1', networks: [n] } }\nnetworks: { n: { labels: { a: b } } }",
        Object("NetworkPolicy", "n", "/metadata/annotations", r#"{"a":"b"}"#),
    ),
    (
        "networks.*.enable_ipv4",
        "services: { a: { image: 'x:1', networks: [n] } }\nnetworks: { n: { enable_ipv4: false } }",
        Refused("networks.enable_ipv4"),
    ),
    (
        "networks.*.enable_ipv6",
        "services: { a: { image: 'x:1', networks: [n] } }\nnetworks: { n: { enable_ipv6: true } }",
        Refused("networks.enable_ipv6"),
    ),
    (
        "volumes.*.name",
        "services: { a: { image: 'x:1', volumes: ['data:/d'] } }\nvolumes: { data: { name: other } }",
        Object("PersistentVolumeClaim", "data", "/spec/resources/requests/storage", r#""1Gi""#),
    ),
    (
        "volumes.*.driver",
        "services: { a: { image: 'x:1', volumes: ['data:/d'] } }\nvolumes: { data: { driver: rclone } }",
        Refused("volumes.driver"),
    ),
    (
        "volumes.*.driver_opts",
        "services: { a: { image: 'x:1', volumes: ['data:/d'] } }\nvolumes: { data: { driver_opts: { size: 5g } } }",
        Object("PersistentVolumeClaim", "data", "/spec/resources/requests/storage", r#""5Gi""#),
    ),
    (
        "volumes.*.driver_opts",
        "services: { a: { image: 'x:1', volumes: ['data:/d'] } }\nvolumes: { data: { driver_opts: { type: nfs, device: ':/x', o: addr=10.0.0.1 } } }",
        Refused("volumes.driver_opts"),
    ),
    (
        "volumes.*.external",
        "services: { a: { image: 'x:1', volumes: ['data:/d'] } }\nvolumes: { data: { external: true, name: there } }",
        Object(
            "StatefulSet",
            "a",
            "/spec/template/spec/volumes/0/persistentVolumeClaim/claimName",
            r#""there""#,
        ),
    ),
    (
        "volumes.*.labels",
        "services: { a: { image: 'x:1', volumes: ['data:/d'] } }\nvolumes: { data: { labels: { a: b } } }",
        Object("PersistentVolumeClaim", "data", "/metadata/annotations", r#"{"a":"b"}"#),
    ),
    (
        "secrets.*.name",
        "services: { a: { image: 'x:1', secrets: [s] } }\nsecrets: { s: { file: ./s, name: n } }",
        Pod("/volumes/0/secret/secretName", r#""s""#),
    ),
    (
        "secrets.*.file",
        "services: { a: { image: 'x:1', secrets: [s] } }\nsecrets: { s: { file: ./s } }",
        Pod("/volumes/0/secret/secretName", r#""s""#),
    ),
    (
        "secrets.*.environment",
        "services: { a: { image: 'x:1', secrets: [s] } }\nsecrets: { s: { environment: HOME } }",
        Pod("/volumes/0/secret/secretName", r#""s""#),
    ),
    (
        "secrets.*.external",
        "services: { a: { image: 'x:1', secrets: [s] } }\nsecrets: { s: { external: true, name: there } }",
        Pod("/volumes/0/secret/secretName", r#""there""#),
    ),
    (
        "secrets.*.labels",
        "services: { a: { image: 'x:1', secrets: [s] } }\nsecrets: { s: { file: ./s, labels: { a: b } } }",
        Pod("/volumes/0/secret/secretName", r#""s""#),
    ),
    (
        "secrets.*.driver",
        "services: { a: { image: 'x:1', secrets: [s] } }\nsecrets: { s: { file: ./s, driver: vault } }",
        Refused("secrets.driver"),
    ),
    (
        "secrets.*.driver_opts",
        "services: { a: { image: 'x:1', secrets: [s] } }\nsecrets: { s: { file: ./s, driver_opts: { a: b } } }",
        Refused("secrets.driver_opts"),
    ),
    (
        "secrets.*.template_driver",
        "services: { a: { image: 'x:1', secrets: [s] } }\nsecrets: { s: { file: ./s, template_driver: golang } }",
        Refused("secrets.template_driver"),
    ),
    (
        "configs.*.name",
        "services: { a: { image: 'x:1', configs: [c] } }\nconfigs: { c: { content: hi, name: n } }",
        Object("ConfigMap", "c", "/data/c", r#""hi""#),
    ),
    (
        "configs.*.file",
        "services: { a: { image: 'x:1', configs: [c] } }\nconfigs: { c: { file: ./labels } }",
        Object("ConfigMap", "c", "/data/c", r#""of=file\n""#),
    ),
    (
        "configs.*.environment",
        "services: { a: { image: 'x:1', configs: [c] } }\nconfigs: { c: { environment: HOME } }",
        Pod("/volumes/0/secret/secretName", r#""c""#),
    ),
    (
        "configs.*.content",
        "services: { a: { image: 'x:1', configs: [c] } }\nconfigs: { c: { content: hi } }",
        Object("ConfigMap", "c", "/data/c", r#""hi""#),
    ),
    (
        "configs.*.content",
        "services: { a: { image: 'x:1', configs: [c] } }\nconfigs: { c: { content: 'password: hunter2hunter2' } }",
        Pod("/volumes/0/secret/secretName", r#""c""#),
    ),
    (
        "configs.*.external",
        "services: { a: { image: 'x:1', configs: [c] } }\nconfigs: { c: { external: true, name: there } }",
        Pod("/volumes/0/configMap/name", r#""there""#),
    ),
    (
        "configs.*.labels",
        "services: { a: { image: 'x:1', configs: [c] } }\nconfigs: { c: { content: hi, labels: { a: b } } }",
        Object("ConfigMap", "c", "/metadata/annotations", r#"{"a":"b"}"#),
    ),
    (
        "configs.*.template_driver",
        "services: { a: { image: 'x:1', configs: [c] } }\nconfigs: { c: { content: hi, template_driver: golang } }",
        Refused("configs.template_driver"),
    ),
    (
        "models",
        "services: { a: { image: 'x:1', models: [m] } }\nmodels: { m: { model: ai/x } }",
        Refused("models"),
    ),
];

const NETWORK_NAME: &str =
    "services: { a: { image: 'x:1', networks: [n] } }\nnetworks: { n: { name: other } }";

/// A whole file, or fields of `a` beside an image, with a service `b`.
fn project(yaml: &str) -> Project {
    let is_whole = yaml.contains("services:");
    let text = if is_whole {
        yaml.to_owned()
    } else {
        format!(
            "services:\n  a: {{ image: 'example.org/a:1', {yaml} }}\n  b: {{ image: 'example.org/b:1' }}\n"
        )
    };
    Project::new(&text)
        .file("labels", "of=file\n")
        .file("s", "content\n")
        .file("more.yaml", "services: { more: { image: 'x:1' } }\n")
        .folder("state")
}

fn kube(project: &Project) -> Outcome {
    project.run(["--compose-version", "5.5", "--profile", "*", "kube"])
}

fn value(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// What is wrong with what came of a case.
fn fault(want: &Want, outcome: &Outcome, plain: &str) -> Option<String> {
    if let Refused(key) = want {
        let is_named = outcome.status == 77
            && outcome.stdout.is_empty()
            && outcome.stderr.contains("error[not-enforceable]")
            && outcome.stderr.contains(&format!("[\"kubernetes.{key}\"]"))
            && outcome.stderr.contains(" --> compose.yaml:");
        return (!is_named).then(|| format!("{key} is not refused by name: {outcome}"));
    }
    if outcome.status != 0 {
        return Some(outcome.to_string());
    }
    let printed = documents(&outcome.stdout);
    let pod = |name: &str| pods(&printed).into_iter().find(|(known, _)| *known == name).unwrap().1.clone();
    let (found, wanted) = match want {
        Pod(pointer, json) => (pod("a").pointer(pointer).cloned(), value(json)),
        Container(pointer, json) => (pod("a")["containers"][0].pointer(pointer).cloned(), value(json)),
        Object(kind, name, pointer, json) => {
            (find(&printed, kind, name).pointer(pointer).cloned(), value(json))
        }
        Nothing => {
            let same = documents(plain) == printed;
            return (!same).then(|| format!("it is not the same as without it: {outcome}"));
        }
        Refused(_) => unreachable!(),
    };
    (found.as_ref() != Some(&wanted)).then(|| format!("found {found:?}, not {wanted}"))
}

#[test]
fn every_row_is_kept_translated_or_refused_by_name() {
    let plain = kube(&project("hostname: ''")).output();
    let mut faults = Vec::new();
    for (place, yaml, want) in CASES {
        if let Some(fault) = fault(want, &kube(&project(yaml)), &plain) {
            faults.push(format!("{place}: {yaml}: {fault}"));
        }
    }
    let _ = writeln!(std::io::stderr(), "{} cases of {} rows", CASES.len(), table::rows().count());
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_row_has_a_case_of_its_verdict() {
    let known: BTreeSet<&str> = table::rows().map(|row| row.place).collect();
    let stale: Vec<_> =
        CASES.iter().map(|(place, ..)| place).filter(|place| !known.contains(*place)).collect();
    assert!(stale.is_empty(), "{stale:?}");
    let lacking: Vec<&str> = table::rows()
        .filter(|row| {
            !CASES.iter().any(|(place, _, want)| {
                let is_refused = matches!(want, Refused(_));
                *place == row.place && is_refused == (row.kube == Verdict::Refused)
            })
        })
        .map(|row| row.place)
        .collect();
    assert!(lacking.is_empty(), "no case for {lacking:?}");
}

#[test]
fn what_is_refused_is_waived_by_service_and_key_alone() {
    let refused = CASES.iter().filter_map(|(place, yaml, want)| match want {
        Refused(key) => Some((place, yaml, key)),
        _ => None,
    });
    let (mut faults, mut tried) = (Vec::new(), 0);
    for (place, yaml, key) in refused {
        let of_service = if place.starts_with("services.") { "a" } else { "\"*\"" };
        let mut more = Vec::new();
        // What stands behind the first is refused as well: each is waived by its own name.
        for _ in 0..4 {
            let keys: Vec<String> = [*key]
                .into_iter()
                .chain(more.iter().map(String::as_str))
                .map(|key| format!("kubernetes.{key}"))
                .collect();
            let waivers: Vec<String> = ["a", "\"*\""]
                .iter()
                .map(|service| {
                    format!("  - {{ service: {service}, rule: not-enforceable, allow: {keys:?}, reason: held elsewhere }}\n")
                })
                .collect();
            let policy = format!("version: 1\nposture: observe\nwaivers:\n{}...\n", waivers.concat());
            let outcome = kube(&project(yaml).file("seaworthy.yaml", &policy));
            if outcome.status == 0 {
                if !outcome.stdout.contains("held elsewhere") {
                    faults.push(format!("{place}: the waiver is not said: {outcome}"));
                }
                more.clear();
                break;
            }
            let next = outcome.stderr.split("[\"kubernetes.").nth(1).and_then(|rest| rest.split('"').next());
            match next {
                Some(next) if next != *key && !more.iter().any(|known| known == next) => {
                    more.push(next.to_owned());
                }
                _ => {
                    faults.push(format!("{place}: {yaml}: a waiver does not allow it: {outcome}"));
                    break;
                }
            }
        }
        let other = "version: 1\nposture: observe\nwaivers:\n  - { service: b, rule: not-enforceable, allow: [\"kubernetes.KEY\"], reason: r }\n...\n";
        let outcome = kube(&project(yaml).file("seaworthy.yaml", other.replace("KEY", key)));
        if outcome.status != 77 {
            faults.push(format!("{place}: the waiver of b is for {of_service}, too: {outcome}"));
        }
        tried += 1;
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(tried > 80, "{tried}");
}

#[test]
fn a_value_that_is_the_default_is_no_demand() {
    let mut tried = 0;
    for row in table::rows() {
        let Some(key) = row.place.strip_prefix("services.*.").filter(|key| !key.contains('.')) else {
            continue;
        };
        for idle in row.idle {
            let word = if ["false", "true"].contains(idle) || idle.parse::<i64>().is_ok() {
                (*idle).to_owned()
            } else {
                format!("'{idle}'")
            };
            let word = if key == "stop_signal" || key == "shm_size" { format!("'{idle}'") } else { word };
            let outcome = kube(&project(&format!("{key}: {word}")));
            assert_eq!(outcome.status, 0, "{key}: {word}: {outcome}");
            tried += 1;
        }
    }
    assert!(tried > 30, "{tried}");
}

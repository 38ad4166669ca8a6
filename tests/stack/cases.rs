//! One case or more for each row of the table: what becomes of the key on Swarm.

/// What is to come of a case.
pub enum Want {
    /// In the spec of the container of `a`, as JSON.
    Container(&'static str, &'static str),
    /// The same where a waiver says that the node has what is mounted; `null` where it is not there.
    Placed(&'static str, &'static str),
    /// In the spec of the service `a`.
    Spec(&'static str, &'static str),
    /// In an object: its kind, the how manieth it is, and where.
    Object(&'static str, usize, &'static str, &'static str),
    /// Named with this key.
    Refused(&'static str),
    /// The same as without it.
    Nothing,
}

use Want::{Container, Nothing, Object, Placed, Refused, Spec};

/// A row's place, fields of service `a` or a whole file, and what comes of it.
pub type Case = (&'static str, &'static str, Want);

pub const CASES: &[Case] = &[
    ("services.*.profiles", "profiles: [x]", Nothing),
    ("services.*.annotations", "annotations: { a: b }", Refused("annotations")),
    ("services.*.attach", "attach: false", Nothing),
    ("services.*.build", "build: .", Nothing),
    ("services.*.develop", "develop: { watch: [{ path: ., action: rebuild }] }", Nothing),
    ("services.*.blkio_config", "blkio_config: { weight: 300 }", Refused("blkio_config")),
    ("services.*.cap_add", "cap_add: [cap_chown]", Container("/CapabilityAdd", r#"["CAP_CHOWN"]"#)),
    ("services.*.cap_drop", "cap_drop: [all]", Container("/CapabilityDrop", r#"["ALL"]"#)),
    ("services.*.cgroup_parent", "cgroup_parent: x", Refused("cgroup_parent")),
    ("services.*.cgroup", "cgroup: host", Refused("cgroup")),
    ("services.*.cpu_count", "cpu_count: 2", Refused("cpu_count")),
    ("services.*.cpu_percent", "cpu_percent: 20", Refused("cpu_percent")),
    ("services.*.cpu_period", "cpu_period: 100000", Refused("cpu_period")),
    ("services.*.cpu_quota", "cpu_quota: 50000", Refused("cpu_quota")),
    ("services.*.cpu_rt_period", "cpu_rt_period: 1000", Refused("cpu_rt_period")),
    ("services.*.cpu_rt_runtime", "cpu_rt_runtime: 1000", Refused("cpu_rt_runtime")),
    ("services.*.cpuset", "cpuset: '0'", Refused("cpuset")),
    ("services.*.cpu_shares", "cpu_shares: 512", Refused("cpu_shares")),
    ("services.*.cpus", "cpus: 0.1", Spec("/TaskTemplate/Resources/Limits/NanoCPUs", "100000000")),
    (
        "services.*.command",
        "command: [sh, -c, 'echo $$HOME {{x}}']",
        Container("/Args", r#"["sh","-c","echo $HOME {{x}}"]"#),
    ),
    ("services.*.container_name", "container_name: other", Refused("container_name")),
    ("services.*.credential_spec", "credential_spec: { config: x }", Refused("credential_spec")),
    ("services.*.depends_on", "depends_on: [b]", Nothing),
    ("services.*.depends_on", "depends_on: { b: { condition: service_healthy } }", Refused("depends_on")),
    (
        "services.*.depends_on",
        "depends_on: { b: { condition: service_started, restart: true } }",
        Refused("depends_on"),
    ),
    ("services.*.device_cgroup_rules", "device_cgroup_rules: ['c 1:3 r']", Refused("device_cgroup_rules")),
    ("services.*.devices", "devices: [/dev/fuse]", Refused("devices")),
    ("services.*.dns", "dns: 9.9.9.9", Container("/DNSConfig/Nameservers", r#"["9.9.9.9"]"#)),
    ("services.*.dns_opt", "dns_opt: ['ndots:1']", Container("/DNSConfig/Options", r#"["ndots:1"]"#)),
    ("services.*.dns_search", "dns_search: x.example", Container("/DNSConfig/Search", r#"["x.example"]"#)),
    ("services.*.domainname", "domainname: x.example", Refused("domainname")),
    ("services.*.entrypoint", "entrypoint: [x, y]", Container("/Command", r#"["x","y"]"#)),
    ("services.*.entrypoint", "entrypoint: []", Refused("entrypoint")),
    ("services.*.provider", "provider: { type: model }", Refused("provider")),
    (
        "services.*.environment",
        "environment: { A: b, C: '{{.Node.ID}}', D: }",
        Container("/Env", r#"["A=b","C={{\"{{\"}}.Node.ID}}","D"]"#),
    ),
    ("services.*.env_file", "env_file: [{ path: absent, required: false }]", Nothing),
    ("services.*.env_file", "env_file: labels", Container("/Env", r#"["of=file"]"#)),
    ("services.*.expose", "expose: ['8080']", Nothing),
    ("services.*.extends", "extends: { service: b }", Nothing),
    ("services.*.external_links", "external_links: [x]", Refused("external_links")),
    (
        "services.*.extra_hosts",
        "extra_hosts: ['x=10.0.0.1', 'y:::1']",
        Container("/Hosts", r#"["10.0.0.1 x","::1 y"]"#),
    ),
    ("services.*.group_add", "group_add: [5005]", Container("/Groups", r#"["5005"]"#)),
    ("services.*.gpus", "gpus: all", Refused("gpus")),
    ("services.*.hostname", "hostname: x.y", Container("/Hostname", r#""x.y""#)),
    (
        "services.*.healthcheck",
        "healthcheck: { test: [CMD, x], interval: 1m, timeout: 500ms, retries: 7, start_period: 1h, start_interval: 2s }",
        Container(
            "/Healthcheck",
            r#"{"Test":["CMD","x"],"Interval":60000000000,"Timeout":500000000,"StartPeriod":3600000000000,"StartInterval":2000000000,"Retries":7}"#,
        ),
    ),
    (
        "services.*.healthcheck",
        "healthcheck: { disable: true }",
        Container("/Healthcheck", r#"{"Test":["NONE"]}"#),
    ),
    ("services.*.image", "hostname: h", Container("/Image", r#""example.org/a:1""#)),
    ("services.*.init", "init: true", Container("/Init", "true")),
    ("services.*.init", "init: false", Container("/Init", "false")),
    ("services.*.ipc", "ipc: host", Refused("ipc")),
    ("services.*.ipc", "ipc: 'service:b'", Refused("ipc")),
    ("services.*.ipc", "ipc: private", Nothing),
    ("services.*.isolation", "isolation: default", Container("/Isolation", r#""default""#)),
    (
        "services.*.labels",
        "labels: { x.y: z }",
        Container("/Labels", r#"{"x.y":"z","com.docker.stack.namespace":"sw-rows"}"#),
    ),
    (
        "services.*.label_file",
        "label_file: labels",
        Container("/Labels", r#"{"of":"file","com.docker.stack.namespace":"sw-rows"}"#),
    ),
    ("services.*.links", "links: ['b:store']", Refused("links")),
    (
        "services.*.logging",
        "logging: { driver: json-file, options: { max-size: 1m } }",
        Spec("/TaskTemplate/LogDriver", r#"{"Name":"json-file","Options":{"max-size":"1m"}}"#),
    ),
    (
        "services.*.mem_limit",
        "mem_limit: 256m",
        Spec("/TaskTemplate/Resources/Limits/MemoryBytes", "268435456"),
    ),
    (
        "services.*.mem_reservation",
        "mem_reservation: 10m",
        Spec("/TaskTemplate/Resources/Reservations/MemoryBytes", "10485760"),
    ),
    ("services.*.memswap_limit", "mem_limit: 1g, memswap_limit: 1g", Refused("memswap_limit")),
    (
        "services.*.memswap_limit",
        "mem_limit: 1g, memswap_limit: 2g",
        Spec("/TaskTemplate/Resources", r#"{"Limits":{"MemoryBytes":1073741824}}"#),
    ),
    ("services.*.mem_swappiness", "mem_swappiness: 10", Refused("mem_swappiness")),
    ("services.*.mac_address", "mac_address: '02:42:ac:11:00:02'", Refused("mac_address")),
    (
        "services.*.models",
        "services: { a: { image: 'x:1', models: [m] } }\nmodels: { m: { model: ai/x } }",
        Refused("models"),
    ),
    ("services.*.network_mode", "network_mode: none", Refused("network_mode")),
    ("services.*.network_mode", "network_mode: host", Refused("network_mode")),
    ("services.*.network_mode", "network_mode: bridge", Refused("network_mode")),
    ("services.*.network_mode", "network_mode: 'service:b'", Refused("network_mode")),
    ("services.*.oom_kill_disable", "oom_kill_disable: true", Refused("oom_kill_disable")),
    ("services.*.oom_score_adj", "oom_score_adj: 500", Container("/OomScoreAdj", "500")),
    ("services.*.pid", "pid: host", Refused("pid")),
    ("services.*.pids_limit", "pids_limit: 100", Spec("/TaskTemplate/Resources/Limits/Pids", "100")),
    (
        "services.*.platform",
        "platform: linux/amd64",
        Spec("/TaskTemplate/Placement/Platforms", r#"[{"OS":"linux","Architecture":"amd64"}]"#),
    ),
    ("services.*.platform", "platform: linux/arm/v7", Refused("platform")),
    ("services.*.privileged", "privileged: true", Refused("privileged")),
    ("services.*.pull_policy", "pull_policy: always", Nothing),
    ("services.*.pull_refresh_after", "pull_refresh_after: 1d", Nothing),
    ("services.*.read_only", "read_only: true", Container("/ReadOnly", "true")),
    (
        "services.*.restart",
        "restart: unless-stopped",
        Spec("/TaskTemplate/RestartPolicy", r#"{"Condition":"any"}"#),
    ),
    ("services.*.restart", "restart: 'no'", Spec("/TaskTemplate/RestartPolicy", r#"{"Condition":"none"}"#)),
    (
        "services.*.restart",
        "restart: 'on-failure:3'",
        Spec("/TaskTemplate/RestartPolicy", r#"{"Condition":"on-failure","MaxAttempts":3}"#),
    ),
    ("services.*.runtime", "runtime: runsc", Refused("runtime")),
    ("services.*.scale", "scale: 3", Spec("/Mode", r#"{"Replicated":{"Replicas":3}}"#)),
    (
        "services.*.security_opt",
        "security_opt: [no-new-privileges]",
        Container("/Privileges/NoNewPrivileges", "true"),
    ),
    (
        "services.*.security_opt",
        "security_opt: ['seccomp=unconfined']",
        Container("/Privileges/Seccomp", r#"{"Mode":"unconfined"}"#),
    ),
    (
        "services.*.security_opt",
        "security_opt: ['seccomp=p.json']",
        Container(
            "/Privileges/Seccomp",
            r#"{"Mode":"custom","Profile":"eyJkZWZhdWx0QWN0aW9uIjoiU0NNUF9BQ1RfQUxMT1cifQ=="}"#,
        ),
    ),
    ("services.*.security_opt", "security_opt: ['seccomp=absent.json']", Refused("security_opt")),
    ("services.*.security_opt", "security_opt: ['seccomp=builtin']", Refused("security_opt")),
    (
        "services.*.security_opt",
        "security_opt: ['apparmor=unconfined']",
        Container("/Privileges/AppArmor", r#"{"Mode":"disabled"}"#),
    ),
    ("services.*.security_opt", "security_opt: ['apparmor=mine']", Refused("security_opt")),
    (
        "services.*.security_opt",
        "security_opt: ['label=type:container_t']",
        Container("/Privileges/SELinuxContext", r#"{"Type":"container_t"}"#),
    ),
    ("services.*.security_opt", "security_opt: ['systempaths=unconfined']", Refused("security_opt")),
    ("services.*.shm_size", "shm_size: 128m", Refused("shm_size")),
    ("services.*.shm_size", "shm_size: 64m", Nothing),
    ("services.*.stdin_open", "stdin_open: true", Container("/OpenStdin", "true")),
    (
        "services.*.stop_grace_period",
        "stop_grace_period: 1m30s",
        Container("/StopGracePeriod", "90000000000"),
    ),
    ("services.*.stop_signal", "stop_signal: SIGQUIT", Container("/StopSignal", r#""SIGQUIT""#)),
    ("services.*.storage_opt", "storage_opt: { size: 1G }", Refused("storage_opt")),
    (
        "services.*.sysctls",
        "sysctls: { net.core.somaxconn: 1024 }",
        Container("/Sysctls", r#"{"net.core.somaxconn":"1024"}"#),
    ),
    (
        "services.*.tmpfs",
        "tmpfs: ['/tmp:size=64m,mode=0700']",
        Container(
            "/Mounts",
            r#"[{"Type":"tmpfs","Target":"/tmp","TmpfsOptions":{"SizeBytes":67108864,"Mode":448}}]"#,
        ),
    ),
    (
        "services.*.tmpfs",
        "tmpfs: ['/tmp:noexec,nosuid']",
        Container("/Mounts", r#"[{"Type":"tmpfs","Target":"/tmp"}]"#),
    ),
    (
        "services.*.tmpfs",
        "tmpfs: ['/tmp:exec']",
        Container("/Mounts/0/TmpfsOptions", r#"{"Options":[["exec"]]}"#),
    ),
    ("services.*.tmpfs", "tmpfs: ['/tmp:uid=1000']", Refused("tmpfs")),
    ("services.*.tmpfs", "tmpfs: ['/tmp:suid']", Refused("tmpfs")),
    ("services.*.tty", "tty: true", Container("/TTY", "true")),
    (
        "services.*.ulimits",
        "ulimits: { nofile: 1024, nproc: { soft: 1, hard: 2 } }",
        Container(
            "/Ulimits",
            r#"[{"Name":"nofile","Soft":1024,"Hard":1024},{"Name":"nproc","Soft":1,"Hard":2}]"#,
        ),
    ),
    ("services.*.use_api_socket", "use_api_socket: true", Refused("use_api_socket")),
    ("services.*.user", "user: '1000:1000'", Container("/User", r#""1000:1000""#)),
    ("services.*.userns_mode", "userns_mode: host", Refused("userns_mode")),
    ("services.*.uts", "uts: host", Refused("uts")),
    ("services.*.volumes_from", "volumes_from: [b]", Refused("volumes_from")),
    ("services.*.working_dir", "working_dir: /x", Container("/Dir", r#""/x""#)),
    ("services.*.pre_start", "pre_start: [{ command: x }]", Refused("pre_start")),
    ("services.*.post_start", "post_start: [{ command: [x] }]", Refused("post_start")),
    ("services.*.pre_stop", "pre_stop: [{ command: [x] }]", Refused("pre_stop")),
    ("services.*.deploy.mode", "deploy: { mode: global }", Spec("/Mode", r#"{"Global":{}}"#)),
    (
        "services.*.deploy.mode",
        "deploy: { mode: replicated-job, replicas: 2 }",
        Spec("/Mode", r#"{"ReplicatedJob":{"MaxConcurrent":2,"TotalCompletions":2}}"#),
    ),
    ("services.*.deploy.mode", "deploy: { mode: strange }", Refused("deploy.mode")),
    (
        "services.*.deploy.replicas",
        "deploy: { replicas: 2 }",
        Spec("/Mode", r#"{"Replicated":{"Replicas":2}}"#),
    ),
    ("services.*.deploy.labels", "deploy: { labels: { a: b } }", Spec("/Labels/a", r#""b""#)),
    (
        "services.*.deploy.update_config",
        "deploy: { update_config: { parallelism: 2, delay: 5s, failure_action: rollback, monitor: 1m, max_failure_ratio: 0.3, order: start-first } }",
        Spec(
            "/UpdateConfig",
            r#"{"Parallelism":2,"Delay":5000000000,"Monitor":60000000000,"FailureAction":"rollback","MaxFailureRatio":0.3,"Order":"start-first"}"#,
        ),
    ),
    (
        "services.*.deploy.rollback_config",
        "deploy: { rollback_config: { delay: 5s } }",
        Spec(
            "/RollbackConfig",
            r#"{"Parallelism":1,"Delay":5000000000,"FailureAction":"pause","Order":"stop-first"}"#,
        ),
    ),
    (
        "services.*.deploy.resources.limits.cpus",
        "deploy: { resources: { limits: { cpus: '2' } } }",
        Spec("/TaskTemplate/Resources/Limits/NanoCPUs", "2000000000"),
    ),
    (
        "services.*.deploy.resources.limits.memory",
        "deploy: { resources: { limits: { memory: 1g } } }",
        Spec("/TaskTemplate/Resources/Limits/MemoryBytes", "1073741824"),
    ),
    (
        "services.*.deploy.resources.limits.pids",
        "deploy: { resources: { limits: { pids: 5 } } }",
        Spec("/TaskTemplate/Resources/Limits/Pids", "5"),
    ),
    (
        "services.*.deploy.resources.reservations.cpus",
        "deploy: { resources: { reservations: { cpus: '0.25' } } }",
        Spec("/TaskTemplate/Resources/Reservations/NanoCPUs", "250000000"),
    ),
    (
        "services.*.deploy.resources.reservations.memory",
        "deploy: { resources: { reservations: { memory: 1g } } }",
        Spec("/TaskTemplate/Resources/Reservations/MemoryBytes", "1073741824"),
    ),
    (
        "services.*.deploy.resources.reservations.devices",
        "deploy: { resources: { reservations: { devices: [{ capabilities: [gpu] }] } } }",
        Refused("deploy.resources.reservations.devices"),
    ),
    (
        "services.*.deploy.resources.reservations.generic_resources",
        "deploy: { resources: { reservations: { generic_resources: [{ discrete_resource_spec: { kind: gpu, value: 1 } }] } } }",
        Spec(
            "/TaskTemplate/Resources/Reservations/GenericResources",
            r#"[{"DiscreteResourceSpec":{"Kind":"gpu","Value":1}}]"#,
        ),
    ),
    (
        "services.*.deploy.restart_policy",
        "deploy: { restart_policy: { condition: on-failure, delay: 1s, max_attempts: 4, window: 2s } }",
        Spec(
            "/TaskTemplate/RestartPolicy",
            r#"{"Condition":"on-failure","Delay":1000000000,"Window":2000000000,"MaxAttempts":4}"#,
        ),
    ),
    (
        "services.*.deploy.restart_policy",
        "restart: always, deploy: { restart_policy: { max_attempts: 2 } }",
        Spec("/TaskTemplate/RestartPolicy", r#"{"Condition":"none","MaxAttempts":2}"#),
    ),
    (
        "services.*.deploy.placement",
        "deploy: { placement: { constraints: [node.role == worker], preferences: [{ spread: node.labels.x }], max_replicas_per_node: 2 } }",
        Spec(
            "/TaskTemplate/Placement",
            r#"{"Constraints":["node.role == worker"],"Preferences":[{"Spread":{"SpreadDescriptor":"node.labels.x"}}],"MaxReplicas":2}"#,
        ),
    ),
    (
        "services.*.deploy.endpoint_mode",
        "deploy: { endpoint_mode: dnsrr }",
        Spec("/EndpointSpec/Mode", r#""dnsrr""#),
    ),
    (
        "services.*.configs",
        "services: { a: { image: 'x:1', configs: [c, { source: c, target: /etc/c, uid: '5', gid: '6', mode: 0400 }] } }\nconfigs: { c: { content: hi } }",
        Container(
            "/Configs",
            r#"[{"File":{"Name":"/c","UID":"0","GID":"0","Mode":292},"ConfigName":"sw-rows_c"},{"File":{"Name":"/etc/c","UID":"5","GID":"6","Mode":256},"ConfigName":"sw-rows_c"}]"#,
        ),
    ),
    (
        "services.*.secrets",
        "services: { a: { image: 'x:1', secrets: [{ source: s, target: t, uid: '5', gid: '6', mode: 0400 }] } }\nsecrets: { s: { file: ./s } }",
        Container(
            "/Secrets",
            r#"[{"File":{"Name":"/run/secrets/t","UID":"5","GID":"6","Mode":256},"SecretName":"sw-rows_s"}]"#,
        ),
    ),
    (
        "services.*.ports.*.name",
        "ports: [{ target: 80, published: '8080', name: web }]",
        Spec("/EndpointSpec/Ports/0/Name", r#""web""#),
    ),
    (
        "services.*.ports.*.mode",
        "ports: [{ target: 80, published: '8080', mode: host }]",
        Spec("/EndpointSpec/Ports/0/PublishMode", r#""host""#),
    ),
    ("services.*.ports.*.host_ip", "ports: ['127.0.0.1:8080:80']", Refused("ports.host_ip")),
    (
        "services.*.ports.*.host_ip",
        "ports: ['0.0.0.0:8080:80']",
        Spec("/EndpointSpec/Ports/0/PublishedPort", "8080"),
    ),
    ("services.*.ports.*.target", "ports: ['8080:80']", Spec("/EndpointSpec/Ports/0/TargetPort", "80")),
    (
        "services.*.ports.*.published",
        "ports: ['8080:80']",
        Spec(
            "/EndpointSpec/Ports/0",
            r#"{"Protocol":"tcp","TargetPort":80,"PublishedPort":8080,"PublishMode":"ingress"}"#,
        ),
    ),
    ("services.*.ports.*.published", "ports: ['8000-8010:80']", Refused("ports.published")),
    (
        "services.*.ports.*.published",
        "ports: ['8080:80'], deploy: { endpoint_mode: dnsrr }",
        Refused("ports.mode"),
    ),
    (
        "services.*.ports.*.published",
        "services: { a: { image: 'x:1', ports: ['80:80'], networks: [n] } }\nnetworks: { n: { internal: true } }",
        Refused("ports.published"),
    ),
    (
        "services.*.ports.*.protocol",
        "ports: ['8080:80/udp']",
        Spec("/EndpointSpec/Ports/0/Protocol", r#""udp""#),
    ),
    (
        "services.*.ports.*.app_protocol",
        "ports: [{ target: 80, published: '8080', app_protocol: http }]",
        Spec(
            "/EndpointSpec/Ports/0",
            r#"{"Protocol":"tcp","TargetPort":80,"PublishedPort":8080,"PublishMode":"ingress"}"#,
        ),
    ),
    ("services.*.volumes.*.type", "volumes: ['./state:/state']", Refused("volumes=prepared")),
    (
        "services.*.volumes.*.type",
        "volumes: ['./state:/state'], deploy: { placement: { constraints: [node.hostname == far] } }",
        Refused("volumes=prepared"),
    ),
    (
        "services.*.volumes.*.type",
        "volumes: [{ type: tmpfs, target: /t }]",
        Container("/Mounts", r#"[{"Type":"tmpfs","Target":"/t"}]"#),
    ),
    (
        "services.*.volumes.*.source",
        "services: { a: { image: 'x:1', volumes: ['data:/d'] } }\nvolumes: { data: {} }",
        Container("/Mounts/0/Source", r#""sw-rows_data""#),
    ),
    (
        "services.*.volumes.*.target",
        "services: { a: { image: 'x:1', volumes: ['data:/d'] } }\nvolumes: { data: {} }",
        Container("/Mounts/0/Target", r#""/d""#),
    ),
    (
        "services.*.volumes.*.read_only",
        "services: { a: { image: 'x:1', volumes: ['data:/d:ro'] } }\nvolumes: { data: {} }",
        Container("/Mounts/0/ReadOnly", "true"),
    ),
    (
        "services.*.volumes.*.consistency",
        "services: { a: { image: 'x:1', volumes: [{ type: volume, source: data, target: /d, consistency: cached }] } }\nvolumes: { data: {} }",
        Container(
            "/Mounts",
            r#"[{"Type":"volume","Target":"/d","Source":"sw-rows_data","VolumeOptions":{"Labels":{"com.docker.stack.namespace":"sw-rows"}}}]"#,
        ),
    ),
    (
        "services.*.volumes.*.bind.create_host_path",
        "services: { a: { image: 'x:1', volumes: [{ type: bind, source: ./state, target: /s, bind: { create_host_path: false } }] } }",
        Placed("/Mounts/0/BindOptions", "null"),
    ),
    (
        "services.*.volumes.*.bind.propagation",
        "services: { a: { image: 'x:1', volumes: [{ type: bind, source: ./state, target: /s, bind: { propagation: rslave } }] } }",
        Placed("/Mounts/0/BindOptions", r#"{"Propagation":"rslave"}"#),
    ),
    (
        "services.*.volumes.*.bind.selinux",
        "services: { a: { image: 'x:1', volumes: [{ type: bind, source: ./state, target: /s, bind: { selinux: z } }] } }",
        Refused("volumes.bind.selinux"),
    ),
    (
        "services.*.volumes.*.bind.recursive",
        "services: { a: { image: 'x:1', volumes: [{ type: bind, source: ./state, target: /s, bind: { recursive: readonly } }] } }",
        Refused("volumes.bind.recursive"),
    ),
    (
        "services.*.volumes.*.volume.nocopy",
        "services: { a: { image: 'x:1', volumes: [{ type: volume, source: data, target: /d, volume: { nocopy: true } }] } }\nvolumes: { data: {} }",
        Container("/Mounts/0/VolumeOptions/NoCopy", "true"),
    ),
    (
        "services.*.volumes.*.volume.subpath",
        "services: { a: { image: 'x:1', volumes: [{ type: volume, source: data, target: /d, volume: { subpath: x } }] } }\nvolumes: { data: {} }",
        Container("/Mounts/0/VolumeOptions/Subpath", r#""x""#),
    ),
    (
        "services.*.volumes.*.volume.labels",
        "services: { a: { image: 'x:1', volumes: [{ type: volume, source: data, target: /d, volume: { labels: { a: b } } }] } }\nvolumes: { data: { labels: { c: d } } }",
        Container(
            "/Mounts/0/VolumeOptions/Labels",
            r#"{"c":"d","a":"b","com.docker.stack.namespace":"sw-rows"}"#,
        ),
    ),
    (
        "services.*.volumes.*.tmpfs.size",
        "volumes: [{ type: tmpfs, target: /t, tmpfs: { size: 10m } }]",
        Container("/Mounts/0/TmpfsOptions", r#"{"SizeBytes":10485760}"#),
    ),
    (
        "services.*.volumes.*.tmpfs.mode",
        "volumes: [{ type: tmpfs, target: /t, tmpfs: { mode: 0700 } }]",
        Container("/Mounts/0/TmpfsOptions", r#"{"Mode":448}"#),
    ),
    (
        "services.*.volumes.*.image",
        "volumes: [{ type: image, source: 'x:1', target: /i, image: { subpath: x } }]",
        Refused("volumes.image"),
    ),
    (
        "services.*.volumes.*.type",
        "volumes: [{ type: image, source: 'x:1', target: /i }]",
        Refused("volumes.type"),
    ),
    (
        "services.*.networks.*.aliases",
        "services: { a: { image: 'x:1', networks: { n: { aliases: [z] } } } }\nnetworks: { n: {} }",
        Spec("/TaskTemplate/Networks/0", r#"{"Target":"sw-rows_n","Aliases":["z","a"]}"#),
    ),
    (
        "services.*.networks.*.driver_opts",
        "services: { a: { image: 'x:1', networks: { n: { driver_opts: { com.docker.network.endpoint.ifname: x } } } } }\nnetworks: { n: {} }",
        Spec("/TaskTemplate/Networks/0/DriverOpts", r#"{"com.docker.network.endpoint.ifname":"x"}"#),
    ),
    (
        "services.*.networks.*.gw_priority",
        "services: { a: { image: 'x:1', networks: { n: { gw_priority: 1 } } } }\nnetworks: { n: {} }",
        Refused("networks.gw_priority"),
    ),
    (
        "services.*.networks.*.interface_name",
        "services: { a: { image: 'x:1', networks: { n: { interface_name: x } } } }\nnetworks: { n: {} }",
        Refused("networks.interface_name"),
    ),
    (
        "services.*.networks.*.link_local_ips",
        "services: { a: { image: 'x:1', networks: { n: { link_local_ips: [169.254.1.1] } } } }\nnetworks: { n: {} }",
        Refused("networks.link_local_ips"),
    ),
    (
        "services.*.networks.*.mac_address",
        "services: { a: { image: 'x:1', networks: { n: { mac_address: '02:42:ac:11:00:02' } } } }\nnetworks: { n: {} }",
        Refused("networks.mac_address"),
    ),
    (
        "services.*.networks.*.ipv4_address",
        "services: { a: { image: 'x:1', networks: { n: { ipv4_address: 10.9.0.5 } } } }\nnetworks: { n: { ipam: { config: [{ subnet: 10.9.0.0/24 }] } } }",
        Refused("networks.ipv4_address"),
    ),
    (
        "services.*.networks.*.ipv6_address",
        "services: { a: { image: 'x:1', networks: { n: { ipv6_address: '2001:db8::5' } } } }\nnetworks: { n: { ipam: { config: [{ subnet: '2001:db8::/64' }] } } }",
        Refused("networks.ipv6_address"),
    ),
    (
        "services.*.networks.*.priority",
        "services: { a: { image: 'x:1', networks: { n: { priority: 5 } } } }\nnetworks: { n: {} }",
        Spec("/TaskTemplate/Networks/0", r#"{"Target":"sw-rows_n","Aliases":["a"]}"#),
    ),
    ("version", "version: '3'\nservices: { a: { image: 'x:1' } }", Spec("/Name", r#""sw-rows_a""#)),
    ("name", "name: other\nservices: { a: { image: 'x:1' } }", Spec("/Name", r#""sw-rows_a""#)),
    (
        "include",
        "include: [more.yaml]\nservices: { a: { image: 'x:1' } }",
        Object("services", 1, "/Name", r#""sw-rows_more""#),
    ),
    (
        "networks.*.name",
        "services: { a: { image: 'x:1', networks: { n:  } } }\nnetworks: { n: { name: other } }",
        Object("networks", 0, "/Name", r#""other""#),
    ),
    (
        "networks.*.driver",
        "services: { a: { image: 'x:1', networks: { n:  } } }\nnetworks: { n: { driver: bridge } }",
        Object("networks", 0, "/Driver", r#""overlay""#),
    ),
    (
        "networks.*.driver",
        "services: { a: { image: 'x:1', networks: { n:  } } }\nnetworks: { n: { driver: macvlan } }",
        Refused("networks.driver"),
    ),
    (
        "networks.*.driver_opts",
        "services: { a: { image: 'x:1', networks: { n:  } } }\nnetworks: { n: { driver_opts: { encrypted: '' } } }",
        Object("networks", 0, "/Options", r#"{"encrypted":""}"#),
    ),
    (
        "networks.*.driver_opts",
        "services: { a: { image: 'x:1', networks: { n:  } } }\nnetworks: { n: { driver_opts: { com.docker.network.bridge.enable_icc: 'false' } } }",
        Refused("networks.driver_opts"),
    ),
    (
        "networks.*.ipam",
        "services: { a: { image: 'x:1', networks: { n:  } } }\nnetworks: { n: { ipam: { config: [{ subnet: 10.9.0.0/24, ip_range: 10.9.0.0/25, gateway: 10.9.0.9}] } } }",
        Object(
            "networks",
            0,
            "/IPAM",
            r#"{"Driver":"default","Config":[{"Subnet":"10.9.0.0/24","IPRange":"10.9.0.0/25","Gateway":"10.9.0.9"}]}"#,
        ),
    ),
    (
        "networks.*.ipam",
        "services: { a: { image: 'x:1', networks: { n:  } } }\nnetworks: { n: { ipam: { config: [{ subnet: 10.9.0.0/24, aux_addresses: { h: 10.9.0.7 } }] } } }",
        Refused("networks.ipam"),
    ),
    (
        "networks.*.external",
        "services: { a: { image: 'x:1', networks: { n:  } } }\nnetworks: { n: { external: true, name: there } }",
        Spec("/TaskTemplate/Networks/0/Target", r#""there""#),
    ),
    (
        "networks.*.internal",
        "services: { a: { image: 'x:1', networks: { n:  } } }\nnetworks: { n: { internal: true } }",
        Object("networks", 0, "/Internal", "true"),
    ),
    (
        "networks.*.attachable",
        "services: { a: { image: 'x:1', networks: { n:  } } }\nnetworks: { n: { attachable: true } }",
        Object("networks", 0, "/Attachable", "true"),
    ),
    (
        "networks.*.labels",
        "services: { a: { image: 'x:1', networks: { n:  } } }\nnetworks: { n: { labels: { a: b } } }",
        Object("networks", 0, "/Labels", r#"{"a":"b","com.docker.stack.namespace":"sw-rows"}"#),
    ),
    (
        "networks.*.enable_ipv4",
        "services: { a: { image: 'x:1', networks: { n:  } } }\nnetworks: { n: { enable_ipv4: false } }",
        Refused("networks.enable_ipv4"),
    ),
    (
        "networks.*.enable_ipv6",
        "services: { a: { image: 'x:1', networks: { n:  } } }\nnetworks: { n: { enable_ipv6: true } }",
        Refused("networks.enable_ipv6"),
    ),
    (
        "volumes.*.name",
        "services: { a: { image: 'x:1', volumes: ['data:/d'] } }\nvolumes: { data: { name: other } }",
        Container("/Mounts/0/Source", r#""other""#),
    ),
    (
        "volumes.*.driver",
        "services: { a: { image: 'x:1', volumes: ['data:/d'] } }\nvolumes: { data: { driver: rclone } }",
        Container("/Mounts/0/VolumeOptions/DriverConfig", r#"{"Name":"rclone"}"#),
    ),
    (
        "volumes.*.driver_opts",
        "services: { a: { image: 'x:1', volumes: ['data:/d'] } }\nvolumes: { data: { driver_opts: { type: tmpfs, device: tmpfs, o: size=1m } } }",
        Container(
            "/Mounts/0/VolumeOptions/DriverConfig",
            r#"{"Name":"local","Options":{"type":"tmpfs","device":"tmpfs","o":"size=1m"}}"#,
        ),
    ),
    (
        "volumes.*.driver_opts",
        "services: { a: { image: 'x:1', volumes: ['data:/d'] } }\nvolumes: { data: { driver_opts: { type: none, device: /srv, o: bind } } }",
        Refused("volumes=prepared"),
    ),
    (
        "volumes.*.external",
        "services: { a: { image: 'x:1', volumes: ['data:/d'] } }\nvolumes: { data: { external: true, name: there } }",
        Container("/Mounts/0/Source", r#""there""#),
    ),
    (
        "volumes.*.labels",
        "services: { a: { image: 'x:1', volumes: ['data:/d'] } }\nvolumes: { data: { labels: { a: b } } }",
        Container("/Mounts/0/VolumeOptions/Labels", r#"{"a":"b","com.docker.stack.namespace":"sw-rows"}"#),
    ),
    (
        "secrets.*.name",
        "services: { a: { image: 'x:1', secrets: [s] } }\nsecrets: { s: { file: ./s, name: n } }",
        Container("/Secrets/0/SecretName", r#""n""#),
    ),
    (
        "secrets.*.file",
        "services: { a: { image: 'x:1', secrets: [s] } }\nsecrets: { s: { file: ./s } }",
        Object("secrets", 0, "/Data", r#""(hidden)""#),
    ),
    (
        "secrets.*.file",
        "services: { a: { image: 'x:1', secrets: [s] } }\nsecrets: { s: { file: ./absent } }",
        Refused("secrets"),
    ),
    (
        "secrets.*.environment",
        "services: { a: { image: 'x:1', secrets: [s] } }\nsecrets: { s: { environment: LC_ALL } }",
        Object("secrets", 0, "/Data", r#""(hidden)""#),
    ),
    (
        "secrets.*.external",
        "services: { a: { image: 'x:1', secrets: [s] } }\nsecrets: { s: { external: true, name: there } }",
        Container("/Secrets/0/SecretName", r#""there""#),
    ),
    (
        "secrets.*.labels",
        "services: { a: { image: 'x:1', secrets: [s] } }\nsecrets: { s: { file: ./s, labels: { a: b } } }",
        Object("secrets", 0, "/Labels", r#"{"a":"b","com.docker.stack.namespace":"sw-rows"}"#),
    ),
    (
        "secrets.*.driver",
        "services: { a: { image: 'x:1', secrets: [s] } }\nsecrets: { s: { file: ./s, driver: vault } }",
        Refused("secrets.driver"),
    ),
    (
        "secrets.*.driver_opts",
        "services: { a: { image: 'x:1', secrets: [s] } }\nsecrets: { s: { file: ./s, driver: vault, driver_opts: { a: b } } }",
        Refused("secrets.driver_opts"),
    ),
    (
        "secrets.*.template_driver",
        "services: { a: { image: 'x:1', secrets: [s] } }\nsecrets: { s: { file: ./s, template_driver: golang } }",
        Object("secrets", 0, "/Templating", r#"{"Name":"golang"}"#),
    ),
    (
        "configs.*.name",
        "services: { a: { image: 'x:1', configs: [s] } }\nconfigs: { s: { file: ./s, name: n } }",
        Container("/Configs/0/ConfigName", r#""n""#),
    ),
    (
        "configs.*.file",
        "services: { a: { image: 'x:1', configs: [s] } }\nconfigs: { s: { file: ./s } }",
        Object("configs", 0, "/Data", r#""Y29udGVudAo=""#),
    ),
    (
        "configs.*.file",
        "services: { a: { image: 'x:1', configs: [s] } }\nconfigs: { s: { file: ./absent } }",
        Refused("configs"),
    ),
    (
        "configs.*.environment",
        "services: { a: { image: 'x:1', configs: [s] } }\nconfigs: { s: { environment: LC_ALL } }",
        Object("configs", 0, "/Data", r#""Qy5VVEYtOA==""#),
    ),
    (
        "configs.*.content",
        "services: { a: { image: 'x:1', configs: [s] } }\nconfigs: { s: { content: hi } }",
        Object("configs", 0, "/Data", r#""aGk=""#),
    ),
    (
        "configs.*.external",
        "services: { a: { image: 'x:1', configs: [s] } }\nconfigs: { s: { external: true, name: there } }",
        Container("/Configs/0/ConfigName", r#""there""#),
    ),
    (
        "configs.*.labels",
        "services: { a: { image: 'x:1', configs: [s] } }\nconfigs: { s: { file: ./s, labels: { a: b } } }",
        Object("configs", 0, "/Labels", r#"{"a":"b","com.docker.stack.namespace":"sw-rows"}"#),
    ),
    (
        "configs.*.template_driver",
        "services: { a: { image: 'x:1', configs: [s] } }\nconfigs: { s: { file: ./s, template_driver: golang } }",
        Object("configs", 0, "/Templating", r#"{"Name":"golang"}"#),
    ),
    (
        "models",
        "services: { a: { image: 'x:1', models: [m] } }\nmodels: { m: { model: ai/x } }",
        Refused("models"),
    ),
];

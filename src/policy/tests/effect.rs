//! Mandatory overlays whose keys keep their values and lose their effect.

use crate::diagnostic::Code;
use crate::policy::fixture::{Fixture, Outcome};

const BASE: &str = "services:\n  a: {image: x}\n  b: {image: x}\n";

fn judged(base: &str, overlay: &str, later: &str) -> Outcome {
    Fixture::new(base)
        .with("o.yaml", &format!("{overlay}\n...\n"))
        .file("later.yaml", later)
        .policy("posture: observe\noverlays: [{file: o.yaml}]\n")
        .run()
}

/// What an overlay demands of a service, and what a later file writes beside it.
const OF_A_SERVICE: &[(&str, &str)] = &[
    ("healthcheck: {test: [CMD, \"true\"]}", "healthcheck: {disable: true}"),
    ("healthcheck: {test: [CMD, \"true\"]}", "healthcheck: {interval: 24h}"),
    ("healthcheck: {test: [CMD, \"true\"]}", "healthcheck: {retries: 100000}"),
    ("healthcheck: {test: [CMD, \"true\"]}", "healthcheck: {start_period: 500h}"),
    ("cap_drop: [ALL]", "privileged: true"),
    ("cap_drop: [ALL]", "cap_add: [NET_RAW]"),
    ("cap_drop: [NET_RAW]", "cap_add: [cap_net_raw]"),
    ("cap_drop: [NET_RAW]", "cap_add: [all]"),
    ("read_only: true", "privileged: true"),
    ("ulimits: {nproc: 9}", "privileged: true"),
    ("ulimits: {nproc: 9}", "cap_add: [SYS_RESOURCE]"),
    ("user: \"9:9\"", "post_start: [{command: [x], user: root}]"),
    ("user: \"9:9\"", "post_start: [{command: [x], privileged: true}]"),
    ("user: \"9:9\"", "pre_stop: [{command: [x], user: \"0\"}]"),
    ("user: \"9:9\"", "group_add: [\"0\"]"),
    ("mem_limit: 64m", "memswap_limit: -1"),
    ("mem_limit: 64m", "oom_kill_disable: true"),
    ("deploy: {resources: {limits: {memory: 64m}}}", "memswap_limit: -1"),
    ("oom_score_adj: 9", "oom_kill_disable: true"),
    ("cpu_quota: 1000", "cpu_period: 1000"),
    ("shm_size: 64m", "ipc: host"),
    ("shm_size: 64m", "ipc: \"service:b\""),
    ("shm_size: 64m", "volumes: [\"/dev/shm:/dev/shm\"]"),
    ("sysctls: {net.core.somaxconn: 9}", "network_mode: \"service:b\""),
    ("init: true", "pid: host"),
    ("init: true", "pid: \"service:b\""),
    ("restart: \"no\"", "deploy: {restart_policy: {condition: any}}"),
    ("restart: always", "deploy: {restart_policy: {condition: none}}"),
    ("restart: \"on-failure:3\"", "deploy: {restart_policy: {condition: on-failure}}"),
    ("dns: [1.1.1.1]", "volumes: [\"./r:/etc/resolv.conf\"]"),
    ("dns_search: [x.y]", "volumes: [\"./r:/etc/../etc/resolv.conf:ro\"]"),
    ("hostname: h", "volumes: [\"./r:/etc/hostname\"]"),
    ("extra_hosts: {db: 10.0.0.1}", "volumes: [\"./r:/etc/hosts\"]"),
    ("command: [x]", "entrypoint: [y]"),
    ("image: x@sha256:0123456789012345678901234567890123456789012345678901234567890123", "build: ."),
    ("volumes: [\"./d:/d\"]", "volumes: [\"./e:/d/e\"]"),
    ("volumes: [\"./d:/d\"]", "tmpfs: [/d/e]"),
    ("volumes: [\"./d:/d\"]", "volumes: [/d/../d/e]"),
    ("tmpfs: [\"/t:size=1m,noexec\"]", "volumes: [/t/e]"),
    ("environment: {HTTPS_PROXY: \"http://p\"}", "environment: {NO_PROXY: \"*\"}"),
    ("environment: {HTTPS_PROXY: \"http://p\"}", "environment: {https_proxy: \"http://q\"}"),
    ("entrypoint: [sh, -c]", "command: [evil]"),
    ("entrypoint: [/bin/busybox, sh]", "command: [-c, evil]"),
    ("command: [./run]", "working_dir: /tmp"),
    ("command: [run]", "environment: {PATH: /tmp}"),
    ("entrypoint: [bash, /x]", "environment: {BASH_ENV: /tmp/x}"),
    ("command: [node, x]", "environment: {NODE_OPTIONS: \"--require /x\"}"),
    ("command: [/app/run]", "volumes: [\"./d:/app\"]"),
    ("entrypoint: [/app/run]", "volumes: [\"./d:/app/run\"]"),
    ("working_dir: /app", "volumes: [\"./d:/app\"]"),
    ("stop_grace_period: 60s", "stop_signal: SIGKILL"),
    ("stop_grace_period: 60s", "stop_signal: \"9\""),
    ("stop_signal: SIGTERM", "stop_grace_period: 0s"),
    ("post_start: [{command: [x]}]", "restart: always"),
    ("image: x, profiles: [debug]", "profiles: [debug, other]"),
    ("dns_opt: [\"timeout:1\"]", "dns_opt: [\"timeout:9\"]"),
    ("runtime: runsc", "annotations: {dev.gvisor.x: y}"),
    ("runtime: runsc", "privileged: true"),
    ("ports: [\"127.0.0.1:80:80\"]", "network_mode: host"),
    ("ports: [\"127.0.0.1:80:80\"]", "ports: [\"81:80\"]"),
    ("ports: [\"127.0.0.1:80:80\"]", "ports: [\"10.0.0.1:80:80\"]"),
    ("mem_limit: 64m", "memswap_limit: 1g"),
    ("mem_limit: 64m", "cgroup_parent: /x"),
    ("pids_limit: 9", "cgroup: host"),
    ("memswap_limit: 64m, mem_limit: 64m", "mem_swappiness: 100"),
    ("cpu_period: 1000", "cpu_quota: 1000000"),
    ("cpu_rt_period: 1000", "cpu_rt_runtime: 900"),
    ("read_only: true", "tmpfs: [/usr]"),
    ("read_only: true", "volumes: [/bin]"),
    ("read_only: true, working_dir: /app", "volumes: [\"./d:/app\"]"),
    ("volumes: [\"./d:/d:ro\"]", "volumes: [\"./d:/e\"]"),
    ("volumes: [\"./d/x:/d:ro\"]", "volumes: [\"./d:/e\"]"),
    ("volumes: [\"./d:/d\"]", "develop: {watch: [{action: sync, path: ./s, target: /d/s}]}"),
    ("volumes: [\"./d:/d\"]", "volumes_from: [\"container:x\"]"),
    ("build: {context: ., target: safe}", "build: {args: {BASE: evil}}"),
    ("build: {context: ., target: safe}", "build: {additional_contexts: {base: /x}}"),
];

/// Whole documents.
const OF_A_PROJECT: &[(&str, &str)] = &[
    ("networks: {default: {internal: true}}", "networks: {default: {external: true, name: theirs}}"),
    ("networks: {default: {internal: true}}", "networks: {default: {name: theirs}}"),
    ("networks: {default: {internal: true}}", "networks: {default: {driver: macvlan}}"),
    (
        "networks: {default: {internal: true}}",
        "networks: {default: {driver_opts: {com.docker.network.bridge.name: br0}}}",
    ),
    (
        "networks: {default: {enable_ipv6: false}}",
        "networks: {default: {ipam: {config: [{subnet: \"fd00::/64\"}]}}}",
    ),
    ("volumes: {v: {labels: {a: b}}}", "volumes: {v: {name: theirs}}"),
    ("volumes: {v: {labels: {a: b}}}", "volumes: {v: {driver_opts: {type: none, o: bind, device: /srv}}}"),
    ("services: {g: {image: g}}", "services: {g: {scale: 0}}"),
    ("services: {g: {image: g}}", "services: {g: {deploy: {replicas: 0}}}"),
    ("services: {guard: {image: g}}", "services: {a: {container_name: guard}}"),
    ("services: {g: {image: g}}", "services: {a: {networks: {default: {aliases: [g]}}}}"),
    ("services: {g: {image: g}}", "services: {a: {links: [\"b:g\"]}}"),
    ("services: {g: {image: g}}", "services: {a: {extra_hosts: {g: 10.0.0.1}}}"),
    ("services: {a: {depends_on: {b: {condition: service_healthy}}}}", "services: {b: {scale: 0}}"),
    (
        "services: {a: {depends_on: {b: {condition: service_healthy}}}}",
        "services: {b: {healthcheck: {test: [CMD, \"true\"]}}}",
    ),
    ("networks: {default: {internal: true}}", "services: {a: {network_mode: bridge}}"),
    (
        "networks: {default: {internal: true}}",
        "services: {a: {networks: {default: , out: }}}\nnetworks: {out: }",
    ),
    ("services: {a: {volumes: [\"./d:/d:ro\"]}}", "services: {b: {volumes: [\"./d:/e\"]}}"),
    (
        "services: {a: {volumes: [\"data:/vol:ro\"]}}\nvolumes: {data: }",
        "services: {b: {volumes: [\"data:/vol\"]}}",
    ),
    ("services: {a: {pid: private}}", "services: {b: {pid: \"service:a\"}}"),
    ("services: {a: {ipc: private}}", "services: {b: {ipc: \"service:a\"}}"),
    (
        "services: {a: {networks: {n: {aliases: [db]}}}}\nnetworks: {n: }",
        "services: {b: {networks: {n: {aliases: [db]}}}}",
    ),
    (
        "services: {a: {networks: {n: {ipv4_address: 10.9.0.9}}}}\nnetworks: {n: }",
        "services: {b: {networks: {n: {ipv4_address: 10.9.0.9}}}}",
    ),
    (
        "services: {a: {networks: {n: {mac_address: \"02:42:ac:11:65:43\"}}}}\nnetworks: {n: }",
        "services: {a: {mac_address: \"02:42:ac:11:65:44\"}}",
    ),
    ("services: {a: {image: \"x:1\"}}", "services: {b: {image: \"x:1\", build: .}}"),
    ("services: {a: {image: y}}", "services: {b: {build: {context: ., tags: [\"y:latest\"]}}}"),
    (
        "services: {a: {volumes: [\"./d:/d\"]}}",
        "services: {a: {volumes_from: [b]}, b: {volumes: [\"./e:/d/e\"]}}",
    ),
    (
        "services: {a: {configs: [{source: c, target: /c}]}}\nconfigs: {c: {file: ./c}}",
        "services: {a: {volumes: [\"./d:/c\"]}}",
    ),
    (
        "services: {a: {configs: [{source: c, target: c}]}}\nconfigs: {c: {file: ./c}}",
        "services: {a: {secrets: [{source: s, target: /c}]}}\nsecrets: {s: {file: ./s}}",
    ),
    (
        "services: {a: {configs: [{source: c, target: /t/c}]}}\nconfigs: {c: {content: x}}",
        "services: {a: {tmpfs: [/t]}}",
    ),
    (
        "services: {a: {secrets: [s]}}\nsecrets: {s: {file: ./s}}",
        "services: {a: {volumes: [\"./d:/run/secrets/s\"]}}",
    ),
];

fn of_a_service(fields: &str) -> String {
    format!("services: {{a: {{{fields}}}}}")
}

#[test]
fn a_key_that_takes_the_effect_away_is_refused_with_both_places() {
    let services = OF_A_SERVICE.iter().map(|(overlay, later)| (of_a_service(overlay), of_a_service(later)));
    let projects = OF_A_PROJECT.iter().map(|(overlay, later)| ((*overlay).to_owned(), (*later).to_owned()));
    let mut failures = Vec::new();
    for (overlay, later) in services.chain(projects) {
        let outcome = judged(BASE, &overlay, &later);
        let text = outcome.text();
        let places = outcome.places(Code::AssertionUndone).len();
        if places != 2 || !text.contains("takes its effect away") || !text.contains("later.yaml") {
            failures.push(format!("{overlay}\n{later}\n{places} places\n{text}"));
        }
        // The control: the overlay alone, with what the later file needs besides.
        let outcome = judged(BASE, &overlay, "services: {}\n");
        if outcome.codes().contains(&Code::AssertionUndone) {
            failures.push(format!("{overlay} alone\n{}", outcome.text()));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

#[test]
fn what_cancels_a_demand_is_refused_in_the_base_and_taken_from_the_overlay_itself() {
    for (overlay, other) in [
        ("healthcheck: {test: [CMD, \"true\"]}", "healthcheck: {disable: true}"),
        ("mem_limit: 64m", "memswap_limit: -1"),
        ("read_only: true", "privileged: true"),
        ("restart: \"no\"", "deploy: {restart_policy: {condition: any}}"),
    ] {
        let base = format!("services:\n  a: {{image: x, {other}}}\n");
        let outcome = judged(&base, &of_a_service(overlay), "services: {}\n");
        assert!(outcome.codes().contains(&Code::AssertionUndone), "{overlay} {other}\n{}", outcome.text());
        if !overlay.starts_with("healthcheck") {
            judged(BASE, &of_a_service(&format!("{overlay}, {other}")), "services: {}\n").assert_passes();
        }
    }
}

#[test]
fn a_key_that_leaves_the_effect_is_taken() {
    for (overlay, later) in [
        ("networks: {default: {internal: true}}", "networks: {default: {external: false}}"),
        (
            "networks: {default: {internal: true}}",
            "networks: {default: {labels: {a: b}}, n: {internal: true}}",
        ),
        (
            "networks: {default: {internal: true}}",
            "networks: {default: {driver_opts: {com.docker.network.driver.mtu: \"1400\"}}}",
        ),
        (
            "services: {a: {healthcheck: {test: [CMD, x]}}}",
            "services: {a: {healthcheck: {interval: 90s, retries: 5}}}",
        ),
        ("services: {a: {healthcheck: {disable: true}}}", "services: {a: {command: [x]}}"),
        ("services: {g: {image: g}}", "services: {g: {scale: 2}}"),
        ("services: {g: {image: g}}", "services: {a: {links: [\"g:h\"], extra_hosts: {h: 10.0.0.1}}}"),
        ("services: {a: {image: \"x:1\"}}", "services: {a: {scale: 0}, b: {container_name: own}}"),
        ("services: {a: {labels: {g: x}}}", "services: {a: {scale: 0, profiles: [p]}}"),
        ("services: {g: {image: g, scale: 0}}", "services: {a: {command: [x]}}"),
        ("services: {a: {cap_drop: [ALL]}}", "services: {a: {privileged: false}}"),
        ("services: {a: {cap_drop: [NET_RAW]}}", "services: {a: {cap_add: [CHOWN]}}"),
        ("services: {a: {mem_limit: 64m}}", "services: {a: {memswap_limit: 64m, cpus: 2}}"),
        ("services: {a: {shm_size: 64m}}", "services: {a: {ipc: private, volumes: [\"./x:/dev/shmx\"]}}"),
        ("services: {a: {restart: always}}", "services: {a: {deploy: {restart_policy: {condition: any}}}}"),
        (
            "services: {a: {user: \"9:9\"}}",
            "services: {a: {post_start: [{command: [x]}], group_add: [\"9\"]}}",
        ),
        ("services: {a: {volumes: [\"./d:/d\"]}}", "services: {a: {volumes: [\"./e:/de\", \"./f:/e\"]}}"),
        ("services: {a: {tmpfs: [/t]}}", "services: {a: {volumes: [\"./e:/t/e\"]}}"),
        (
            "services: {a: {configs: [{source: c, target: /d/c}]}}\nconfigs: {c: {file: ./c}}",
            "services: {a: {volumes: [\"./d:/d\"], configs: [{source: e, target: /d/e}]}}\nconfigs: {e: {file: ./e}}",
        ),
        (
            "services: {a: {environment: {HTTP_PROXY: p}}}",
            "services: {a: {environment: {NO_PROXY: localhost}}}",
        ),
        (
            "services: {a: {dns: [1.1.1.1]}}",
            "services: {a: {volumes: [\"./r:/etc/resolv.conf.d\"], dns: [9.9.9.9]}}",
        ),
        ("services: {a: {dns: [1.1.1.1], hostname: h}}", "services: {a: {volumes: [\"./r:/etc/app\"]}}"),
        ("services: {a: {entrypoint: [/x/run]}}", "services: {a: {command: [a, b]}}"),
        ("services: {a: {entrypoint: [sh, /x/run]}}", "services: {a: {command: [a, b]}}"),
        (
            "services: {a: {command: [/app/run]}}",
            "services: {a: {volumes: [\"./d:/app/data\"], environment: {A: b}}}",
        ),
        ("services: {a: {stop_grace_period: 60s}}", "services: {a: {stop_signal: SIGTERM}}"),
        ("services: {a: {stop_signal: SIGTERM}}", "services: {a: {stop_grace_period: 5s}}"),
        ("services: {a: {dns_opt: [\"timeout:1\"]}}", "services: {a: {dns_opt: [\"attempts:2\"]}}"),
        (
            "services: {a: {ports: [\"127.0.0.1:80:80\"]}}",
            "services: {a: {ports: [\"127.0.0.1:81:80\", \"9:9\"]}}",
        ),
        (
            "services: {a: {read_only: true}}",
            "services: {a: {tmpfs: [/tmp], volumes: [\"vol:/data\"]}}\nvolumes: {vol: }",
        ),
        (
            "services: {a: {volumes: [\"./d:/d:ro\"]}}",
            "services: {a: {volumes: [\"./d2:/e\"]}, b: {volumes: [\"./d:/d:ro\"]}}",
        ),
        (
            "services: {a: {volumes: [\"./d:/d\"]}}",
            "services: {a: {develop: {watch: [{action: sync, path: ./s, target: /s}]}}}",
        ),
        (
            "services: {a: {depends_on: {b: {condition: service_started}}}}",
            "services: {b: {healthcheck: {test: [CMD, x]}}}",
        ),
        ("services: {a: {image: \"x:1\"}}", "services: {b: {image: \"x:2\", build: .}}"),
        ("services: {a: {mem_limit: 64m}}", "services: {a: {memswap_limit: 128m}}"),
        ("services: {a: {pid: private}}", "services: {b: {pid: private}}"),
    ] {
        judged(BASE, overlay, later).assert_passes();
    }
    // A base that is right as it is.
    for (base, overlay) in [
        ("cap_add: [CHOWN]", "cap_drop: [ALL]"),
        ("build: .", "image: \"x:1\""),
        ("entrypoint: [y]", "command: [x]"),
        ("profiles: [debug]", "image: \"x:1\""),
    ] {
        let base = format!("services:\n  a: {{image: x, {base}}}\n");
        judged(&base, &of_a_service(overlay), "services: {}\n").assert_passes();
    }
}

#[test]
fn what_counts_more_than_a_demanded_file_of_variables_is_refused() {
    let judge = |key: &str, later: &str| {
        Fixture::new(BASE)
            .with("o.yaml", &format!("services: {{a: {{{key}: [own.env]}}}}\n...\n"))
            .with("own.env", "A=1\nB=2\n")
            .with("other.env", "B=3\n")
            .with("apart.env", "C=3\n")
            .file("later.yaml", &of_a_service(later))
            .policy("posture: observe\noverlays: [{file: o.yaml}]\n")
            .run()
    };
    for (key, later) in [
        ("env_file", "environment: {A: x}"),
        ("env_file", "env_file: [other.env]"),
        ("label_file", "labels: {A: x}"),
        ("label_file", "label_file: [other.env]"),
    ] {
        let outcome = judge(key, later);
        assert_eq!(outcome.places(Code::AssertionUndone).len(), 2, "{key} {later}\n{}", outcome.text());
        assert!(outcome.text().contains("takes its effect away"), "{}", outcome.text());
    }
    for (key, later) in [
        ("env_file", "environment: {C: x}"),
        ("env_file", "env_file: [apart.env]"),
        ("label_file", "labels: {C: x}"),
        ("label_file", "label_file: [apart.env]"),
    ] {
        judge(key, later).assert_passes();
    }
}

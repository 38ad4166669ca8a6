//! Edits of the example project, each with the class that a reviewer gives it.

use super::agent_pod;
use super::project::Project;

const WEAKENS: &str = "weakens";
const OWNERSHIP: &str = "ownership";
const FUNCTIONAL: &str = "functional";
const STRENGTHENS: &str = "strengthens";
const COSMETIC: &str = "cosmetic";
/// Nothing that a snapshot holds is different.
const SAME: &str = "same";

const BASE: &str = "compose.yaml";
const POLICY: &str = "seaworthy.yaml";
const LIMITS: &str = "ops/limits.yaml";
const EGRESS: &str = "ops/egress.yaml";

/// One text replaced by another in one file.
struct Edit {
    class: &'static str,
    file: &'static str,
    from: &'static str,
    to: &'static str,
    /// The place that has to be named with that class.
    place: &'static str,
}

const fn edit(
    class: &'static str,
    file: &'static str,
    from: &'static str,
    to: &'static str,
    place: &'static str,
) -> Edit {
    Edit { class, file, from, to, place }
}

/// A new last file that says this of the agent.
const fn later(class: &'static str, to: &'static str, place: &'static str) -> Edit {
    Edit { class, file: "compose.override.yaml", from: "", to, place }
}

/// What stands before the agent's keys.
const AGENT: &str = "  agent:\n    image: sw-node\n";
const STORE: &str = "  store:\n    image: sw-node\n";

const EDITS: &[Edit] = &[
    // Of the base file: what takes confinement away.
    edit(
        WEAKENS,
        BASE,
        AGENT,
        "  agent:\n    image: sw-node\n    privileged: true\n",
        "services.agent.privileged",
    ),
    edit(
        WEAKENS,
        BASE,
        AGENT,
        "  agent:\n    image: sw-node\n    privileged: ${PRIVILEGED:-false}\n",
        "services.agent.privileged",
    ),
    edit(
        WEAKENS,
        BASE,
        AGENT,
        "  agent:\n    image: sw-node\n    cap_add: [net_admin]\n",
        "services.agent.cap_add",
    ),
    edit(WEAKENS, BASE, AGENT, "  agent:\n    image: sw-node\n    pid: host\n", "services.agent.pid"),
    edit(WEAKENS, BASE, AGENT, "  agent:\n    image: sw-node\n    ipc: shareable\n", "services.agent.ipc"),
    edit(
        WEAKENS,
        BASE,
        AGENT,
        "  agent:\n    image: sw-node\n    userns_mode: host\n",
        "services.agent.userns_mode",
    ),
    edit(
        WEAKENS,
        BASE,
        AGENT,
        "  agent:\n    image: sw-node\n    network_mode: host\n",
        "services.agent.network_mode",
    ),
    edit(
        WEAKENS,
        BASE,
        AGENT,
        "  agent:\n    image: sw-node\n    security_opt: [seccomp=unconfined]\n",
        "services.agent.security_opt",
    ),
    edit(
        WEAKENS,
        BASE,
        AGENT,
        "  agent:\n    image: sw-node\n    devices: [/dev/kvm]\n",
        "services.agent.devices",
    ),
    edit(
        WEAKENS,
        BASE,
        AGENT,
        "  agent:\n    image: sw-node\n    group_add: [docker]\n",
        "services.agent.group_add",
    ),
    edit(WEAKENS, BASE, AGENT, "  agent:\n    image: sw-node\n    user: root\n", "users.agent"),
    edit(
        WEAKENS,
        BASE,
        AGENT,
        "  agent:\n    image: sw-node\n    oom_score_adj: -500\n",
        "services.agent.oom_score_adj",
    ),
    edit(
        WEAKENS,
        BASE,
        AGENT,
        "  agent:\n    image: sw-node\n    logging: {driver: none}\n",
        "services.agent.logging",
    ),
    edit(
        WEAKENS,
        BASE,
        AGENT,
        "  agent:\n    image: sw-node\n    tmpfs: [\"/tmp:exec\"]\n",
        "services.agent.tmpfs",
    ),
    edit(
        WEAKENS,
        BASE,
        AGENT,
        "  agent:\n    image: sw-node\n    sysctls: {net.ipv4.ip_forward: 1}\n",
        "services.agent.sysctls",
    ),
    edit(
        WEAKENS,
        BASE,
        AGENT,
        "  agent:\n    image: sw-node\n    runtime: other\n",
        "services.agent.runtime",
    ),
    edit(
        WEAKENS,
        BASE,
        AGENT,
        "  agent:\n    image: sw-node\n    use_api_socket: true\n",
        "services.agent.use_api_socket",
    ),
    edit(
        WEAKENS,
        BASE,
        AGENT,
        "  agent:\n    image: sw-node\n    ports: [\"8080:80\"]\n",
        "services.agent.ports",
    ),
    edit(
        WEAKENS,
        BASE,
        AGENT,
        "  agent:\n    image: sw-node\n    ports: [\"${PORT:-8080}:80\"]\n",
        "services.agent.ports",
    ),
    edit(
        WEAKENS,
        BASE,
        AGENT,
        "  agent:\n    image: sw-node\n    post_start: [{command: [id], user: root}]\n",
        "services.agent.post_start",
    ),
    edit(
        WEAKENS,
        BASE,
        "      - ./state/agent:/state\n",
        "      - ./state/agent:/state\n      - /var/run/docker.sock:/run/docker.sock\n",
        "services.agent.volumes./run/docker.sock",
    ),
    edit(
        WEAKENS,
        BASE,
        "      - ./state/agent:/state\n",
        "      - ./state/agent:/state\n      - /etc:/host-etc:ro\n",
        "services.agent.volumes./host-etc",
    ),
    edit(
        WEAKENS,
        BASE,
        "      - ./state/agent:/state\n",
        "      - .:/state\n",
        "services.agent.volumes./state",
    ),
    edit(
        WEAKENS,
        BASE,
        "      - ./state/agent:/state\n",
        "      - ~/.ssh:/state\n",
        "services.agent.volumes./state",
    ),
    edit(WEAKENS, BASE, "/etc/agent.json:ro", "/etc/agent.json", "services.agent.volumes./etc/agent.json"),
    edit(
        WEAKENS,
        BASE,
        STORE,
        "  evil:\n    image: sw-node\n    volumes: [\"/:/host\"]\n  store:\n    image: sw-node\n",
        "services.evil",
    ),
    // Of a file that comes last.
    later(WEAKENS, "cap_drop: !reset []", "services.agent.cap_drop"),
    later(WEAKENS, "cap_drop: !override [MKNOD]", "services.agent.cap_drop.ALL"),
    later(WEAKENS, "security_opt: [\"no-new-privileges:false\"]", "services.agent.security_opt"),
    later(WEAKENS, "security_opt: !override []", "services.agent.security_opt"),
    later(WEAKENS, "pids_limit: -1", "services.agent.pids_limit"),
    later(WEAKENS, "mem_limit: \"${MEM:-1g}\"", "services.agent.mem_limit"),
    later(WEAKENS, "network_mode: bridge, networks: !reset {}", "services.agent.network_mode"),
    later(WEAKENS, "extends: {file: other.yaml, service: loose}", "services.agent.privileged"),
    later(WEAKENS, "networks: [default, out]}}\nnetworks: {out: {", "services.agent.networks.out"),
    later(WEAKENS, "build: {context: ., privileged: true}", "services.agent.build"),
    later(
        WEAKENS,
        "deploy: {resources: {reservations: {devices: [{capabilities: [gpu]}]}}}",
        "services.agent.deploy",
    ),
    later(OWNERSHIP, "x-seaworthy: {user: \"1000:1000\"}", "users.agent.user"),
    later(FUNCTIONAL, "profiles: [night]", "services.agent.profiles"),
    later(FUNCTIONAL, "entrypoint: [tini]", "services.agent.entrypoint"),
    later(STRENGTHENS, "network_mode: none, networks: !reset {}", "services.agent.network_mode"),
    later(STRENGTHENS, "ipc: private, cap_drop: [SYS_CHROOT]", "services.agent.ipc"),
    // Of the policy and its overlays: what is no longer demanded.
    edit(WEAKENS, POLICY, "posture: hardened", "posture: observe", "policy.posture"),
    edit(WEAKENS, POLICY, "posture: hardened", "posture: baseline", "policy.posture"),
    edit(WEAKENS, POLICY, "  - file: ops/limits.yaml\n", "", "policy.overlays.ops/limits.yaml"),
    edit(WEAKENS, POLICY, "  - file: ops/egress.yaml\n", "", "networks.default.internal"),
    edit(WEAKENS, POLICY, "  roots: [state]", "  roots: [state, /srv]", "policy.binds.roots./srv"),
    edit(WEAKENS, POLICY, "  roots: [state]\n", "", "policy.binds.roots"),
    edit(WEAKENS, POLICY, "mode: \"0750\"", "mode: \"0777\"", "policy.binds.mode"),
    edit(
        WEAKENS,
        POLICY,
        "binds:\n",
        "waivers:\n  - {service: agent, rule: privileged, reason: needed}\nbinds:\n",
        "policy.waivers",
    ),
    edit(WEAKENS, POLICY, "    store: image", "    store: \"0:0\"", "users.store"),
    edit(WEAKENS, LIMITS, "256m", "512m", "services.agent.mem_limit"),
    edit(WEAKENS, LIMITS, "    mem_limit: 256m\n", "", "services.agent.mem_limit"),
    edit(WEAKENS, LIMITS, "pids_limit: 100", "pids_limit: ${PIDS:-1000}", "services.agent.pids_limit"),
    edit(WEAKENS, EGRESS, "internal: true", "internal: false", "networks.default.internal"),
    // Who writes, and whose it is.
    edit(OWNERSHIP, POLICY, "default: \"10001:10001\"", "default: \"10002:10002\"", "users.agent.user"),
    edit(OWNERSHIP, POLICY, "    store: image", "    store: \"1000:1000\"", "users.store.user"),
    edit(OWNERSHIP, POLICY, "default: \"10001:10001\"", "default: caller", "users.agent.user"),
    edit(
        OWNERSHIP,
        BASE,
        STORE,
        "  store:\n    image: sw-node\n    user: \"1000:1000\"\n",
        "users.store.user",
    ),
    // What runs.
    edit(FUNCTIONAL, BASE, AGENT, "  agent:\n    image: sw-node:2\n", "services.agent.image"),
    edit(
        FUNCTIONAL,
        BASE,
        "${STORE_PORT:-8080}\n",
        "${STORE_PORT:-9090}\n",
        "services.agent.environment.STORE_URL",
    ),
    edit(
        FUNCTIONAL,
        BASE,
        "      STORE_URL",
        "      DEBUG: \"1\"\n      STORE_URL",
        "services.agent.environment.DEBUG",
    ),
    edit(FUNCTIONAL, BASE, "sleep 86400", "sleep 3600", "services.agent.command"),
    edit(FUNCTIONAL, BASE, "    depends_on: [store]\n", "", "services.agent.depends_on"),
    edit(
        OWNERSHIP,
        BASE,
        "      - ./state/store:/data",
        "      - ./state/other:/data",
        "services.store.volumes./data",
    ),
    edit(
        FUNCTIONAL,
        BASE,
        "      - ./state/store:/data",
        "      - ./state/store:/data\n      - ./state/cache:/cache",
        "services.store.volumes./cache",
    ),
    edit(
        FUNCTIONAL,
        BASE,
        AGENT,
        "  agent:\n    image: sw-node\n    restart: unless-stopped\n",
        "services.agent.restart",
    ),
    edit(
        FUNCTIONAL,
        BASE,
        AGENT,
        "  agent:\n    image: sw-node\n    healthcheck: {test: [CMD, \"true\"]}\n",
        "services.agent.healthcheck",
    ),
    edit(
        FUNCTIONAL,
        BASE,
        AGENT,
        "  agent:\n    image: sw-node\n    labels: {traefik.enable: \"true\"}\n",
        "services.agent.labels",
    ),
    edit(
        FUNCTIONAL,
        BASE,
        STORE,
        "  second:\n    image: sw-node\n  store:\n    image: sw-node\n",
        "services.second",
    ),
    edit(FUNCTIONAL, BASE, "name: agent-pod", "name: other-pod", "name"),
    // What a container may no longer do.
    edit(
        STRENGTHENS,
        BASE,
        AGENT,
        "  agent:
    image: sw-node@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
",
        "services.agent.image",
    ),
    edit(
        WEAKENS,
        POLICY,
        "  - builtin: read-only
",
        "",
        "policy.overlays.builtin:read-only",
    ),
    edit(STRENGTHENS, BASE, AGENT, "  agent:\n    image: sw-node\n    cpus: 0.5\n", "services.agent.cpus"),
    edit(
        STRENGTHENS,
        BASE,
        "      - ./state/store:/data",
        "      - ./state/store:/data:ro",
        "services.store.volumes./data",
    ),
    edit(STRENGTHENS, LIMITS, "256m", "128m", "services.agent.mem_limit"),
    edit(STRENGTHENS, LIMITS, "pids_limit: 100", "pids_limit: 50", "services.agent.pids_limit"),
    edit(
        STRENGTHENS,
        POLICY,
        "overlays:\n",
        "overlays:\n  - builtin: limits\n",
        "policy.overlays.builtin:limits",
    ),
    edit(STRENGTHENS, POLICY, "mode: \"0750\"", "mode: \"0700\"", "policy.binds.mode"),
    edit(STRENGTHENS, POLICY, "posture: hardened", "posture: contained", "policy.posture"),
    // What nothing reads.
    edit(COSMETIC, BASE, "name: agent-pod", "name: agent-pod\nx-owner: team-a", "x-owner"),
    edit(
        COSMETIC,
        BASE,
        AGENT,
        "  agent:\n    x-note: reviewed\n    image: sw-node\n",
        "services.agent.x-note",
    ),
    edit(COSMETIC, "seaworthy.snapshot.yaml", "# What would run", "# Hello. What would run", ""),
    edit(SAME, BASE, "# An agent that keeps", "# An agent which keeps", ""),
    edit(SAME, BASE, "[httpd, -f,", "[\"httpd\",   '-f',", ""),
    edit(SAME, LIMITS, "256m", "0.25g", ""),
    edit(SAME, BASE, "./config/agent.json:", "./config/../config/agent.json:", ""),
    edit(SAME, POLICY, "# What must hold", "# What has to hold", ""),
];

#[test]
fn every_edit_is_in_the_class_that_a_reviewer_gives_it() {
    assert!(EDITS.len() >= 40);
    let project = agent_pod().file("other.yaml", "services: {loose: {privileged: true}}\n");
    project.run(["snapshot", "write"]).output();
    let mut wrong = String::new();
    for edit in EDITS {
        let (class, text) = apply(&project, edit);
        if class != edit.class {
            wrong.push_str(&format!(
                "{}: {:?} -> {:?}\n  {} expected, {class} found\n{text}\n",
                edit.file, edit.from, edit.to, edit.class
            ));
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

/// The class of an edit, as the JSON says it, checked against the exit status and the place.
fn apply(project: &Project, edit: &Edit) -> (String, String) {
    let path = project.path(edit.file);
    let before = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(before.contains(edit.from), "{}: {:?} is not there", edit.file, edit.from);
    let text = match edit.from {
        "" => format!("services: {{agent: {{{}}}}}\n", edit.to),
        from => before.replacen(from, edit.to, 1),
    };
    std::fs::write(&path, text).unwrap();
    let outcome = project.run(["snapshot", "check", "--format", "json"]);
    match edit.from {
        "" => std::fs::remove_file(&path).unwrap(),
        _ => std::fs::write(&path, before).unwrap(),
    }
    let shown = outcome.to_string();
    let Ok(report) = serde_json::from_str::<serde_json::Value>(&outcome.stdout) else {
        return ("nothing".to_owned(), shown);
    };
    let differences = report["differences"].as_array().unwrap();
    let class = report["class"].as_str().unwrap_or("same").to_owned();
    assert_eq!(outcome.status, i32::from(class != "same"), "{shown}");
    if class == edit.class && !edit.place.is_empty() {
        let named = differences.iter().any(|difference| {
            let place = difference["place"].as_str().unwrap();
            difference["class"] == edit.class && place.starts_with(edit.place)
        });
        let at_home = |difference: &&serde_json::Value| difference["cause"]["file"] == edit.file;
        // What is no longer written has no line of its own.
        let is_written = edit.to.len() >= edit.from.len();
        assert!(
            !is_written || differences.iter().any(|found| at_home(&found)),
            "nothing leads to {}
{shown}",
            edit.file
        );
        assert!(named, "{} is not named as {}\n{shown}", edit.place, edit.class);
        // Whoever reads it is led to the line that was edited, or to where something is missing now.
        assert!(differences.iter().all(|difference| difference["cause"]["line"].is_u64()), "{shown}");
    }
    (class, shown)
}

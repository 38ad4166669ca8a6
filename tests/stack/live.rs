//! Stacks on a real swarm of two nodes: what runs is what was verified.

use std::process::Command;

use crate::project::Project;
use crate::proxy::{Fault, Proxy};
use crate::swarm::{Stack, Swarm};

/// What a process of the task sees of itself.
const LOOK: &str = "id -u; id -g; grep -E '^(CapEff|CapBnd|NoNewPrivs|Seccomp):' /proc/self/status; \
                    stat -c '%a' /tmp /scratch; stat -c '%a %u:%g' /run/secrets/token; touch /x 2>&1";

/// Two tasks of an agent, one on each node; nothing of a node is mounted.
fn agents(swarm: &Swarm) -> Project {
    let compose = "services:\n  agent:\n    image: sw-node\n    command: [sh, -c, 'while :; do nc -l -p 7000 -e cat; done']\n    restart: always\n    \
        tmpfs: ['/scratch:mode=0700,size=1m']\n    secrets: [{ source: token, uid: '10001', gid: '10001', mode: 0400 }]\n    \
        deploy: { replicas: 2, endpoint_mode: dnsrr, placement: { max_replicas_per_node: 1 } }\nsecrets: { token: { file: ./token } }\n\
        networks: { default: { internal: true } }\n";
    let policy = "version: 1\nposture: hardened\nuser: { default: \"10001:10001\" }\noverlays: [{ builtin: read-only }, { builtin: limits }]\n\
        ...\n";
    let project = Project::new(compose).file("seaworthy.yaml", policy).file("token", "s3cret\n");
    swarm.runs(project)
}

#[track_caller]
fn is_as_verified(swarm: &Swarm, node: u8, service: &str) {
    let container = swarm.container(node, service);
    let seen = swarm.docker(node, &["exec", &container, "sh", "-c", &format!("{LOOK}; true")]);
    let lines: Vec<&str> = seen.lines().map(str::trim).collect();
    let wanted = [
        "10001",
        "10001",
        "CapEff:\t0000000000000000",
        "CapBnd:\t0000000000000000",
        "NoNewPrivs:\t1",
        "Seccomp:\t2",
        "1777",
        "700",
        "400 10001:10001",
        "touch: /x: Read-only file system",
    ];
    assert_eq!(lines, wanted, "node {node}: {seen}");
    let limits = swarm.docker(
        node,
        &[
            "inspect",
            "-f",
            "{{.HostConfig.PidsLimit}} {{.HostConfig.Memory}} {{.HostConfig.SecurityOpt}}",
            &container,
        ],
    );
    assert!(!limits.starts_with("<nil>") && limits.contains("no-new-privileges"), "{limits}");
}

#[test]
#[ignore = "needs a swarm"]
fn a_hardened_stack_is_spread_over_two_nodes_and_outlives_a_cut() {
    let swarm = Swarm::up();
    let stack = Stack::new(&swarm, "sw-agents");
    let project = agents(&swarm);
    let said = stack.deploy(&project, &[]).output();
    assert!(
        said.contains("1 service is as asked for; 1 of their tasks is on this node, as verified"),
        "{said}"
    );
    for node in [1, 2] {
        is_as_verified(&swarm, node, "sw-agents_agent");
    }
    // They reach one another by name, over a network without a way out.
    let other = swarm.container(2, "sw-agents_agent");
    let answer = swarm.docker(1, &["exec", &swarm.container(1, "sw-agents_agent"), "sh", "-c",
        "for ip in $(nslookup tasks.agent 2>/dev/null | awk '/^Address/ && !/127.0.0.11/ { print $NF }'); do echo $ip | nc -w 2 $ip 7000; done"]);
    assert_eq!(answer.lines().count(), 2, "{answer}");
    // Again: nothing changes.
    let again = stack.deploy(&project, &[]).output();
    assert!(again.contains("unchanged service sw-agents_agent"), "{again}");
    assert_eq!(project.run(["--compose-version", "5.5", "stack", "diff", "sw-agents"]).output(), "");

    let attested = project
        .run(["--compose-version", "5.5", "attest", "--stack", "sw-agents", "--format", "json"])
        .output();
    let report: serde_json::Value = serde_json::from_str(&attested).unwrap();
    assert_eq!(
        (&report["holds"], &report["containers"][0]["holds"]),
        (&true.into(), &true.into()),
        "{attested}"
    );
    let link = swarm.link(2);
    let set = |state: &str| {
        assert!(Command::new("ip").args(["link", "set", &link, state]).status().unwrap().success());
    };
    let state = || swarm.docker(1, &["node", "ls", "--format", "{{.Hostname}} {{.Status}}"]);
    set("down");
    swarm.until("node 2 is not missed", || state().contains("sw-node2 Down"));
    set("up");
    swarm.until("node 2 does not come back", || state().contains("sw-node2 Ready"));
    swarm.until("its task is not made anew", || {
        let now =
            swarm.docker(2, &["ps", "-q", "--filter", "label=com.docker.swarm.service.name=sw-agents_agent"]);
        now.lines().count() == 1 && !now.trim().starts_with(&other[..12])
            || swarm
                .docker(
                    1,
                    &["service", "ls", "--filter", "name=sw-agents_agent", "--format", "{{.Replicas}}"],
                )
                .starts_with("2/2")
    });
    is_as_verified(&swarm, 2, "sw-agents_agent");
    let after = stack.deploy(&project, &[]).output();
    assert!(after.contains("unchanged service sw-agents_agent"), "{after}");

    let removed = project.run(["stack", "rm", "sw-agents"]).output();
    for gone in ["service sw-agents_agent", "secret sw-agents_token", "network sw-agents_default"] {
        assert!(removed.contains(&format!("removed {gone}")), "{removed}");
    }
    let nothing = project.run(["stack", "rm", "sw-agents"]);
    assert_eq!(nothing.status, 78, "{nothing}");
}

/// The control: the same service by the client has privileges to gain, and memory that everybody may write.
#[test]
#[ignore = "needs a swarm"]
fn what_docker_stack_makes_of_the_same_project_is_weaker() {
    let swarm = Swarm::up();
    let stack = Stack::new(&swarm, "sw-weak");
    let project = agents(&swarm);
    let rendered = project.run(["--compose-version", "5.5", "stack", "config", "sw-weak"]);
    for lost in [
        "services.agent.security_opt is lost",
        "services.agent.tmpfs is lost: the client has a size alone, and not mode=0700",
    ] {
        assert!(rendered.stderr.contains(lost), "{lost}: {rendered}");
    }
    let text = rendered.output().replace("[DIR]", &project.path("").display().to_string());
    let project = project.file("stack.yaml", text);
    let path = project.path("stack.yaml").display().to_string();
    swarm.docker(
        1,
        &["stack", "deploy", "--detach=true", "--resolve-image", "never", "-c", &path, stack.name],
    );
    let container = swarm.container(1, "sw-weak_agent");
    let seen = swarm.docker(
        1,
        &["exec", &container, "sh", "-c", "grep NoNewPrivs /proc/self/status; stat -c %a /scratch"],
    );
    assert_eq!(seen, "NoNewPrivs:\t0\n1777\n");
    let attested = project.run(["--compose-version", "5.5", "attest", "--stack", "sw-weak"]);
    assert_eq!(attested.status, 1, "{attested}");
    for line in [
        "~ service sw-weak_agent",
        "(agent): weaker",
        "HostConfig.SecurityOpt: empty, not [no-new-privileges:true]",
        "tmpfs /scratch with size 1048576, mode 0",
        "the stack sw-weak is not as the model says",
    ] {
        assert!(attested.stdout.contains(line), "{line}: {attested}");
    }
    // It is seen, and put right.
    let differs = project.run(["--compose-version", "5.5", "stack", "diff", "sw-weak"]);
    assert_eq!(differs.status, 1, "{differs}");
    for line in [
        "~ service sw-weak_agent",
        "Privileges.NoNewPrivileges: nothing -> true",
        "TmpfsOptions.Mode: nothing -> 448",
    ] {
        assert!(differs.stdout.contains(line), "{line}: {differs}");
    }
    stack.deploy(&project, &[]).output();
    is_as_verified(&swarm, 1, "sw-weak_agent");
}

#[test]
#[ignore = "needs a swarm"]
fn the_example_runs_where_its_directories_are() {
    let swarm = Swarm::up();
    let stack = Stack::new(&swarm, "sw-pod");
    let example = |name: &str| {
        std::fs::read(format!("{}/examples/agent-pod/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
    };
    let mut project = Project::empty();
    for name in ["compose.yaml", "seaworthy.yaml", "config/agent.json", "ops/limits.yaml", "ops/egress.yaml"]
    {
        project = project.file(name, example(name));
    }
    let project = swarm.runs(project);
    let nowhere = stack.deploy(&project, &[]);
    assert_eq!(nowhere.status, 77, "{nowhere}");
    assert!(
        nowhere.stderr.contains(
            "services.agent.volumes cannot be enforced on Swarm: it may run on a node that does not have"
        ),
        "{nowhere}"
    );
    let placed = |node: &str| {
        format!(
            "services:\n  agent: &here {{ deploy: {{ placement: {{ constraints: [node.hostname == {node}] }} }}, restart: always }}\n  store: *here\n"
        )
    };
    let project = project.file("compose.override.yaml", placed("sw-node2"));
    let elsewhere = stack.deploy(&project, &[]);
    assert!(
        elsewhere.stderr.contains("it is on the node sw-node2, and what that node has is not known here"),
        "{elsewhere}"
    );
    let project =
        project.file("compose.override.yaml", placed(swarm.docker(1, &["info", "-f", "{{.Name}}"]).trim()));
    let said = stack.deploy(&project, &[]).output();
    assert!(
        said.contains("2 services are as asked for; 2 of their tasks are on this node, as verified"),
        "{said}"
    );
    let container = swarm.container(1, "sw-pod_agent");
    swarm.until("the agent writes nothing", || project.path("state/agent/journal").exists());
    assert_eq!(
        swarm.docker(1, &["exec", &container, "stat", "-c", "%u:%g %a", "/state"]),
        "10001:10001 750\n"
    );
    assert!(swarm.docker(1, &["exec", &container, "grep", "NoNewPrivs", "/proc/self/status"]).contains('1'));
}

#[test]
#[ignore = "needs a swarm"]
fn a_field_that_is_dropped_on_the_way_starts_no_task() {
    let swarm = Swarm::up();
    let stack = Stack::new(&swarm, "sw-dropped");
    let proxy = Proxy::new(swarm.socket(1), Fault::Drops);
    let project = Swarm::runs_at(agents(&swarm), &proxy.host());
    let outcome = stack.deploy(&project, &[]);
    assert_eq!(outcome.status, 77, "{outcome}");
    for said in [
        "error[live-posture]: the engine has the service sw-dropped_agent otherwise than it was asked for: \
         TaskTemplate.ContainerSpec.Privileges.NoNewPrivileges is nothing, not true",
        "What was made or changed was taken back.",
    ] {
        assert!(outcome.stderr.contains(said), "{said}: {outcome}");
    }
    for kind in ["service", "secret"] {
        let left =
            swarm.docker(1, &[kind, "ls", "-q", "--filter", "label=com.docker.stack.namespace=sw-dropped"]);
        assert_eq!(left, "");
    }
    let tasks = swarm.docker(1, &["ps", "-aq", "--filter", "name=sw-dropped"]);
    assert_eq!((tasks.as_str(), proxy.asked()), ("", 0));
}

#[test]
#[ignore = "needs a swarm"]
fn a_change_that_comes_to_something_else_is_taken_back() {
    let swarm = Swarm::up();
    let stack = Stack::new(&swarm, "sw-back");
    let project = agents(&swarm);
    stack.deploy(&project, &[]).output();
    let before = swarm.get("/services/sw-back_agent")["Spec"].clone();
    let compose =
        project.read("compose.yaml").replace("restart: always", "restart: always\n    hostname: other");
    let project = project.file("compose.yaml", compose);
    let proxy = Proxy::new(swarm.socket(1), Fault::DropsLater);
    let project = Swarm::runs_at(project, &proxy.host());
    let outcome = stack.deploy(&project, &[]);
    assert_eq!(outcome.status, 77, "{outcome}");
    assert!(outcome.stderr.contains("NoNewPrivileges is nothing, not true"), "{outcome}");
    assert!(outcome.stderr.contains("What was made or changed was taken back."), "{outcome}");
    assert_eq!(swarm.get("/services/sw-back_agent")["Spec"], before);
    swarm.until("it does not run as before", || {
        swarm
            .docker(1, &["service", "ls", "--filter", "name=sw-back_agent", "--format", "{{.Replicas}}"])
            .starts_with("2/2")
    });
    is_as_verified(&swarm, 1, "sw-back_agent");
}

#[test]
#[ignore = "needs a swarm"]
fn a_task_that_is_weaker_than_its_service_is_taken_away() {
    let swarm = Swarm::up();
    let stack = Stack::new(&swarm, "sw-runs");
    let proxy = Proxy::new(swarm.socket(1), Fault::Runs);
    let project = Swarm::runs_at(agents(&swarm), &proxy.host());
    let outcome = stack.deploy(&project, &[]);
    assert_eq!(outcome.status, 77, "{outcome}");
    assert!(
        outcome.stderr.contains(
            "is weaker than the verified model: HostConfig.SecurityOpt is empty, not [no-new-privileges:true]"
        ),
        "{outcome}"
    );
    let left =
        swarm.docker(1, &["service", "ls", "-q", "--filter", "label=com.docker.stack.namespace=sw-runs"]);
    assert_eq!(left, "");
}

#[test]
#[ignore = "needs a swarm"]
fn secrets_stay_as_they_are_and_change_by_name() {
    let swarm = Swarm::up();
    let stack = Stack::new(&swarm, "sw-secret");
    let project = agents(&swarm);
    stack.deploy(&project, &["--detach"]).output();
    let project = project.file("token", "another\n");
    let outcome = stack.deploy(&project, &["--detach"]);
    assert_eq!(outcome.status, 78, "{outcome}");
    for said in [
        "error[stack-content]: the secret sw-secret_token is in the swarm with another content",
        "secrets: { token: { name: sw-secret_token-2, … } }",
    ] {
        assert!(outcome.stderr.contains(said), "{said}: {outcome}");
    }
    let compose =
        project.read("compose.yaml").replace("file: ./token", "file: ./token, name: sw-secret_token-2");
    let project = project.file("compose.yaml", compose);
    let kept = stack.deploy(&project, &[]).output();
    assert!(
        kept.contains("created secret sw-secret_token-2\n") && kept.contains("updated service"),
        "{kept}"
    );
    let differs = project.run(["--compose-version", "5.5", "stack", "diff", "sw-secret"]);
    assert_eq!(differs.stdout, "- secret sw-secret_token (removed with --prune)\n", "{differs}");
    let pruned = stack.deploy(&project, &["--prune"]).output();
    assert!(pruned.contains("removed secret sw-secret_token\n"), "{pruned}");
    let container = swarm.container(1, "sw-secret_agent");
    assert_eq!(swarm.docker(1, &["exec", &container, "cat", "/run/secrets/token"]), "another\n");
    // What is of another stack is not taken.
    let other = Stack::new(&swarm, "sw-other");
    let taken = other.deploy(&project, &["--detach"]);
    assert_eq!(taken.status, 78, "{taken}");
    assert!(
        taken.stderr.contains("the secret sw-secret_token-2 is there already, of the stack sw-secret"),
        "{taken}"
    );
    let left =
        swarm.docker(1, &["network", "ls", "-q", "--filter", "label=com.docker.stack.namespace=sw-other"]);
    assert_eq!(left, "");
}

//! The example of the README, from inside its containers and from outside.

use std::fs;
use std::path::Path;

use super::harness::{Project, docker};

fn agent_pod() -> Project {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/agent-pod");
    let text = |name: &str| fs::read_to_string(example.join(name)).unwrap();
    let project = Project::new(&text("compose.yaml"));
    for name in ["seaworthy.yaml", "config/agent.json", "ops/egress.yaml", "ops/limits.yaml"] {
        project.file(name, &text(name));
    }
    let name = project.name.clone();
    project.with("COMPOSE_PROJECT_NAME", &name)
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn the_example_is_confined_and_whatever_becomes_weaker_is_named() {
    let project = agent_pod();
    project.seaworthy(&["up", "-d"]).ok();
    for (service, user) in [("agent", "10001:10001"), ("store", "1000:1000")] {
        let inside =
            |script: &str| project.seaworthy(&["exec", "-T", service, "sh", "-c", script]).ok().stdout;
        let status = inside("grep -E '^(CapEff|CapBnd|NoNewPrivs|Seccomp):' /proc/1/status | tr -d '\\t'");
        assert_eq!(
            status, "CapEff:0000000000000000\nCapBnd:0000000000000000\nNoNewPrivs:1\nSeccomp:2\n",
            "{service}"
        );
        assert_eq!(inside("echo $(id -u):$(id -g)").trim(), user);
        assert_eq!(
            inside("touch /x 2>&1 || echo refused; touch /tmp/x && echo written"),
            "touch: /x: Read-only file system\nrefused\nwritten\n"
        );
        let limit = inside("cat /sys/fs/cgroup/pids/pids.max /sys/fs/cgroup/pids.max 2>/dev/null || :");
        assert_eq!(limit.lines().next(), Some("100"), "{service}");
    }
    project.seaworthy(&["attest"]).ok().says("as verified");

    // What an operator does in a hurry: the container stays, its limit goes.
    let agent = project.container("agent")["Id"].as_str().unwrap().to_owned();
    docker(&["update", "--pids-limit", "5000", &agent]).ok();
    let name = |service: &str| format!("{}-{service}-1", project.name);
    let output = project.seaworthy(&["attest"]).ends(1);
    output.says(&name("agent")).says("HostConfig.PidsLimit: 5000, not at most 100").says("limits.yaml");
    project.seaworthy(&["attest", "store"]).ok();
    project.seaworthy(&["up", "-d"]).refuses(77, "live-posture").says(&name("agent"));
    project.seaworthy(&["up", "-d", "--force-recreate"]).ok();
    project.seaworthy(&["attest"]).ok();

    // One made by hand in its place, with everything that was denied.
    let store = name("store");
    docker(&["rm", "-f", &store]).ok();
    let label = |key: &str, value: &str| format!("--label=com.docker.compose.{key}={value}");
    let network = format!("{}_default", project.name);
    docker(&[
        "run",
        "-d",
        "--name",
        &store,
        "--network",
        &network,
        &label("project", &project.name),
        &label("service", "store"),
        &label("oneoff", "False"),
        &label("container-number", "1"),
        "sw-node",
        "sleep",
        "600",
    ])
    .ok();
    let output = project.seaworthy(&["attest"]).ends(1);
    let output = output.says(&store).says("HostConfig.CapDrop").says("HostConfig.ReadonlyRootfs");
    output.says("HostConfig.SecurityOpt").says("HostConfig.PidsLimit").says("HostConfig.Memory");
}

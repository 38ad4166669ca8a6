//! The hardened example: refused as it is, restricted once the policy says what the cluster holds.

use std::fs;
use std::path::Path;

use crate::manifests::{documents, find, pods, text};
use crate::project::Project;
use crate::restricted::violations;
use crate::schema::Schemas;

/// The example without an engine: the image's user is written down.
fn example(waivers: &str) -> Project {
    example_with("\"1000:1000\"", waivers)
}

fn example_with(store: &str, waivers: &str) -> Project {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/agent-pod");
    let read = |name: &str| fs::read_to_string(root.join(name)).unwrap();
    let policy =
        read("seaworthy.yaml").replace("store: image", &format!("store: {store}")).replace("...\n", waivers)
            + "...\n";
    let mut project =
        Project::empty().file("compose.yaml", read("compose.yaml")).file("seaworthy.yaml", policy);
    for folder in ["config", "ops"] {
        for entry in fs::read_dir(root.join(folder)).unwrap().flatten() {
            let name = format!("{folder}/{}", entry.file_name().to_str().unwrap());
            project = project.file(&name, fs::read(entry.path()).unwrap());
        }
    }
    project
}

const WAIVERS: &str = "waivers:\n  \
    - { service: \"*\", rule: not-enforceable, allow: [kubernetes.pids_limit], reason: \"podPidsLimit of all nodes is 100\" }\n  \
    - { service: \"*\", rule: not-enforceable, allow: [\"kubernetes.volumes=claim\"], reason: state begins empty }\n";

#[test]
fn it_is_refused_by_name_where_the_cluster_would_not_hold_it() {
    let outcome = example("").run(["kube"]);
    assert_eq!((outcome.status, outcome.stdout.as_str()), (77, ""), "{outcome}");
    for said in [
        "pids_limit cannot be enforced on Kubernetes",
        "volumes cannot be enforced on Kubernetes",
        "./state/agent:/state",
    ] {
        assert!(outcome.stderr.contains(said), "{said}: {outcome}");
    }
}

#[test]
fn it_fits_the_restricted_profile() {
    let project = example(WAIVERS);
    let printed = project.run(["kube"]).output();
    let objects = documents(&printed);
    let found = pods(&objects);
    assert_eq!(found.len(), 2, "{printed}");
    for (name, pod) in &found {
        assert_eq!(violations(pod), Vec::<String>::new(), "{name}: {pod:#}");
    }
    let namespace = find(&objects, "Namespace", "agent-pod");
    assert_eq!(text(namespace, "/metadata/labels/pod-security.kubernetes.io~1enforce"), "restricted");
    let agent = &find(&objects, "StatefulSet", "agent")["spec"]["template"]["spec"];
    assert_eq!(agent.pointer("/containers/0/securityContext/runAsUser").unwrap(), 10001);
    assert_eq!(agent.pointer("/securityContext/fsGroup").unwrap(), 10001);
    assert_eq!(text(agent, "/securityContext/fsGroupChangePolicy"), "OnRootMismatch");
    assert_eq!(agent.pointer("/containers/0/securityContext/readOnlyRootFilesystem").unwrap(), true);
    assert!(find(&objects, "ConfigMap", "agent-files").pointer("/data/etc-agent.json").is_some());
    for schemas in Schemas::all().iter().flatten() {
        for object in &objects {
            assert_eq!(schemas.faults(object), Vec::<String>::new(), "{object:#}");
        }
    }
    // Users are mapped where the cluster has that, and no volume is in the way.
    let newer = project.run(["kube", "--kubernetes-version", "1.37"]).output();
    assert!(newer.contains("pod-security.kubernetes.io/enforce-version: v1.37"), "{newer}");
}

#[test]
fn a_posture_that_is_broken_is_not_rendered() {
    let project =
        example(WAIVERS).file("compose.override.yaml", "services: { agent: { privileged: true } }\n");
    let outcome = project.run(["-f", "compose.yaml", "-f", "compose.override.yaml", "kube"]);
    assert_eq!((outcome.status, outcome.stdout.as_str()), (77, ""), "{outcome}");
    assert!(outcome.stderr.contains("rule privileged"), "{outcome}");
}

#[test]
fn a_contained_project_names_the_network_plugin() {
    let waivers = WAIVERS.replace("waivers:\n", "waivers:\n  - { service: \"*\", rule: not-enforceable, allow: [kubernetes.networks.internal], reason: Cilium }\n");
    let contained = |waivers: &str| {
        let project = example(waivers);
        let policy = project.read("seaworthy.yaml").replace("posture: hardened", "posture: contained");
        let compose = project.read("compose.yaml").replace("sw-node", "sw-node:1");
        project.file("seaworthy.yaml", policy).file("compose.yaml", compose).run(["kube"])
    };
    let refused = contained(WAIVERS);
    assert!(refused.stderr.contains("kubernetes.networks.internal"), "{refused}");
    let accepted = contained(&waivers).output();
    assert!(accepted.contains("is accepted by a waiver: Cilium"), "{accepted}");
}

#[test]
fn a_user_that_only_the_image_knows_is_not_left_to_it() {
    let outcome = example_with("image", WAIVERS)
        .variable("DOCKER_HOST", "unix:///nonexistent/engine.sock")
        .run(["kube"]);
    assert_ne!(outcome.status, 0, "{outcome}");
    assert_eq!(outcome.stdout, "", "{outcome}");
    assert!(outcome.stderr.contains("services.store.user is not known"), "{outcome}");
}

#[test]
fn users_are_mapped_and_groups_are_strict_where_the_version_has_it() {
    let policy = "version: 1\nposture: hardened\nuser: { default: \"5:6\" }\nwaivers:\n  - { service: a, rule: not-enforceable, allow: [kubernetes.pids_limit], reason: r }\n...\n";
    let project = Project::new("services: { a: { image: 'x:1' } }\n").file("seaworthy.yaml", policy);
    let at = |version: &str| project.run(["kube", "--kubernetes-version", version]).output();
    for (version, maps, is_strict) in [("1.34", false, false), ("1.35", false, true), ("1.36", true, true)] {
        let printed = at(version);
        assert_eq!(printed.contains("hostUsers: false"), maps, "{version}: {printed}");
        assert_eq!(printed.contains("supplementalGroupsPolicy: Strict"), is_strict, "{version}: {printed}");
        assert_eq!(printed.contains("before 1.35 the groups"), !is_strict, "{version}: {printed}");
    }
}

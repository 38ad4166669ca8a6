//! What is not known yet leads to a question, and never to an action.

use std::fs;

use super::harness::{Compose, Project, Seaworthy, owner_and_mode};
use super::operator::{plain, remapped};

const NESTED: &str = "services:\n  a:\n    image: sw-node\n    network_mode: none\n    command: [\"true\"]\n    \
                      volumes: [\"./p:/c\", \"./st:/c/projects\"]\n";

/// There is no registry here, so a pull fails.
#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn a_missing_mount_point_asks_the_engine_and_pulls_nothing_that_is_there() {
    for bed in [plain(), remapped()] {
        for pull_policy in ["", "    pull_policy: missing\n", "    pull_policy: never\n"] {
            for tool in [Compose, Seaworthy] {
                let project = Project::new(&format!("{NESTED}{pull_policy}")).on(&bed.host);
                for name in ["p", "st"] {
                    fs::create_dir(project.path(name)).unwrap();
                }
                let output = project.run(tool, &["up", "--exit-code-from", "a"]);
                // Root of an engine that maps users may make nothing in a directory of the host's.
                if tool == Compose && bed.map != 0 {
                    output.says("permission denied");
                    continue;
                }
                output.ok();
                // Compose's engine makes it for root, and we for the service.
                let owner = if tool == Compose { 0 } else { 1000 };
                assert_eq!(owner_and_mode(&project.path("p/projects")).0, bed.map + owner);
            }
        }
    }
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn prepare_without_an_engine_does_what_it_can_and_names_the_rest() {
    let text = "services:\n  a:\n    image: sw-node\n    user: '1000:1000'\n    volumes: ['./run:/run/x']\n";
    let project = Project::new(text).on("unix:///nonexistent/docker.sock");
    let refused = project
        .seaworthy(&["prepare"])
        .refuses(69, "engine-unavailable")
        .says("run of service `a` is not made");
    assert!(!refused.stdout.contains("nothing to create"), "{refused}");
    project.seaworthy(&["--dry-run", "prepare"]).refuses(69, "engine-unavailable");
    assert!(!project.path("run").exists());

    project.file("token.json", "{}");
    project.file(
        "seaworthy.yaml",
        "version: 1\ncopies: [{from: token.json, to: copy.json, format: json}]\n...\n",
    );
    project.seaworthy(&["prepare"]).refuses(69, "engine-unavailable").says("refreshed 1 derived file");
    assert!(project.path("copy.json").exists() && !project.path("run").exists());

    // An image that is not there yet is no engine that is not.
    let text = "services:\n  a:\n    image: sw-none-such\n    volumes: ['./run:/run/x']\n";
    let project = Project::new(text);
    project.seaworthy(&["prepare"]).refuses(73, "prepare-failed").says("Pull or build its image");
}

//! `podman compose` runs the program that `PODMAN_COMPOSE_PROVIDER` names.

use super::harness::{Output, Project, bare, run};
use super::launched::hardened;

fn podman(project: &Project, words: &[&str]) -> Output {
    let mut command = bare("podman");
    command.arg("compose").args(words).current_dir(&project.directory);
    command.env("PODMAN_COMPOSE_PROVIDER", env!("CARGO_BIN_EXE_seaworthy"));
    run(command)
}

#[test]
#[ignore = "needs Podman: run scripts/test --only-engines podman"]
fn seaworthy_is_a_provider() {
    let project = hardened();
    let podman = |words: &[&str]| podman(&project, words);
    podman(&["version"]).ok();
    podman(&["plan"]).ok().says("posture hardened");
    podman(&["up", "-d"]).ok();
    podman(&["ps"]).ok().says(&format!("{}-a-1", project.name));
    podman(&["exec", "-T", "a", "id", "-u"]).ok().says("10001");
    podman(&["attest"]).ok().says("as verified");
    // The exit status is seaworthy's.
    project.file("over.yaml", "services: {a: {privileged: true}}\n");
    podman(&["-f", "compose.yaml", "-f", "over.yaml", "up", "-d"]).refuses(77, "rule-violated");
    podman(&["down"]).ok();
    assert!(project.ids().is_empty());
}

//! `config` under a policy: what it prints is what Compose starts, digests included.

use super::harness::{Project, docker};

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn what_is_printed_is_what_is_started() {
    let project = Project::new(
        "services:\n  s: {image: sw-busybox, network_mode: none, stop_grace_period: 0s, command: [sleep, '600'], volumes: ['./state:/state']}\n",
    );
    project.file("seaworthy.yaml", "version: 1\nposture: hardened\nuser: {default: '10001:10001'}\n...\n");
    let printed = project.seaworthy(&["config", "--format", "json"]).ok().stdout;
    let model: serde_json::Value = serde_json::from_str(&printed).unwrap();
    let hash = project.seaworthy(&["config", "--hash", "s"]).ok().stdout;
    project.seaworthy(&["up", "-d"]).ok();
    let id = project.ids().pop().unwrap();
    let format = "{{.Config.User}} {{.HostConfig.CapDrop}} {{.HostConfig.PidsLimit}} {{index .Config.Labels \"com.docker.compose.config-hash\"}}";
    let live = docker(&["inspect", "-f", format, &id]).ok().stdout;
    let service = &model["services"]["s"];
    let expected = format!(
        "{} [{}] {} {}",
        service["user"].as_str().unwrap(),
        service["cap_drop"][0].as_str().unwrap(),
        service["pids_limit"],
        hash.split_whitespace().last().unwrap()
    );
    assert_eq!(live.trim(), expected);
    // Compose itself answers from the file that would be launched: only it asks registries.
    let locked = project.seaworthy(&["config", "--lock-image-digests", "--no-policy"]);
    let governed = project.seaworthy(&["config", "--lock-image-digests"]);
    assert_eq!(locked.end, governed.end, "{}", governed.stderr);
}

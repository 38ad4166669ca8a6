//! A posture for each service: the proof and what is typed hold each of them to its own.

use super::harness::{Project, docker};

fn mixed() -> Project {
    let service = "image: sw-busybox, network_mode: none, stop_grace_period: 0s, command: [sleep, '600']";
    let project = Project::new(&format!(
        "services:\n  web: {{ {service}, user: '10001:10001' }}\n  plex: {{ {service} }}\n"
    ));
    project.file(
        "seaworthy.yaml",
        "version: 1\nposture: {default: hardened, services: {plex: baseline}}\n...\n",
    );
    project
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn one_service_is_confined_and_the_other_runs_as_it_is() {
    let project = mixed();
    project.seaworthy(&["up", "-d"]).ok();
    let shown = |service: &str, format: &str| {
        docker(&["inspect", "-f", format, &format!("{}-{service}-1", project.name)])
            .ok()
            .stdout
            .trim()
            .to_owned()
    };
    assert_eq!(shown("web", "{{.HostConfig.CapDrop}} {{.HostConfig.PidsLimit}}"), "[ALL] 1024");
    assert_eq!(shown("plex", "{{.HostConfig.CapDrop}} {{.Config.User}}"), "[]");
    project.seaworthy(&["attest"]).ok();
    project.seaworthy(&["exec", "-T", "--privileged", "web", "true"]).refuses(77, "privileged");
    // A group of root's breaks `hardened` alone.
    project.seaworthy(&["exec", "-T", "-u", "0:0", "web", "true"]).refuses(77, "user-root");
    project.seaworthy(&["exec", "-T", "-u", "0:0", "plex", "true"]).ok();
}

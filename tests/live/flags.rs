//! What is typed may not break the posture.

use super::harness::Project;
use super::proof::hardened;

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn flags_that_would_break_the_posture_are_refused_by_name() {
    let project = hardened("command: [sleep, '600']");
    project.seaworthy(&["up", "-d"]).ok();
    for (words, flag, rule) in [
        (&["exec", "--privileged", "s", "id"][..], "--privileged", "rule privileged"),
        (&["exec", "-u", "0", "s", "id"], "--user 0", "rule user-root"),
        (&["exec", "-e", "LD_PRELOAD=/x", "s", "id"], "--env LD_PRELOAD", "rule loader-environment"),
        (&["run", "--user", "root", "s", "id"], "--user root", "rule user-root"),
        (&["run", "--cap-add", "sys_admin", "s", "id"], "--cap-add sys_admin", "rule dangerous-capability"),
        (&["run", "--cap-add", "CHOWN", "s", "id"], "--cap-add CHOWN", "rule cap-add"),
        (&["run", "-v", "/var/run/docker.sock:/s", "s", "id"], "--volume", "rule engine-socket"),
        (&["run", "-v", "/:/host", "s", "id"], "--volume /:/host", "rule sensitive-mount"),
        (&["run", "-p", "8080:80", "s", "id"], "--publish 8080:80", "rule port-all-interfaces"),
        (&["up", "-d", "--scale", "s=100"], "--scale s=100", "rule replicas"),
        (&["scale", "s=100"], "--scale s=100", "rule replicas"),
    ] {
        project.seaworthy(words).refuses(77, "rule-violated").says(flag).says(rule);
    }
    assert_eq!(project.ids().len(), 1);
    project.seaworthy(&["exec", "-T", "-u", "10002:10002", "s", "id", "-u"]).ok();
    project.seaworthy(&["run", "-T", "--rm", "-e", "A=b", "s", "true"]).ok();
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn a_waiver_allows_what_it_names() {
    let project = hardened("command: [sleep, '600']");
    let policy = "version: 1\nposture: hardened\nwaivers:\n  \
                  - {service: s, rule: cap-add, allow: [CHOWN], reason: test}\n...\n";
    project.file("seaworthy.yaml", policy);
    project.seaworthy(&["run", "-T", "--rm", "--cap-add", "CHOWN", "s", "true"]).ok();
    project.seaworthy(&["run", "--cap-add", "KILL", "s", "true"]).refuses(77, "--cap-add KILL");
}

#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn without_a_policy_flags_are_composes_business() {
    let project = Project::of_service("command: [sleep, '600']");
    project.seaworthy(&["up", "-d"]).ok();
    project.seaworthy(&["exec", "-T", "-u", "0", "s", "id"]).ok();
    project.seaworthy(&["run", "-T", "--rm", "--cap-add", "SYS_ADMIN", "s", "true"]).ok();
}

/// What an overlay of the project's own demands holds for what is typed as well.
#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn flags_do_not_undo_what_an_overlay_demands() {
    let project = hardened("command: [sleep, '600']\nentrypoint: [env, GUARDED=1]");
    let file = std::fs::read_to_string(project.path("compose.yaml")).unwrap();
    let guard = "  guard: {image: sw-busybox, user: '10001:10001', network_mode: none, command: [sleep, '600'], stop_grace_period: 0s}\n";
    project.file("compose.yaml", &(file + guard));
    project.file(
        "ops.yaml",
        "services:\n  s:\n    entrypoint: [env, GUARDED=1]\n    environment: {SAFE: '1'}\n    working_dir: /tmp\n    \
         labels: {guarded: 'yes'}\n    depends_on: [guard]\n...\n",
    );
    project.file("seaworthy.yaml", "version: 1\nposture: hardened\noverlays: [{file: ops.yaml}]\n...\n");
    for (words, flag, leaf) in [
        (&["run", "--entrypoint", "sh", "s", "-c", "id"][..], "--entrypoint sh", "services.s.entrypoint"),
        (&["run", "-e", "SAFE=0", "s", "id"], "--env SAFE", "services.s.environment.SAFE"),
        (&["run", "-w", "/", "s", "id"], "--workdir /", "services.s.working_dir"),
        (&["run", "-l", "guarded=no", "s", "id"], "--label guarded", "services.s.labels.guarded"),
        (&["run", "--no-deps", "s", "id"], "--no-deps s", "services.s.depends_on"),
        (&["up", "-d", "--no-deps", "s"], "--no-deps s", "services.s.depends_on"),
        (&["exec", "-e", "SAFE=0", "s", "id"], "--env SAFE", "services.s.environment.SAFE"),
    ] {
        project.seaworthy(words).refuses(77, "assertion-undone").says(flag).says(leaf).says("ops.yaml");
    }
    assert_eq!(project.ids(), [""; 0]);
    project.seaworthy(&["up", "-d"]).ok();
    project.seaworthy(&["up", "-d", "--no-deps", "guard"]).ok();
    project.seaworthy(&["run", "-T", "--rm", "-e", "OTHER=1", "-l", "x=y", "s", "true"]).ok();
    project.seaworthy(&["run", "-T", "--rm", "--entrypoint", "env GUARDED=1", "s", "true"]).ok();
}

/// A service that an overlay brings runs beside every other one, whichever of them is named.
#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn a_launch_of_named_services_does_not_leave_out_what_an_overlay_brings() {
    let service = "image: sw-busybox, command: [sleep, '600'], init: true, stop_grace_period";
    let project = Project::new(&format!("services: {{web: {{{service}: 9s}}, other: {{{service}: 0s}}}}\n"));
    project.file(
        "ops.yaml",
        &format!("services: {{guard: {{{service}: 0s}}, web: {{stop_grace_period: 9s}}}}\n...\n"),
    );
    project.compose(&["-f", "compose.yaml", "-f", "ops.yaml", "up", "-d", "-t", "0", "web"]).ok();
    assert_eq!(project.ids().len(), 1, "control: Compose starts one alone");
    project.clear();

    project.file("seaworthy.yaml", "version: 1\nposture: baseline\noverlays: [{file: ops.yaml}]\n...\n");
    let refused = project.seaworthy(&["up", "-d", "web"]).refuses(77, "assertion-undone");
    refused
        .says("`up web` leaves out service `guard`")
        .says("Name it as well: `up web guard`")
        .says("ops.yaml:1:12");
    assert_eq!(project.ids(), [""; 0]);
    project
        .seaworthy(&["up", "-d", "-t", "0", "web", "guard"])
        .refuses(77, "--timeout 0")
        .says("stop_grace_period");
    project.seaworthy(&["up", "-d", "web", "guard"]).ok();
    // It runs, so that the others can be named alone; those of an overlay have the time that it gives.
    project.seaworthy(&["up", "-d", "other"]).ok();
    project.seaworthy(&["up", "-d", "-t", "9", "web"]).ok();
    assert_eq!(project.ids().len(), 3);
    project.docker(&["kill", &format!("{}-guard-1", project.name)]).ok();
    project.seaworthy(&["up", "-d", "other"]).refuses(77, "leaves out service `guard`");
    // What an overlay says of a service that the base has, makes no other launch need that service.
    let demands = "services: {web: {scale: 2, stop_grace_period: 1m30s}}\n...\n";
    project.file("ops.yaml", demands);
    project.seaworthy(&["up", "-d", "other"]).ok();
    project.seaworthy(&["up", "-d", "-t", "90", "web"]).ok();
    project.seaworthy(&["up", "-d", "-t", "91", "web"]).refuses(77, "--timeout 91");
    // Nor does it where a later file has the service.
    project.file("ops.yaml", "services: {late: {init: true}}\n...\n");
    project.file("later.yaml", &format!("services: {{late: {{{service}: 0s}}}}\n"));
    project.seaworthy(&["-f", "compose.yaml", "-f", "later.yaml", "up", "-d", "other"]).ok();
}

/// Compose sets each of these variables, whatever the file looks like.
#[test]
#[ignore = "needs a container engine: run scripts/test"]
fn a_file_of_variables_is_judged_in_every_spelling_that_compose_takes() {
    let project = Project::of_service("command: [sleep, '600']");
    let print = "echo \"inside: $LD_PRELOAD\"";
    let run = |file| ["run", "--rm", "-T", "--env-from-file", file, "s", "sh", "-c", print];
    let policy = "version: 1\nposture: hardened\nuser: {default: '10001:10001'}\n...\n";
    for (name, text) in [
        ("eq.env", "LD_PRELOAD=/srv/x.so\n"),
        ("colon.env", "LD_PRELOAD: /srv/x.so\n"),
        ("bom.env", "\u{feff}LD_PRELOAD=/srv/x.so\n"),
        ("tab.env", "export\tLD_PRELOAD=/srv/x.so\n"),
    ] {
        project.file(name, text);
        project.compose(&run(name)).says("inside: /srv/x.so");
        let rule = project.file("seaworthy.yaml", policy);
        project.seaworthy(&run(name)).refuses(77, "loader-environment");
        std::fs::remove_file(rule).unwrap();
    }
    project.file("two.env", "A=\"x\nLD_PRELOAD=/srv/x.so\"\n");
    project.file("seaworthy.yaml", policy);
    project.seaworthy(&run("two.env")).ok().says("inside: \n");
    project.seaworthy(&run("absent.env")).refuses(78, "absent.env");
}

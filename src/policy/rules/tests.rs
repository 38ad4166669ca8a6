//! One case per rule: what breaks it is refused with its place, the same with a waiver passes.

use std::collections::HashSet;
use std::io::Write;

use crate::diagnostic::{Code, Severity};
use crate::engine::Info;
use crate::engine::info::FurtherLimits;
use crate::host::Owner;
use crate::policy::fixture::{Fixture, Outcome};
use crate::policy::posture::Posture;

use super::{Allow, CATALOGUE, Check, Rule, find};

mod advice;

/// A rule, fields of a service `a` or a whole file that break it, the text that is underlined, and what
/// a waiver allows.
struct Case {
    rule: &'static str,
    base: &'static str,
    place: &'static str,
    allow: &'static str,
}

const fn fields(rule: &'static str, base: &'static str, place: &'static str, allow: &'static str) -> Case {
    Case { rule, base, place, allow }
}

const CASES: &[Case] = &[
    fields("privileged", "privileged: true", "true", ""),
    fields("seccomp-unconfined", "security_opt: [\"seccomp=unconfined\"]", "\"seccomp=unconfined\"", ""),
    fields("apparmor-unconfined", "security_opt: [\"apparmor:unconfined\"]", "\"apparmor:unconfined\"", ""),
    fields("selinux-disabled", "security_opt: [\"label=disable\"]", "\"label=disable\"", ""),
    fields(
        "systempaths-unconfined",
        "security_opt: [\"systempaths=unconfined\"]",
        "\"systempaths=unconfined\"",
        "",
    ),
    fields(
        "no-new-privileges",
        "security_opt: [\"no-new-privileges=false\"]",
        "\"no-new-privileges=false\"",
        "",
    ),
    fields("dangerous-capability", "cap_add: [cap_sys_admin]", "cap_sys_admin", "SYS_ADMIN"),
    fields("cap-add", "cap_add: [NET_BIND_SERVICE]", "NET_BIND_SERVICE", "CAP_NET_BIND_SERVICE"),
    fields("unknown-capability", "cap_add: [], cap_drop: [NET_RAWW]", "NET_RAWW", ""),
    fields("cap-drop", "cap_drop: [NET_RAW]", "[NET_RAW]", ""),
    fields("host-pid", "pid: host", "host", ""),
    fields("host-ipc", "ipc: host", "host", ""),
    fields("host-uts", "uts: host", "host", ""),
    fields("host-userns", "userns_mode: host", "host", ""),
    fields("host-cgroup", "cgroup: host", "host", ""),
    fields("cgroup-parent", "cgroup_parent: /evil", "/evil", "/evil"),
    fields("foreign-container", "pid: \"container:x\"", "\"container:x\"", "x"),
    fields("shared-namespace", "ipc: shareable", "shareable", "ipc=shareable"),
    fields("user-root", "user: \"0:0\"", "\"0:0\"", "\"0:0\""),
    fields("group-add", "group_add: [docker]", "docker", "docker"),
    fields(
        "engine-socket",
        "volumes: [\"/var/run/docker.sock:/s\"]",
        "\"/var/run/docker.sock:/s\"",
        "/var/run/docker.sock",
    ),
    fields("api-socket", "use_api_socket: true", "true", ""),
    fields("sensitive-mount", "volumes: [\"/etc:/host:ro\"]", "\"/etc:/host:ro\"", "/etc"),
    fields("home-mount", "volumes: [\"~/.ssh:/keys:ro\"]", "\"~/.ssh:/keys:ro\"", "/home/ann/.ssh"),
    fields("mount-propagation", "volumes: [\"/srv/x:/x:rshared\"]", "\"/srv/x:/x:rshared\"", "/srv/x"),
    fields("slave-propagation", "volumes: [\"/srv/x:/x:rslave\"]", "\"/srv/x:/x:rslave\"", "/srv/x"),
    fields("mount-target", "volumes: [\"/srv/x:/bin\"]", "\"/srv/x:/bin\"", "/bin"),
    fields(
        "copied-into-mount",
        "volumes: [\"/srv/x:/x\"], configs: [{ source: c, target: /x/y }] }\nconfigs:\n  c: { content: z",
        "/x/y",
        "/x/y",
    ),
    fields(
        "volume-device",
        "volumes: [\"v:/v\"] }\nvolumes:\n  v: { driver_opts: { type: none, o: bind, device: / }",
        "/",
        "/",
    ),
    fields(
        "volume-options",
        "volumes: [\"v:/v\"] }\nvolumes:\n  v: { driver_opts: { type: proc, device: proc }",
        "proc",
        "type=proc",
    ),
    fields(
        "volume-remote",
        "volumes: [\"v:/v\"] }\nvolumes:\n  v: { driver_opts: { type: nfs, device: \"nas:/x\" }",
        "\"nas:/x\"",
        "v",
    ),
    fields("volume-external", "volumes: [\"v:/v\"] }\nvolumes:\n  v: { external: true", "true", "v"),
    fields("volumes-from", "volumes_from: [b] }\n  b: { image: \"x:1\"", "b", "b"),
    fields("dangerous-device", "devices: [/dev/sda]", "/dev/sda", "/dev/sda"),
    fields("devices", "devices: [/dev/snd]", "/dev/snd", "/dev/snd"),
    fields("device-cgroup-rules", "device_cgroup_rules: [\"b *:* rwm\"]", "\"b *:* rwm\"", "\"b *:* rwm\""),
    fields("gpus", "gpus: [{ driver: nvidia }]", "{ driver: nvidia }", "nvidia"),
    fields("host-network", "network_mode: host", "host", ""),
    fields("default-bridge", "network_mode: bridge", "bridge", ""),
    fields("network-driver", "networks: [n] }\nnetworks:\n  n: { driver: macvlan", "macvlan", "macvlan"),
    fields(
        "network-options",
        "networks: [n] }\nnetworks:\n  n: { internal: true, driver_opts: { com.docker.network.bridge.name: br0 }",
        "br0",
        "com.docker.network.bridge.name=br0",
    ),
    fields(
        "network-endpoint-options",
        "networks: { n: { driver_opts: { com.docker.network.endpoint.sysctls: x } } } }\nnetworks:\n  n: { internal: true",
        "x",
        "com.docker.network.endpoint.sysctls=x",
    ),
    fields("egress", "networks: [n] }\nnetworks:\n  n: { attachable: true", "n", "n"),
    fields("network-external", "networks: [n] }\nnetworks:\n  n: { external: true", "true", "n"),
    fields("network-mode", "network_mode: slirp4netns", "slirp4netns", "slirp4netns"),
    fields("extra-hosts", "extra_hosts: [\"h=host-gateway\"]", "\"h=host-gateway\"", "h=host-gateway"),
    fields("dns", "dns: [8.8.8.8]", "8.8.8.8", "8.8.8.8"),
    fields("external-links", "external_links: [other]", "other", "other"),
    fields(
        "mac-address",
        "mac_address: \"02:42:ac:11:65:43\"",
        "\"02:42:ac:11:65:43\"",
        "\"02:42:ac:11:65:43\"",
    ),
    fields("port-all-interfaces", "ports: [\"8080:80\"]", "\"8080:80\"", "80/tcp"),
    fields("privileged-port", "ports: [\"127.0.0.1:80:80\"]", "\"127.0.0.1:80:80\"", "80"),
    fields("pids-limit", "pids_limit: 5000", "5000", "5000"),
    fields("limits-not-enforced", "memswap_limit: 80m", "80m", "memswap_limit"),
    fields("memory-limit", "mem_limit: 3g, memswap_limit: -1", "-1", "3g, unlimited"),
    fields("cpu-limit", "cpus: 8", "8", "8"),
    fields("read-only-root", "read_only: false", "a", ""),
    fields("unlimited-ulimit", "ulimits: { memlock: -1 }", "-1", "memlock"),
    fields("shm-size", "shm_size: 9g", "9g", ""),
    fields("oom-exempt", "oom_score_adj: -500", "-500", ""),
    fields("realtime-cpu", "cpu_rt_runtime: 1000", "1000", ""),
    fields("sysctls", "sysctls: { net.ipv4.ip_forward: 1 }", "1", "net.ipv4.ip_forward"),
    fields("replicas", "scale: 500", "500", "500"),
    fields("restart-always", "restart: always", "always", ""),
    fields("hook-privileged", "post_start: [{ command: [x], user: \"1:1\", privileged: true }]", "true", ""),
    fields(
        "pre-start",
        "pre_start: [{ command: [x], user: \"1:1\" }]",
        "{ command: [x], user: \"1:1\" }",
        "x:1",
    ),
    fields("hook-root", "pre_stop: [{ command: [x] }]", "{ command: [x] }", ""),
    fields("provider", "provider: { type: evil }", "{ type: evil }", "evil"),
    fields("runtime", "runtime: kata", "kata", "kata"),
    fields("runtime-annotations", "annotations: { run.oci.x: \"1\" }", "\"1\"", "run.oci.x"),
    fields("models", "models: [m] }\nmodels:\n  m: { model: ai/x", "m", "m"),
    fields("health-off", "healthcheck: { disable: true }", "true", ""),
    fields("loader-environment", "environment: { LD_PRELOAD: /x.so }", "/x.so", "LD_PRELOAD"),
    fields("tmpfs-options", "tmpfs: [\"/x:rw,exec\"]", "\"/x:rw,exec\"", "/x"),
    fields("logging", "logging: { driver: syslog }", "syslog", "syslog"),
    fields("image-latest", "image: nginx", "nginx", "nginx"),
    fields("unjudged-key", "brand_new: 7", "brand_new", "brand_new"),
    fields("build-privileged", "build: { context: ., privileged: true }", "true", ""),
    fields("build-host-access", "build: { context: ., network: host }", "host", "network=host"),
];

fn base(case: &Case) -> String {
    let image = if case.base.contains("image: nginx") { "" } else { "image: \"x:1\", " };
    let user = if case.base.contains("user: \"0:0\"") { "" } else { "user: \"1:1\", " };
    format!("services:\n  a: {{ {image}{user}{} }}\n", case.base)
}

/// The weakest posture that enforces a rule, and its overlay where no posture does.
pub(super) fn policy(rule: &Rule, waiver: &str) -> String {
    let user = "user: { default: \"1:1\" }\n";
    let enforced = match (rule.from, rule.overlays.first()) {
        // Rules with an overlay of the posture's own are judged without it, to see that they hold alone.
        (Some(from), _) => format!("posture: {from}\n"),
        (None, Some((overlay, _))) => format!("overlays: [{{ builtin: {overlay} }}]\n"),
        (None, None) => String::new(),
    };
    format!("{user}{enforced}{waiver}")
}

fn waiver(case: &Case, rule: &Rule) -> String {
    let service = if matches!(rule.check, Check::Project(_)) { "\"*\"" } else { "a" };
    let allow =
        if rule.allow == Allow::Nothing { String::new() } else { format!(", allow: [{}]", case.allow) };
    format!("waivers:\n  - {{ service: {service}, rule: {}{allow}, reason: \"tested\" }}\n", rule.id)
}

/// Errors about the rule, or about the overlay's key that stands for it.
pub(super) fn about<'o>(outcome: &'o Outcome, rule: &Rule) -> Vec<&'o crate::diagnostic::Finding> {
    let own = format!("rule {}:", rule.id);
    let key = rule.overlays.first().map(|(_, key)| key);
    outcome
        .errors()
        .into_iter()
        .filter(|finding| {
            finding.message.starts_with(&own)
                || finding.code == Code::AssertionUndone
                    && key.is_some_and(|key| finding.message.contains(&format!(".{key} ")))
        })
        .collect()
}

#[test]
fn every_rule_has_a_case() {
    let tested: HashSet<_> = CASES.iter().map(|case| case.rule).collect();
    let known: HashSet<_> = CATALOGUE.iter().map(|rule| rule.id).collect();
    assert_eq!(tested, known);
    assert_eq!(known.len(), CATALOGUE.len(), "ids are unique");
}

#[test]
fn what_breaks_a_rule_is_refused_with_its_place_and_passes_with_a_waiver() {
    let mut failures = Vec::new();
    for case in CASES {
        let rule = find(case.rule).unwrap();
        // Overlays of the posture would put right what the base breaks, so the case comes after them.
        let over = if !rule.overlays.is_empty() && rule.id != "egress" && !case.base.contains('\n') {
            Some(format!(
                "services:\n  a: {{ {} }}\n",
                case.base.replace("cap_drop: ", "cap_drop: !override ")
            ))
        } else {
            None
        };
        let project = |waiver: &str| {
            let fixture = match &over {
                Some(over) => Fixture::new("services:\n  a: { image: \"x:1\", user: \"1:1\" }\n")
                    .file("over.yaml", over),
                None => Fixture::new(&base(case)),
            };
            let fixture = if is_newer(case) { fixture.beyond() } else { fixture };
            let fixture =
                if rule.id == "limits-not-enforced" { fixture.engine(without_swap()) } else { fixture };
            fixture.policy(&policy(rule, waiver)).run()
        };
        let refused = project("");
        let found = about(&refused, rule);
        // `no-egress` closes the network, so that nothing is left to refuse.
        if rule.id == "egress" {
            if refused.value(&["networks", "n", "internal"]).as_deref() != Some("true") {
                failures.push("egress: the overlay does not close the network".to_owned());
            }
            let opened = project(&waiver(case, rule));
            if !about(&opened, rule).is_empty() || opened.value(&["networks", "n", "internal"]).is_some() {
                failures.push(format!("egress: the waiver opens nothing\n{}", opened.text()));
            }
            continue;
        }
        let Some(finding) = found.first() else {
            failures.push(format!("{}: let through\n{}", case.rule, refused.text()));
            continue;
        };
        let place =
            finding.labels.first().map(|label| refused.inputs.sources().text(label.span)).unwrap_or_default();
        let undone = finding.code == Code::AssertionUndone;
        if place != case.place && !undone {
            failures.push(format!("{}: underlines {place:?}, not {:?}", case.rule, case.place));
        }
        if finding.help.as_deref().is_none_or(str::is_empty) {
            failures.push(format!("{}: says nothing of what to do", case.rule));
        }
        let waived = project(&waiver(case, rule));
        if !about(&waived, rule).is_empty()
            || waived.findings.iter().any(|finding| finding.code == Code::WaiverInvalid)
        {
            failures.push(format!("{}: the waiver does not hold\n{}", case.rule, waived.text()));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// An engine that enforces everything but limits on swap.
fn without_swap() -> Info {
    Info {
        memory_limit: true,
        pids_limit: true,
        further: FurtherLimits { swap: Some(false), cpu_quota: Some(true), ..FurtherLimits::default() },
        cgroup_driver: "cgroupfs".into(),
        security_options: vec!["name=seccomp,profile=default".into()],
        ..Info::default()
    }
}

#[test]
fn the_user_of_an_image_that_is_known_is_judged_as_what_it_is() {
    let rule = find("user-root").unwrap();
    let run = |waivers: &str, owner: Option<Owner>| {
        let fixture = Fixture::new("services:\n  a: { image: \"x:1\", mem_limit: 8m }\n")
            .policy(&format!("posture: hardened\n{waivers}"));
        match owner {
            Some(owner) => fixture.image_user("a", owner).run(),
            None => fixture.run(),
        }
    };
    run("", Some(Owner::new(991, 991))).assert_passes();
    for (owner, says) in [
        (None, "has no user, so that the image decides, which is root for most"),
        (Some(Owner::ROOT), "has no user, and its image has 0:0: that is root"),
        (Some(Owner::new(5, 0)), "has no user, and its image has 5:0: its group is root"),
    ] {
        let outcome = run("", owner);
        assert_eq!(about(&outcome, rule).len(), 1, "{}", outcome.text());
        assert!(outcome.text().contains(says), "{}", outcome.text());
        let waiver = |allowed: &str| {
            format!("waivers: [{{ service: a, rule: user-root, allow: [{allowed:?}], reason: tested }}]\n")
        };
        run(&waiver("image"), owner).assert_passes();
        let Some(owner) = owner else { continue };
        run(&waiver(&owner.to_string()), Some(owner)).assert_passes();
        assert!(!about(&run(&waiver("7:0"), Some(owner)), rule).is_empty(), "another one is not meant");
    }
    let by_policy = |waivers: &str| {
        let user = "services: {a: {user: '0:0'}}";
        Fixture::new("services:\n  a: { image: \"x:1\", mem_limit: 8m }\n")
            .file("late.yaml", user)
            .policy(&format!("posture: hardened\nuser: {{default: image}}\n{waivers}"))
            .run()
    };
    let waiver = "waivers: [{ service: a, rule: user-root, allow: [image], reason: tested }]\n";
    assert!(!about(&by_policy(waiver), rule).is_empty(), "the service says so itself");
}

#[test]
fn what_the_engine_does_not_enforce_is_refused_where_it_is_demanded_and_a_warning_elsewhere() {
    let service = "services:\n  a: { image: \"x:1\", user: \"1:1\", mem_limit: 8m, cpus: 0.5 }\n";
    let engine = Info { cgroup_driver: "none".into(), ..without_swap() };
    let run = |policy: &str, engine: &Info| {
        Fixture::new(service)
            .policy(&format!("user: {{ default: \"1:1\" }}\n{policy}"))
            .engine(engine.clone())
            .run()
    };
    let rule = find("limits-not-enforced").unwrap();
    for (policy, count) in
        [("posture: hardened\n", 3), ("overlays: [{ builtin: limits }]\n", 3), ("posture: baseline\n", 0)]
    {
        let outcome = run(policy, &engine);
        let found = about(&outcome, rule);
        assert_eq!(found.len(), count, "{policy}{}", outcome.text());
        assert!(
            outcome.text().contains("mem_limit: 8388608, and the engine does not enforce it"),
            "{}",
            outcome.text()
        );
        assert!(outcome.text().contains("driver none"));
    }
    run("posture: contained\n", &without_swap()).assert_passes();
    let unfiltered = Info { security_options: Vec::new(), ..without_swap() };
    let outcome = run("posture: hardened\n", &unfiltered);
    assert!(about(&outcome, rule)[0].message.contains("may use every system call"), "{}", outcome.text());
    let waiver =
        "waivers: [{ service: \"*\", rule: limits-not-enforced, allow: [seccomp], reason: tested }]\n";
    run(&format!("posture: hardened\n{waiver}"), &unfiltered).assert_passes();
}

/// Whether a case needs a newer Compose than the installed one.
fn is_newer(case: &Case) -> bool {
    matches!(case.rule, "pre-start" | "unjudged-key")
}

/// The control: Docker Compose itself has nothing to say against any of them.
#[test]
fn plain_compose_accepts_what_breaks_a_rule() {
    let compose = |folder: &std::path::Path| {
        let mut command = std::process::Command::new("docker");
        command.args(["compose", "-f", "compose.yaml", "config", "--quiet"]).current_dir(folder);
        command.env("HOME", "/home/ann").output()
    };
    let version = std::process::Command::new("docker").args(["compose", "version"]).output();
    if !version.is_ok_and(|output| output.status.success()) {
        assert!(std::env::var_os("CI").is_none(), "docker compose is missing: scripts/test installs it");
        println!("skipped: docker compose is not installed");
        return;
    }
    let next = std::sync::Mutex::new(CASES.iter());
    let refused = std::sync::Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let Some(case) = next.lock().unwrap().next() else { break };
                    if is_newer(case) {
                        continue;
                    }
                    let fixture = Fixture::new(&base(case));
                    let output = compose(fixture.path()).unwrap();
                    if !output.status.success() {
                        let why = String::from_utf8_lossy(&output.stderr).into_owned();
                        refused.lock().unwrap().push(format!("{}: {why}", case.rule));
                    }
                }
            });
        }
    });
    let refused = refused.into_inner().unwrap();
    // Past what the test harness holds back: the figures are worth reading.
    let _ = writeln!(
        std::io::stderr(),
        "{} rules; plain Compose accepts {} of the breaches",
        CATALOGUE.len(),
        CASES.len() - refused.len()
    );
    assert!(refused.is_empty(), "{}", refused.join("\n"));
}

#[test]
fn a_rule_holds_from_its_posture_on_and_warns_under_observe() {
    for case in CASES {
        let rule = find(case.rule).unwrap();
        let Some(from) = rule.from.filter(|_| rule.overlays.is_empty()) else { continue };
        for posture in Posture::ALL {
            let text = format!("posture: {posture}\nuser: {{ default: \"1:1\" }}\n");
            let fixture = Fixture::new(&base(case));
            let fixture = if is_newer(case) { fixture.beyond() } else { fixture };
            let outcome = fixture.policy(&text).engine(without_swap()).run();
            let prefix = format!("rule {}:", rule.id);
            let severity = outcome
                .findings
                .iter()
                .find(|finding| finding.message.starts_with(&prefix))
                .map(|finding| finding.severity);
            let expected = if posture >= from {
                Some(Severity::Error)
            } else if rule.warns || posture == Posture::Observe && from <= Posture::Hardened {
                Some(Severity::Warning)
            } else {
                None
            };
            assert_eq!(severity, expected, "{} under {posture}\n{}", rule.id, outcome.text());
        }
    }
}

#[test]
fn a_link_to_a_socket_or_system_directory_is_followed() {
    for (target, rule) in [("/var/run/docker.sock", "engine-socket"), ("/etc", "sensitive-mount")] {
        let fixture = Fixture::new("services:\n  a: { image: x, volumes: [\"./innocent/x:/x\"] }\n")
            .policy("posture: baseline\n");
        std::fs::create_dir(fixture.path().join("innocent")).unwrap();
        std::os::unix::fs::symlink(target, fixture.path().join("innocent/x")).unwrap();
        let outcome = fixture.run();
        assert_eq!(outcome.codes(), [Code::RuleViolated], "{}", outcome.text());
        assert!(outcome.errors()[0].message.contains(rule), "{}", outcome.errors()[0].message);
    }
}

#[test]
fn a_target_is_judged_where_compose_puts_it() {
    for (target, fine) in [
        ("target: etc/passwd", false),
        ("target: /etc/../etc//passwd", false),
        ("target: ../etc/nsswitch.conf", false),
        ("target: /etc/ld.so.conf.d/x.conf", false),
        ("target: etc/app.conf", true),
        ("mode: 0444", true),
    ] {
        for kind in ["content: x", "file: ./c", "environment: C"] {
            let base = format!(
                "services:\n  a: {{ image: x, user: \"1:1\", configs: [{{ source: c, {target} }}] }}\n\
                 configs:\n  c: {{ {kind} }}\n"
            );
            let outcome = Fixture::new(&base).variable("C", "x").policy("posture: hardened\n").run();
            let found = outcome.errors().iter().any(|error| error.message.contains("mount-target"));
            assert_eq!(!found, fine, "{target}, {kind}\n{}", outcome.text());
        }
    }
    for (target, fine) in [("../../etc/passwd", false), ("../passwd", true), ("app", true)] {
        let base = format!(
            "services:\n  a: {{ image: x, user: \"1:1\", secrets: [{{ source: s, target: {target} }}] }}\n\
             secrets:\n  s: {{ file: ./s }}\n"
        );
        let outcome = Fixture::new(&base).policy("posture: hardened\n").run();
        let found = outcome.errors().iter().any(|error| error.message.contains("mount-target"));
        assert_eq!(!found, fine, "{target}\n{}", outcome.text());
    }
}

#[test]
fn content_is_copied_onto_the_host_only_through_a_bind_mount() {
    for (volumes, target, fine) in [
        ("./share:/share", "/share/suid", false),
        ("./share:/share", "share/d/roots", false),
        ("./share:/share/", "/share/../share/x", false),
        ("./share/file:/etc/app.conf", "/etc/app.conf", false),
        ("./share:/share:ro", "/share/x", true),
        ("./share:/share", "/shared/x", true),
        ("data:/share", "/share/x", true),
    ] {
        for kind in ["content: x", "environment: C", "file: ./c"] {
            let base = format!(
                "services:\n  a: {{ image: x, user: \"1:1\", volumes: [\"{volumes}\"], \
                 configs: [{{ source: c, target: {target} }}] }}\n\
                 configs:\n  c: {{ {kind} }}\nvolumes:\n  data: {{}}\n"
            );
            let outcome = Fixture::new(&base).variable("C", "x").policy("posture: hardened\n").run();
            let found = outcome.errors().iter().any(|error| error.message.contains("copied-into-mount"));
            assert_eq!(
                !found,
                fine || kind.starts_with("file"),
                "{volumes} {target} {kind}\n{}",
                outcome.text()
            );
        }
    }
}

#[test]
fn a_volume_shows_what_it_is_bound_to_whatever_type_it_claims() {
    for (options, fine) in [
        ("type: tmpfs, device: tmpfs", true),
        ("type: tmpfs, o: bind, device: /", false),
        ("type: nfs, o: \"addr=10.0.0.1,rw\", device: \":/export\"", true),
        ("type: nfs, o: \"rbind,addr=1.2.3.4\", device: /etc", false),
        ("type: overlay, o: \"lowerdir=/srv/a:/etc,upperdir=/srv/u,workdir=/srv/w\", device: overlay", false),
        ("type: proc, device: proc", false),
        ("type: none, o: bind, device: ../../../../etc", false),
        ("type: btrfs, device: /srv/disk.img", false),
        ("type: tmpfs, device: tmpfs, o: \"size=1m,uid=5,noexec,nosuid\"", true),
        ("type: cifs, o: \"username=a,password=b\", device: \"//nas/x\"", true),
        ("type: cifs, o: \"credentials=/root/c\", device: \"//nas/x\"", false),
        ("type: none, o: \"bind,rshared\", device: /srv/data", false),
        ("remote: x", false),
        ("size: 10G", true),
        ("type: none, o: bind, device: /srv/data", true),
        ("type: none, o: bind, device: /var/run/docker.sock", false),
        ("type: ext4, device: /dev/sdb1", false),
    ] {
        let base = format!(
            "services:\n  a: {{ image: x, volumes: [\"v:/v\"] }}\nvolumes:\n  v: {{ driver_opts: {{ {options} }} }}\n"
        );
        let outcome = Fixture::new(&base).policy("posture: baseline\n").run();
        assert_eq!(outcome.passes(), fine, "{options}\n{}", outcome.text());
    }
}

#[test]
fn secrets_and_configs_from_system_files_are_mounts_too() {
    let base = "services:\n  a: { image: x, secrets: [s], configs: [c] }\nsecrets: { s: { file: /etc/shadow } }\nconfigs: { c: { file: /proc/kcore } }\n";
    let outcome = Fixture::new(base).policy("posture: baseline\n").run();
    assert_eq!(outcome.codes(), [Code::RuleViolated, Code::RuleViolated]);
}

#[test]
fn an_external_network_named_host_is_the_host_s() {
    let base =
        "services:\n  a: { image: x, networks: [n] }\nnetworks: { n: { external: true, name: host } }\n";
    let outcome = Fixture::new(base).policy("posture: baseline\n").run();
    assert!(outcome.errors()[0].message.starts_with("rule host-network:"), "{}", outcome.text());
}

#[test]
fn a_user_of_the_policy_counts_where_the_service_has_none() {
    let base = "services:\n  a: { image: \"x:1\" }\n";
    for (user, fine) in [
        ("\"1000:1000\"", true),
        ("caller", true),
        ("per-service", true),
        ("image", true),
        ("\"0:0\"", false),
    ] {
        let outcome =
            Fixture::new(base).policy(&format!("posture: hardened\nuser: {{ default: {user} }}\n")).run();
        assert_eq!(outcome.passes(), fine, "{user}\n{}", outcome.text());
    }
    let outcome = Fixture::new(base).policy("posture: hardened\n").run();
    assert!(!outcome.passes());
}

/// A container of the project by its name is the service that makes it.
#[test]
fn a_container_of_the_project_is_not_foreign() {
    let two = |key: &str, container: &str| {
        format!(
            "services:\n  vpn: {{ image: \"x:1\", user: \"1:1\", container_name: tunnel }}\n  app: {{ image: \"x:1\", user: \
             \"1:1\", {key}: \"container:{container}\" }}\n  db: {{ image: \"x:1\", user: \"1:1\" }}\n"
        )
    };
    let refused = |posture: &str, text: &str| {
        let outcome = Fixture::new(text).policy(&format!("posture: {posture}\n")).run();
        outcome.errors().iter().map(|finding| finding.message.clone()).collect::<Vec<_>>().join("\n")
    };
    for container in ["tunnel", "test-db-1"] {
        assert_eq!(refused("baseline", &two("network_mode", container)), "", "{container}");
        assert_eq!(refused("baseline", &two("pid", container)), "", "{container}");
        assert!(refused("hardened", &two("pid", container)).contains("rule shared-namespace"), "{container}");
    }
    for container in ["test-vpn-1", "tunnel2", "p-db-1"] {
        assert!(
            refused("baseline", &two("pid", container)).contains("rule foreign-container"),
            "{container}"
        );
    }
}

#[test]
fn rules_say_everything_there_is_to_say() {
    for rule in CATALOGUE.iter() {
        assert!(rule.id.chars().all(|c| c.is_ascii_lowercase() || c == '-'), "{}", rule.id);
        for text in [rule.forbids, rule.why, rule.model, rule.live, rule.fix] {
            assert!(!text.is_empty(), "{}", rule.id);
        }
        assert!(rule.why.ends_with('.') && rule.fix.ends_with('.'), "{}", rule.id);
        assert!(rule.from.is_some() || !rule.overlays.is_empty(), "{} is never enforced", rule.id);
    }
}

#[test]
fn files_that_settings_come_from_are_places_of_the_host() {
    for (fields, rule) in [
        ("env_file: /etc/shadow", "sensitive-mount"),
        ("env_file: [{path: /proc/1/environ, required: false}]", "sensitive-mount"),
        ("env_file: ~/.aws/credentials", "home-mount"),
        ("label_file: [/etc/hostname, /etc/shadow]", "sensitive-mount"),
        ("build: {context: ., dockerfile: /etc/shadow}", "build-host-access"),
        ("build: {context: ., dockerfile: ../../../../../../../../etc/shadow}", "build-host-access"),
        ("build: {context: ., additional_contexts: {keys: ~/.ssh}}", "build-host-access"),
        ("build: {context: ., cache_to: [\"type=local,dest=/etc/cron.d\"]}", "build-host-access"),
        ("build: {context: ., secrets: [s]}", "sensitive-mount"),
        ("volumes: [\"vol:/v\"]", "home-mount"),
    ] {
        let base = format!(
            "services:\n  a: {{ image: x, {fields} }}\nsecrets: {{ s: {{ file: /etc/shadow }} }}\nvolumes:\n  \
             vol: {{ driver: local, driver_opts: {{ type: none, o: bind, device: /home/ann/.ssh }} }}\n"
        );
        let outcome = Fixture::new(&base).policy("posture: hardened\nuser: { default: \"5:5\" }\n").run();
        let said = outcome.text();
        assert!(said.contains(&format!("rule {rule}: services.a ")), "{fields}: {rule}\n{said}");
    }
    let base = "services:\n  a: { image: \"x:1\", env_file: [{path: a.env, required: false}], build: {context: ., dockerfile: sub/Dockerfile, \
                cache_to: [\"type=local,dest=./cache\"]} }\n";
    let said = Fixture::new(base).policy("posture: hardened\nuser: { default: \"5:5\" }\n").run().text();
    assert!(!said.contains("sensitive-mount") && !said.contains("build-host-access"), "{said}");
}

//! A posture for each service, and one to be warned of.

use crate::diagnostic::{Code, Severity};
use crate::policy::fixture::{Fixture, Outcome};

/// The rule of each finding with its place and severity.
fn said(outcome: &Outcome) -> Vec<(String, Severity)> {
    let rules = outcome.findings.iter().filter(|finding| finding.code == Code::RuleViolated);
    let of = |message: &str| {
        let rest = message.strip_prefix("rule ").unwrap();
        rest.split(' ').take(2).collect::<Vec<_>>().join(" ")
    };
    let mut said: Vec<_> = rules.map(|finding| (of(&finding.message), finding.severity)).collect();
    said.sort();
    said.dedup();
    said
}

fn errors(outcome: &Outcome) -> Vec<String> {
    said(outcome)
        .into_iter()
        .filter(|(_, severity)| *severity == Severity::Error)
        .map(|(rule, _)| rule)
        .collect()
}

const BASE: &str = "services:\n  web: { image: \"x:1\", user: \"1:1\", ports: [\"80:80\"] }\n  plex: { image: \"x:1\", ports: [\"81:81\"] }\n";

#[test]
fn each_service_is_judged_at_its_own() {
    let policy = "posture: {default: hardened, services: {plex: baseline}}\n";
    let outcome = Fixture::new(BASE).policy(policy).run();
    assert_eq!(errors(&outcome), ["port-all-interfaces: services.web", "privileged-port: services.web"]);
    // The overlay that comes with a posture is laid on the services that have it.
    assert_eq!(outcome.value(&["services", "web", "pids_limit"]).as_deref(), Some("1024"));
    assert_eq!(outcome.value(&["services", "plex", "pids_limit"]), None);
    assert_eq!(outcome.value(&["services", "plex", "cap_drop"]), None);
    let demanded = outcome.errors()[0].demanded().unwrap();
    assert_eq!(outcome.inputs.sources().text(demanded.span), "hardened");

    let outcome =
        Fixture::new(BASE).policy("posture: {default: baseline, services: {plex: hardened}}\n").run();
    assert_eq!(
        errors(&outcome),
        ["port-all-interfaces: services.plex", "privileged-port: services.plex", "user-root: services.plex"]
    );
    assert_eq!(outcome.value(&["services", "web", "pids_limit"]), None);
    assert_eq!(outcome.value(&["services", "plex", "pids_limit"]).as_deref(), Some("1024"));
}

#[test]
fn undoing_an_overlay_is_refused_where_it_is_laid_and_nowhere_else() {
    let policy = "posture: {default: baseline, services: {plex: hardened}}\nuser: { default: \"5:5\" }\n";
    let undone = |name: &str| {
        let text = format!("services:\n  {name}: {{ cap_drop: !reset [], pids_limit: !reset }}\n");
        let base = "services:\n  web: { image: \"x:1\" }\n  plex: { image: \"x:1\" }\n";
        Fixture::new(base).file("more.yaml", &text).policy(policy).run()
    };
    undone("web").assert_passes();
    let outcome = undone("plex");
    assert!(!outcome.passes(), "{}", outcome.text());
}

#[test]
fn what_is_shared_is_judged_at_the_strictest_that_shares_it() {
    let base = |vpn: &str, more: &str| {
        format!(
            "services:\n  vpn: {{ image: \"x:1\", container_name: tunnel, {vpn} }}\n  app: {{ image: \"x:1\", user: \"1:1\", {more} }}\n"
        )
    };
    let policy = "posture: {default: observe, services: {app: hardened}}\n";
    for (vpn, more, rule) in [
        ("network_mode: host", "network_mode: \"service:vpn\"", "host-network: services.vpn"),
        ("network_mode: host", "network_mode: \"container:tunnel\"", "host-network: services.vpn"),
        ("pid: host", "pid: \"service:vpn\"", "host-pid: services.vpn"),
        ("ipc: host", "ipc: \"service:vpn\"", "host-ipc: services.vpn"),
        ("ports: [\"80:80\"]", "network_mode: \"service:vpn\"", "port-all-interfaces: services.vpn"),
        ("volumes: [\"/var/run/docker.sock:/s\"]", "volumes_from: [vpn]", "engine-socket: services.vpn"),
    ] {
        let shared = Fixture::new(&base(vpn, more)).policy(policy).run();
        assert!(errors(&shared).contains(&rule.to_owned()), "{vpn} {more}\n{}", shared.text());
        let apart = Fixture::new(&base(vpn, "init: true")).policy(policy).run();
        assert_eq!(errors(&apart), [""; 0], "{vpn}\n{}", apart.text());
    }
}

#[test]
fn who_enters_a_stricter_service_is_judged_at_its_posture() {
    let policy = "posture: {default: hardened, services: {b: baseline}}\n";
    let run = |fields: &str, more: &str| {
        let base = format!(
            "services:\n  a: {{ image: \"x:1\", user: \"1:1\" }}\n  b: {{ image: \"x:1\", {fields} }}\n"
        );
        Fixture::new(&base).policy(&format!("{policy}{more}")).run()
    };
    for (fields, rule) in [
        ("pid: \"service:a\"", "shared-namespace"),
        ("ipc: \"service:a\"", "shared-namespace"),
        ("volumes_from: [a]", "volumes-from"),
    ] {
        let found = errors(&run(fields, ""));
        assert!(found.contains(&format!("{rule}: services.b")), "{fields}: {found:?}");
    }
    // The control: two services at baseline may.
    let policy =
        "posture: {default: hardened, services: {b: baseline, c: baseline}}\nuser: { default: \"5:5\" }\n";
    for fields in ["pid: \"service:c\"", "volumes_from: [c]"] {
        let base = format!(
            "services:\n  a: {{ image: \"x:1\" }}\n  b: {{ image: \"x:1\", {fields} }}\n  c: {{ image: \"x:1\" }}\n"
        );
        Fixture::new(&base).policy(policy).run().assert_passes();
    }
    let waiver =
        "waivers: [{ service: b, rule: shared-namespace, allow: [\"pid=service:a\"], reason: tested }]\n";
    assert!(!errors(&run("pid: \"service:a\"", waiver)).iter().any(|rule| rule.contains("services.b")));
}

#[test]
fn a_project_waives_no_way_into_a_service_that_the_host_protects() {
    let base =
        "services:\n  a: { image: \"x:1\", user: \"1:1\" }\n  b: { image: \"x:1\", pid: \"service:a\" }\n";
    let waiver =
        "waivers: [{ service: b, rule: shared-namespace, allow: [\"pid=service:a\"], reason: tested }]\n";
    let refused = |system: &str| {
        let outcome = Fixture::new(base).system(system).policy(&format!("posture: baseline\n{waiver}")).run();
        errors(&outcome).contains(&"shared-namespace: services.b".to_owned())
    };
    assert!(refused("posture: {default: baseline, services: {a: hardened}}\n"));
    assert!(!refused("posture: baseline\n"));
}

#[test]
fn networks_and_volumes_are_judged_at_the_strictest_that_uses_them() {
    let base = "services:\n  loose: { image: \"x:1\", networks: [out], volumes: [\"data:/v\"] }\n  tight: { image: \"x:1@sha256:0123456789012345678901234567890123456789012345678901234567890123\", user: \"1:1\", networks: [in] }\n\
                networks: { in: { driver: macvlan }, out: { driver: macvlan } }\nvolumes: { data: { driver: else } }\n";
    let policy = |postures: &str| Fixture::new(base).policy(&format!("posture: {postures}\n")).run();
    let mixed = policy("{default: observe, services: {tight: contained}}");
    assert_eq!(errors(&mixed), ["network-driver: networks.in"], "{}", mixed.text());
    assert_eq!(mixed.value(&["networks", "in", "internal"]).as_deref(), Some("true"));
    assert_eq!(mixed.value(&["networks", "out", "internal"]), None);
    let other = policy("{default: observe, services: {loose: baseline}}");
    assert_eq!(errors(&other), ["volume-options: volumes.data"], "{}", other.text());
}

#[test]
fn a_name_that_no_service_has_is_refused_but_for_the_hosts() {
    let outcome = Fixture::new(BASE).policy("posture: {default: observe, services: {plx: baseline}}\n").run();
    assert_eq!(outcome.codes(), [Code::PolicySyntax]);
    assert_eq!(outcome.errors()[0].help.as_deref(), Some("Did you mean `plex`?"));
    assert_eq!(outcome.places(Code::PolicySyntax), ["plx"]);
    Fixture::new(BASE)
        .system("posture: {default: observe, services: {plx: contained}}\n")
        .run()
        .assert_passes();
}

#[test]
fn a_project_hides_no_service_from_the_host() {
    let host = "posture: {default: baseline, services: {plex: hardened}}\n";
    for own in ["", "posture: baseline\n", "posture: {services: {web: baseline}}\n"] {
        let fixture = Fixture::new(BASE).system(host);
        let outcome = if own.is_empty() { fixture.run() } else { fixture.policy(own).run() };
        assert!(
            errors(&outcome).contains(&"user-root: services.plex".to_owned()),
            "{own}\n{}",
            outcome.text()
        );
        assert!(!outcome.text().contains("services.web"), "{own}\n{}", outcome.text());
    }
    // A waiver of the project for everybody is for nobody for whom the host demands the rule.
    let waiver = |service: &str| {
        format!("waivers: [{{ service: {service}, rule: user-root, allow: [image], reason: r }}]\n")
    };
    let outcome = Fixture::new(BASE).system(host).policy(&waiver("\"*\"")).run();
    assert!(errors(&outcome).contains(&"user-root: services.plex".to_owned()), "{}", outcome.text());
    let outcome = Fixture::new(BASE).system(host).policy(&waiver("plex")).run();
    assert_eq!(outcome.codes(), [Code::PolicyLoosened], "{}", outcome.text());
    // A project may waive its own demands.
    let own = "posture: {services: {web: hardened}}\nwaivers:\n  - { service: web, rule: port-all-interfaces, allow: [\"80/tcp\"], reason: r }\n";
    let outcome = Fixture::new(BASE).system("posture: baseline\n").policy(own).run();
    assert!(!outcome.codes().contains(&Code::PolicyLoosened), "{}", outcome.text());
}

#[test]
fn a_stricter_posture_to_be_warned_of_refuses_nothing() {
    let outcome = Fixture::new(BASE).policy("posture: {default: baseline, warn: hardened}\n").run();
    outcome.assert_passes();
    let expected = [
        "port-all-interfaces: services.plex",
        "port-all-interfaces: services.web",
        "privileged-port: services.plex",
        "privileged-port: services.web",
        "user-root: services.plex",
    ];
    let warned = said(&outcome);
    assert_eq!(
        warned.iter().map(|(rule, _)| rule.as_str()).collect::<Vec<_>>(),
        expected,
        "{}",
        outcome.text()
    );
    assert!(warned.iter().all(|(_, severity)| *severity == Severity::Warning));
    assert!(outcome.findings.iter().all(|finding| finding.ahead() == Some("hardened")));
    assert!(
        outcome.text().contains("posture hardened is warned of at seaworthy.yaml:2"),
        "{}",
        outcome.text()
    );
    // A service that has it already is refused, and a waiver silences a warning as it does an error.
    let policy = "posture: {default: baseline, services: {plex: hardened}, warn: hardened}\nwaivers:\n  - { service: web, rule: privileged-port, allow: [\"80\"], reason: r }\n";
    let outcome = Fixture::new(BASE).policy(policy).run();
    assert_eq!(errors(&outcome).len(), 3, "{}", outcome.text());
    let warned: Vec<_> =
        said(&outcome).into_iter().filter(|(_, severity)| *severity == Severity::Warning).collect();
    assert_eq!(
        warned,
        [("port-all-interfaces: services.web".to_owned(), Severity::Warning)],
        "{}",
        outcome.text()
    );
}

#[test]
fn what_is_written_wrongly_is_said() {
    for (written, at) in [
        ("{default: hardend}", "hardend"),
        ("{services: [a]}", "[a]"),
        ("{default: hardened, warn: baseline}", "baseline"),
        ("{services: {web: hardend}}", "hardend"),
        ("[hardened]", "[hardened]"),
    ] {
        let outcome = Fixture::new(BASE).policy(&format!("posture: {written}\n")).run();
        assert_eq!(outcome.codes(), [Code::PolicySyntax], "{written}\n{}", outcome.text());
        assert_eq!(outcome.places(Code::PolicySyntax), [at], "{written}");
    }
    let outcome = Fixture::new(BASE).policy("posture: {defualt: hardened}\n").run();
    assert_eq!(outcome.codes(), [Code::PolicyUnknownKey], "{}", outcome.text());
}

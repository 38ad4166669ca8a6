//! Mandatory overlays in their place, fitted to the project.

use super::*;

const BASE: &str = "services:\n  a: { image: \"x:1\", user: \"1000:1000\" }\n";
const HARDENED: &str = "posture: hardened\nuser: { default: \"1000:1000\" }\n";

#[test]
fn every_service_of_every_profile_gets_what_the_star_says() {
    let outcome = Fixture::new(BASE)
        .file("more.yaml", "services:\n  b: { image: \"x:1\", profiles: [debug], user: \"1000:1000\" }\n")
        .policy(HARDENED)
        .run();
    outcome.assert_passes();
    for service in ["a", "b"] {
        assert_eq!(outcome.value(&["services", service, "cap_drop"]).unwrap(), "[ALL]");
        assert_eq!(outcome.value(&["services", service, "pids_limit"]).unwrap(), "1024");
        assert_eq!(
            outcome.value(&["services", service, "security_opt"]).unwrap(),
            "[no-new-privileges:true]"
        );
    }
}

#[test]
fn an_option_that_the_project_has_already_is_not_repeated() {
    for place in ["compose.yaml", "late.yaml"] {
        let own = "services:\n  a: { image: \"x:1\", security_opt: [\"no-new-privileges:true\"] }\n";
        let fixture =
            if place == "compose.yaml" { Fixture::new(own) } else { Fixture::new(BASE).file(place, own) };
        fixture.policy(HARDENED).run().assert_passes();
    }
}

#[test]
fn a_limit_goes_where_the_service_keeps_its_limits() {
    let base = "services:\n  a:\n    image: x:1\n    deploy: { resources: { limits: { memory: 1g } } }\n";
    let outcome = Fixture::new(base).policy(HARDENED).run();
    outcome.assert_passes();
    assert_eq!(outcome.value(&["services", "a", "deploy", "resources", "limits", "pids"]).unwrap(), "1024");
    assert_eq!(outcome.value(&["services", "a", "pids_limit"]), None);
}

#[test]
fn a_tighter_limit_of_the_project_stays() {
    let base =
        "services:\n  a: { image: \"x:1\", pids_limit: 50 }\n  b: { image: \"x:1\", pids_limit: 5000 }\n";
    let outcome = Fixture::new(base).policy(HARDENED).run();
    outcome.assert_passes();
    assert_eq!(outcome.value(&["services", "a", "pids_limit"]).unwrap(), "50");
    assert_eq!(outcome.value(&["services", "b", "pids_limit"]).unwrap(), "1024");
    let later = "services:\n  b: { pids_limit: 100 }\n";
    let outcome = Fixture::new(base).file("later.yaml", later).policy(HARDENED).run();
    outcome.assert_passes();
    assert_eq!(outcome.value(&["services", "b", "pids_limit"]).unwrap(), "100");
}

#[test]
fn a_later_overlay_may_be_tighter_but_a_star_never_loosens() {
    for order in ["limits, hardening", "hardening, limits"] {
        let list =
            order.split(", ").map(|name| format!("  - builtin: {name}\n")).collect::<Vec<_>>().concat();
        let outcome = Fixture::new(BASE).policy(&format!("overlays:\n{list}")).run();
        outcome.assert_passes();
        assert_eq!(outcome.value(&["services", "a", "pids_limit"]).unwrap(), "512", "{order}");
    }
}

#[test]
fn a_service_keeps_its_own_mount_where_read_only_would_put_one() {
    let base = "services:\n  a: { image: \"x:1\", volumes: [\"./tmp:/tmp\"] }\n  b: { image: \"x:1\", tmpfs: \"/tmp:size=1m\" }\n  c: { image: \"x:1\" }\n";
    let outcome = Fixture::new(base).policy("overlays: [{ builtin: read-only }]\n").run();
    outcome.assert_passes();
    assert_eq!(outcome.value(&["services", "a", "tmpfs"]), None);
    assert_eq!(outcome.value(&["services", "b", "tmpfs"]).unwrap(), "[/tmp:size=1m]");
    assert_eq!(outcome.value(&["services", "c", "tmpfs"]).unwrap(), "[/tmp]");
    assert_eq!(outcome.value(&["services", "c", "read_only"]).unwrap(), "true");
}

#[test]
fn what_is_said_of_one_service_goes_over_what_is_said_of_all() {
    let overlay = "services:\n  \"*\": { restart: \"no\", environment: { A: all, B: all } }\n  a: { restart: on-failure, environment: [A=one] }\n...\n";
    let base = "services:\n  a: { image: x }\n  b: { image: x }\n";
    let outcome = Fixture::new(base).with("o.yaml", overlay).policy("overlays: [{ file: o.yaml }]\n").run();
    outcome.assert_passes();
    assert_eq!(outcome.value(&["services", "a", "restart"]).unwrap(), "on-failure");
    assert_eq!(outcome.value(&["services", "a", "environment"]).unwrap(), "map[A:one B:all]");
    assert_eq!(outcome.value(&["services", "b", "environment"]).unwrap(), "map[A:all B:all]");
}

#[test]
fn a_reset_of_the_star_is_filled_by_a_service_s_own_entry() {
    let overlay = "services:\n  \"*\": { ports: !reset }\n  a: { ports: [\"127.0.0.1:8080:80\"] }\n...\n";
    let base = "services:\n  a: { image: x, ports: [\"80:80\"] }\n  b: { image: x, ports: [\"81:81\"] }\n";
    let outcome = Fixture::new(base).with("o.yaml", overlay).policy("overlays: [{ file: o.yaml }]\n").run();
    outcome.assert_passes();
    assert_eq!(outcome.value(&["services", "b", "ports"]), None);
    let model = outcome.model.unwrap();
    let ports = model.root.at(&["services", "a", "ports"]).unwrap().as_seq().unwrap();
    assert_eq!(ports.len(), 1);
}

#[test]
fn a_service_that_only_an_overlay_has_is_hardened_too() {
    let overlay = "services:\n  proxy: { image: \"p:1\", user: \"1:1\" }\n...\n";
    let outcome = Fixture::new(BASE)
        .with("o.yaml", overlay)
        .policy("posture: contained\nuser: { default: \"1000:1000\" }\noverlays: [{ file: o.yaml }]\n")
        .run();
    outcome.assert_passes();
    assert_eq!(outcome.value(&["services", "proxy", "cap_drop"]).unwrap(), "[ALL]");
    assert_eq!(outcome.value(&["networks", "default", "internal"]).unwrap(), "true");
}

#[test]
fn an_overlay_opens_a_network_by_name() {
    let base = "services:\n  a: { image: \"x:1\", networks: [in, out] }\nnetworks: { in: , out: }\n";
    let policy = "posture: contained\nuser: { default: \"1000:1000\" }\n";
    let outcome = Fixture::new(base).policy(policy).run();
    outcome.assert_passes();
    assert_eq!(outcome.value(&["networks", "out", "internal"]).unwrap(), "true");
    let open = "networks:\n  out: { internal: false }\n...\n";
    let outcome = Fixture::new(base)
        .with("open.yaml", open)
        .policy(&format!("{policy}overlays: [{{ file: open.yaml }}]\n"))
        .run();
    outcome.assert_passes();
    assert_eq!(outcome.value(&["networks", "in", "internal"]).unwrap(), "true");
    assert_eq!(outcome.value(&["networks", "out", "internal"]), None);
    // The same words in a file that is not mandatory open nothing.
    let outcome = Fixture::new(base).file("open.yaml", open).policy(policy).run();
    assert!(outcome.codes().contains(&Code::AssertionUndone), "{}", outcome.text());
}

#[test]
fn a_project_cannot_open_what_the_host_closed() {
    let base = "services:\n  a: { image: \"x:1\", networks: [out] }\nnetworks: { out: }\n";
    let open = "networks:\n  out: { internal: false }\n...\n";
    let outcome = Fixture::new(base)
        .with("open.yaml", open)
        .system("posture: contained\nuser: { default: \"1000:1000\" }\n")
        .policy("overlays: [{ file: open.yaml }]\n")
        .run();
    assert_eq!(outcome.codes(), [Code::AssertionUndone], "{}", outcome.text());
    assert_eq!(outcome.places(Code::AssertionUndone), ["false", "true"]);
}

#[test]
fn an_overlay_named_again_moves_forward_with_a_note() {
    let overlay = "services:\n  a: { read_only: true }\n...\n";
    let outcome = Fixture::new(BASE)
        .file("late.yaml", "services:\n  a: { hostname: h }\n")
        .file("ops/o.yaml", overlay)
        .policy("overlays: [{ file: ops/o.yaml }]\n")
        .run();
    outcome.assert_passes();
    assert!(outcome.text().contains("moved forward"), "{}", outcome.text());
    let names: Vec<_> = outcome
        .arranged
        .unwrap()
        .layers
        .iter()
        .map(|layer| outcome.inputs.sources().get(layer.file).unwrap().name.clone())
        .collect();
    assert_eq!(names, ["compose.yaml", "ops/o.yaml", "late.yaml"]);
}

#[test]
fn a_list_that_starts_with_an_overlay_has_lost_its_base() {
    let outcome = Fixture::new(BASE)
        .with("o.yaml", "services:\n  a: { image: x }\n...\n")
        .listing(&["o.yaml", "compose.yaml"])
        .policy("overlays: [{ file: o.yaml }]\n")
        .run();
    assert_eq!(outcome.codes(), [Code::FileListInvalid]);
}

#[test]
fn every_order_of_the_files_holds_every_assertion_or_is_refused() {
    let files = [
        ("compose.yaml", BASE),
        ("weak.yaml", "services:\n  a: { read_only: false }\n"),
        ("o.yaml", "services:\n  \"*\": { read_only: true }\n...\n"),
        ("more.yaml", "services:\n  a: { hostname: h }\n"),
    ];
    let mut judged = 0;
    for order in permutations(&[0, 1, 2, 3]) {
        for length in 1..=order.len() {
            let names: Vec<_> = order.iter().take(length).map(|at| files[*at].0).collect();
            let mut fixture = Fixture::new(BASE).policy("overlays: [{ file: o.yaml }]\n");
            for (name, text) in files {
                fixture = fixture.with(name, text);
            }
            let outcome = fixture.listing(&names).run();
            judged += 1;
            let holds = outcome.value(&["services", "a", "read_only"]).as_deref() == Some("true");
            assert!(!outcome.passes() || holds, "{names:?}");
        }
    }
    assert_eq!(judged, 24 * 4);
}

fn permutations(items: &[usize]) -> Vec<Vec<usize>> {
    if items.is_empty() {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for (at, first) in items.iter().enumerate() {
        let mut rest = items.to_vec();
        rest.remove(at);
        for mut tail in permutations(&rest) {
            tail.insert(0, *first);
            all.push(tail);
        }
    }
    all
}

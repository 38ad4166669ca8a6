//! Every key of the policy under a host's: what a project may say there, and what it may not.

use std::collections::BTreeSet;

use crate::diagnostic::Code;
use crate::policy::fixture::Fixture;

const BASE: &str = "services:\n  a: { image: \"x:1\" }\n  b: { image: \"x:1\" }\n";

/// What the host says in every case but those that say otherwise.
const HOST: &str = "posture: {default: hardened, services: {b: contained, elsewhere: baseline}, warn: contained}\nuser: { default: \"5:5\", services: { b: \"7:7\" } }\nbinds: { roots: [/srv, ..], mode: \"0750\", \
                    create: [{ path: /srv/made, kind: dir, mode: \"0700\", owner: \"5:5\" }] }\nstate: [{ path: \"/srv/s/*\", strategy: chown, \
                    from: [\"8:8\"] }, {volume: \"h*\", strategy: chown, from: [\"8:8\"]}]\nrepair: host\ncopies: [{ from: ../token.json, to: ../copy.json, format: json, drop: [/secret], mode: \"0640\" }]\n\
                    files: [../compose.yaml]\ncompose: \"2.40\"\ngc: [{ path: \"/srv/g/*\", older_than: 24h }]\noverlays: [{ builtin: limits }]\n\
                    probes: { a: { before: up, command: [x] } }\n";

/// A key, what is fine there, and what loosens.
type Row = (&'static str, &'static [&'static str], &'static [&'static str]);

const ROWS: &[Row] = &[
    (
        "posture.default",
        &[
            "posture: contained",
            "posture: hardened",
            "posture: {default: hardened}",
            "posture: {services: {a: contained}}",
        ],
        &["posture: baseline", "posture: {default: baseline, services: {a: hardened, b: hardened}}"],
    ),
    (
        "posture.services",
        &[
            "posture: {services: {b: contained}}",
            "posture: {default: contained, services: {a: hardened, b: contained}}",
        ],
        &[
            "posture: {services: {a: baseline}}",
            "posture: {default: contained, services: {a: baseline}}",
            "posture: {services: {b: hardened}}",
        ],
    ),
    ("posture.warn", &["posture: {warn: contained}"], &["posture: {warn: baseline}"]),
    ("compose", &["compose: \"2.40\""], &["compose: \"5.5\""]),
    (
        "user.default",
        &["user: { default: \"5:5\" }"],
        &["user: { default: \"6:6\" }", "user: { default: image }"],
    ),
    (
        "user.services",
        &["user: { services: { a: \"9:9\", b: \"7:7\" } }", "user: { services: { a: per-service } }"],
        &[
            "user: { services: { a: \"0:0\" } }",
            "user: { services: { a: \"9:0\" } }",
            "user: { services: { a: image } }",
            "user: { services: { b: \"9:9\" } }",
        ],
    ),
    ("user.home", &["user: { home: fix }"], &[]),
    ("files", &["files: [compose.yaml]"], &["files: [other.yaml]"]),
    (
        "binds.roots",
        &["binds: { roots: [/srv/app, .] }"],
        &["binds: { roots: [/] }", "binds: { roots: [/srv/../etc] }"],
    ),
    ("binds.mode", &["binds: { mode: \"0700\" }"], &["binds: { mode: \"0755\" }"]),
    (
        "binds.create.path",
        &["binds: { create: [{ path: ./x, kind: dir }, { path: /srv/x, kind: dir }] }"],
        &[
            "binds: { create: [{ path: /opt/x, kind: dir }] }",
            "binds: { create: [{ path: /srv/../etc/x, kind: file }] }",
        ],
    ),
    (
        "binds.create.kind",
        &["binds: { create: [{ path: /srv/made, kind: dir, owner: \"5:5\" }] }"],
        &["binds: { create: [{ path: /srv/made, kind: file, owner: \"5:5\" }] }"],
    ),
    (
        "binds.create.content",
        &["binds: { create: [{ path: ./x, kind: file, content: hi }] }"],
        &["binds: { create: [{ path: /srv/made, kind: file, content: hi, owner: \"5:5\" }] }"],
    ),
    (
        "binds.create.mode",
        &[
            "binds: { create: [{ path: ./x, kind: dir, mode: \"0750\" }, { path: /srv/made, kind: dir, mode: \"0700\", owner: \"5:5\" }] }",
        ],
        &[
            "binds: { create: [{ path: ./x, kind: dir, mode: \"0777\" }] }",
            "binds: { create: [{ path: /srv/made, kind: dir, mode: \"0750\", owner: \"5:5\" }] }",
        ],
    ),
    (
        "binds.create.owner",
        &["binds: { create: [{ path: ./x, kind: dir, owner: \"9:9\" }] }"],
        &[
            "binds: { create: [{ path: ./x, kind: dir, owner: \"0:0\" }] }",
            "binds: { create: [{ path: ./x, kind: dir, owner: \"9:0\" }] }",
            "binds: { create: [{ path: /srv/made, kind: dir, owner: \"9:9\" }] }",
        ],
    ),
    ("state.path", &["state: [{ path: ./s }, { path: \"/srv/t/*\" }]"], &["state: [{ path: /var/s }]"]),
    (
        "state.strategy",
        &["state: [{ path: ./s, strategy: acl }, { path: /srv/s/x, strategy: chown }]"],
        &[
            "state: [{ path: /srv/s/x, strategy: acl }]",
            "state: [{ path: \"/srv/*/x\", strategy: idmap }]",
            "state: [{ path: /srv, strategy: group }]",
        ],
    ),
    (
        "state.from",
        &["state: [{ path: ./s, from: [\"9:9\"] }, { path: /srv/s/x, from: [\"8:8\"] }]"],
        &["state: [{ path: /srv/s/x, from: [\"9:9\"] }]"],
    ),
    (
        "state.volume",
        &["state: [{ volume: own, from: [\"9:9\"], strategy: acl }, { volume: hers, from: [\"8:8\"] }]"],
        &["state: [{ volume: hers, strategy: acl }]", "state: [{ volume: \"*\", from: [\"0:0\"] }]"],
    ),
    ("repair", &["repair: host", "repair: never"], &["repair: auto", "repair: helper"]),
    (
        "copies.from",
        &["copies: [{ from: ./f, to: ./t }]"],
        &[
            "copies: [{ from: /etc/shadow, to: ./t }]",
            "copies: [{ from: /opt/f, to: ./t }]",
            "copies: [{ from: ./other.json, to: ./copy.json, format: json, drop: [/secret], mode: \"0640\" }]",
        ],
    ),
    ("copies.to", &["copies: [{ from: ./f, to: /srv/t }]"], &["copies: [{ from: ./f, to: /opt/t }]"]),
    (
        "copies.format",
        &["copies: [{ from: ./token.json, to: ./copy.json, format: json, drop: [/secret], mode: \"0640\" }]"],
        &["copies: [{ from: ./token.json, to: ./copy.json, mode: \"0640\" }]"],
    ),
    (
        "copies.drop",
        &[
            "copies: [{ from: ./token.json, to: ./copy.json, format: json, drop: [/secret, /more], mode: \"0640\" }]",
        ],
        &["copies: [{ from: ./token.json, to: ./copy.json, format: json, mode: \"0640\" }]"],
    ),
    (
        "copies.mode",
        &["copies: [{ from: ./token.json, to: ./copy.json, format: json, drop: [/secret], mode: \"0600\" }]"],
        &["copies: [{ from: ./token.json, to: ./copy.json, format: json, drop: [/secret], mode: \"0644\" }]"],
    ),
    ("gc.path", &["gc: [{ path: \"./g/*\" }]"], &["gc: [{ path: \"/srv/g/x*\", older_than: 1h }]"]),
    (
        "gc.older_than",
        &["gc: [{ path: \"/srv/g/x*\", older_than: 48h }]"],
        &["gc: [{ path: \"/srv/g/*\", older_than: 1h }]"],
    ),
    ("overlays.builtin", &["overlays: [{ builtin: read-only }]"], &[]),
    (
        "waivers.rule",
        &[],
        &[
            "waivers: [{ service: a, rule: privileged, reason: r }]",
            "waivers: [{ service: \"*\", rule: memory-limit, allow: [9g], reason: r }]",
            "waivers: [{ service: a, rule: not-enforceable, allow: [kubernetes.pids_limit], reason: r }]",
        ],
    ),
    // A probe of the project's stands beside the host's and takes nothing from it.
    ("probes.command", &["probes: { a: { command: [y] } }"], &[]),
];

/// Keys that say nothing of their own under a host's policy, with why.
const NOTHING: &[(&str, &str)] = &[
    ("version", "each policy has its own"),
    ("overlays.file", "the host's come first and stand; the project's are its own"),
    ("overlays.sha256", "a pin is tried on its own file"),
    ("waivers.service", "a waiver is judged by its rule"),
    ("waivers.allow", "a waiver is judged by its rule"),
    ("waivers.reason", "it is for people"),
    ("waivers.expires", "a waiver is judged by its rule"),
    ("probes.before", "each probe stands for itself"),
    ("probes.timeout", "each probe stands for itself"),
    ("probes.credentials.any", "each probe stands for itself"),
    ("probes.credentials.baseline", "each probe stands for itself"),
    ("probes.credentials.expires", "each probe stands for itself"),
    ("probes.credentials.format", "each probe stands for itself"),
    ("probes.credentials.path", "each probe stands for itself"),
    ("probes.credentials.valid_for", "each probe stands for itself"),
];

fn fixture() -> Fixture {
    Fixture::new(BASE).with("token.json", "{}").with("f", "x")
}

#[test]
fn a_project_may_tighten_every_key_and_loosen_none() {
    let mut tried = 0;
    for (key, fine, loose) in ROWS {
        for own in *fine {
            let outcome = fixture().system(HOST).policy(&format!("{own}\n")).run();
            assert!(!outcome.codes().contains(&Code::PolicyLoosened), "{key}: {own}\n{}", outcome.text());
        }
        for own in *loose {
            let outcome = fixture().system(HOST).policy(&format!("{own}\n")).run();
            let found: Vec<_> =
                outcome.errors().into_iter().filter(|error| error.code == Code::PolicyLoosened).collect();
            assert!(!found.is_empty(), "{key}: {own}\n{}", outcome.text());
            for error in found {
                let [ours, theirs] = error.labels.as_slice() else {
                    panic!("{key}: {own}: both places are shown")
                };
                assert_ne!(ours.span.file, theirs.span.file, "{key}: {own}");
            }
            // Without the host's policy it is the project's own affair.
            let alone = fixture().policy(&format!("{own}\n")).run();
            assert!(!alone.codes().contains(&Code::PolicyLoosened), "{key}: {own}\n{}", alone.text());
            tried += 1;
        }
    }
    println!("{tried} ways to loosen, all refused");
}

#[test]
fn every_key_of_the_schema_has_a_row() {
    let schema: serde_json::Value =
        serde_json::from_str(include_str!("../../../schemas/policy.schema.json")).unwrap();
    let mut keys = BTreeSet::new();
    gather(&schema, &schema, "", &mut keys);
    let known: BTreeSet<String> = ROWS
        .iter()
        .map(|(key, ..)| *key)
        .chain(NOTHING.iter().map(|(key, _)| *key))
        .map(str::to_owned)
        .collect();
    assert!(keys.len() > 40, "{keys:?}");
    assert_eq!(keys, known);
}

/// The keys that hold a value and no further keys.
fn gather(root: &serde_json::Value, node: &serde_json::Value, path: &str, keys: &mut BTreeSet<String>) {
    if let Some(reference) = node.get("$ref").and_then(serde_json::Value::as_str) {
        return gather(root, root.pointer(reference.trim_start_matches('#')).unwrap(), path, keys);
    }
    for word in ["anyOf", "oneOf", "allOf"] {
        for one in node.get(word).and_then(serde_json::Value::as_array).into_iter().flatten() {
            gather(root, one, path, keys);
        }
    }
    for (key, child) in node.get("properties").and_then(serde_json::Value::as_object).into_iter().flatten() {
        let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        let before = keys.len();
        gather(root, child, &path, keys);
        if keys.len() == before && !keys.iter().any(|known| known.starts_with(&format!("{path}."))) {
            keys.insert(path);
        }
    }
    for word in ["items", "additionalProperties"] {
        if let Some(child) = node.get(word).filter(|child| child.is_object()) {
            gather(root, child, path, keys);
        }
    }
}

#[test]
fn an_extension_of_a_service_is_bound_as_the_policy_is() {
    for (user, is_fine) in
        [("9:9", true), ("5:5", true), ("0:0", false), ("9:0", false), ("image", false), ("caller", true)]
    {
        let base = format!("services:\n  a: {{ image: \"x:1\", x-seaworthy: {{ user: \"{user}\" }} }}\n");
        let host = "posture: observe\nuser: { default: \"5:5\" }\n";
        let outcome = Fixture::new(&base).system(host).run();
        assert_eq!(!outcome.codes().contains(&Code::PolicyLoosened), is_fine, "{user}\n{}", outcome.text());
        let alone = Fixture::new(&base).policy("posture: observe\nuser: { default: \"5:5\" }\n").run();
        assert!(!alone.codes().contains(&Code::PolicyLoosened), "{user}\n{}", alone.text());
    }
    let base = "services:\n  b: { image: \"x:1\", x-seaworthy: { user: \"9:9\" } }\n";
    let outcome = Fixture::new(base).system("posture: observe\nuser: { services: { b: \"7:7\" } }\n").run();
    assert_eq!(outcome.codes(), [Code::PolicyLoosened], "{}", outcome.text());
}

#[test]
fn under_a_host_that_gives_each_its_own_user_no_two_have_one() {
    let host = "posture: observe\nuser: { default: per-service }\n";
    for (own, is_fine) in [
        ("user: { services: { a: \"9:9\", b: \"10:10\" } }\n", true),
        ("user: { services: { a: \"9:9\", b: \"9:9\" } }\n", false),
    ] {
        let outcome = Fixture::new(BASE).system(host).policy(own).run();
        assert_eq!(!outcome.codes().contains(&Code::PolicyLoosened), is_fine, "{own}\n{}", outcome.text());
    }
}

#[test]
fn an_overlay_of_the_host_that_others_can_write_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let overlay = "services:\n  \"*\": { hostname: h }\n...\n";
    let set = |fixture: &Fixture, name: &str, mode: u32| {
        std::fs::set_permissions(fixture.path().join(name), std::fs::Permissions::from_mode(mode)).unwrap();
    };
    for (name, mode, is_fine) in [
        ("etc/o/h.yaml", 0o644, true),
        ("etc/o/h.yaml", 0o666, false),
        ("etc/o/h.yaml", 0o664, false),
        ("etc/o", 0o777, false),
    ] {
        for pinned in [false, true] {
            let pin = if pinned {
                format!(", sha256: {}", crate::source::sha256(overlay.as_bytes()))
            } else {
                String::new()
            };
            let fixture = Fixture::new(BASE)
                .with("etc/o/h.yaml", overlay)
                .system(&format!("posture: observe\noverlays: [{{ file: o/h.yaml{pin} }}]\n"));
            set(&fixture, "etc/o", 0o755);
            set(&fixture, "etc/o/h.yaml", 0o644);
            set(&fixture, name, mode);
            let outcome = fixture.run();
            let refused = outcome.codes().contains(&Code::PolicyUntrusted);
            assert_eq!(!refused, is_fine || pinned, "{name} {mode:o} pinned: {pinned}\n{}", outcome.text());
        }
    }
}

//! What policies, overlays, lists and waivers are refused for.

use super::*;
use crate::policy::Posture;

const BASE: &str = "services:\n  a: { image: \"x:1\" }\n";
const OVERLAY: &str = "services:\n  a: { read_only: true }\n...\n";

#[test]
fn without_a_policy_nothing_is_judged() {
    let outcome = Fixture::new("services:\n  a: { image: x, privileged: true }\n").run();
    assert!(outcome.policy.is_none());
    outcome.assert_passes();
}

#[test]
fn everything_wrong_with_a_policy_is_said_at_once_with_its_place() {
    let outcome = Fixture::new(BASE)
        .with(
            "seaworthy.yaml",
            "version: 2\nposture: hardend\nusers: {}\nprobes: []\nuser: { default: 1000, services: { a: \"1000\" } }\n\
             overlays: [{ builtin: hardning }, { file: x, builtin: y }, { file: x, sha256: abc }]\nfiles: []\n\
             binds: { roots: ., mode: 750, create: [{ path: x }, { kind: pipe, path: y }], rots: [] }\n\
             waivers: [{ service: a, rule: priviledged, reason: r }, { service: a, rule: cap-add, reason: r }, { rule: privileged }]\n...\n",
        )
        .run();
    let expected = [
        ("2", "not known"),
        ("hardend", "Did you mean `hardened`?"),
        ("users", "Did you mean `user`?"),
        ("[]", "Write each service's name"),
        ("1000", "Write \"UID:GID\""),
        ("\"1000\"", "Write \"UID:GID\""),
        ("hardning", "Did you mean `hardening`?"),
        ("abc", "sha256sum"),
        ("750", "\"0750\""),
        ("rots", "Did you mean `roots`?"),
        ("priviledged", "Did you mean `privileged`?"),
        ("cap-add", "capabilities that this service needs"),
    ];
    for (place, help) in expected {
        let found = outcome.findings.iter().any(|finding| {
            let here =
                finding.labels.first().map(|label| outcome.inputs.sources().text(label.span)) == Some(place);
            here && (format!("{finding:?}").contains(&help.replace('"', "\\\"")))
        });
        assert!(found, "{place}: {help}\n{}", outcome.text());
    }
    assert_eq!(outcome.errors().len(), 19, "{}", outcome.text());
    assert!(outcome.model.is_none());
}

#[test]
fn what_is_wrong_with_a_probe_is_said_with_its_place() {
    for (probe, place, says) in [
        ("{}", "{}", "asks nothing"),
        ("{ before: down, command: [x] }", "down", "`up`"),
        ("{ command: [] }", "[]", "a list of words"),
        ("{ command: x --version }", "x --version", "a list of words"),
        ("{ command: [x], timeout: 11m }", "11m", "at most 10m"),
        ("{ command: [x], timeout: soon }", "soon", "a length of time"),
        ("{ credential: { path: /a } }", "credential", "Did you mean `credentials`?"),
        ("{ credentials: { format: json } }", "{ format: json }", "needs the key `path`"),
        ("{ credentials: { path: auth.json } }", "auth.json", "a path in the container"),
        ("{ credentials: { path: /a/../b } }", "/a/../b", "a path in the container"),
        ("{ credentials: { path: /a, any: /b } }", "/b", "exclude one another"),
        ("{ credentials: { path: /a, baseline: [b] } }", "[b]", "belongs to `any`"),
        ("{ credentials: { any: /a, baseline: [../b] } }", "../b", "a name below the directory"),
        ("{ credentials: { path: /a, format: xml } }", "xml", "one of `json`"),
        ("{ credentials: { path: /a, format: jwt, expires: exp } }", "exp", "no field to name"),
        ("{ credentials: { path: /a, expires: /exp } }", "/exp", "must be a name"),
        ("{ credentials: { path: /a, format: json, valid_for: 5m } }", "5m", "needs `expires`"),
        ("{ credentials: [] }", "{ credentials: [] }", "asks nothing"),
    ] {
        let text = format!("version: 1\nprobes: {{ a: {probe} }}\n...\n");
        let outcome = Fixture::new(BASE).with("seaworthy.yaml", &text).run();
        let found = outcome.findings.iter().any(|finding| {
            let label = finding.labels.first().map(|label| outcome.inputs.sources().text(label.span));
            label == Some(place) && format!("{finding:?}").contains(says)
        });
        assert!(found, "{probe}: {says}\n{}", outcome.text());
    }
    let outcome = Fixture::new(BASE).policy("probes: { b: { command: [x] } }\n").run();
    assert_eq!(
        outcome.codes(),
        [Code::PolicySyntax],
        "a project asks about its own services\n{}",
        outcome.text()
    );
}

/// The host's probes cannot be taken back: a project's stand beside them.
#[test]
fn a_project_adds_probes_and_takes_none_away() {
    let system = "probes: { a: { before: up, command: [x], timeout: 1s }, other: { command: [y] } }\n";
    for own in [
        "",
        "probes: { a: { command: [z], timeout: 9m } }\n",
        "probes: { a: { credentials: { path: /a } } }\n",
    ] {
        let outcome = Fixture::new(BASE).system(system).policy(own).run();
        outcome.assert_passes();
        let probes = outcome.policy.unwrap().probes;
        let first = &probes[0];
        assert!(first.before_up && first.service.value == "a", "{own}");
        assert_eq!(first.program.as_ref().unwrap().timeout, std::time::Duration::from_secs(1), "{own}");
        assert_eq!(probes.len(), if own.is_empty() { 2 } else { 3 }, "{own}");
    }
}

#[test]
fn a_policy_that_is_empty_or_not_a_mapping_is_refused() {
    for text in [
        "",
        "# nothing\n",
        "---\n",
        "- version\n",
        "hardened\n",
        "version: 1\n---\nposture: observe\n",
        "posture: hardened\n...\n",
        "version: \"1\"\n...\n",
        "version: 1\nposture:\n...\n",
    ] {
        let outcome = Fixture::new(BASE).with("seaworthy.yaml", text).run();
        assert!(!outcome.passes(), "{text:?}");
    }
}

/// It would demand less, and still read as a policy.
#[test]
fn no_cut_of_a_policy_is_taken() {
    let text = "version: 1\nposture: hardened\nuser:\n  default: \"10001:10001\"\n  services: {a: image}\n\
                overlays:\n  - builtin: read-only\nbinds: {roots: [.]}\n...\n# the end\n";
    let base = "services:\n  a: { image: x, user: \"1:1\" }\n";
    let whole = Fixture::new(base).with("seaworthy.yaml", text).run();
    let policy = format!("{:?}", whole.policy.as_ref().map(|policy| (&policy.posture, &policy.users)));
    let mut equal = 0;
    for at in 0..text.len() {
        let outcome = Fixture::new(base).with("seaworthy.yaml", text.get(..at).unwrap()).run();
        if outcome.policy.is_none() {
            assert!(!outcome.passes(), "{at}");
            continue;
        }
        equal += 1;
        assert_eq!(format!("{:?}", outcome.policy.as_ref().map(|one| (&one.posture, &one.users))), policy);
    }
    // Cuts of what is behind the mark.
    assert_eq!(equal, "\n# the end\n".len());
}

#[test]
fn an_open_policy_says_how_it_is_closed() {
    let outcome = Fixture::new(BASE).with("seaworthy.yaml", "version: 1\nposture: observe\n").run();
    assert_eq!(outcome.codes(), [Code::PolicyOpen]);
    assert!(outcome.text().contains("`seaworthy overlays seal seaworthy.yaml`"), "{}", outcome.text());
    let inside = "version: 1\n...\nposture: observe\n...\n";
    let outcome = Fixture::new(BASE).with("seaworthy.yaml", inside).run();
    assert!(!outcome.passes());
}

#[test]
fn a_policy_that_leads_nowhere_or_has_nearly_the_name_is_refused() {
    let fixture = Fixture::new(BASE);
    std::os::unix::fs::symlink("gone", fixture.path().join("seaworthy.yaml")).unwrap();
    assert_eq!(fixture.run().codes(), [Code::InputUnreadable]);
    let outcome = Fixture::new(BASE).with("seaworthy.yml", "version: 1\n...\n").run();
    assert_eq!(outcome.codes(), [Code::PolicySyntax]);
    let mut fixture = Fixture::new(BASE).policy("posture: observe\n");
    fixture.policy = Some(fixture.path().join("other.yaml"));
    assert_eq!(fixture.run().codes(), [Code::InputUnreadable]);
    fixture.policy = Some(std::path::PathBuf::new());
    assert_eq!(fixture.run().codes(), [Code::Usage]);
}

#[test]
fn values_are_read_with_their_places() {
    let outcome = Fixture::new(BASE)
        .policy("posture: baseline\nuser: { default: \"10001:10001\", services: { a: image } }\nbinds:\n  roots: [., ~/.config/gh]\n  mode: \"0750\"\n  create:\n    - { path: ./x/../data, kind: dir, owner: \"1:2\", mode: \"0700\" }\n    - { path: ~/.config/gh/f, kind: file, content: hi }\n")
        .run();
    outcome.assert_passes();
    let policy = outcome.policy.as_ref().unwrap();
    assert_eq!(policy.posture.default.value, Posture::Baseline);
    let text = |origin: crate::source::Origin| outcome.inputs.sources().text(origin.span().unwrap());
    assert_eq!(text(policy.posture.default.origin), "baseline");
    assert_eq!(policy.users.of("a").unwrap().value.to_string(), "image");
    assert_eq!(policy.users.of("b").unwrap().value.to_string(), "10001:10001");
    assert_eq!(text(policy.users.of("b").unwrap().origin), "\"10001:10001\"");
    assert_eq!(policy.binds.mode.as_ref().unwrap().value, 0o750);
    let roots: Vec<_> =
        policy.binds.roots.as_ref().unwrap().iter().map(|root| root.value.display().to_string()).collect();
    assert!(roots[1] == "/home/ann/.config/gh" && roots[0].starts_with("/tmp"), "{roots:?}");
    assert!(policy.binds.create[0].path.value.ends_with("data"));
    assert_eq!(policy.binds.create[0].owner.unwrap().to_string(), "1:2");
    assert_eq!(policy.binds.create[0].mode, Some(0o700));
}

#[test]
fn what_is_declared_by_name_may_lie_outside_the_roots() {
    let outcome = Fixture::new(BASE).policy("binds: { create: [{ path: /elsewhere/x, kind: dir }] }\n").run();
    assert!(outcome.codes().is_empty(), "{}", outcome.text());
}

#[test]
fn durable_directories_and_who_repairs_them() {
    let outcome = Fixture::new(BASE)
        .policy("state: [{ path: 'memory/*', from: ['3001:3002'] }, { path: /srv/x }]\nrepair: helper\n")
        .run();
    let policy = outcome.policy.as_ref().unwrap();
    assert!(policy.state[0].path.value.ends_with("memory/*"));
    assert_eq!(policy.state[0].from, [crate::host::Owner::new(3001, 3002)]);
    assert_eq!(policy.repair, crate::policy::state::RepairSetting::Helper);
    let outcome = Fixture::new(BASE).policy("state: [{ volume: data, from: ['0:0'] }]\n").run();
    let state = &outcome.policy.as_ref().unwrap().state[0];
    assert_eq!((&state.path.value, state.from.len()), (&crate::model::volume::place("data"), 1));
    for (text, help) in [
        ("state: [{}]", "Add `path:`"),
        ("state: [{ path: x, volume: y }]", "an entry for each"),
        ("state: [{ volume: a/b }]", "under `volumes:` of the project"),
        ("state: [{ volume: a, strategy: idmap }]", "directories of the host"),
        ("state: [{ volume: a, from: ['0'] }]", "two numbers in quotes"),
        ("state: [{ path: x, from: ['0:0'] }]", "Nothing is ever taken from root"),
        ("state: [{ path: x, strategy: copy }]", "leaves the files to the operator"),
        ("repair: perhaps", "`auto` repairs"),
    ] {
        let outcome = Fixture::new(BASE).policy(&format!("{text}\n")).run();
        assert_eq!(outcome.codes(), [Code::PolicySyntax], "{text}");
        assert!(outcome.text().contains(help), "{}", outcome.text());
    }
}

#[test]
fn an_overlay_that_is_absent_empty_open_or_not_a_mapping_is_refused() {
    let cases = [
        (None, Code::OverlayMissing),
        (Some(""), Code::OverlayMissing),
        (Some("\n \n"), Code::OverlayMissing),
        (Some("# only a comment\n...\n"), Code::YamlSyntax),
        (Some("---\n...\n"), Code::OverlayMissing),
        (Some("{}\n...\n"), Code::OverlayMissing),
        (Some("- a\n...\n"), Code::OverlayMissing),
        (Some("text\n...\n"), Code::OverlayMissing),
        (Some("services: {}\n"), Code::OverlayTruncated),
        (Some("services: { a: { tty: true } }\n..\n"), Code::OverlayTruncated),
        (Some("include: [x.yaml]\n...\n"), Code::OverlayTruncated),
        (Some("services: { a: { extends: { file: x, service: y } } }\n...\n"), Code::OverlayTruncated),
    ];
    for (text, code) in cases {
        let mut fixture = Fixture::new(BASE).policy("overlays: [{ file: o.yaml }]\n");
        if let Some(text) = text {
            fixture = fixture.with("o.yaml", text);
        }
        let outcome = fixture.run();
        assert_eq!(outcome.codes(), [code], "{text:?}\n{}", outcome.text());
        assert!(outcome.model.is_none());
    }
    let fixture = Fixture::new(BASE).policy("overlays: [{ file: . }]\n");
    assert_eq!(fixture.run().codes(), [Code::OverlayMissing]);
}

#[test]
fn a_pin_takes_the_place_of_closing_and_must_match() {
    let open = "services:\n  a: { read_only: true }\n";
    let pin = crate::project::sha256(open.as_bytes());
    let policy = format!("overlays: [{{ file: o.yaml, sha256: {} }}]\n", pin.to_uppercase());
    Fixture::new(BASE).with("o.yaml", open).policy(&policy).run().assert_passes();
    let outcome = Fixture::new(BASE).with("o.yaml", OVERLAY).policy(&policy).run();
    assert_eq!(outcome.codes(), [Code::OverlayPin]);
}

/// Every cut of every overlay: refused, or the same model as the whole.
#[test]
fn no_cut_of_an_overlay_weakens_the_model() {
    let base = "services:\n  a: { image: \"x:1\", user: \"1:1\" }\n  b: { image: \"x:1\", user: \"1:1\", networks: [n] }\nnetworks: { n: }\n";
    let own = "services:\n  \"*\":\n    read_only: true\n    security_opt:\n      - no-new-privileges:true\n  a:\n    environment:\n      TEXT: |\n        one\n          ...\n        two\n    pids_limit: 256\n...\n";
    let mut cuts = 0;
    let mut refused = 0;
    let texts = crate::policy::builtin::BUILTINS.iter().map(|builtin| builtin.text).chain([own]);
    for text in texts {
        let run = |text: &str| {
            Fixture::new(base).with("o.yaml", text).policy("overlays: [{ file: o.yaml }]\n").run()
        };
        let whole = run(text);
        whole.assert_passes();
        let whole = whole.model.unwrap().root;
        for at in (0..text.len()).filter(|at| text.is_char_boundary(*at)) {
            cuts += 1;
            let outcome = run(text.get(..at).unwrap());
            if outcome.passes() {
                assert!(outcome.model.unwrap().root.same(&whole), "cut at {at} of {text}");
            } else {
                refused += 1;
            }
        }
    }
    println!("{cuts} cuts, {refused} refused, {} equal to the whole", cuts - refused);
    assert!(cuts > 900);
}

#[test]
fn a_list_that_is_cut_short_is_shown_beside_the_one_expected() {
    let policy = "files: [compose.yaml, b.yaml, c.yaml]\n";
    let fixture = Fixture::new(BASE).file("b.yaml", BASE).file("c.yaml", BASE).policy(policy);
    fixture.run().assert_passes();
    for (list, message) in [
        (&["compose.yaml"][..], "cut short: 1 of the 3"),
        (&["compose.yaml", "b.yaml"][..], "cut short: 2 of the 3"),
        (&["compose.yaml", "c.yaml", "b.yaml"][..], "not the one"),
        (&["b.yaml", "compose.yaml", "c.yaml"][..], "not the one"),
    ] {
        let fixture =
            Fixture::new(BASE).with("b.yaml", BASE).with("c.yaml", BASE).policy(policy).listing(list);
        let mut fixture = fixture;
        fixture.policy = Some(fixture.path().join("seaworthy.yaml"));
        let outcome = fixture.run();
        assert_eq!(outcome.codes(), [Code::FileListInvalid]);
        assert!(outcome.errors()[0].message.contains(message), "{}", outcome.errors()[0].message);
        let help = outcome.errors()[0].help.clone().unwrap();
        assert!(help.contains("given") && help.contains("expected") && help.contains("3. c.yaml"), "{help}");
    }
}

#[test]
fn a_system_policy_that_others_may_write_is_not_trusted() {
    use std::os::unix::fs::PermissionsExt;
    let modes = [("etc/policy.yaml", 0o664), ("etc/policy.yaml", 0o646), ("etc", 0o775), ("etc", 0o757)];
    for (path, mode) in modes {
        let fixture = Fixture::new(BASE).system("posture: baseline\n");
        fixture.run().assert_passes();
        std::fs::set_permissions(fixture.path().join(path), std::fs::Permissions::from_mode(mode)).unwrap();
        assert_eq!(fixture.run().codes(), [Code::PolicyUntrusted], "{path} {mode:o}");
    }
    let fixture = Fixture::new(BASE).system("posture: baseline\n");
    let mut inputs = crate::project::Inputs::default();
    let mut sink = crate::diagnostic::Sink::new();
    let project = fixture.discover(&mut inputs, &mut sink).unwrap();
    let given = crate::policy::Given { system_owner: 4711, ..fixture.given() };
    assert!(crate::policy::find(&project, &given, &mut inputs, &mut sink).is_none());
    assert!(sink.findings().iter().all(|finding| finding.code == Code::PolicyUntrusted));
}

#[test]
fn a_project_may_tighten_what_the_host_says_and_never_loosen_it() {
    let system = "posture: hardened\nuser: { default: \"5:5\" }\nfiles: [../compose.yaml]\nbinds: { roots: [/srv, ..], mode: \"0750\" }\n\
                  overlays: [{ builtin: limits }]\ngc: [{ path: \"/srv/s/*\", older_than: 24h }]\n";
    let tighter = [
        "",
        "posture: contained\n",
        "user: { default: \"5:5\" }\n",
        "user: { services: { a: per-service } }\n",
        "files: [compose.yaml]\n",
        "binds: { roots: [/srv/app], mode: \"0700\" }\n",
        "overlays: [{ builtin: read-only }]\n",
        "gc: [{ path: \"/srv/s/a*\", older_than: 48h }, { path: \"/srv/t/*\" }]\n",
    ];
    for own in tighter {
        let outcome = Fixture::new(BASE).system(system).policy(own).run();
        assert!(outcome.passes(), "{own}\n{}", outcome.text());
        assert!(outcome.policy.unwrap().posture.default.value >= Posture::Hardened);
    }
    let looser = [
        "posture: baseline\n",
        "user: { default: \"6:6\" }\n",
        "user: { services: { a: image } }\n",
        "user: { services: { a: \"0:0\" } }\n",
        "files: [other.yaml]\n",
        "binds: { roots: [/] }\n",
        "gc: [{ path: \"/srv/s/a*\" }]\n",
        "gc: [{ path: /srv/s, older_than: 1h }]\n",
        "binds: { roots: [/etc] }\n",
        "binds: { mode: \"0777\" }\n",
        "waivers: [{ service: a, rule: privileged, reason: r }]\n",
        "waivers: [{ service: a, rule: no-new-privileges, reason: r }]\n",
        "waivers: [{ service: a, rule: memory-limit, allow: [9g], reason: r }]\n",
    ];
    for own in looser {
        let outcome = Fixture::new(BASE).system(system).policy(own).run();
        assert_eq!(outcome.codes(), [Code::PolicyLoosened], "{own}\n{}", outcome.text());
        let labels = &outcome.errors()[0].labels;
        assert_eq!(labels.len(), 2, "{own}: both places are shown");
        assert_ne!(labels[0].span.file, labels[1].span.file, "{own}");
    }
}

#[test]
fn the_host_s_overlays_come_first_and_its_waivers_hold_for_projects() {
    let outcome = Fixture::new("services:\n  a: { image: \"x:1\", user: \"1:1\", cap_add: [NET_RAW] }\n")
        .with("etc/sys.yaml", "services:\n  \"*\": { hostname: h }\n...\n")
        .with("own.yaml", "services:\n  \"*\": { tty: true }\n...\n")
        .system("posture: hardened\noverlays: [{ file: sys.yaml }]\nwaivers: [{ service: a, rule: cap-add, allow: [NET_RAW], reason: ping }]\n")
        .policy("overlays: [{ file: own.yaml }, { builtin: hardening }]\n")
        .run();
    outcome.assert_passes();
    let names: Vec<_> =
        outcome.arranged.as_ref().unwrap().mandatory.iter().map(|overlay| overlay.name.as_str()).collect();
    assert_eq!(names, ["builtin:hardening", "sys.yaml", "own.yaml"]);
}

#[test]
fn a_system_overlay_takes_nothing_from_the_environment() {
    let outcome = Fixture::new(BASE)
        .with("etc/sys.yaml", "services:\n  \"*\": { read_only: \"${RO:-true}\" }\n...\n")
        .system("overlays: [{ file: sys.yaml }]\n")
        .run();
    assert_eq!(outcome.codes(), [Code::PolicyUntrusted]);
}

#[test]
fn a_waiver_narrows_and_does_not_switch_off() {
    let base = "services:\n  a: { image: \"x:1\", user: \"1:1\", cap_add: [NET_RAW, CHOWN] }\n";
    let policy =
        "posture: hardened\nwaivers:\n  - { service: a, rule: cap-add, allow: [NET_RAW], reason: ping }\n";
    let outcome = Fixture::new(base).policy(policy).run();
    assert_eq!(outcome.codes(), [Code::RuleViolated]);
    assert_eq!(outcome.places(Code::RuleViolated)[0], "CHOWN");
}

#[test]
fn an_expired_waiver_does_not_apply_and_is_shown() {
    let base = "services:\n  a: { image: \"x:1\", user: \"1:1\", cap_add: [CHOWN] }\n";
    for (expires, fine) in [("2026-11-22", true), ("2026-11-21", false), ("\"2020-01-01\"", false)] {
        let policy = format!(
            "posture: hardened\nwaivers:\n  - {{ service: a, rule: cap-add, allow: [CHOWN], reason: r, expires: {expires} }}\n"
        );
        let outcome = Fixture::new(base).policy(&policy).run();
        assert_eq!(outcome.passes(), fine, "{expires}\n{}", outcome.text());
        if !fine {
            assert_eq!(outcome.codes(), [Code::RuleViolated, Code::WaiverInvalid]);
        }
    }
    let outcome = Fixture::new(base)
        .policy("waivers: [{ service: a, rule: cap-add, allow: [CHOWN], reason: r, expires: 2026-02-30 }]\n")
        .run();
    assert_eq!(outcome.codes(), [Code::PolicySyntax]);
}

#[test]
fn a_waiver_that_nothing_needs_is_a_warning() {
    let base = "services:\n  a: { image: \"x:1\", user: \"1:1\", cap_add: [CHOWN] }\n";
    let cases = [
        "{ service: a, rule: privileged, reason: r }",
        "{ service: b, rule: privileged, reason: r }",
        "{ service: a, rule: cap-add, allow: [CHOWN, KILL], reason: r }",
    ];
    for waiver in cases {
        let policy = format!("posture: baseline\nwaivers:\n  - {waiver}\n");
        let outcome = Fixture::new(base).policy(&policy).run();
        outcome.assert_passes();
        let warnings = outcome.findings.iter().filter(|finding| finding.code == Code::WaiverInvalid).count();
        assert_eq!(warnings, 1, "{waiver}\n{}", outcome.text());
    }
}

#[test]
fn a_waiver_takes_its_key_out_of_the_built_in_overlay() {
    let base = "services:\n  a: { image: \"x:1\", user: \"1:1\", pids_limit: 5000 }\n  b: { image: \"x:1\", user: \"1:1\" }\n";
    let policy = "posture: hardened\nwaivers:\n  - { service: a, rule: pids-limit, allow: [8000], reason: threads }\n  - { service: b, rule: cap-drop, reason: setup }\n";
    let outcome = Fixture::new(base).policy(policy).run();
    outcome.assert_passes();
    assert_eq!(outcome.value(&["services", "a", "pids_limit"]).unwrap(), "5000");
    assert_eq!(outcome.value(&["services", "b", "cap_drop"]), None);
    assert_eq!(outcome.value(&["services", "a", "cap_drop"]).unwrap(), "[ALL]");
}

#[test]
fn a_waiver_of_what_does_not_exist_is_misspelt() {
    let base = "services:\n  a: { image: \"x:1\", user: \"1:1\", cap_add: [NET_BIND_SERVICE] }\n";
    let run = |allowed: &str| {
        let policy = format!(
            "posture: hardened\nwaivers:\n  - {{ service: a, rule: cap-add, allow: [{allowed}], reason: r }}\n"
        );
        Fixture::new(base).policy(&policy).run()
    };
    for fine in ["NET_BIND_SERVICE", "cap_net_bind_service"] {
        run(fine).assert_passes();
    }
    let outcome = run("NET_BIND_SERVICEE");
    assert_eq!(outcome.codes(), [Code::WaiverInvalid]);
    assert_eq!(outcome.places(Code::WaiverInvalid), ["NET_BIND_SERVICEE"]);
    assert_eq!(outcome.errors()[0].help.as_deref(), Some("Did you mean `NET_BIND_SERVICE`?"));
}

#[test]
fn overlays_that_contradict_each_other_are_shown_as_such() {
    for (one, other, path) in [
        (
            "\"*\": { read_only: true }",
            "\"*\": { read_only: false }",
            "services.a.read_only is true in one and false",
        ),
        (
            "\"*\": { read_only: false }",
            "a: { read_only: true }",
            "services.a.read_only is false in one and true",
        ),
        (
            "a: { logging: { driver: local } }",
            "a: { logging: { driver: json-file } }",
            "services.a.logging.driver is local",
        ),
    ] {
        let file = |text: &str| format!("services: {{ {text} }}\n...\n");
        let outcome = Fixture::new("services:\n  a: { image: \"x:1\", user: \"1:1\" }\n")
            .with("one.yaml", &file(one))
            .with("other.yaml", &file(other))
            .policy("posture: baseline\noverlays: [{ file: one.yaml }, { file: other.yaml }]\n")
            .run();
        assert_eq!(outcome.codes(), [Code::AssertionUndone], "{}", outcome.text());
        let message = &outcome.errors()[0].message;
        assert!(message.contains("one.yaml and other.yaml contradict each other"), "{message}");
        assert!(message.contains(path), "{message}");
        assert_eq!(outcome.errors()[0].labels.len(), 2);
    }
}

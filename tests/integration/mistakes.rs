//! The mistakes that newcomers make: what is said, where, and with which exit status. One page to read them all by.

use std::fmt::Write;

use crate::project::Project;
use crate::snapshot::snapshot;

type Files = &'static [(&'static str, &'static str)];

const WEB: &str = "name: p\nservices:\n  web: {image: 'x:1', user: '1:1'}\n";
const FINE: &str = "version: 1\nposture: hardened\n...\n";

/// A mistake, the files, and the words that are typed.
const MISTAKES: &[(&str, Files, &str)] = &[
    ("a command that does not exist", &[], "upp"),
    ("a flag that does not exist", &[("compose.yaml", WEB)], "up --detatch"),
    ("a flag before the command, behind it", &[("compose.yaml", WEB)], "plan -f compose.yaml"),
    ("a service that does not exist", &[("compose.yaml", WEB)], "up wbe"),
    ("a directory without a project", &[], "check"),
    ("a file that does not exist", &[("compose.yaml", WEB)], "-f compos.yaml check"),
    ("a tab", &[("compose.yaml", "services:\n\tweb: {image: x}\n")], "check"),
    (
        "an indentation that does not fit",
        &[("compose.yaml", "services:\n  web:\n    image: x\n   user: a\n")],
        "check",
    ),
    ("services that are not indented", &[("compose.yaml", "services:\nweb:\n  image: x\n")], "check"),
    ("a key twice", &[("compose.yaml", "services:\n  web:\n    image: x\n    image: y\n")], "check"),
    (
        "a key that is misspelt",
        &[("compose.yaml", "services:\n  web: {image: x, enviroment: {}}\n")],
        "check",
    ),
    (
        "a value of the wrong type",
        &[("compose.yaml", "services:\n  web: {image: x, command: 42, read_only: 'yes please'}\n")],
        "check",
    ),
    (
        "a port that is none",
        &[("compose.yaml", "services:\n  web: {image: x, ports: ['80a:80']}\n")],
        "check",
    ),
    (
        "a variable that is required",
        &[(
            "compose.yaml",
            "services:\n  web:\n    image: x\n    environment:\n      DB_PASSWORD: ${DB_PASSWORD:?must be set, see README}\n",
        )],
        "check",
    ),
    (
        "variables that are not set",
        &[("compose.yaml", "services:\n  web: {image: 'x:${TAG}', hostname: 'h${HOST_NO}'}\n")],
        "check",
    ),
    (
        "an expression that is not closed",
        &[("compose.yaml", "services:\n  web: {image: 'x:${TAG'}\n")],
        "check",
    ),
    (
        "an env file that is missing",
        &[("compose.yaml", "services:\n  web: {image: x, env_file: [web.env]}\n")],
        "check",
    ),
    (
        "names that nothing has",
        &[(
            "compose.yaml",
            "services:\n  web: {image: x, networks: [bak], volumes: ['data:/d'], depends_on: [db]}\nnetworks: {back: {}}\n",
        )],
        "check",
    ),
    (
        "a key of the policy that is misspelt",
        &[("compose.yaml", WEB), ("seaworthy.yaml", "version: 1\nposure: hardened\n...\n")],
        "up",
    ),
    (
        "a policy without a posture",
        &[("compose.yaml", WEB), ("seaworthy.yaml", "version: 1\n...\n")],
        "check",
    ),
    (
        "a policy without a version",
        &[("compose.yaml", WEB), ("seaworthy.yaml", "posture: hardened\n...\n")],
        "check",
    ),
    (
        "a policy that is not closed",
        &[("compose.yaml", WEB), ("seaworthy.yaml", "version: 1\nposture: hardened\n")],
        "check",
    ),
    (
        "an overlay that is not closed",
        &[
            ("compose.yaml", WEB),
            ("seaworthy.yaml", "version: 1\noverlays: [{file: o.yaml}]\n...\n"),
            ("o.yaml", "services: {web: {init: true}}\n"),
        ],
        "check",
    ),
    (
        "an overlay that is missing",
        &[("compose.yaml", WEB), ("seaworthy.yaml", "version: 1\noverlays: [{file: o.yaml}]\n...\n")],
        "check",
    ),
    (
        "waivers with faults",
        &[
            ("compose.yaml", WEB),
            (
                "seaworthy.yaml",
                "version: 1\nposture: hardened\nwaivers:\n  - {service: web, rule: cap-add, allow: [CHOWN], reason: ' '}\n  - {service: web, rule: privileged, reason: r, expires: soon}\n...\n",
            ),
        ],
        "check",
    ),
    (
        "waivers that are late, for nobody, for nothing",
        &[
            ("compose.yaml", WEB),
            (
                "seaworthy.yaml",
                "version: 1\nposture: hardened\nwaivers:\n  - {service: web, rule: privileged, reason: r, expires: 2020-01-01}\n  - {service: wbe, rule: privileged, reason: r}\n  - {service: web, rule: host-pid, reason: r}\n...\n",
            ),
        ],
        "check",
    ),
    (
        "a posture for a service that does not exist",
        &[
            ("compose.yaml", WEB),
            ("seaworthy.yaml", "version: 1\nposture: {default: observe, services: {wbe: hardened}}\n...\n"),
        ],
        "check",
    ),
    (
        "a file that is missing and mounted",
        &[
            (
                "compose.yaml",
                "name: p\nservices:\n  web: {image: 'x:1', user: '1:1', volumes: ['./web.conf:/etc/web.conf']}\n",
            ),
            ("seaworthy.yaml", FINE),
        ],
        "check",
    ),
    (
        "a directory outside of the roots",
        &[
            (
                "compose.yaml",
                "name: p\nservices:\n  web: {image: 'x:1', user: '1:1', volumes: ['/opt/no-such/data:/d']}\n",
            ),
            ("seaworthy.yaml", FINE),
        ],
        "check",
    ),
    (
        "another user than the lock has",
        &[
            ("compose.yaml", WEB),
            ("seaworthy.yaml", FINE),
            ("seaworthy.lock", "version: 1\nservices:\n  web:\n    user: \"7:7\"\n    from: policy\n...\n"),
        ],
        "check",
    ),
    (
        "a service that is root",
        &[
            ("compose.yaml", "name: p\nservices:\n  web: {image: 'x:1', user: root}\n"),
            ("seaworthy.yaml", FINE),
        ],
        "check",
    ),
    ("no docker", &[("compose.yaml", WEB)], "ps"),
];

#[test]
fn each_mistake_is_answered_with_its_place_and_what_to_do() {
    let mut page = String::new();
    for (mistake, files, words) in MISTAKES {
        let mut project = Project::empty();
        for (file, text) in *files {
            project = project.file(file, text);
        }
        let outcome = project.run(words.split(' '));
        // Nothing is printed as if it were an answer.
        assert!(outcome.stdout.is_empty() || outcome.status == 0, "{mistake}: {outcome}");
        let _ =
            writeln!(page, "# {mistake}\n$ seaworthy {words}\n{}status {}\n", outcome.stderr, outcome.status);
    }
    assert!(MISTAKES.len() >= 20);
    snapshot!(page);
}

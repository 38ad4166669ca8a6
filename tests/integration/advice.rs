//! What the help of a finding proposes for a file is pasted, and the finding is gone, or another one is left. The rules
//! have a test of their own (`policy::rules::tests::advice`).

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use seaworthy::diagnostic::Code;
use serde_json::Value;

use crate::project::Project;

const COMPOSE: &str = "compose.yaml";
const POLICY: &str = "seaworthy.yaml";

/// A project with a fault, and how the text of the help goes into a file.
struct Row {
    code: Code,
    files: &'static [(&'static str, &'static str)],
    paste: fn(&Project, &str),
}

const fn row(code: Code, files: &'static [(&'static str, &'static str)], paste: fn(&Project, &str)) -> Row {
    Row { code, files, paste }
}

const FINE: &str = "version: 1\nposture: baseline\n...\n";
const PLAIN: &str = "services: {a: {image: x, user: '1:1'}}\n";
const LOCK: &str = "version: 1\nservices:\n  a:\n    user: \"7:7\"\n    from: policy\n...\n";

const ROWS: &[Row] = &[
    row(
        Code::PolicyOpen,
        &[(COMPOSE, PLAIN), (POLICY, "version: 1\nposture: baseline\n")],
        |project, help| {
            append(project, POLICY, &format!("{}\n", quoted(help, 0)));
        },
    ),
    row(Code::PolicySyntax, &[(COMPOSE, PLAIN), (POLICY, "posture: baseline\n...\n")], |project, help| {
        prepend(project, POLICY, &format!("{}\n", quoted(help, 0)));
    }),
    row(
        Code::PolicySyntax,
        &[(COMPOSE, PLAIN), (POLICY, "version: 1\nposture: hardend\n...\n")],
        |project, help| {
            replace(project, POLICY, "hardend", quoted(help, 0));
        },
    ),
    row(
        Code::PolicySyntax,
        &[
            (COMPOSE, PLAIN),
            (POLICY, "version: 1\noverlays: [o.yaml]\n...\n"),
            ("o.yaml", "services: {a: {init: true}}\n...\n"),
        ],
        |project, help| replace(project, POLICY, "o.yaml", quoted(help, 0)),
    ),
    row(
        Code::PolicyUnknownKey,
        &[(COMPOSE, PLAIN), (POLICY, "version: 1\nposure: baseline\n...\n")],
        |project, help| {
            replace(project, POLICY, "posure", quoted(help, 0));
        },
    ),
    row(
        Code::OverlayTruncated,
        &[
            (COMPOSE, PLAIN),
            (POLICY, "version: 1\noverlays: [{file: o.yaml}]\n...\n"),
            ("o.yaml", "services: {a: {init: true}}\n"),
        ],
        |project, help| append(project, "o.yaml", &format!("{}\n", quoted(help, 0))),
    ),
    row(
        Code::OverlayPin,
        &[
            (COMPOSE, PLAIN),
            (
                POLICY,
                "version: 1\noverlays: [{file: o.yaml, sha256: ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff}]\n...\n",
            ),
            ("o.yaml", "services: {a: {init: true}}\n"),
        ],
        |project, help| {
            let digest = help.split(['`', ' ', '.']).find(|word| word.len() == 64).unwrap();
            replace(project, POLICY, &"f".repeat(64), digest);
        },
    ),
    row(
        Code::WaiverInvalid,
        &[
            (COMPOSE, PLAIN),
            (POLICY, "version: 1\nwaivers: [{service: a, rule: privilegd, reason: r}]\n...\n"),
        ],
        |project, help| replace(project, POLICY, "privilegd", quoted(help, 0)),
    ),
    row(
        Code::WaiverInvalid,
        &[(COMPOSE, PLAIN), (POLICY, "version: 1\nwaivers: [{service: a, rule: cap-add, reason: r}]\n...\n")],
        |project, help| {
            replace(project, POLICY, "rule: cap-add", &format!("rule: cap-add, {} [CHOWN]", quoted(help, 0)));
        },
    ),
    row(
        Code::VariableUnset,
        &[(COMPOSE, "services: {a: {image: x, environment: {A: \"${TAG}\"}}}\n")],
        |project, help| {
            let default = help.split("default: ").nth(1).unwrap().trim_end_matches('.');
            replace(project, COMPOSE, "${TAG}", default);
        },
    ),
    row(Code::VariableRequired, &[(COMPOSE, "services: {a: {image: \"x:${TAG:?}\"}}\n")], |project, help| {
        let name = help.strip_prefix("Set ").unwrap().split(' ').next().unwrap();
        append(project, ".env", &format!("{name}=1\n"));
    }),
    row(Code::InterpolationSyntax, &[(COMPOSE, "services: {a: {image: \"x:${TAG\"}}\n")], |project, help| {
        let closed = help.strip_prefix("Close it: ").unwrap().split(". ").next().unwrap();
        replace(project, COMPOSE, "${TAG", closed);
    }),
    row(
        Code::InterpolationSyntax,
        &[(COMPOSE, "services: {a: {image: x, labels: {a: \"${a b}\"}}}\n")],
        |project, help| {
            assert!(help.contains("$$"), "{help}");
            replace(project, COMPOSE, "${", "$${");
        },
    ),
    row(
        Code::ComposeUnknownKey,
        &[(COMPOSE, "services: {a: {image: x, enviroment: {}}}\n")],
        |project, help| {
            replace(project, COMPOSE, "enviroment", quoted(help, 0));
        },
    ),
    row(Code::ComposeUnknownKey, &[(COMPOSE, "services: {a: {image: x}}\nmine: 1\n")], |project, help| {
        replace(project, COMPOSE, "mine", quoted(help, 0));
    }),
    row(
        Code::ComposeType,
        &[(COMPOSE, "services: {a: {image: x, healthcheck: {test: [CMD, a], interval: 10}}}\n")],
        |project, help| replace(project, COMPOSE, "interval: 10", &format!("interval: {}", quoted(help, 0))),
    ),
    row(
        Code::ComposeReference,
        &[(COMPOSE, "services: {a: {image: x, depends_on: [databse]}, database: {image: y}}\n")],
        |project, help| {
            replace(project, COMPOSE, "databse", quoted(help, 0));
        },
    ),
    row(
        Code::ComposeReference,
        &[(COMPOSE, "services: {a: {image: x, networks: [back]}}\n")],
        |project, help| {
            append(project, COMPOSE, &format!("{} {{back: {{}}}}\n", quoted(help, 0)));
        },
    ),
    row(Code::EnvFile, &[(COMPOSE, "services: {a: {image: x, env_file: [no.env]}}\n")], |project, help| {
        replace(project, COMPOSE, "no.env", quoted(help, 0));
    }),
    row(
        Code::UserInvalid,
        &[(COMPOSE, "services: {a: {image: x, user: ':'}}\n"), (POLICY, FINE)],
        |project, help| {
            replace(project, COMPOSE, "user: ':'", quoted(help, 0));
        },
    ),
    row(Code::UserDrift, &[(COMPOSE, PLAIN), (POLICY, FINE), ("seaworthy.lock", LOCK)], |project, help| {
        replace(project, COMPOSE, "user: '1:1'", quoted(help, 1));
    }),
    row(
        Code::UserDrift,
        &[
            (COMPOSE, "services: {a: {image: x}}\n"),
            (POLICY, "version: 1\nuser: {default: \"1:1\"}\n...\n"),
            ("seaworthy.lock", LOCK),
        ],
        |project, help| replace(project, POLICY, "user: {default: \"1:1\"}", quoted(help, 1)),
    ),
    row(
        Code::BindMissing,
        &[
            (COMPOSE, "services: {a: {image: x, user: '1:1', volumes: ['./x.conf:/x.conf']}}\n"),
            (POLICY, FINE),
        ],
        |project, help| {
            let declared = help.split("declare it: ").nth(1).unwrap();
            replace(project, POLICY, "...", &format!("{declared}\n..."));
        },
    ),
    row(
        Code::BindOutside,
        &[
            (COMPOSE, "services: {a: {image: x, user: '1:1', volumes: ['/opt/no-such/deep/a:/x']}}\n"),
            (POLICY, FINE),
        ],
        |project, help| replace(project, POLICY, "...", &format!("{}\n...", quoted(help, 0))),
    ),
    row(Code::InputEmpty, &[(COMPOSE, PLAIN), (POLICY, "# nothing\n")], |project, help| {
        prepend(project, POLICY, &format!("{}\n", quoted(help, 0)));
    }),
    row(Code::YamlSyntax, &[(COMPOSE, "services: {a: {image: x}}\nname:p\n")], |project, help| {
        assert!(help.contains("after the colon"), "{help}");
        replace(project, COMPOSE, "name:p", "name: p");
    }),
    row(Code::YamlAlias, &[(COMPOSE, "services: {a: *b}\nx-b: &b {image: x}\n")], |project, _| {
        // The anchor before its first use.
        fs::write(project.path(COMPOSE), "x-b: &b {image: x}\nservices: {a: *b}\n").unwrap();
    }),
    row(
        Code::NotEnforceable,
        &[(COMPOSE, "services: {a: {image: 'x:1', user: '1:1', pids_limit: 10}}\n")],
        |project, help| {
            let waivers = help.split("in the policy: ").nth(1).unwrap().replace('…', "pasted");
            append(project, POLICY, &format!("version: 1\n{waivers}\n...\n"));
        },
    ),
];

/// Codes whose help proposes no text for a file: it says what to look at, names a command, or is about the host or the
/// engine. The rules are tried one by one elsewhere.
const NO_TEXT: &[Code] = &[
    Code::RuleViolated,
    Code::InputUnreadable,
    Code::InputNotUtf8,
    Code::InputTooLarge,
    Code::InputOpen,
    Code::InputChanged,
    Code::FileListInvalid,
    Code::NoComposeFile,
    Code::ProjectName,
    Code::RemoteSource,
    Code::YamlDuplicateKey,
    Code::YamlKey,
    Code::YamlLineBreak,
    Code::YamlLimit,
    Code::ComposeValue,
    Code::ComposeMerge,
    Code::ComposeExtends,
    Code::ComposeInclude,
    Code::ComposeConflict,
    Code::ComposeCycle,
    Code::ComposeObsolete,
    Code::ComposeEmpty,
    Code::PolicyLoosened,
    Code::PolicyUntrusted,
    Code::OverlayMissing,
    Code::AssertionUndone,
    Code::SnapshotMissing,
    Code::SnapshotInvalid,
    Code::SnapshotBase,
    Code::SnapshotWeakens,
    Code::SnapshotOwnership,
    Code::SnapshotFunctional,
    Code::SnapshotStrengthens,
    Code::SnapshotCosmetic,
    Code::LockInvalid,
    Code::UserMap,
    Code::BindKind,
    Code::BindLink,
    Code::BindOwner,
    Code::WillNotWork,
    Code::CopyFailed,
    Code::PrepareFailed,
    Code::ProbeProgram,
    Code::ProbeMissing,
    Code::ProbeInvalid,
    Code::EngineUnavailable,
    Code::EngineAnswer,
    Code::ComposeUnavailable,
    Code::ComposeVersion,
    Code::CrossCheck,
    Code::LivePosture,
    Code::ContainerOlder,
    Code::RemoteEngine,
    Code::Usage,
    Code::Internal,
    Code::SwarmRefused,
    Code::StackForeign,
    Code::TaskFailed,
];

/// What an engine is needed for, with the test that pastes it.
const WITH_ENGINE: &[(Code, &str)] = &[
    (Code::BindShared, "tests/engine/advice.rs"),
    (Code::BindAccess, "tests/engine/advice.rs"),
    (Code::StackContent, "tests/stack/live.rs"),
];

/// A text of the help between backticks.
fn quoted(help: &str, which: usize) -> &str {
    help.split('`').skip(1).step_by(2).nth(which).unwrap_or_else(|| panic!("nothing to paste in {help:?}"))
}

fn replace(project: &Project, file: &str, from: &str, to: &str) {
    let text = fs::read_to_string(project.path(file)).unwrap();
    assert!(text.contains(from), "{file} has no {from:?}");
    fs::write(project.path(file), text.replacen(from, to, 1)).unwrap();
}

fn append(project: &Project, file: &str, more: &str) {
    let text = fs::read_to_string(project.path(file)).unwrap_or_default();
    fs::write(project.path(file), text + more).unwrap();
}

fn prepend(project: &Project, file: &str, more: &str) {
    let text = fs::read_to_string(project.path(file)).unwrap();
    fs::write(project.path(file), more.to_owned() + &text).unwrap();
}

/// The findings of a code, each with its message and help.
fn found(project: &Project, code: Code) -> (Vec<(String, String)>, String) {
    let words: &[&str] =
        if code == Code::NotEnforceable { &["kube"] } else { &["check", "--format", "json"] };
    let outcome = project.run(words.iter().copied());
    let shown = outcome.to_string();
    if code == Code::NotEnforceable {
        let is_there = outcome.stderr.contains("error[not-enforceable]");
        let help: String = outcome.stderr.split("= help: ").skip(1).take(1).collect();
        let help =
            help.lines().map(str::trim).take_while(|line| !line.is_empty()).collect::<Vec<_>>().join(" ");
        return (if is_there { vec![(String::new(), help)] } else { Vec::new() }, shown);
    }
    let json: Value = serde_json::from_str(&outcome.stdout).unwrap_or_else(|_| panic!("{shown}"));
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let all = json["findings"].as_array().unwrap().iter();
    let own = all.filter(|finding| finding["code"] == code.name());
    (own.map(|finding| (text(&finding["message"]), text(&finding["help"]))).collect(), shown)
}

#[test]
fn what_is_proposed_works_when_it_is_pasted() {
    let mut faults = String::new();
    for row in ROWS {
        let name = row.code.name();
        let mut project = Project::empty();
        for (file, text) in row.files {
            project = project.file(file, text);
        }
        let (before, shown) = found(&project, row.code);
        let Some((message, help)) = before.first() else {
            faults += &format!("== {name}: is not found: {shown}\n");
            continue;
        };
        (row.paste)(&project, help);
        let (after, shown) = found(&project, row.code);
        if after.iter().any(|(same, _)| same == message) {
            faults += &format!("== {name}: {help}\n{shown}\n");
        }
        // A text that no reader takes is no remedy.
        let others = [Code::PolicySyntax, Code::YamlSyntax, Code::PolicyUnknownKey];
        for other in others.iter().filter(|other| **other != row.code && row.code != Code::NotEnforceable) {
            if !found(&project, *other).0.is_empty() {
                faults += &format!("== {name}: {help}: became {}\n{shown}\n", other.name());
            }
        }
    }
    println!("{} kinds, {} texts pasted", kinds().len(), ROWS.len());
    assert!(faults.is_empty(), "{faults}");
}

fn kinds() -> BTreeSet<&'static str> {
    ROWS.iter().map(|row| row.code.name()).collect()
}

#[test]
fn every_kind_of_finding_has_a_row_or_proposes_no_text() {
    let silent: BTreeSet<&str> = NO_TEXT.iter().map(|code| code.name()).collect();
    assert_eq!(silent.len(), NO_TEXT.len());
    for (code, test) in WITH_ENGINE {
        let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(test)).unwrap();
        assert!(text.contains(code.name()), "{test} does not paste {}", code.name());
    }
    for code in Code::ALL {
        let name = code.name();
        let has_row = kinds().contains(name) || WITH_ENGINE.iter().any(|(one, _)| one == code);
        assert_ne!(has_row, silent.contains(name), "{name}: a row, or a place among those without a text");
    }
}

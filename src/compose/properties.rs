//! Projects made up at random, and what holds for merging any of them.

use proptest::prelude::*;
use proptest::sample::subsequence;

use super::Budget;
use super::load::{Loader, Phases};
use crate::diagnostic::Sink;
use crate::project::Inputs;
use crate::source::FileId;
use crate::yaml::{Limits, Node, parse};

/// Fields of a service, each in several forms. What Compose does not merge associatively is not among
/// them: options of a logging driver that changes and changes back, and values that are null.
const FIELDS: [&[&str]; 20] = [
    &["image: a:1", "image: b@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"],
    &["command: [a, b]", "command: 'a \"b c\" $$d'"],
    &["environment: [A=1, B]", "environment: {A: 2, C: 'x y'}", "environment: {B: '', D: '#'}"],
    &["labels: [a.b=c]", "labels: {a.b: d, e: 'true'}"],
    &["ports: ['80:80']", "ports: ['80:80', '81-82:91-92/udp']", "ports: [{target: 80, published: '80'}]"],
    &["volumes: ['./a:/x']", "volumes: ['v:/x:ro', './b:/y']", "volumes: [{type: tmpfs, target: /y}]"],
    &["networks: [n]", "networks: {n: {aliases: [a]}, m: {aliases: [b]}}", "networks: {n: {aliases: [c]}}"],
    &["depends_on: [t]", "depends_on: {t: {condition: service_healthy}}"],
    &["cap_add: [A, B]", "cap_add: [B, C]"],
    &["dns: 1.1.1.1", "dns: [1.1.1.1, 8.8.8.8]"],
    &["healthcheck: {test: a b, interval: 1m30s}", "healthcheck: {retries: 3, interval: 90s}"],
    &[
        "deploy: {resources: {limits: {cpus: '0.5'}}}",
        "deploy: {resources: {limits: {memory: 1g}}, replicas: 2}",
    ],
    &["ulimits: {nofile: 10}", "ulimits: {nofile: {soft: 1, hard: 2}, nproc: 3}"],
    &["sysctls: [a.b=1]", "sysctls: {a.b: 2, c.d: 3}"],
    &["tmpfs: /a", "tmpfs: [/a, '/b:size=1m']"],
    &["extra_hosts: ['a:1.1.1.1']", "extra_hosts: {b: 2.2.2.2}"],
    &["user: '1'", "user: '2:3'"],
    &["shm_size: 64m", "shm_size: 1073741824"],
    &["secrets: [s]", "secrets: [{source: s, target: /t, mode: 0440}]"],
    &["x-a: {b: 1}", "x-a: {c: [1, 2.5, 'no', ~]}"],
];

const REST: &str =
    "\n  t: {image: t}\nnetworks: {n: {}, m: {}}\nvolumes: {v: {}}\nsecrets: {s: {file: ./s}}\n";

pub fn document() -> impl Strategy<Value = String> {
    let fields = subsequence((0..FIELDS.len()).collect::<Vec<_>>(), 0..=8);
    (fields, prop::collection::vec(any::<prop::sample::Index>(), FIELDS.len())).prop_map(|(fields, which)| {
        let mut text = "services:\n  s:\n    stop_signal: TERM\n".to_owned();
        if !fields.contains(&0) {
            text.push_str("    build: ./c\n");
        }
        for at in fields {
            text.push_str("    ");
            let form: &&str = which[at].get(FIELDS[at]);
            text.push_str(form);
            text.push('\n');
        }
        text + REST.trim_start_matches('\n')
    })
}

fn root(text: &str) -> Node {
    parse(FileId(0), text, Limits::default()).unwrap().remove(0).root
}

/// One document over another, both in the form that the model has between files.
fn over(base: Option<Node>, document: Node, sink: &mut Sink) -> Node {
    let mut inputs = Inputs::default();
    let phases = Phases::default();
    let mut loader = Loader {
        reader: crate::reader::Reader::default(),
        inputs: &mut inputs,
        sink,
        phases,
        home: None,
        budget: Budget::default(),
        environments: std::collections::HashMap::new(),
        captured: std::collections::BTreeMap::new(),
        faulty: super::faults::Faulty::default(),
        stopped: false,
        trace: None,
    };
    let mut merged = loader.merged(base, document);
    loader.settle(&mut merged, false);
    merged
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn merging_is_associative(a in document(), b in document(), c in document()) {
        let mut sink = Sink::new();
        let first = over(None, root(&a), &mut sink);
        let two = over(Some(first.clone()), root(&b), &mut sink);
        let from_left = over(Some(two), root(&c), &mut sink);
        let second = over(None, root(&b), &mut sink);
        let rest = over(Some(second), root(&c), &mut sink);
        let from_right = over(Some(first), rest, &mut sink);
        prop_assert!(!sink.has_errors(), "{:?}", sink.findings());
        prop_assert!(from_left.same(&from_right), "{}\n{}\n{}\n{:?}\n{:?}", a, b, c, from_left, from_right);
    }
}

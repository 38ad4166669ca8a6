use proptest::prelude::*;

use super::*;
use crate::source::{FileId, Origin};
use crate::yaml::{Limits, natural_cmp, parse};

const HERE: Origin = Origin::Default("test");

fn read(text: &str) -> Node {
    match parse(FileId(0), text, Limits::default()) {
        Ok(mut documents) => documents.remove(0).root,
        Err(findings) => panic!("{text}\n{findings:#?}"),
    }
}

fn sort(node: &mut Node) {
    match &mut node.value {
        Value::Map(map) => {
            map.sort_by(natural_cmp);
            map.iter_mut().for_each(|(_, value)| sort(value));
        }
        Value::Seq(items) => items.iter_mut().for_each(sort),
        _ => {}
    }
}

/// A string as the value of a key.
fn written(text: &str) -> String {
    let mut map = Mapping::new();
    map.put("k", Node::string(text, HERE));
    to_yaml(&Node::map(map, HERE))
}

#[test]
fn nasty_texts_are_written_as_compose_writes_them() {
    let mut root = read(include_str!("../../../tests/data/yaml/nasty.yaml"));
    sort(&mut root);
    let found = to_yaml(&root).replace('$', "$$");
    let expected = include_str!("../../../tests/data/yaml/nasty.expected.yaml");
    for (at, (found, expected)) in found.lines().zip(expected.lines()).enumerate() {
        assert_eq!(found, expected, "line {}", at + 1);
    }
    assert_eq!(found, expected);
}

#[test]
fn what_is_written_as_bytes_reads_back_as_it_was() {
    for written in ["a: !!binary Y2Fm6Q==\n", "a: \"x\\U0010FFE9\"\n", "a: x\u{10FFE9}\n"] {
        let node = read(written);
        let text = to_yaml_lossless(&node);
        assert!(text.starts_with("a: !!binary "), "{text}");
        assert_eq!(to_yaml_lossless(&read(&text)), text, "{written}");
    }
    // The character itself, and no byte that it would stand for.
    assert_eq!(to_yaml_lossless(&read("a: \u{10FFE9}\n")), "a: !!binary 9I+/qQ==\n");
}

#[test]
fn each_style_has_its_texts() {
    let cases = [
        ("a b", "a b"),
        ("", "\"\""),
        ("yes", "\"yes\""),
        ("12:30", "\"12:30\""),
        ("0x1f", "\"0x1f\""),
        ("2001-01-01", "\"2001-01-01\""),
        ("a: b", "'a: b'"),
        ("a:", "'a:'"),
        ("a #b", "'a #b'"),
        ("it's", "it's"),
        ("'x'", "'''x'''"),
        ("<<", "<<"),
        ("a\tb", "\"a\\tb\""),
        (" a", "' a'"),
        ("😀", "\"\\U0001F600\""),
        ("a\nb", "|-\n  a\n  b"),
        ("a\nb\n", "|\n  a\n  b"),
        ("a\n\n", "|+\n  a\n"),
        ("\na", "|2-\n\n  a"),
        (" a\nb", "|2-\n   a\n  b"),
        ("\n", "|2+\n"),
        ("a \nb", "\"a \\nb\""),
        ("a\nb ", "\"a\\nb \""),
        ("a\r\nb", "\"a\\r\\nb\""),
    ];
    for (text, expected) in cases {
        assert_eq!(written(text), format!("k: {expected}\n"), "{text:?}");
    }
}

#[test]
fn collections_are_laid_out_as_compose_lays_them_out() {
    let text = "a:\n  - - 1\n    - b: 2\n      c: {}\n  - []\n  - d:\n      - e: null\nf: 1e+06\n";
    assert_eq!(to_yaml(&read(text)), text);
    assert_eq!(to_yaml(&read("[]")), "[]\n");
    assert_eq!(to_yaml(&read("- a: 1\n")), "- a: 1\n");
    assert_eq!(to_yaml(&read("|\n  a\n  b\n")), "|\n  a\n  b\n");
    assert_eq!(
        to_yaml(&read("[.inf, -.inf, .nan, 1.0, 2001-01-02]")),
        "- .inf\n- -.inf\n- .nan\n- 1\n- 2001-01-02T00:00:00Z\n"
    );
}

#[test]
fn long_keys_and_keys_of_several_lines_are_explicit() {
    let long = "k".repeat(129);
    assert_eq!(to_yaml(&read(&format!("? {long}\n: [1]\n"))), format!("? {long}\n: - 1\n"));
    assert_eq!(to_yaml(&read("? \"a\\nb\"\n: {c: 1, d: 2}\n")), "? |-\n  a\n  b\n: c: 1\n  d: 2\n");
    assert_eq!(to_yaml(&read("'y': 1\n'': 2\n")), "\"y\": 1\n\"\": 2\n");
}

#[test]
fn the_lossless_writer_escapes_what_go_yaml_loses() {
    for text in ["a\u{2028}b", "a\n\u{2029}", "\u{85}", "\n\u{85}\n"] {
        let node = Node::string(text, HERE);
        assert_eq!(read(&to_yaml_lossless(&node)).as_str(), Some(text));
    }
    assert_ne!(written("a\u{2028}b"), "k: \"a\\Lb\"\n");
}

fn piece() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "a",
        "b c",
        "1",
        "0",
        "-",
        "--- ",
        "... ",
        ":",
        ": ",
        " #",
        "#",
        "?",
        "? ",
        "!",
        "&",
        "*",
        "|",
        ">",
        "%",
        "@",
        "`",
        "'",
        "\"",
        "\\",
        "[",
        "]",
        "{",
        "}",
        ",",
        " ",
        "\t",
        "\n",
        "\r",
        "\u{85}",
        "\u{A0}",
        "\u{2028}",
        "\u{2029}",
        "\u{FEFF}",
        "\u{1}",
        "\u{7F}",
        "\u{80}",
        "é",
        "😀",
        "~",
        "null",
        "yes",
        "<<",
        "=",
        "1:30",
        "0x1",
        "1_0",
        "1e3",
        ".inf",
        "2001-01-01",
        "+",
        "_",
        "/",
        ".",
        "$",
    ])
}

fn text() -> impl Strategy<Value = String> {
    prop::collection::vec(piece(), 0..7).prop_map(|pieces| pieces.concat())
}

fn tree() -> impl Strategy<Value = Node> {
    let leaf = prop_oneof![
        8 => text().prop_map(|text| Node::string(text, HERE)),
        1 => any::<i64>().prop_map(|value| Node::new(Value::Int(value), HERE)),
        1 => any::<f64>().prop_map(|value| Node::new(Value::Float(value), HERE)),
        1 => any::<i16>().prop_map(|value| Node::new(Value::Float(f64::from(value) / 4.0), HERE)),
        1 => any::<bool>().prop_map(|value| Node::new(Value::Bool(value), HERE)),
        1 => Just(Node::null(HERE)),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(|items| Node::seq(items, HERE)),
            prop::collection::vec((text(), inner), 0..4).prop_map(|entries| {
                let mut map = Mapping::new();
                for (key, value) in entries {
                    map.put(key, value);
                }
                Node::map(map, HERE)
            }),
        ]
    })
}

/// What the independent second reader sees.
fn same_as_second_reader(node: &Node, other: &serde_yaml::Value) -> bool {
    match (&node.value, other) {
        (Value::Null, serde_yaml::Value::Null) => true,
        (Value::Bool(a), serde_yaml::Value::Bool(b)) => a == b,
        (Value::Int(a), serde_yaml::Value::Number(b)) => b.as_i64() == Some(*a),
        (Value::Float(a), serde_yaml::Value::Number(b)) => {
            b.is_f64() && b.as_f64().is_some_and(|b| b.total_cmp(a).is_eq() || (a.is_nan() && b.is_nan()))
        }
        (Value::String(a), serde_yaml::Value::String(b)) => a == b,
        (Value::Seq(a), serde_yaml::Value::Sequence(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same_as_second_reader(a, b))
        }
        (Value::Map(a), serde_yaml::Value::Mapping(b)) => {
            a.len() == b.len()
                && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| same_as_second_reader(a, b)))
        }
        _ => false,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_losslessly_reads_back(node in tree()) {
        let text = to_yaml_lossless(&node);
        prop_assert!(read(&text).same(&node), "{}", text);
    }

    #[test]
    fn what_is_evident_is_so(text in text(), before in "[a-z/1-9$.]?[a-zA-Z0-9 :/#.-]{0,6}") {
        let words = ["true", "False", "NULL", "yes", "No", "y", "N", "on", "OFF", "none", "tcp", "./", "$x"];
        let words = words.map(str::to_owned);
        for text in words.iter().chain([&text, &before, &format!("{before}{text}")]) {
            for simple_key in [false, true] {
                let chosen = if analysis::is_lost(text) { Style::Double } else { style(text, simple_key) };
                prop_assert!(!analysis::is_evidently_plain(text) || chosen == Style::Plain, "{text:?}");
                prop_assert!(!analysis::is_evident_number(text) || chosen == Style::Double, "{text:?}");
            }
        }
    }

    #[test]
    fn another_reader_sees_the_same(node in tree()) {
        let text = to_yaml_lossless(&node);
        match serde_yaml::from_str(&text) {
            Ok(other) => prop_assert!(same_as_second_reader(&node, &other), "{}", text),
            Err(error) => prop_assert!(false, "{}\n{}", error, text),
        }
    }
}

/// Members that are made ready while they are written come out like those that were ready before.
#[test]
fn what_is_prepared_on_the_way_is_written_like_the_rest() {
    for size in [1, 3, 127, 128, 1000] {
        let mut services = Mapping::new();
        for at in 0..size {
            services.put(format!("s{at}"), Node::string("raw", Origin::Environment));
        }
        let mut root = Mapping::new();
        root.put("name", Node::string("a: b", Origin::Environment));
        root.put("services", Node::map(services, Origin::Environment));
        root.put("a\nb", Node::seq(vec![Node::null(Origin::Environment)], Origin::Environment));
        let mut node = Node::map(root, Origin::Environment);
        let make = |section: &str, name: &str, node: &mut Node| {
            assert_eq!(section, "services");
            *node = Node::string(format!("{name} is ready"), node.origin);
        };
        let mut ready = node.clone();
        let is_large = spread::pays(size);
        if is_large {
            let members = ready.get_mut("services").and_then(Node::as_map_mut).unwrap();
            members.iter_mut().for_each(|(name, node)| make("services", name, node));
        }
        let text = to_yaml_preparing(&mut node, make);
        assert_eq!(text, to_yaml(&ready));
        assert_eq!(text.contains("s0: s0 is ready\n"), is_large);
    }
}

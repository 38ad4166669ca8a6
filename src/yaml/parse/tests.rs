use std::fmt::Write as _;

use proptest::prelude::*;

use super::*;
use crate::source::Origin;
use crate::yaml::scalar::float_text;
use crate::yaml::{Node, Tag, Value};

const FILE: FileId = FileId(0);

fn read(text: &str) -> Vec<Document> {
    parse(FILE, text, Limits::default()).unwrap_or_else(|findings| panic!("{text:?}: {findings:#?}"))
}

fn one(text: &str) -> Node {
    let mut documents = read(text);
    assert_eq!(documents.len(), 1, "{text:?}");
    documents.remove(0).root
}

fn refused(text: &str) -> Vec<Finding> {
    match parse(FILE, text, Limits::default()) {
        Ok(documents) => panic!("{text:?} is read as {documents:#?}"),
        Err(findings) => findings,
    }
}

/// Code and message of the only finding, and the text that it points at.
fn complaint(text: &str) -> (Code, String, String) {
    let findings = refused(text);
    assert_eq!(findings.len(), 1, "{text:?}: {findings:#?}");
    let finding = &findings[0];
    let label = finding.labels.first().map_or("", |label| text.get(label.span.range()).unwrap());
    (finding.code, finding.message.clone(), label.to_owned())
}

/// One line, types visible: `{a: 1, b: "1", c: !reset null}`.
fn shown(node: &Node) -> String {
    let tag = match node.tag {
        Some(Tag::Reset) => "!reset ",
        Some(Tag::OverrideByMerge) => "!merged ",
        Some(Tag::Override) => "!override ",
        Some(Tag::Fault) | None => "",
    };
    let value = match &node.value {
        Value::Null => "null".into(),
        Value::Bool(value) => value.to_string(),
        Value::Int(value) => value.to_string(),
        Value::UInt(value) => format!("{value}u"),
        Value::Float(value) => format!("{}f", float_text(*value)),
        Value::Timestamp(text) => format!("time {text}"),
        Value::String(text) => format!("{text:?}"),
        Value::Seq(items) => format!("[{}]", items.iter().map(shown).collect::<Vec<_>>().join(", ")),
        Value::Map(map) => {
            let pairs: Vec<_> = map.iter().map(|(key, value)| format!("{key}: {}", shown(value))).collect();
            format!("{{{}}}", pairs.join(", "))
        }
    };
    format!("{tag}{value}")
}

fn source(text: &str, origin: Origin) -> &str {
    text.get(origin.span().unwrap().range()).unwrap()
}

#[test]
fn every_key_and_value_knows_its_place() {
    let text = "\u{FEFF}services:\n  é: {image: \"x\", ports: [1, 2]}\n  b:\n    - k: |\n        l\n\n  c:\n";
    let root = one(text);
    let services = root.get("services").unwrap();
    assert_eq!(source(text, root.as_map().unwrap().entry("services").unwrap().key), "services");
    assert_eq!(source(text, services.at(&["é", "image"]).unwrap().origin), "\"x\"");
    assert_eq!(source(text, services.at(&["é", "ports"]).unwrap().origin), "[1, 2]");
    assert_eq!(source(text, services.get("é").unwrap().origin), "{image: \"x\", ports: [1, 2]}");
    assert_eq!(source(text, services.as_map().unwrap().entry("é").unwrap().key), "é");
    assert!(source(text, services.get("b").unwrap().origin).starts_with("- k: |"));
    assert_eq!(source(text, services.get("c").unwrap().origin), "");
    assert!(source(text, services.origin).starts_with("é: {"));
}

#[test]
fn documents_are_counted_as_compose_counts_them() {
    assert_eq!(read("").len(), 0);
    assert_eq!(read("# only a comment\n\n").len(), 0);
    assert_eq!(read("---\n").len(), 1);
    assert_eq!(read("a: 1\n---\n# nothing\n").len(), 2);
    assert_eq!(read("a: 1\n...\n---\nb: 2\n...\n").len(), 2);
    assert!(one("---\n...\n").is_null());
    assert_eq!(shown(&one("\u{FEFF}a: 1")), "{a: 1}");
}

#[test]
fn a_further_document_needs_its_marker() {
    let (code, message, label) = complaint("a: 1\n...\nb: 2\n");
    assert_eq!((code, label.as_str()), (Code::YamlSyntax, "b"));
    assert_eq!(message, "did not find expected <document start>");
    assert_eq!(read("a: 1\n...\n# end\n").len(), 1);
}

#[test]
fn names_of_anchors_are_plain() {
    for text in ["a: &x.y 1\n", "a: &é 1\n", "a: &x 1\nb: *x!\n"] {
        assert_eq!(complaint(text).1, "did not find expected alphabetic or numeric character", "{text:?}");
    }
    assert_eq!(shown(&one("a: &x-Y_1 1\nb: *x-Y_1\n")), "{a: 1, b: 1}");
}

#[test]
fn scalars_take_their_type_from_style_and_tag() {
    assert_eq!(
        shown(&one("[1, '1', \"1\", yes, ~, 1.5, '']")),
        "[1, \"1\", \"1\", \"yes\", null, 1.5f, \"\"]"
    );
    assert_eq!(shown(&one("a: !!str 12\nb: !!int \"12\"\nc: !!float 1")), "{a: \"12\", b: 12, c: 1f}");
    assert_eq!(
        shown(&one("a: !!binary aGk=\nb: !!null ''\nc: !!bool 'true'")),
        "{a: \"hi\", b: null, c: true}"
    );
    assert_eq!(shown(&one("a: !foo 12\nb: !<tag:yaml.org,2002:str> 1")), "{a: \"12\", b: \"1\"}");
    assert_eq!(
        shown(&one("a: ! 12\nb: ! '12'\nc: !foo {d: 1}\ne: !!str\n")),
        "{a: 12, b: \"12\", c: {d: 1}, e: \"\"}"
    );
    assert_eq!(shown(&one("a: !!timestamp '2001-01-02'")), "{a: time 2001-01-02T00:00:00Z}");
    assert_eq!(shown(&one("a: |\n  1\nb: >-\n  2\n")), "{a: \"1\\n\", b: \"2\"}");
}

#[test]
fn a_tag_that_does_not_fit_is_refused_at_its_value() {
    let (code, message, label) = complaint("a: !!bool yes\n");
    assert_eq!((code, label.as_str()), (Code::YamlSyntax, "yes"));
    assert_eq!(message, "cannot decode !!str `yes` as a !!bool");
    assert_eq!(complaint("a: !!int 1.5").1, "cannot decode !!float `1.5` as a !!int");
    assert_eq!(complaint("a: !!binary '?'").1, "!!binary value contains invalid base64 data");
}

#[test]
fn compose_tags_stay_and_keep_text_as_text() {
    assert_eq!(
        shown(&one("a: !reset null\nb: !override 012\nc: !override [1, !reset 2]\nd: !reset")),
        "{a: !reset \"null\", b: !override \"012\", c: !override [1, !reset \"2\"], d: !reset \"\"}"
    );
}

#[test]
fn aliases_copy_and_the_latest_anchor_wins() {
    assert_eq!(shown(&one("a: &x 1\nb: *x\nc: &x {d: 2}\ne: *x")), "{a: 1, b: 1, c: {d: 2}, e: {d: 2}}");
    let documents = read("a: &x [1]\n---\nb: *x\n");
    assert_eq!(shown(&documents[1].root), "{b: [1]}");
    assert_eq!(shown(&one("a: &k x\n*k : 2\n")), "{a: \"x\", x: 2}");
}

#[test]
fn one_alias_at_two_names_of_which_one_goes_on_after_a_dot_is_a_circle_before_5_3() {
    let refused = [
        "x: &o {}\ny: {app: *o, app.web: *o}\n",
        "x: &o {}\ny: {app.web: *o, a: b, app: *o}\n",
        "x: &o {}\ny: {app: *o, app.web: {c: [d, *o]}}\n",
        "x: &o {}\ny: {app: {<<: *o}, app.web: {<<: *o}}\n",
        "x: &o {}\ny: {app: {<<: *o, b: *o}}\n",
        "x: &o {}\ny: {'': *o, '.z': *o, a.b: c}\n",
        "x: &o {}\ny: {app: *o, app-web: *o, app.web: *o}\n",
    ];
    let new = Limits::default();
    let old = Limits { dotted_circles: true, ..new };
    for text in refused {
        let findings = parse(FILE, text, old).unwrap_err();
        assert_eq!(findings.len(), 1, "{text}: {findings:?}");
        assert_eq!(findings[0].code, Code::YamlAlias);
        assert!(parse(FILE, text, new).is_ok(), "{text}");
    }
    for text in [
        "x: &o {}\ny: {app: *o, app-web: *o, appweb: *o, web.app: *o}\n",
        "x: &o {}\ny: {app: *o, app.web: !override {c: *o}}\n",
        "x: &o {}\ny: {app: *o}\n---\ny: {app.web: *o}\n",
        "x: {app: &o {}, app.web: *o}\n",
        "x: &o {}\ny: {app: {<<: [*o], b: *o}}\n",
    ] {
        assert!(parse(FILE, text, old).is_ok(), "{text}");
    }
}

#[test]
fn an_unknown_or_cyclic_alias_is_refused_where_it_stands() {
    let findings = refused("a: *nope\nb: [*nada]\nc: &c {d: *c}\n");
    let messages: Vec<_> = findings.iter().map(|finding| finding.message.as_str()).collect();
    assert_eq!(messages[0], "unknown anchor 'nope' referenced");
    assert_eq!(messages[1], "unknown anchor 'nada' referenced");
    assert!(messages[2].starts_with("cycle detected"), "{messages:?}");
    assert!(findings.iter().all(|finding| finding.code == Code::YamlAlias));
}

/// As Compose does: a tagged entry is out of its mapping before `<<` is looked at, and its place is recorded.
#[test]
fn tags_act_before_the_merge_key() {
    let cases = [
        ("a: {<<: {b: 1}, b: !reset 2}", "{a: {b: !merged 1}}"),
        ("a: {<<: {b: [1, !reset 2]}, b: !reset 2}", "{a: {b: !merged [1]}}"),
        ("a: {<<: {b: !reset 1}, b: 2}", "{a: {b: !merged 2}}"),
        ("a: {<<: {b: !reset 1}, b: !reset 2}", "{a: {b: !reset \"2\"}}"),
        ("a: {<<: {b: 1}, b: !override 2}", "{a: {b: !override \"2\"}}"),
        ("a: {<<: [{b: !reset 1}, {b: 2}]}", "{a: {b: 2}}"),
        ("a: {<<: [{b: !override {c: !reset 1}}]}", "{a: {b: {c: \"1\"}}}"),
        ("a: {<<: !override {b: {c: !reset 1}}}", "{a: !merged {b: {c: \"1\"}}}"),
        ("<<: {b: !reset 1, c: !override 2}", "{c: \"2\"}"),
    ];
    for (text, read) in cases {
        assert_eq!(shown(&one(text)), read, "{text}");
    }
}

#[test]
fn copies_come_without_reset_values() {
    assert_eq!(
        shown(&one("x: &x\n  a: !reset 1\n  b: [1, !reset 2]\n  c: !override {d: !reset 1}\ny: *x")),
        "{x: {a: !reset \"1\", b: [1, !reset \"2\"], c: !override {d: !reset \"1\"}}, \
         y: {b: [1], c: !override {d: !reset \"1\"}}}"
    );
    assert_eq!(
        shown(&one("x: !override\n  a: &a [!reset 1]\n  b: *a")),
        "{x: !override {a: [!reset \"1\"], b: [!reset \"1\"]}}"
    );
    assert_eq!(shown(&one("x: &x !reset [1]\ny: *x")), "{x: !reset [1], y: !reset [1]}");
}

#[test]
fn merged_keys_come_behind_and_the_earlier_source_wins() {
    let bases = "a: &a {k: 1, l: 1}\nb: &b {l: 2, m: 2}\n";
    let merged = |text: &str| shown(one(&format!("{bases}{text}")).get("t").unwrap());
    assert_eq!(merged("t: {<<: *a, z: 0, k: 9}"), "{z: 0, k: 9, l: 1}");
    assert_eq!(merged("t: {k: 9, <<: [*a, *b]}"), "{k: 9, l: 1, m: 2}");
    assert_eq!(merged("t: {<<: {<<: *b, l: 3}, x: ~}"), "{x: null, l: 3, m: 2}");
    assert_eq!(merged("t: {!!merge '<<': *a}"), "{k: 1, l: 1}");
    assert_eq!(merged("t: {'<<': *a}"), "{<<: {k: 1, l: 1}}");
    assert_eq!(merged("t: {<<: []}"), "{}");
    assert_eq!(merged("t: <<"), "\"<<\"");
}

#[test]
fn a_merge_of_anything_else_is_refused() {
    for text in ["t: {<<: }", "t: {<<: 1}", "t: {<<: [1]}", "x: &x 1\nt: {<<: *x}", "t: {<<: [[{}]]}"] {
        let (code, message, _) = complaint(text);
        assert_eq!(code, Code::YamlSyntax);
        assert_eq!(message, "map merge requires map or sequence of maps as the value");
    }
}

#[test]
fn all_duplicate_keys_are_reported_with_both_places() {
    let text = "a: 1\nb:\n  c: 1\n  'c': 2\na: 3\nd: {<<: {}, <<: {}}\n";
    let findings = refused(text);
    let messages: Vec<_> = findings.iter().map(|finding| finding.message.as_str()).collect();
    assert_eq!(
        messages,
        [
            "mapping key \"c\" already defined at line 3",
            "mapping key \"a\" already defined at line 1",
            "mapping key \"<<\" already defined at line 6"
        ]
    );
    assert!(findings.iter().all(|finding| finding.code == Code::YamlDuplicateKey));
    let places: Vec<_> =
        findings[0].labels.iter().map(|label| text.get(label.span.range()).unwrap()).collect();
    assert_eq!(places, ["'c'", "c"]);
}

#[test]
fn a_key_is_quoted_as_go_quotes_it() {
    let (_, message, _) = complaint("\"a\\t\\\"é\\x01\": 1\n\"a\\t\\\"é\\x01\": 2\n");
    assert_eq!(message, "mapping key \"a\\t\\\"é\\x01\" already defined at line 1");
}

#[test]
fn keys_that_are_not_text_are_refused() {
    let text =
        "services:\n  s:\n    environment:\n      1: a\n      yes: b\n    x: [{~: 1}]\ntrue: 1\n1.50: 1\n";
    let messages: Vec<_> = refused(text).into_iter().map(|finding| finding.message).collect();
    assert_eq!(
        messages,
        [
            "non-string key in services.s.environment: 1",
            "non-string key in services.s.x[0]: <nil>",
            "non-string key at top level: true",
            "non-string key at top level: 1.5",
        ]
    );
    assert_eq!(
        complaint("? [a]\n: 1\n"),
        (Code::YamlKey, "invalid map key at top level".into(), "[a]".into())
    );
    assert_eq!(shown(&one("!!str 1: a\n'2': b\n")), "{1: \"a\", 2: \"b\"}");
}

#[test]
fn an_alias_bomb_is_refused_before_it_grows() {
    let mut text = String::from("a0: &a0 [x,x,x,x,x,x,x,x,x]\n");
    for level in 1..=9 {
        let inner = vec![format!("*a{}", level - 1); 9].join(",");
        writeln!(text, "a{level}: &a{level} [{inner}]").unwrap();
    }
    let (code, _, label) = complaint(&text);
    assert_eq!((code, label.as_str()), (Code::YamlLimit, "*a4"));
    let tight = Limits { alias_nodes: 3, ..Limits::default() };
    assert!(parse(FILE, "a: &a [1, 2]\nb: *a\n", tight).is_ok());
    assert!(parse(FILE, "a: &a [1, 2]\nb: *a\nc: *a\n", tight).is_err());
}

#[test]
fn depth_is_limited_in_every_form() {
    for text in ["[".repeat(5000), "{a: ".repeat(5000), "- ".repeat(5000), "? ".repeat(5000)] {
        assert_eq!(complaint(&text).0, Code::YamlLimit, "{:?}", text.get(..4));
    }
    let limits = Limits { depth: 3, ..Limits::default() };
    assert!(parse(FILE, "a: [[1]]", limits).is_ok());
    assert!(parse(FILE, "a: [[[1]]]", limits).is_err());
    assert!(parse(FILE, "x: &x [[1]]\na: *x", limits).is_ok());
    assert!(parse(FILE, "x: &x [[1]]\na: [*x]", limits).is_err());
    // Chains of aliases deepen the tree although the text stays flat.
    let mut text = String::from("a0: &a0 [x]\n");
    for level in 1..600 {
        writeln!(text, "a{level}: &a{level} [*a{}]", level - 1).unwrap();
    }
    assert_eq!(complaint(&text).0, Code::YamlLimit);
}

#[test]
fn only_the_directives_of_compose_are_read() {
    assert_eq!(shown(&one("%YAML 1.1\n---\na: 1\n")), "{a: 1}");
    assert_eq!(shown(&one("%TAG !t! tag:yaml.org,2002:\n---\na: !t!str 1\n")), "{a: \"1\"}");
    let (code, message, label) = complaint("%YAML 1.2\n---\na: 1\n");
    assert_eq!((code, label.as_str()), (Code::YamlSyntax, "%YAML 1.2"));
    assert_eq!(message, "found incompatible YAML document");
}

#[test]
fn a_block_scalar_at_the_very_end_gains_no_line_break() {
    for (text, value) in [
        ("a: |\n  x", "x"),
        ("a: |\n  x\n", "x\n"),
        ("a: |+\n  x\n  y", "x\ny"),
        ("a: >\n  x\n  y", "x y"),
        ("a: |\n  x\n  ", "x\n"),
        ("a: |\n  x\n    ", "x\n  "),
        ("a: |\n  # c\n# c", "# c\n"),
        ("--- |\n  x", "x"),
    ] {
        let root = one(text);
        let node = root.get("a").unwrap_or(&root);
        assert_eq!(node.as_str(), Some(value), "{text:?}");
    }
}

#[test]
fn characters_that_compose_refuses_are_refused() {
    for text in ["a: \u{1}", "a: \u{7F}", "a: \u{9F}"] {
        assert_eq!(complaint(text).0, Code::YamlSyntax, "{text:?}");
    }
    assert_eq!(shown(&one("a: ?x")), "{a: \"?x\"}");
    assert_eq!(shown(&one("a: [?x]")), "{a: [{x: null}]}");
    assert_eq!(shown(&one("a: {?x: 1}")), "{a: {x: 1}}");
    assert_eq!(shown(&one("a: \"\\u2028\\N\"")), "{a: \"\\u{2028}\\u{85}\"}");
}

/// YAML 1.1 has five line breaks, of which nobody sees three.
#[test]
fn invisible_line_breaks_are_read_and_warned_of() {
    for (text, read, code) in [
        ("a: x\u{85}  b", "{a: \"x b\"}", "U+0085"),
        ("a: 'x\u{85}\u{85}b'", "{a: \"x\\u{85}b\"}", "U+0085"),
        ("a: 'x\u{2028}b'", "{a: \"x\\u{2028}b\"}", "U+2028"),
        ("a: 1 # c\u{2029}b: 2", "{a: 1, b: 2}", "U+2029"),
    ] {
        let documents = parse(FILE, text, Limits::default()).unwrap();
        let [warning] = &documents[0].warnings[..] else { panic!("{text:?}") };
        assert_eq!(shown(&documents[0].root), read.replace("\\u{85}", "\\n"), "{text:?}");
        assert!(warning.code == Code::YamlLineBreak && warning.message.contains(code), "{warning:?}");
    }
}

/// Which blanks may stand where, what may come before `#`, how far a quoted line is indented: as Compose's
/// reader has it, which is neither YAML 1.1 nor 1.2.
#[test]
fn blanks_stand_where_compose_takes_them() {
    let read = [
        ("a: 'b\n c\n'\nd: 1", "{a: \"b c \", d: 1}"),
        ("a:\n  b: \"c\nd\"", "{a: {b: \"c d\"}}"),
        ("a: '1'# c\nb: [1]# c\nc: |# c\n  d", "{a: \"1\", b: [1], c: \"d\"}"),
        ("a: [\n\t1,\n\t2\t]", "{a: [1, 2]}"),
        ("a: \"b\n\tc\"", "{a: \"b c\"}"),
        ("a:\t1\t# c\nb:\t\"c\"\t", "{a: 1, b: \"c\"}"),
        ("a: {b: &b c, *b: 2}", "{a: {b: \"c\", c: 2}}"),
        ("# b\n\t# c\na: 1", "{a: 1}"),
        ("a: b\n  c\td", "{a: \"b c\\td\"}"),
    ];
    for (text, value) in read {
        assert_eq!(shown(&one(text)), value, "{text:?}");
    }
    for text in [
        "\t\na: 1",
        "a: 1\n\t\nb: 1",
        "a:\n  c: 1\n \t\nb: 1",
        "a: 1\n\t# c\nb: 1",
        "a: >-\n  b\n\t\nc: 1",
        "a:\n-\tb",
        "a: # b\n\t# c\n  b: 1",
        "{a\n b: c}",
    ] {
        assert_eq!(complaint(text).0, Code::YamlSyntax, "{text:?}");
    }
}

#[test]
fn the_common_mistakes_are_named() {
    let cases = [
        ("a:\n\tb: 1\n", "a tab is used for indentation", "\t"),
        ("a: 1\n\tb: 2\n", "a tab is used for indentation", "\t"),
        ("a:1\nb: 2\n", "mapping values are not allowed in this context", ":"),
        ("a: b: c\n", "mapping values are not allowed in this context", ":"),
        ("a:\n   b: 1\n  c: 2\n", "the indentation fits no level above", "c"),
        ("a: \"x\nb: 1\n", "a quoted text does not end", "\""),
        ("a: @x\n", "a value cannot start with `@`", "@"),
        ("a: 'it's'\n", "text follows the closing quote", "s"),
        ("a: \"\\d\"\n", "found unknown escape character", "\\d"),
        ("a: [1, 2\n", "this list is not closed", "["),
        ("a: [1, 2\nb: 1\n", "this list is not closed", "["),
        ("a: {b: 1\nc: 2\n", "this mapping is not closed", "{"),
        ("a: - b\n", "an item of a list must start on its own line", "-"),
        ("a: 1\n\t\nb: 2\n", "a tab is used for indentation", "\t"),
        ("a: |\n  b\n\t\nc: 2\n", "a tab is used for indentation", "\t"),
        ("a: ,\n", "a value cannot start with `,`", ","),
        ("a: b ]\nc ]: d: e\n", "mapping values are not allowed in this context", ":"),
        ("a: 'b' c\n", "something follows a value on its line", "c"),
        ("a: [1]]\n", "`]` is not inside of brackets", "]"),
        ("a: |x\n", "text follows `|` or `>` on its line", "x"),
        ("a: !h!x 1\n", "found undefined tag handle", "!h!x"),
        ("a: !x{ 1\n", "a tag cannot be read", "!x{"),
        ("a: \"\\ud800\"\n", "found invalid Unicode character escape code", "\\u"),
    ];
    for (text, message, label) in cases {
        let found = complaint(text);
        assert_eq!((found.1.as_str(), found.2.as_str()), (message, label), "{text:?}");
    }
    let findings = refused("image:nginx\nports: []\n");
    assert!(findings[0].help.as_deref().unwrap().contains("space after the colon"));
}

fn token() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "a",
        "b: ",
        ": ",
        "- ",
        "? ",
        "[",
        "]",
        "{",
        "}",
        ",",
        "\n",
        "\n  ",
        "\n    ",
        "\n\t",
        " ",
        "\t",
        "&a ",
        "*a",
        "*b ",
        "!reset ",
        "!override ",
        "!!str ",
        "!!int ",
        "!",
        "! ",
        "!<x> ",
        "<<: ",
        "|",
        "|-\n",
        ">+\n",
        "|2\n",
        "\"",
        "'",
        "\\",
        "\\x",
        "#",
        " # c\n",
        "---\n",
        "...\n",
        "%YAML 1.1\n",
        "%TAG ! x\n",
        "1",
        "0x",
        "~",
        "2001-01-01",
        "\r",
        "\r\n",
        "\u{FEFF}",
        "\u{85}",
        "\u{2028}",
        "é",
        "😀",
        "\0",
        "@",
        "`",
        "%",
        ".inf",
    ])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_soup_of_tokens_makes_it_panic(tokens in prop::collection::vec(token(), 0..60)) {
        let text: String = tokens.concat();
        let labels: Vec<_> = match parse(FILE, &text, Limits::default()) {
            Ok(_) => Vec::new(),
            Err(findings) => findings.into_iter().flat_map(|finding| finding.labels).collect(),
        };
        for label in labels {
            prop_assert!(text.get(label.span.range()).is_some(), "{:?} in {:?}", label, text);
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,80}") {
        let _ = parse(FILE, &text, Limits::default());
    }
}

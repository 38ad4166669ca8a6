use proptest::prelude::*;

use super::*;

fn environment(name: &str) -> Option<String> {
    let value = match name {
        "X" => "xv",
        "E" => "",
        "\u{212a}" => "kelvin",
        "\u{17f}" => "long",
        _ => return None,
    };
    Some(value.to_owned())
}

fn text(input: &str) -> String {
    expand(input, &environment).unwrap().text
}

fn unset(input: &str) -> Vec<String> {
    expand(input, &environment).unwrap().unset.into_iter().map(|used| used.name).collect()
}

fn shown(input: &str) -> String {
    match expand(input, &environment).unwrap_err().fault {
        Fault::Syntax { text } => text,
        other => panic!("{input}: {other:?}"),
    }
}

#[test]
fn a_dollar_before_anything_else_is_itself() {
    let input = "$1 $( $- $} $é $";
    assert_eq!(text(input), input);
}

#[test]
fn two_dollars_are_one_and_expand_nothing() {
    assert_eq!(text("$$X $${X} $$$X"), "$X ${X} $xv");
    assert_eq!(text("${U:-$$X}"), "$X");
}

#[test]
fn names_are_letters_digits_and_underscores() {
    assert_eq!(text("$X-${X}.$X.x"), "xv-xv.xv.x");
    assert_eq!(text("$Xé"), "xvé");
    assert_eq!(text("$1X"), "$1X");
    assert_eq!(unset("$_a1 ${x}"), ["_a1", "x"]);
}

#[test]
fn the_kelvin_sign_and_the_long_s_are_letters() {
    assert_eq!(text("$\u{212a} ${\u{17f}}"), "kelvin long");
    assert_eq!(unset("$s\u{212a}"), ["s\u{212a}"]);
}

#[test]
fn each_operator_tells_unset_from_empty_where_it_should() {
    assert_eq!(text("${U:-w}|${E:-w}|${X:-w}|${U-w}|${E-w}|${X-w}"), "w|w|xv|w||xv");
    assert_eq!(text("${U:+w}|${E:+w}|${X:+w}|${U+w}|${E+w}|${X+w}"), "||w||w|w");
    assert_eq!(text("${X:?m}|${X?m}|${E?m}"), "xv|xv|");
    assert_eq!(text("${U:-}|${U-}|${X:+}"), "||");
}

#[test]
fn the_first_operator_counts() {
    assert_eq!(text("${U:-a:?b} ${U-a:-b} ${X+a:+b}"), "a:?b a:-b a:+b");
}

#[test]
fn white_space_in_a_word_is_kept() {
    assert_eq!(text("[${U:- sp }]"), "[ sp ]");
}

#[test]
fn a_blank_is_reported_once_per_occurrence_and_only_without_an_operator() {
    assert_eq!(unset("$A ${A} ${B:-} ${C:+w} $X $E"), ["A", "A"]);
}

#[test]
fn words_are_expanded_even_where_they_are_not_used() {
    assert_eq!(unset("${X:-$NOPE}"), ["NOPE"]);
    assert_eq!(required("${X:-${NOPE:?bad}}"), ("NOPE".to_owned(), Some("bad".to_owned())));
    assert_eq!(text("${X:?${U:-m}}"), "xv");
}

fn required(input: &str) -> (String, Option<String>) {
    match expand(input, &environment).unwrap_err().fault {
        Fault::Required { name, message } => (name, message),
        other => panic!("{input}: {other:?}"),
    }
}

#[test]
fn a_required_variable_brings_its_message_expanded() {
    assert_eq!(required("a ${U:?need ${X}}"), ("U".to_owned(), Some("need xv".to_owned())));
    assert_eq!(required("${E:?}"), ("E".to_owned(), None));
    assert_eq!(required("${U?}"), ("U".to_owned(), None));
    assert_eq!(required("${U:-${V:-${W:?in}}}").0, "W");
}

#[test]
fn the_first_fault_from_the_left_is_the_one_reported() {
    assert_eq!(required("${U:?x} ${1}").0, "U");
    assert_eq!(shown("${1} ${U:?x}"), "${1} ${U:?x}");
    assert_eq!(shown("${U:-${1}} ${U:?x}"), "${1}");
}

#[test]
fn braces_in_a_word_are_counted() {
    assert_eq!(text(r#"${U:-{"a":1}}"#), r#"{"a":1}"#);
    assert_eq!(text(r#"${U:-{"a":{"b":1}}} ${X}"#), r#"{"a":{"b":1}} xv"#);
    assert_eq!(text("${U:-a}}"), "a}");
    assert_eq!(text("${U-}}"), "}");
    assert_eq!(text(r"${U:-a\}b}"), r"a\b}");
}

#[test]
fn an_empty_pair_of_braces_spoils_the_count() {
    assert_eq!(text("${U:-{}}"), "{}");
    assert_eq!(text("${U:-{}}b"), "{}b");
    assert_eq!(text("${U:-{}"), "{");
    assert_eq!(shown("${U:-{}}b${X}"), "{}}b${X");
    assert_eq!(shown(r#"${U:-{"a":{}}} ${X}"#), r#"{"a":{}}} ${X"#);
}

#[test]
fn an_expression_ends_on_its_line() {
    assert_eq!(text("${U:-a}\n${U:-b}"), "a\nb");
    assert_eq!(shown("${U:-a\nb}"), "${U:-a\nb}");
    assert_eq!(shown("${U:-{\n}}"), "${U:-{\n}}");
    assert_eq!(shown("a ${1 b\n${X"), "a ${1 b\n${X");
}

#[test]
fn what_is_not_the_grammar_is_refused_with_the_whole_text() {
    for input in ["${X", "${}", "${ X}", "${X }", "${X:=a}", "${X=a}", "${X#a}", "${X%a}", "${X/a/b}", "${1}"]
    {
        assert_eq!(shown(input), input);
    }
    assert_eq!(shown("${X:}"), "${X:}");
    assert_eq!(shown("${X:1:2}"), "${X:1:2}");
}

#[test]
fn a_fault_shows_the_part_that_was_being_looked_at() {
    assert_eq!(shown("${U:-${X}"), "${X");
    assert_eq!(shown("${X+${1}}"), "${1}");
    assert_eq!(shown("${A:-b} ${1} x}"), " ${1} x}");
    assert_eq!(shown("${U:-a} ${V:-b} ${1} }"), " ${1} }");
    // Here the rest of the line is not looked at on its own: no brace closes behind the fault.
    assert_eq!(shown("${A:-b} ${1"), "${A:-b} ${1");
    assert_eq!(shown("${A:-b}\n${1}"), "${A:-b}\n${1}");
}

#[test]
fn a_fault_is_placed_in_the_text_given() {
    let range = |input: &str| {
        let range = expand(input, &environment).unwrap_err().range;
        input.get(range).unwrap().to_owned()
    };
    assert_eq!(range("é ${U:?need}!"), "${U:?need}");
    assert_eq!(range("é ${U:-é ${V:?need}}!"), "${V:?need}");
    assert_eq!(range("é ${"), "${");
}

#[test]
fn the_outer_expressions_are_listed_with_their_places() {
    let input = "é$X ${U:-${E}} $$X $1 ${X}";
    let used = expand(input, &environment).unwrap().used;
    let listed: Vec<_> =
        used.iter().map(|used| (used.name.as_str(), input.get(used.range.clone()).unwrap())).collect();
    assert_eq!(listed, [("X", "$X"), ("U", "${U:-${E}}"), ("X", "${X}")]);
}

#[test]
fn words_within_words_have_a_limit() {
    let nested = |levels: usize| format!("{}a{}", "${U:-".repeat(levels), "}".repeat(levels));
    assert_eq!(text(&nested(100)), "a");
    let fault = expand(&nested(101), &environment).unwrap_err().fault;
    assert!(matches!(fault, Fault::Limit { .. }), "{fault:?}");
    assert!(expand(&nested(100_000), &environment).is_err());
    assert!(expand(&"${U:-".repeat(100_000), &environment).is_err());
    assert!(variables(&nested(100_000)).len() <= 102);
}

#[test]
fn what_values_add_has_a_limit() {
    let value = |_: &str| Some("v".repeat(1024));
    assert_eq!(expand(&"$V".repeat(1024), &value).unwrap().text.len(), 1024 * 1024);
    let fault = expand(&"$V".repeat(1025), &value).unwrap_err().fault;
    assert!(matches!(fault, Fault::Limit { .. }), "{fault:?}");
}

#[test]
fn a_long_line_of_expressions_takes_no_long_time() {
    let line = "${U:-a}".repeat(50_000);
    assert_eq!(text(&line).len(), 50_000);
    assert_eq!(variables(&line).len(), 50_000);
    let open = "${U:-{}".repeat(5_000);
    let _ = expand(&open, &environment);
}

#[test]
fn faults_without_a_path_are_worded_as_in_an_environment_file() {
    let words = |input: &str| expand(input, &environment).unwrap_err().fault.to_string();
    assert_eq!(words("${Y!}"), "Invalid template: \"${Y!}\"");
    assert_eq!(words("${Y:?need y}"), "required variable Y is missing a value: need y");
    assert_eq!(words("${Y?}"), "required variable Y is missing a value");
}

/// One line per variable: name, then `!` if required, `-default`, `+alternate`.
fn listed(input: &str) -> Vec<String> {
    let line = |variable: Variable| {
        let mark = if variable.required { "!" } else { "" };
        let default = variable.default.map(|word| format!("-{word}")).unwrap_or_default();
        let alternate = variable.alternate.map(|word| format!("+{word}")).unwrap_or_default();
        format!("{}{mark}{default}{alternate}", variable.name)
    };
    variables(input).into_iter().map(line).collect()
}

#[test]
fn variables_are_listed_so_that_the_last_of_a_name_is_the_one_compose_prints() {
    assert_eq!(listed("$X ${X:-d} ${X:?m}"), ["X", "X!", "X-d"]);
    assert_eq!(listed("${A:-x} ${A:-y}"), ["A-y", "A-x"]);
    assert_eq!(listed("${A:?m} $A"), ["A!", "A"]);
    assert_eq!(listed("$A$A ${A-x}"), ["A", "A", "A-x"]);
    assert_eq!(listed("${A:-b}$c}"), ["c", "A-b"]);
    assert_eq!(listed("${A:-b}$c"), ["A-b", "c"]);
}

#[test]
fn words_hold_variables_too_but_for_those_of_required_ones() {
    assert_eq!(listed("${A:-q${B:-r${C:-s}}}"), ["A-q${B:-r${C:-s}}", "B-r${C:-s}", "C-s"]);
    assert_eq!(listed("${A:+${B}}"), ["A+${B}", "B"]);
    assert_eq!(listed("${A:?need ${B}}"), ["A!"]);
}

#[test]
fn what_is_not_the_grammar_is_listed_without_a_name() {
    assert_eq!(listed("${1} $B"), ["", "B"]);
    assert_eq!(listed("${A:-{}} ${B}"), ["A-{}} ${B", ""]);
    assert_eq!(listed("$$A ${C}"), ["C"]);
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(input in "([${}:?+\n-]|\\$\\{|X|U|é|\u{212a}){0,60}|.*") {
        let _ = expand(&input, &environment);
        let _ = variables(&input);
    }

    #[test]
    fn text_without_a_dollar_is_left_alone(input in "[^$]*") {
        prop_assert_eq!(text(&input), input);
    }

    #[test]
    fn places_always_lie_in_the_text(input in "(\\$\\{X:-|\\$\\{U\\?|\\$X|[{}]|é|\n){0,40}") {
        match expand(&input, &environment) {
            Ok(expansion) => for used in expansion.used {
                prop_assert!(input.get(used.range).is_some_and(|used| used.starts_with('$')));
            },
            Err(error) => prop_assert!(input.get(error.range).is_some()),
        }
    }
}

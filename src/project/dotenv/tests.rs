use proptest::prelude::*;

use super::*;

fn environment(name: &str) -> Option<String> {
    match name {
        "IN" => Some("inval".to_owned()),
        "E" => Some(String::new()),
        _ => None,
    }
}

fn pairs(parsed: Parsed) -> Vec<(String, String)> {
    parsed.values.into_iter().collect()
}

fn read(text: &str) -> Vec<(String, String)> {
    pairs(parse(text, &environment).unwrap())
}

fn raw(text: &str) -> Vec<(String, String)> {
    pairs(parse_raw(text, &environment).unwrap())
}

fn expect(text: &str, wanted: &[(&str, &str)]) {
    let wanted: Vec<_> =
        wanted.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    assert_eq!(read(text), wanted, "{text:?}");
}

fn refused(text: &str, message: &str) {
    assert_eq!(parse(text, &environment).unwrap_err().message, message, "{text:?}");
}

#[test]
fn a_byte_order_mark_is_skipped_once() {
    expect("\u{feff}A=1\n", &[("A", "1")]);
    refused("\u{feff}\u{feff}A=1\n", r#"line 1: unexpected character "\ufeff" in variable name "\ufeffA=1""#);
}

#[test]
fn blank_lines_white_space_and_comments_are_skipped() {
    expect("\n\n  A=1\n \t\u{2003}B=2", &[("A", "1"), ("B", "2")]);
    expect("#c\nA=1 #d\n  # e\nB=2", &[("A", "1"), ("B", "2")]);
    for text in ["", "\n\n", "# only", "#\n#"] {
        expect(text, &[]);
    }
    expect("A=1\r\nB=2\r\n", &[("A", "1"), ("B", "2")]);
}

#[test]
fn names_are_letters_digits_and_a_few_signs() {
    for name in ["1A", "a.b-c[0]", "é", "Ⅷ", "²", "-", "A]", "A\tB", "A\u{a0}B"] {
        expect(&format!("{name}=2\n"), &[(name, "2")]);
    }
}

#[test]
fn white_space_around_the_sign_is_dropped() {
    expect("A = 1\nB\t= 2\nC\u{a0}=\u{85}3\n", &[("A", "1"), ("B", "2"), ("C", "3")]);
}

#[test]
fn a_colon_is_as_good_as_an_equals_sign() {
    expect(
        "A: v\nB:\"w\"\nC:=d\nD:b=c\nE:\n  F=1\n",
        &[("A", "v"), ("B", "w"), ("C", "=d"), ("D", "b=c"), ("E", ""), ("F", "1")],
    );
}

#[test]
fn a_name_may_be_empty() {
    expect("=1\n", &[("", "1")]);
    expect(":1\n", &[("", "1")]);
    expect("==", &[("", "=")]);
}

#[test]
fn a_name_with_a_space_is_refused() {
    refused("A B=1\n", "line 1: key cannot contain a space");
    refused("A B\nC=1\n", "line 1: key cannot contain a space");
    refused("export export A=1\n", "line 1: key cannot contain a space");
}

#[test]
fn other_characters_in_names_are_shown_with_their_line() {
    refused("A+B=1\nx", r#"line 1: unexpected character "+" in variable name "A+B=1""#);
    refused("A\u{2003}=2\n", r#"line 1: unexpected character "\u2003" in variable name "A\u2003=2""#);
    refused("\"A\"=1\n", r#"line 1: unexpected character "\"" in variable name "\"A\"=1""#);
    refused("A\\B=1\n", r#"line 1: unexpected character "\\" in variable name "A\\B=1""#);
    refused("A\0=1\n", r#"line 1: unexpected character "\x00" in variable name "A\x00=1""#);
}

#[test]
fn lines_are_counted_as_the_reference_does() {
    let space = |line: usize| format!("line {line}: key cannot contain a space");
    refused("A\nB B=1\n", &space(2));
    refused("X=1\n\n#c\nB B=1\n", &space(4));
    refused("A=\"1\n2\"\nB B=1\n", &space(3));
    refused("A=\"x\"\n\n\nB B=1", &space(4));
    // A space behind a name on its own keeps its line from being counted.
    refused("A \nB B=1\n", &space(1));
    refused("A\n\nB\nC=\"x", "line 4: unterminated quoted value \"x");
}

#[test]
fn a_name_alone_takes_its_value_from_the_environment() {
    expect("IN\nNO\nE\n", &[("IN", "inval"), ("E", "")]);
    expect("IN\r\nB=1\r\n", &[("IN", "inval"), ("B", "1")]);
    // What is defined above is no environment.
    expect("A=1\nA\n", &[("A", "1")]);
}

#[test]
fn a_name_alone_at_the_very_end_is_the_value_of_the_empty_name() {
    expect("A", &[("", "A")]);
    expect("IN\nIN", &[("IN", "inval"), ("", "IN")]);
    expect("export", &[("", "export")]);
}

#[test]
fn export_is_dropped_before_white_space() {
    expect("export A=b\nexportB=c\nexport\tC=d\n", &[("A", "b"), ("exportB", "c"), ("C", "d")]);
    expect("export\nA=b\n", &[("A", "b")]);
    expect("export=1\nexport:2\n", &[("export", "2")]);
    expect("export =1\n", &[("", "1")]);
    expect("export \n", &[]);
    refused("export ", "zero length string");
}

#[test]
fn a_bare_value_ends_at_a_space_and_a_hash() {
    expect(
        "A=b c # d\nB=b#c\nC=b\t#c\nD=1#\nE=1 #",
        &[("A", "b c"), ("B", "b#c"), ("C", "b\t#c"), ("D", "1#"), ("E", "1")],
    );
    expect("A=#x\nB= #x\nC= # x\n", &[("A", "#x"), ("B", "#x"), ("C", "# x")]);
}

#[test]
fn a_bare_value_is_trimmed_and_has_no_escapes() {
    expect("A=b \t\r\nB=x\u{a0}\nC=\u{2003}x\u{2003}\n", &[("A", "b"), ("B", "x"), ("C", "\u{2003}x")]);
    expect("A=a\\nb\nB=a\"b\"\nC={\"a\":1}\n", &[("A", r"a\nb"), ("B", "a\"b\""), ("C", "{\"a\":1}")]);
    expect("A=\nB=  \nC=1\n", &[("A", ""), ("B", ""), ("C", "1")]);
    expect("A=1 B=2\n", &[("A", "1 B=2")]);
}

#[test]
fn quoted_values_may_span_lines() {
    expect("A=\"a\nb\"\nB='c\n\nd'\n", &[("A", "a\nb"), ("B", "c\n\nd")]);
    expect("A=\"\"\nB=''\n", &[("A", ""), ("B", "")]);
    expect("A=\"'\"\nB='\"'", &[("A", "'"), ("B", "\"")]);
}

#[test]
fn single_quotes_know_one_escape_and_no_variables() {
    expect(r"A='a\'b'", &[("A", "a'b")]);
    expect(r"A='a\nb$IN\\'", &[("A", r"a\nb$IN\\")]);
}

#[test]
fn double_quotes_know_the_escapes_of_the_shell() {
    expect(r#"A="\a\b\f\n\r\t\v\\""#, &[("A", "\x07\x08\x0c\n\r\t\x0b\\")]);
    expect(r#"A="a\"b""#, &[("A", "a\"b")]);
    expect(r#"A="x\\\"""#, &[("A", "x\\\"")]);
    expect("A=\"\\\n\"\n", &[("A", "\\\n")]);
}

#[test]
fn an_escaped_dollar_is_a_dollar() {
    expect(r#"A="\$IN $IN""#, &[("A", "$IN inval")]);
    expect("A=\\$IN\n", &[("A", r"\inval")]);
}

#[test]
fn octal_escapes_need_a_zero_and_three_digits() {
    expect(r#"A="\0101\01234\0351\0000""#, &[("A", "AS4é\0")]);
    expect(r#"A="\0|\07|\00|\0777|\0800|\033[1m""#, &[("A", r"\|\7|\0|\777|\800|\33[1m")]);
}

#[test]
fn other_escapes_stay_as_they_are() {
    expect(r#"A="\c\x41\u0041\101\é""#, &[("A", r"\c\x41\u0041\101\é")]);
}

#[test]
fn a_statement_may_follow_a_closing_quote() {
    expect("A=\"a\"b\nB=1\n", &[("A", "a"), ("B", "1")]);
    expect("A=\"a\" b=2\n", &[("A", "a"), ("b", "2")]);
    expect("A=\"a\"IN\n", &[("A", "a"), ("IN", "inval")]);
    expect("A=\"a\" # c\nB='b'# d\nC=1\n", &[("A", "a"), ("B", "b"), ("C", "1")]);
    refused("A=\"x\";B=2\n", r#"line 1: unexpected character ";" in variable name ";B=2""#);
    refused("A='a''b'\n", r#"line 1: unexpected character "'" in variable name "'b'""#);
}

#[test]
fn an_open_quote_is_shown_to_the_end_of_its_line() {
    refused("A=\"abc\nB=1", "line 2: unterminated quoted value \"abc");
    refused("\nA='abc", "line 2: unterminated quoted value 'abc");
    refused("A=\"\n\nx", "line 3: unterminated quoted value \"");
    refused("A=\"\\\"\n", "line 2: unterminated quoted value \"\\\"");
    refused("A=\"x\\", "line 1: unterminated quoted value \"x\\");
}

#[test]
fn the_last_of_a_name_wins() {
    let parsed = parse("A=1\nB=2\nA=3\n", &environment).unwrap();
    assert_eq!(parsed.values["A"], "3");
    assert_eq!(parsed.places["A"], 10..11);
}

#[test]
fn variables_come_from_the_environment_and_then_from_above() {
    expect("A=1\nB=$A-${C:-d}\nIN=x\nD=\"$IN\"\n", &[("A", "1"), ("B", "1-d"), ("IN", "x"), ("D", "inval")]);
    expect("A=$$IN\nB=\"$$IN\"\nC=${E:-d}\n", &[("A", "$IN"), ("B", "$IN"), ("C", "d")]);
}

#[test]
fn a_variable_that_is_not_set_is_reported_and_blank() {
    let parsed = parse("A=$A\nB=$C$NO\nC=3\n", &environment).unwrap();
    let unset: Vec<_> = parsed.unset.iter().map(|used| used.name.as_str()).collect();
    assert_eq!(unset, ["A", "C", "NO"]);
    assert_eq!(parsed.values["B"], "");
}

#[test]
fn faults_in_variables_have_the_words_of_the_template() {
    refused("A=${Y:?need y}\n", "required variable Y is missing a value: need y");
    refused("A=\"${Y?}\"\n", "required variable Y is missing a value");
    refused("A=${Y!}\n", "Invalid template: \"${Y!}\"");
    // The quote and the comment end the value first.
    refused("A=\"${NO:-\"x\"}\"\n", "Invalid template: \"${NO:-\"");
    refused("A=${NO:-a #b}\n", "Invalid template: \"${NO:-a\"");
    expect("A=${NO:-a#b}\n", &[("A", "a#b")]);
}

#[test]
fn faults_and_values_have_their_place_in_the_text() {
    let place = |text: &str| {
        let error = parse(text, &environment).unwrap_err();
        (text.get(error.range).unwrap().to_owned(), error.kind)
    };
    assert_eq!(place("\u{feff}é=1\nexport A+B=1\n"), ("+".to_owned(), DotenvFault::Name));
    assert_eq!(place("é=1\nexport A B=1\n"), ("A B".to_owned(), DotenvFault::Name));
    assert_eq!(place("é=1\nA='b\nC=1\n"), ("'b".to_owned(), DotenvFault::Quote));
    assert_eq!(place("é=1\nA= é ${Y?} # c\n").0, "${Y?}");
    assert_eq!(place("é=1\nA=\"é\\t${Y?}\"\n").0, "\"é\\t${Y?}\"");

    let text = "\u{feff}é= x y # c\nB=\"q\nr\" IN\n";
    let parsed = parse(text, &environment).unwrap();
    let at = |name: &str| text.get(parsed.places[name].clone()).unwrap();
    assert_eq!((at("é"), at("B"), at("IN")), ("x y", "\"q\nr\"", "IN"));
}

#[test]
fn values_that_double_again_and_again_are_stopped() {
    let doubled: Vec<_> = (1..64).map(|n| format!("A{n}=$A{0}$A{0}", n - 1)).collect();
    let text = format!("A0=xxxxxxxx\n{}", doubled.join("\n"));
    assert!(parse(&text, &environment).is_err());
    let many = "K=$BIG\n".repeat(1000);
    let big = |name: &str| (name == "BIG").then(|| "x".repeat(1024 * 1024));
    assert_eq!(parse(&many, &big).unwrap_err().kind, DotenvFault::Limit);
    assert_eq!(parse_raw(&"BIG\n".repeat(1000), &big).unwrap_err().kind, DotenvFault::Limit);
}

fn expect_raw(text: &str, wanted: &[(&str, &str)]) {
    let wanted: Vec<_> =
        wanted.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    assert_eq!(raw(text), wanted, "{text:?}");
}

#[test]
fn raw_values_are_verbatim() {
    expect_raw("A=\"x\" # y\n  B= $IN \nC='q'\n", &[("A", "\"x\" # y"), ("B", " $IN "), ("C", "'q'")]);
    expect_raw("A==b\nB=\n", &[("A", "=b"), ("B", "")]);
}

#[test]
fn raw_lines_may_be_comments_or_names_alone() {
    expect_raw("#c\n #d\n\x0b#x\n\nA=1", &[("A", "1")]);
    expect_raw("IN\nNO\nE\nA=1\nA=2\nA", &[("IN", "inval"), ("E", ""), ("A", "2")]);
    expect_raw("A:b\n", &[]);
}

#[test]
fn raw_lines_lose_a_byte_order_mark_and_one_carriage_return() {
    expect_raw("\u{feff}A=1\r\nB=2\r\r\nIN\r\n", &[("A", "1"), ("B", "2\r"), ("IN", "inval")]);
    expect_raw("B=1\n\u{feff}A=1\rC\n", &[("B", "1"), ("\u{feff}A", "1\rC")]);
}

#[test]
fn raw_names_may_hold_anything_but_spaces_and_tabs() {
    expect_raw("A+B=1\n\u{2003}C\u{a0}=2\n", &[("A+B", "1"), ("C\u{a0}", "2")]);
    let refused = |text: &str| parse_raw(text, &environment).unwrap_err().message;
    assert_eq!(refused("C =1\n"), "variable 'C ' contains whitespaces");
    assert_eq!(refused("IN \nA=1"), "variable 'IN ' contains whitespaces");
    assert_eq!(refused("A\tB=1"), "variable 'A\tB' contains whitespaces");
    assert_eq!(refused("export A=1"), "variable 'export A' contains whitespaces");
    assert_eq!(refused(" = x\n"), "no variable name on line '= x'");
}

#[test]
fn raw_lines_have_a_limit() {
    let line = |length: usize| format!("A={}", "x".repeat(length - 2));
    assert_eq!(raw(&line(65_535)).len(), 1);
    assert_eq!(raw(&(line(65_534) + "\r\n")).len(), 1);
    let error = parse_raw(&(line(65_535) + "\r\n"), &environment).unwrap_err();
    assert_eq!((error.message.as_str(), error.kind), ("bufio.Scanner: token too long", DotenvFault::Limit));
    assert!(parse_raw(&line(65_536), &environment).is_err());
}

#[test]
fn raw_values_and_faults_have_their_place_in_the_text() {
    let text = "\u{feff} A= x\n  IN\r\n B C=1\n";
    let error = parse_raw(text, &environment).unwrap_err();
    assert_eq!(text.get(error.range), Some("B C"));
    let text = "\u{feff} A= x\n  IN\r\n";
    let parsed = parse_raw(text, &environment).unwrap();
    assert_eq!(text.get(parsed.places["A"].clone()), Some(" x"));
    assert_eq!(text.get(parsed.places["IN"].clone()), Some("IN"));
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "(A|IN|export |[= :\"'#$\\\\{}\n\r\t0+é\u{a0}]|\\$\\{B:-){0,60}|(?s).*") {
        for result in [parse(&text, &environment), parse_raw(&text, &environment)] {
            match result {
                Ok(parsed) => for place in parsed.places.into_values() {
                    prop_assert!(text.get(place).is_some());
                },
                Err(error) => prop_assert!(text.get(error.range).is_some()),
            }
        }
    }

    #[test]
    fn a_double_quoted_value_reads_back(value in "[a-z \n'#=é]*") {
        prop_assert_eq!(read(&format!("A=\"{value}\"\n")), vec![("A".to_owned(), value)]);
    }
}

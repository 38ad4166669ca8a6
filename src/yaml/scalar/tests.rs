use super::*;

fn shown(value: &Value) -> String {
    match value {
        Value::Null => "null".into(),
        Value::Bool(value) => format!("bool {value}"),
        Value::Int(value) => format!("int {value}"),
        Value::UInt(value) => format!("uint {value}"),
        Value::Float(value) => format!("float {}", float_text(*value)),
        Value::Timestamp(text) => format!("time {text}"),
        Value::String(text) => format!("str {text}"),
        Value::Seq(_) | Value::Map(_) => "collection".into(),
    }
}

#[test]
fn scalars_are_typed_as_compose_types_them() {
    let table = include_str!("../../../tests/data/yaml/scalars.tsv");
    let mut seen = 0;
    for line in table.lines().filter(|line| !line.starts_with('#')) {
        let (text, expected) = line.split_once('\t').unwrap();
        assert_eq!(shown(&resolve(text)), expected, "for {text:?}");
        seen += 1;
    }
    assert!(seen > 200, "{seen} rows");
    assert_eq!(shown(&resolve("")), "null");
}

#[test]
fn floats_print_as_go_prints_them() {
    let cases = [
        (0.0, "0"),
        (-0.0, "-0"),
        (1.0, "1"),
        (1.5, "1.5"),
        (-1.25, "-1.25"),
        (100_000.5, "100000.5"),
        (999_999.0, "999999"),
        (1e6, "1e+06"),
        (1_000_000.5, "1.0000005e+06"),
        (123_456_789.0, "1.23456789e+08"),
        (1e20, "1e+20"),
        (1e100, "1e+100"),
        (0.0001, "0.0001"),
        (0.000_012_34, "1.234e-05"),
        (f64::MIN_POSITIVE, "2.2250738585072014e-308"),
        (f64::INFINITY, "+Inf"),
        (f64::NEG_INFINITY, "-Inf"),
        (f64::NAN, "NaN"),
    ];
    for (value, expected) in cases {
        assert_eq!(float_text(value), expected);
    }
    assert_eq!(float32_text(0.1), "0.1");
    assert_eq!(float32_text(1_234_567.5), "1.2345675e+06");
    assert_eq!(float32_text(1.5), "1.5");
}

#[test]
fn base_sixty_needs_a_colon_and_digits_below_sixty() {
    for text in ["1:30", "190:20:30", "+1:2", "-1_0:59.5", "0:0.", "22:22"] {
        assert!(is_sexagesimal(text), "{text}");
    }
    for text in ["1:60", "1:5:", ":30", "1", "1.5:30", "_1:2", "1:2.5:3", "1:a", "80:8080", "1:2.x"] {
        assert!(!is_sexagesimal(text), "{text}");
    }
}

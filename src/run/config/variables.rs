//! `config --variables`: a table, JSON or YAML.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::compose::listing::Variable;
use crate::diagnostic::{Code, Finding};
use crate::source::Origin;
use crate::yaml::{Mapping, Node, Value, to_yaml};

type Variables = BTreeMap<String, Variable>;

/// The variables in a format of Compose's own.
///
/// # Errors
/// A finding for a format that Compose does not have.
pub fn text(variables: &Variables, format: Option<&str>) -> Result<String, Finding> {
    let format = format.unwrap_or_default();
    match (format, format.to_ascii_lowercase().as_str()) {
        ("yaml", _) => Ok(yaml(variables)),
        (_, "" | "table" | "pretty") => Ok(table(variables)),
        (_, "json") => Ok(json(variables)),
        _ => Err(Finding::error(Code::Usage, format!("format value {format:?} could not be parsed"))
            .help("The formats are table, json and yaml.")),
    }
}

/// Columns at least twenty wide with three blanks between; the last one is not padded.
fn table(variables: &Variables) -> String {
    let header = ["NAME", "REQUIRED", "DEFAULT VALUE", "ALTERNATE VALUE"].map(str::to_owned);
    let rows = variables.values().map(|variable| {
        [
            variable.name.clone(),
            variable.required.to_string(),
            variable.default.clone().unwrap_or_default(),
            variable.alternate.clone().unwrap_or_default(),
        ]
    });
    let rows: Vec<[String; 4]> = std::iter::once(header).chain(rows).collect();
    let width = |column: usize| {
        let longest =
            rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count() + 3).max();
        longest.unwrap_or(0).max(20)
    };
    let widths = [width(0), width(1), width(2)];
    let mut text = String::new();
    for [name, required, default, alternate] in &rows {
        for (cell, width) in [name, required, default].into_iter().zip(widths) {
            let _ = write!(text, "{cell:width$}");
        }
        text.push_str(alternate);
        text.push('\n');
    }
    text
}

/// Four blanks per level, and an empty line at the end.
fn json(variables: &Variables) -> String {
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let entries: Vec<String> = variables
        .values()
        .map(|variable| {
            format!(
                "    {}: {{\n        \"Name\": {},\n        \"DefaultValue\": {},\n        \
                 \"PresenceValue\": {},\n        \"Required\": {}\n    }}",
                quoted(&variable.name),
                quoted(&variable.name),
                quoted(variable.default.as_deref().unwrap_or_default()),
                quoted(variable.alternate.as_deref().unwrap_or_default()),
                variable.required,
            )
        })
        .collect();
    if entries.is_empty() { "{}\n\n".to_owned() } else { format!("{{\n{}\n}}\n\n", entries.join(",\n")) }
}

/// Four blanks per level. No value has more than one line, so the indentation can be doubled as text.
fn yaml(variables: &Variables) -> String {
    let origin = Origin::Default("variables");
    let mut map = Mapping::new();
    for variable in variables.values() {
        let mut entry = Mapping::new();
        let text = |value: &Option<String>| Node::string(value.clone().unwrap_or_default(), origin);
        entry.put("name", Node::string(variable.name.as_str(), origin));
        entry.put("defaultvalue", text(&variable.default));
        entry.put("presencevalue", text(&variable.alternate));
        entry.put("required", Node::new(Value::Bool(variable.required), origin));
        map.put(variable.name.as_str(), Node::map(entry, origin));
    }
    map.sort_by(crate::yaml::natural_cmp);
    to_yaml(&Node::map(map, origin)).lines().fold(String::new(), |mut text, line| {
        if line.starts_with("  ") {
            text.push_str("  ");
        }
        text.push_str(line);
        text.push('\n');
        text
    })
}

//! `copies:` of a policy: files that are derived from others, refreshed before every launch.

use std::path::PathBuf;

use crate::diagnostic::Code;
use crate::yaml::Node;

use super::binds::{Base, file_mode};
use super::reader::{Keys, Located, Reader};

/// One derived file.
#[derive(Clone, Debug)]
pub struct Copy {
    pub from: PathBuf,
    pub to: Located<PathBuf>,
    /// Whether the source must be JSON.
    pub is_json: bool,
    /// JSON pointers to what is left out.
    pub drop: Vec<String>,
    pub mode: Option<u32>,
}

pub(super) const COPIES: Keys =
    Keys { place: "copies", known: &["from", "to", "format", "drop", "mode"], later: &[] };

pub fn read(node: &Node, base: &Base<'_>, reader: &mut Reader<'_>) -> Vec<Copy> {
    let items = reader.list(node, "copies");
    items.iter().filter_map(|item| one(item, base, reader)).collect()
}

fn one(item: &Node, base: &Base<'_>, reader: &mut Reader<'_>) -> Option<Copy> {
    let map = reader.mapping(item, &COPIES)?;
    let mut path = |key: &str| {
        let place = format!("copies.{key}");
        let Some(node) = map.get(key) else {
            reader.missing("copies", key, item.origin);
            return None;
        };
        reader.text(node, &place).map(|text| Located::new(base.resolve(text), node.origin))
    };
    let (from, to) = (path("from"), path("to"));
    let is_json = map.get("format").is_some_and(|node| {
        let is_json = node.as_str() == Some("json");
        if !is_json && node.as_str() != Some("plain") {
            reader.wrong(node, "copies.format", "`json` or `plain`", "Leave it out for any other file.");
        }
        is_json
    });
    let mut drop = Vec::new();
    for node in map.get("drop").map(|node| reader.list(node, "copies.drop")).unwrap_or_default() {
        match node.as_str().filter(|text| text.starts_with('/')) {
            Some(_) if !is_json => reader.error(
                Code::PolicySyntax,
                "only JSON has something to drop".to_owned(),
                node.origin,
                "needs `format: json`",
                "Add `format: json`, or remove `drop`.",
            ),
            Some(pointer) => drop.push(pointer.to_owned()),
            None => {
                let help = "It begins with a slash: /oauthAccount.";
                reader.wrong(node, "copies.drop", "a JSON pointer", help);
            }
        }
    }
    let mode = map.get("mode").and_then(|node| file_mode(node, "copies.mode", reader));
    Some(Copy { from: from?.value, to: to?, is_json, drop, mode })
}

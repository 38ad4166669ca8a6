//! `state:` and `repair:` of a policy: durable directories, and who may put them right.

use std::path::PathBuf;

use crate::host::Owner;
use crate::model::volume::{key_of, place};
use crate::yaml::Node;

use super::binds::Base;
use super::reader::{Keys, Located, Reader};

/// Who repairs before a launch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RepairSetting {
    /// Whoever can: we where we may, else a helper container.
    #[default]
    Auto,
    Host,
    Helper,
    Never,
}

impl RepairSetting {
    pub const ALL: [Self; 4] = [Self::Auto, Self::Host, Self::Helper, Self::Never];

    pub fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Host => "host",
            Self::Helper => "helper",
            Self::Never => "never",
        }
    }
}

/// One entry of `state:`.
#[derive(Clone, Debug)]
pub struct State {
    /// Absolute, or a volume by its key; `*` and `?` stand for parts of one name.
    pub path: Located<PathBuf>,
    /// Users, in the container's numbers, whose files are the service's although no lock remembers them.
    pub from: Vec<Owner>,
    /// `None` where nothing is said.
    pub strategy: Option<Strategy>,
}

/// How a durable directory stays its service's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strategy {
    /// Everything in it is given to the service's user.
    Chown,
    /// It stays the operator's, and the service sees it as its own.
    Idmap,
    /// Everything in it is of a group that all services have who share it.
    Group,
    /// Access control lists name the users of all services who share it, and the operator.
    Acl,
}

impl Strategy {
    pub const ALL: [Self; 4] = [Self::Chown, Self::Idmap, Self::Group, Self::Acl];

    pub fn name(self) -> &'static str {
        match self {
            Self::Chown => "chown",
            Self::Idmap => "idmap",
            Self::Group => "group",
            Self::Acl => "acl",
        }
    }
}

pub(super) const STATE: Keys =
    Keys { place: "state", known: &["path", "volume", "from", "strategy"], later: &[] };

pub fn read(node: &Node, base: &Base<'_>, reader: &mut Reader<'_>) -> Vec<State> {
    let items = reader.list(node, "state");
    items.iter().filter_map(|item| one(item, base, reader)).collect()
}

fn one(item: &Node, base: &Base<'_>, reader: &mut Reader<'_>) -> Option<State> {
    let map = reader.mapping(item, &STATE)?;
    let path = match (map.get("path"), map.get("volume")) {
        (Some(path), None) => Located::new(base.resolve(reader.text(path, "state.path")?), path.origin),
        (None, Some(volume)) => named(volume, reader)?,
        (Some(_), Some(volume)) => {
            let help = "Write an entry for each.";
            reader.wrong(volume, "state.volume", "left out where there is a `path`", help);
            return None;
        }
        (None, None) => {
            reader.missing("state", "path", item.origin);
            return None;
        }
    };
    let is_volume = key_of(&path.value).is_some();
    let mut from = Vec::new();
    for item in map.get("from").map(|node| reader.list(node, "state.from")).unwrap_or_default() {
        let owner = item.as_str().and_then(|text| text.parse::<Owner>().ok());
        match owner.filter(|owner| owner.uid != 0 || is_volume) {
            Some(owner) => from.push(owner),
            None if is_volume => {
                reader.wrong(
                    item,
                    "state.from",
                    "\"UID:GID\"",
                    "Write two numbers in quotes: \"3001:3001\".",
                );
            }
            None => reader.wrong(
                item,
                "state.from",
                "\"UID:GID\" of a user other than root",
                "Write two numbers in quotes: \"3001:3001\". Nothing is ever taken from root.",
            ),
        }
    }
    let strategy = map.get("strategy").and_then(|node| {
        let found = Strategy::ALL.into_iter().find(|strategy| node.as_str() == Some(strategy.name()));
        if found.is_none() {
            let help = "`idmap` leaves the files to the operator and shows them to the service as its own; `group` \
                        and `acl` let several users share them.";
            reader.wrong(node, "state.strategy", "`chown`, `idmap`, `group` or `acl`", help);
        }
        found
    });
    if let (Some(Strategy::Idmap), true, Some(node)) = (strategy, is_volume, map.get("strategy")) {
        let help = "The engine keeps a volume where it wants; `idmap` shows directories of the host.";
        reader.wrong(node, "state.strategy", "`chown`, `group` or `acl` for a volume", help);
    }
    Some(State { path, from, strategy })
}

/// A volume by its key in the project.
fn named(node: &Node, reader: &mut Reader<'_>) -> Option<Located<PathBuf>> {
    let text = reader.text(node, "state.volume")?;
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"._-*?".contains(&byte);
    if !text.bytes().all(is_part) {
        let help = "Write the key that the volume has under `volumes:` of the project; `*` and `?` stand for parts of it.";
        reader.wrong(node, "state.volume", "the key of a volume", help);
        return None;
    }
    Some(Located::new(place(text), node.origin))
}

pub fn repair(node: &Node, reader: &mut Reader<'_>) -> Option<Located<RepairSetting>> {
    let text = reader.text(node, "repair")?;
    let found = RepairSetting::ALL.into_iter().find(|setting| setting.name() == text);
    if found.is_none() {
        reader.wrong(
            node,
            "repair",
            "`auto`, `host`, `helper` or `never`",
            "`auto` repairs as root where we are root, and by a helper container elsewhere.",
        );
    }
    found.map(|setting| Located::new(setting, node.origin))
}

//! Which user services get.

use std::fmt;

use indexmap::IndexMap;

use crate::host::Owner;
use crate::yaml::Node;

use super::reader::{Keys, Located, Reader};

/// How a service's user is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserSetting {
    Fixed(Owner),
    /// The image's own.
    Image,
    /// Whoever calls seaworthy.
    Caller,
    /// One for each service.
    PerService,
}

/// `user:` of a policy.
#[derive(Clone, Debug, Default)]
pub struct Users {
    pub default: Option<Located<UserSetting>>,
    pub services: IndexMap<String, Located<UserSetting>>,
    /// The host's own settings, before the project's are added.
    pub host: HostUsers,
    /// `home: fix`: whether `HOME` is set where a user would have none.
    pub fixes_home: Option<Located<bool>>,
}

/// Users that the host's policy fixes.
#[derive(Clone, Debug, Default)]
pub struct HostUsers {
    pub default: Option<Located<UserSetting>>,
    pub services: IndexMap<String, Located<UserSetting>>,
}

impl HostUsers {
    /// The host's setting that a service's own setting contradicts, if any.
    pub fn against(&self, service: &str, ours: UserSetting) -> Option<&Located<UserSetting>> {
        let theirs = self.services.get(service).or(self.default.as_ref().filter(|_| ours.may_be_root()));
        theirs.filter(|theirs| theirs.value != ours)
    }
}

impl Users {
    /// The setting that a service falls under.
    pub fn of(&self, service: &str) -> Option<&Located<UserSetting>> {
        self.services.get(service).or(self.default.as_ref())
    }
}

impl UserSetting {
    /// A word for one, or numbers.
    ///
    /// # Errors
    /// Why it is neither.
    pub fn read(text: &str) -> Result<Self, <Owner as std::str::FromStr>::Err> {
        Ok(match text {
            "image" => Self::Image,
            "caller" => Self::Caller,
            "per-service" => Self::PerService,
            _ => Self::Fixed(text.parse()?),
        })
    }

    /// Whether it can turn out to be root.
    pub fn may_be_root(self) -> bool {
        match self {
            Self::Fixed(owner) => owner.uid == 0 || owner.gid == 0,
            Self::Image => true,
            Self::Caller | Self::PerService => false,
        }
    }
}

impl fmt::Display for UserSetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(owner) => owner.fmt(f),
            Self::Image => f.write_str("image"),
            Self::Caller => f.write_str("caller"),
            Self::PerService => f.write_str("per-service"),
        }
    }
}

pub(super) const USER: Keys = Keys { place: "user", known: &["default", "services", "home"], later: &[] };

pub fn read(node: &Node, reader: &mut Reader<'_>) -> Users {
    let mut users = Users::default();
    let Some(map) = reader.mapping(node, &USER) else { return users };
    if let Some(default) = map.get("default") {
        users.default = setting(default, "user.default", reader);
    }
    if let Some(home) = map.get("home") {
        match home.as_str() {
            Some(text @ ("fix" | "report")) => {
                users.fixes_home = Some(Located::new(text == "fix", home.origin));
            }
            _ => reader.wrong(home, "user.home", "`fix` or `report`", "Write `home: fix`."),
        }
    }
    if let Some(services) = map.get("services") {
        match services.as_map() {
            Some(services) => {
                for (name, node) in services.iter() {
                    if let Some(found) = setting(node, &format!("user.services.{name}"), reader) {
                        users.services.insert(name.to_owned(), found);
                    }
                }
            }
            None => reader.wrong(
                services,
                "user.services",
                "a mapping of services to users",
                "Write `db: image`.",
            ),
        }
    }
    users
}

fn setting(node: &Node, place: &str, reader: &mut Reader<'_>) -> Option<Located<UserSetting>> {
    const FORMS: &str = "Write \"UID:GID\" in quotes, image, caller or per-service.";
    let Some(text) = node.as_str() else {
        reader.wrong(node, place, "a user", FORMS);
        return None;
    };
    match UserSetting::read(text) {
        Ok(value) => Some(Located::new(value, node.origin)),
        Err(error) => {
            reader.error(
                crate::diagnostic::Code::PolicySyntax,
                format!("`{place}`: {error}"),
                node.origin,
                "not a user",
                FORMS,
            );
            None
        }
    }
}

//! What has to be created on the host before a launch, as data.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::host::{Kind, Owner};

/// One thing to create. Steps are carried out in order; each one is done already where it finds what it
/// would have created.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "kebab-case")]
pub enum HostStep {
    /// A directory; those above it that are missing belong to whoever owns the directory they are made in.
    CreateDirectory {
        #[serde(flatten)]
        place: Place,
    },
    /// A file, and the directories above it as for a directory. Nothing is ever overwritten.
    CreateFile {
        #[serde(flatten)]
        place: Place,
        #[serde(default, skip_serializing_if = "String::is_empty")]
        content: String,
    },
    /// Another mode for an empty directory that is there, over which a tmpfs is mounted.
    SetMode {
        #[serde(flatten)]
        place: Place,
    },
}

/// Where a step creates something, and how it is born.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// A directory that is there; nothing above it is touched, and below it no link is followed.
    pub root: PathBuf,
    /// Relative to the root, without `..`.
    pub path: PathBuf,
    /// In the host's numbers, after the engine's map of users; `None` for whoever runs seaworthy.
    pub owner: Option<Owner>,
    #[serde(with = "octal")]
    pub mode: u32,
    /// The service that it is for.
    pub service: String,
}

impl Place {
    pub fn full_path(&self) -> PathBuf {
        self.root.join(&self.path)
    }
}

impl HostStep {
    pub fn place(&self) -> &Place {
        match self {
            Self::CreateDirectory { place } | Self::CreateFile { place, .. } | Self::SetMode { place } => {
                place
            }
        }
    }

    /// With another mode.
    pub fn set_mode(&mut self, mode: u32) {
        match self {
            Self::CreateDirectory { place } | Self::CreateFile { place, .. } | Self::SetMode { place } => {
                place.mode = mode;
            }
        }
    }

    pub fn place_mut(&mut self) -> &mut Place {
        match self {
            Self::CreateDirectory { place } | Self::CreateFile { place, .. } | Self::SetMode { place } => {
                place
            }
        }
    }

    /// The same below another root.
    #[must_use]
    pub fn below(mut self, root: &Path) -> Self {
        root.clone_into(&mut self.place_mut().root);
        self
    }

    pub fn root(&self) -> &Path {
        &self.place().root
    }

    /// The absolute path of what is created.
    pub fn full_path(&self) -> PathBuf {
        self.place().full_path()
    }

    pub fn kind(&self) -> Kind {
        match self {
            Self::CreateDirectory { .. } | Self::SetMode { .. } => Kind::Directory,
            Self::CreateFile { .. } => Kind::File,
        }
    }
}

/// Modes are written as everybody writes them: `"0750"`.
mod octal {
    use serde::{Deserialize, Deserializer, Serializer};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
    pub fn serialize<S: Serializer>(mode: &u32, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{mode:04o}"))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
        let text = String::deserialize(deserializer)?;
        u32::from_str_radix(&text, 8)
            .ok()
            .filter(|mode| *mode <= 0o7777)
            .ok_or_else(|| serde::de::Error::custom(format!("`{text}` is not a mode in octal digits")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(path: &str) -> Place {
        let owner = Some(Owner::new(10001, 10001));
        Place { root: "/srv/app".into(), path: path.into(), owner, mode: 0o750, service: "agent".into() }
    }

    #[test]
    fn a_step_reads_back_as_it_was_written() {
        let steps = vec![
            HostStep::CreateDirectory { place: place("data") },
            HostStep::CreateFile { place: Place { owner: None, ..place("a.json") }, content: "{}".into() },
        ];
        let text = serde_json::to_string(&steps).unwrap();
        assert!(text.contains(r#""step":"create-directory","root":"/srv/app","path":"data","owner":"10001:10001","mode":"0750""#), "{text}");
        assert_eq!(serde_json::from_str::<Vec<HostStep>>(&text).unwrap(), steps);
    }

    #[test]
    fn a_mode_that_is_none_is_refused() {
        let text = serde_json::to_string(&HostStep::CreateDirectory { place: place("x") }).unwrap();
        for mode in ["0790", "17777", ""] {
            assert!(serde_json::from_str::<HostStep>(&text.replace("0750", mode)).is_err(), "{mode}");
        }
    }
}

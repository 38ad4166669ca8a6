//! What an image says of itself.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use super::{Answer, Engine};

/// The parts of an image's configuration that bear on users and paths.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Image {
    /// `sha256:…`: the content, whatever its names.
    pub id: String,
    /// `sha256:…` of its layers and its `USER`, which are the same in every store of images, where ids are not.
    pub content: String,
    /// Raw `USER`; resolve it with [`resolve_user`](super::resolve_user).
    pub user: String,
    /// Declared `VOLUME` paths, sorted.
    pub volumes: Vec<String>,
    /// Empty means `/`.
    pub working_dir: String,
    pub entrypoint: Vec<String>,
    pub cmd: Vec<String>,
    /// `NAME=value`.
    pub env: Vec<String>,
    /// `80/tcp`, sorted.
    pub exposed: Vec<String>,
    pub os: String,
    pub architecture: String,
}

impl Image {
    /// The value of a variable that the image sets.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.env.iter().rev().find_map(|entry| entry.strip_prefix(name)?.strip_prefix('='))
    }

    /// One document of the engine's answer; `None` where it is not as engines have it.
    pub fn read(raw: &Value) -> Option<Self> {
        Wire::deserialize(raw).ok().and_then(Self::from_wire)
    }

    fn from_wire(wire: Wire) -> Option<Self> {
        let mut volumes: Vec<String> = wire.config.volumes.into_iter().map(|(path, _)| path).collect();
        volumes.sort();
        let mut exposed: Vec<String> = wire.config.exposed_ports.into_iter().map(|(port, _)| port).collect();
        exposed.sort();
        let id = content_id(&wire.id)?;
        let content = content(&wire.root_fs.layers, &wire.config.user).unwrap_or_else(|| id.clone());
        Some(Self {
            id,
            content,
            user: wire.config.user,
            volumes,
            working_dir: wire.config.working_dir,
            entrypoint: wire.config.entrypoint,
            cmd: wire.config.cmd,
            env: wire.config.env,
            exposed,
            os: wire.os,
            architecture: wire.architecture,
        })
    }
}

/// `None` where the layers are not told.
fn content(layers: &[String], user: &str) -> Option<String> {
    let lines = layers.iter().map(String::as_str).chain([user]);
    let text = lines.fold(String::new(), |text, line| text + line + "\n");
    (!layers.is_empty()).then(|| format!("sha256:{}", crate::source::sha256(text.as_bytes())))
}

/// An image's id as Docker writes it. Podman's command writes the digits alone.
pub(super) fn content_id(text: &str) -> Option<String> {
    let is_digits = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    match text.strip_prefix("sha256:") {
        Some(digits) => (!digits.is_empty()).then(|| text.to_owned()),
        None => is_digits.then(|| format!("sha256:{text}")),
    }
}

impl Engine {
    /// Inspects images by name or id, all in one question where all are there. `None` in the answer: the
    /// engine says that it has no such image. In the order asked.
    pub fn images(&self, names: &[&str]) -> Answer<Vec<Option<Image>>> {
        if names.is_empty() {
            return Answer::Known(Vec::new());
        }
        let together = self.inspect_images(names);
        match together {
            Answer::Known(Some(found)) if found.len() == names.len() => {
                Answer::Known(found.into_iter().map(Some).collect())
            }
            Answer::Unknown(reason) => Answer::Unknown(reason),
            // Some are missing, and the answer does not say which of the names it is about.
            Answer::Known(_) if names.len() > 1 => {
                names.iter().map(|name| self.images(&[name]).map(|mut one| one.pop().flatten())).collect()
            }
            Answer::Known(Some(_)) => Answer::unknown("the engine answers about other images than asked"),
            Answer::Known(None) => Answer::Known(vec![None]),
        }
    }

    /// `None`: at least one is missing.
    fn inspect_images(&self, names: &[&str]) -> Answer<Option<Vec<Image>>> {
        let arguments = ["image", "inspect", "--"].iter().chain(names);
        self.command().run(arguments).context("cannot inspect images").and_then(|output| {
            if !output.succeeded() {
                // The engine's own words; one that is away is complained of otherwise.
                if output.says_no_image() {
                    return Answer::Known(None);
                }
                let complaint = output.complaint();
                return Answer::Unknown(format!("cannot inspect images: {complaint}"));
            }
            let wires: Vec<Wire> = match serde_json::from_slice(&output.stdout) {
                Ok(wires) => wires,
                Err(error) => return Answer::not_understood(format_args!("an image's inspection: {error}")),
            };
            let images: Option<Vec<Image>> = wires.into_iter().map(Image::from_wire).collect();
            match images {
                Some(images) => Answer::Known(Some(images)),
                None => Answer::not_understood("an image without an id"),
            }
        })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Wire {
    id: String,
    #[serde(default, deserialize_with = "null_as_default")]
    config: WireConfig,
    #[serde(default, rename = "RootFS", deserialize_with = "null_as_default")]
    root_fs: RootFs,
    #[serde(default)]
    os: String,
    #[serde(default)]
    architecture: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct RootFs {
    #[serde(deserialize_with = "null_as_default")]
    layers: Vec<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct WireConfig {
    #[serde(deserialize_with = "null_as_default")]
    user: String,
    #[serde(deserialize_with = "null_as_default")]
    volumes: Map<String, Value>,
    #[serde(deserialize_with = "null_as_default")]
    working_dir: String,
    #[serde(deserialize_with = "null_as_default")]
    entrypoint: Vec<String>,
    #[serde(deserialize_with = "null_as_default")]
    cmd: Vec<String>,
    #[serde(deserialize_with = "null_as_default")]
    env: Vec<String>,
    #[serde(deserialize_with = "null_as_default")]
    exposed_ports: Map<String, Value>,
}

/// Go writes an empty list or map as `null`.
pub(super) fn null_as_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nulls_are_nothing_and_volumes_are_sorted() {
        let text = r#"{"Id":"sha256:1","Config":{"User":"app","Volumes":{"/z":{},"/a":{}},"WorkingDir":"",
                       "Entrypoint":null,"Cmd":["sh"],"Env":["A=1","PATH=/bin","A=2"]},"Os":"linux"}"#;
        let image = Image::from_wire(serde_json::from_str(text).unwrap()).unwrap();
        assert_eq!(image.volumes, ["/a", "/z"]);
        assert_eq!((image.user.as_str(), image.entrypoint.len(), image.cmd.len()), ("app", 0, 1));
        assert_eq!((image.variable("A"), image.variable("B")), (Some("2"), None));
    }

    #[test]
    fn an_id_is_one_with_or_without_its_kind() {
        let digits = "91369db537182115cc0c7020e6de896f62a6c9251dce7c36842f9ebe67f4f1db";
        let id = Some(format!("sha256:{digits}"));
        assert_eq!((content_id(digits), content_id(&format!("sha256:{digits}"))), (id.clone(), id));
        for text in ["", "sha256:", "91369db53718", &format!("{digits}0"), &digits.replace('9', "x")] {
            assert_eq!(content_id(text), None, "{text}");
        }
    }

    #[test]
    fn the_content_is_that_of_every_store_and_of_one_user() {
        let read = |id: &str, layers: &str, user: &str| {
            let text = format!(
                r#"{{"Id":"sha256:{id}","Config":{{"User":{user}}},"RootFS":{{"Type":"layers","Layers":{layers}}}}}"#
            );
            Image::read(&serde_json::from_str(&text).unwrap()).unwrap().content
        };
        let one = read("1", r#"["sha256:a","sha256:b"]"#, "\"app\"");
        assert_eq!(one, read("2", r#"["sha256:a","sha256:b"]"#, "\"app\""));
        assert_eq!(one.len(), "sha256:".len() + 64);
        assert_ne!(one, read("1", r#"["sha256:b","sha256:a"]"#, "\"app\""));
        assert_ne!(one, read("1", r#"["sha256:a","sha256:b"]"#, "\"db\""));
        let nobody = read("1", r#"["sha256:a"]"#, "null");
        assert_eq!(nobody, read("1", r#"["sha256:a"]"#, "\"\""));
        assert_eq!(read("7", "null", "null"), "sha256:7");
    }

    #[test]
    fn an_answer_without_a_content_id_is_none() {
        let text = r#"{"Id":"","Config":null}"#;
        assert_eq!(Image::from_wire(serde_json::from_str(text).unwrap()), None);
    }
}

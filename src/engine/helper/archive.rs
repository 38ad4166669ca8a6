//! The helper's image as `docker image load` takes it: the same bytes for the same program, wherever and
//! whenever it is made.

use std::io;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tar::{Builder, EntryType, Header};

use super::{MOUNTED_AT, PROGRAM};
use crate::engine::LABEL;

/// An image that holds one program.
pub struct Archive {
    /// Follows from the content.
    pub name: String,
    layer: Vec<u8>,
    /// `sha256:` and the digest of the layer.
    layer_id: String,
    config: String,
}

const EPOCH: &str = "1970-01-01T00:00:00Z";

impl Archive {
    pub fn new(program: &[u8], architecture: &str) -> Self {
        let layer = layer(program).unwrap_or_default();
        let layer_id = format!("sha256:{}", digest(&layer));
        let config = json!({
            "architecture": architecture,
            "os": "linux",
            "created": EPOCH,
            "config": {
                "User": "0:0",
                "Entrypoint": [format!("/{PROGRAM}")],
                "Labels": { LABEL: "helper" },
            },
            "rootfs": { "type": "layers", "diff_ids": [layer_id] },
            "history": [{ "created": EPOCH, "created_by": PROGRAM }],
        })
        .to_string();
        let name = digest(config.as_bytes()).chars().take(16).collect::<String>();
        Self { name: format!("{PROGRAM}:{name}"), layer, layer_id, config }
    }

    pub fn write(&self) -> io::Result<Vec<u8>> {
        let config_name = format!("{}.json", digest(self.config.as_bytes()));
        let manifest =
            json!([{ "Config": config_name, "RepoTags": [self.name], "Layers": ["layer.tar"] }]).to_string();
        let mut archive = Builder::new(Vec::new());
        append(&mut archive, &config_name, 0o644, self.config.as_bytes())?;
        append(&mut archive, "layer.tar", 0o644, &self.layer)?;
        append(&mut archive, "manifest.json", 0o644, manifest.as_bytes())?;
        archive.into_inner()
    }

    /// Whether an engine's inspection is of this image.
    pub fn is_in(&self, inspection: &Value) -> bool {
        let at = |path: &str| inspection.pointer(path);
        at("/RootFS/Layers") == Some(&json!([self.layer_id]))
            && at("/Config/Entrypoint") == Some(&json!([format!("/{PROGRAM}")]))
            && at("/Config/Volumes").is_none_or(|volumes| volumes.is_null() || volumes == &json!({}))
    }
}

fn layer(program: &[u8]) -> io::Result<Vec<u8>> {
    let mut layer = Builder::new(Vec::with_capacity(program.len() + 4096));
    append(&mut layer, PROGRAM, 0o555, program)?;
    // What is mounted there needs a place, and the container's files are read-only.
    let mut header = header(0o555, 0);
    header.set_entry_type(EntryType::Directory);
    layer.append_data(&mut header, format!("{}/", MOUNTED_AT.trim_start_matches('/')), io::empty())?;
    layer.into_inner()
}

fn append(archive: &mut Builder<Vec<u8>>, name: &str, mode: u32, content: &[u8]) -> io::Result<()> {
    archive.append_data(&mut header(mode, content.len() as u64), name, content)
}

fn header(mode: u32, size: u64) -> Header {
    let mut header = Header::new_ustar();
    header.set_mode(mode);
    header.set_size(size);
    header
}

fn digest(bytes: &[u8]) -> String {
    use std::fmt::Write;
    Sha256::digest(bytes).iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Whether a program needs neither a loader nor libraries: a 64-bit ELF file without an interpreter.
pub fn is_static(program: &[u8]) -> bool {
    const INTERPRETER: u32 = 3;
    let number = |at: usize, length: usize| -> Option<u64> {
        let bytes = program.get(at..at.checked_add(length)?)?;
        Some(bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    };
    let read = || -> Option<bool> {
        // 64 bits, little-endian; the others are not built.
        if program.get(..6)? != b"\x7fELF\x02\x01" {
            return None;
        }
        let table = usize::try_from(number(32, 8)?).ok()?;
        let (size, count) = (usize::try_from(number(54, 2)?).ok()?, usize::try_from(number(56, 2)?).ok()?);
        let kinds: Option<Vec<u64>> = (0..count).map(|at| number(table + at * size, 4)).collect();
        Some(!kinds?.contains(&u64::from(INTERPRETER)))
    };
    read().unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_program_makes_the_same_bytes_and_another_one_others() {
        let one = Archive::new(b"program", "amd64");
        assert_eq!(one.write().unwrap(), Archive::new(b"program", "amd64").write().unwrap());
        let other = Archive::new(b"another", "amd64");
        assert_ne!((&one.name, &one.layer_id), (&other.name, &other.layer_id));
        assert!(one.name.starts_with("seaworthy-helper:") && one.name.len() == 33, "{}", one.name);
    }

    #[test]
    fn an_image_is_known_by_what_is_in_it() {
        let image = Archive::new(b"program", "amd64");
        let found = |layers: Value, entrypoint: &str, volumes: Value| {
            json!({
                "RootFS": { "Layers": layers },
                "Config": { "Entrypoint": [entrypoint], "Volumes": volumes },
            })
        };
        let (layers, entrypoint) = (json!([image.layer_id]), "/seaworthy-helper");
        assert!(image.is_in(&found(layers.clone(), entrypoint, Value::Null)));
        assert!(!image.is_in(&found(json!([image.layer_id, "sha256:1"]), entrypoint, Value::Null)));
        assert!(!image.is_in(&found(layers.clone(), "/bin/sh", Value::Null)));
        assert!(!image.is_in(&found(layers, entrypoint, json!({ "/x": {} }))));
    }

    #[test]
    fn a_program_with_a_loader_is_told_from_one_without() {
        let elf = |kind: u8| {
            let mut bytes = vec![0; 120];
            bytes[..6].copy_from_slice(b"\x7fELF\x02\x01");
            (bytes[32], bytes[54], bytes[56], bytes[64]) = (64, 56, 1, kind);
            bytes
        };
        assert!(is_static(&elf(1)) && !is_static(&elf(3)));
        assert!(!is_static(b"#!/bin/sh\n") && !is_static(b"") && !is_static(&elf(1)[..66]));
    }
}

//! The JSON Schema of `seaworthy.yaml`, for editors; made from what the reader knows.

use serde_json::{Value, json};

use super::builtin;
use super::posture::Posture;
use super::probes::Format;
use super::rules::{Allow, Rule, waivable};
use super::state::{RepairSetting, Strategy};
#[cfg(test)]
use super::{binds, copies, file, gc, postures, probes, state, user, waiver};

/// `schemas/policy.schema.json`
pub fn schema() -> Value {
    let postures = Posture::ALL.map(Posture::name);
    let path = json!({ "type": "string", "minLength": 1 });
    let user = json!({
        "anyOf": [
            { "enum": ["image", "caller", "per-service"] },
            { "type": "string", "pattern": "^(0|[1-9][0-9]*):(0|[1-9][0-9]*)$" }
        ]
    });
    let mode = json!({ "type": "string", "pattern": "^[01]?[0-7]{3}$" });
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "seaworthy policy, version 1",
        "type": "object",
        "required": ["version"],
        "additionalProperties": false,
        "properties": {
            "version": { "const": 1 },
            "posture": {
                "description": "What the rules do; observe is the default.",
                "anyOf": [
                    { "enum": postures },
                    {
                        "type": "object",
                        "additionalProperties": false,
                        "properties": {
                            "default": { "enum": postures, "description": "Of the services that are not named." },
                            "services": {
                                "type": "object",
                                "additionalProperties": { "enum": postures },
                                "description": "Of single services."
                            },
                            "warn": { "enum": postures, "description": "What this stricter one would refuse is a warning." }
                        }
                    }
                ]
            },
            "compose": {
                "type": "string", "pattern": "^v?[0-9]+\\.[0-9]+(\\.[0-9]+)?$",
                "description": "The version of Docker Compose whose reading counts, e.g. 5.5."
            },
            "user": {
                "type": "object",
                "additionalProperties": false,
                "properties": {
                    "default": user,
                    "services": { "type": "object", "additionalProperties": user },
                    "home": { "enum": ["report", "fix"], "description": "Whether HOME is set where a user would have none." }
                }
            },
            "overlays": { "type": "array", "items": overlay(&path) },
            "files": {
                "type": "array", "minItems": 1, "items": path,
                "description": "The exact list of files expected."
            },
            "binds": {
                "type": "object",
                "additionalProperties": false,
                "properties": {
                    "roots": { "type": "array", "items": path },
                    "mode": mode,
                    "create": { "type": "array", "items": {
                        "type": "object",
                        "required": ["path", "kind"],
                        "additionalProperties": false,
                        "properties": {
                            "path": path,
                            "kind": { "enum": ["file", "dir"] },
                            "content": { "type": "string" },
                            "mode": mode,
                            "owner": { "type": "string", "pattern": "^[0-9]+:[0-9]+$" }
                        }
                    } }
                }
            },
            "state": { "type": "array", "items": {
                "type": "object",
                "oneOf": [{ "required": ["path"] }, { "required": ["volume"] }],
                "additionalProperties": false,
                "description": "A durable directory or volume: looked through before every launch, and repaired.",
                "properties": {
                    "path": path,
                    "volume": {
                        "type": "string",
                        "pattern": "^[A-Za-z0-9._*?-]+$",
                        "description": "A volume, by its key in the project; * and ? stand for parts of it."
                    },
                    "from": {
                        "type": "array",
                        "items": { "type": "string", "pattern": "^[0-9]+:[0-9]+$" },
                        "description": "Users whose files are the service's although no lock remembers them."
                    },
                    "strategy": {
                        "enum": Strategy::ALL.map(Strategy::name),
                        "description": "How it stays usable: chown, but group where services with different users have a group in common."
                    }
                }
            } },
            "repair": { "enum": RepairSetting::ALL.map(RepairSetting::name), "description": "Who repairs; auto is the default." },
            "copies": { "type": "array", "items": {
                "type": "object",
                "required": ["from", "to"],
                "additionalProperties": false,
                "description": "A file, or a directory of files, that is derived from another one, refreshed before every launch.",
                "properties": {
                    "from": path,
                    "to": path,
                    "format": { "enum": ["json", "plain"] },
                    "drop": { "type": "array", "items": { "type": "string", "pattern": "^/" }, "description": "JSON pointers to what is left out." },
                    "mode": mode
                }
            } },
            "probes": { "type": "object", "additionalProperties": probe() },
            "gc": { "type": "array", "items": {
                "type": "object",
                "required": ["path"],
                "additionalProperties": false,
                "description": "Directories that `seaworthy gc` removes once their container is certainly gone.",
                "properties": {
                    "path": { "type": "string", "minLength": 1, "description": "* and ? stand for parts of one name." },
                    "older_than": { "type": "string", "description": "Nothing in it changed for so long, e.g. 90m or 168h; 1h is the default." }
                }
            } },
            "waivers": { "type": "array", "items": waivers() }
        }
    })
}

fn probe() -> Value {
    let length = json!({ "type": "string", "description": "A length of time, e.g. 10s or 5m." });
    let path = json!({
        "type": "string", "pattern": "^(/|~$|~/)",
        "description": "As the service sees it; ~ is its user's home."
    });
    let name = json!({ "type": "string", "minLength": 1 });
    let credential = json!({
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "path": path,
            "any": path,
            "baseline": { "type": "array", "items": name, "description": "What does not count below `any`." },
            "format": { "enum": Format::ALL.map(Format::name), "description": "text is the default." },
            "expires": {
                "anyOf": [name, { "type": "array", "items": name }],
                "description": "A field at the top or a JSON pointer that says when it expires."
            },
            "valid_for": length
        },
        "oneOf": [
            { "required": ["path"], "not": { "required": ["baseline"] } },
            { "required": ["any"] }
        ]
    });
    json!({
        "type": "object",
        "additionalProperties": false,
        "description": "What must hold for a service to be able to do its work.",
        "properties": {
            "before": { "const": "up", "description": "No launch goes on without it." },
            "command": {
                "type": "array", "minItems": 1, "items": { "type": "string" },
                "description": "A program of the image that must answer with status 0."
            },
            "timeout": length,
            "credentials": { "anyOf": [credential, { "type": "array", "minItems": 1, "items": credential }] }
        },
        "anyOf": [{ "required": ["command"] }, { "required": ["credentials"] }]
    })
}

fn overlay(path: &Value) -> Value {
    json!({
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "builtin": { "enum": builtin::names().collect::<Vec<_>>() },
            "file": path,
            "sha256": { "type": "string", "pattern": "^[0-9a-fA-F]{64}$" }
        },
        "oneOf": [{ "required": ["builtin"], "not": { "required": ["sha256"] } }, { "required": ["file"] }]
    })
}

/// Rules that have something to allow need to be told what.
fn waivers() -> Value {
    let with = |keep: fn(&Rule) -> bool| -> Vec<&str> {
        waivable().filter(|rule| keep(rule)).map(|rule| rule.id).collect()
    };
    let text = json!({ "type": ["string", "integer"] });
    json!({
        "type": "object",
        "required": ["service", "rule", "reason"],
        "additionalProperties": false,
        "properties": {
            "service": { "type": "string", "description": "A service, or * for all of them and for networks and volumes." },
            "rule": { "enum": with(|_| true) },
            "allow": { "anyOf": [text, { "type": "array", "minItems": 1, "items": text }] },
            "reason": { "type": "string", "minLength": 1 },
            "expires": { "type": "string", "format": "date", "description": "The first day on which it no longer holds." }
        },
        "if": { "properties": { "rule": { "enum": with(|rule| rule.allow == Allow::Nothing) } } },
        "then": { "not": { "required": ["allow"] } },
        "else": { "required": ["allow"] }
    })
}

/// The keys of each mapping, as the reader knows them; the schema must know the same.
#[cfg(test)]
fn known() -> [(&'static str, &'static [&'static str]); 12] {
    [
        ("/properties", file::POLICY.known),
        ("/properties/posture/anyOf/1/properties", postures::POSTURE.known),
        ("/properties/user/properties", user::USER.known),
        ("/properties/overlays/items/properties", file::OVERLAY.known),
        ("/properties/binds/properties", binds::BINDS.known),
        ("/properties/binds/properties/create/items/properties", binds::CREATE.known),
        ("/properties/state/items/properties", state::STATE.known),
        ("/properties/copies/items/properties", copies::COPIES.known),
        ("/properties/probes/additionalProperties/properties", probes::PROBE.known),
        (
            "/properties/probes/additionalProperties/properties/credentials/anyOf/0/properties",
            probes::CREDENTIAL.known,
        ),
        ("/properties/gc/items/properties", gc::GC.known),
        ("/properties/waivers/items/properties", waiver::WAIVER.known),
    ]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    #[test]
    fn the_schema_knows_the_keys_that_the_reader_knows() {
        let schema = schema();
        for (place, keys) in known() {
            let found: BTreeSet<_> =
                schema.pointer(place).unwrap().as_object().unwrap().keys().map(String::as_str).collect();
            assert_eq!(found, keys.iter().copied().collect(), "{place}");
        }
    }

    #[test]
    fn the_file_is_in_step_with_the_schema() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/policy.schema.json");
        let text = serde_json::to_string_pretty(&schema()).unwrap() + "\n";
        if std::env::var_os("SEAWORTHY_BLESS").is_some() {
            std::fs::write(&path, &text).unwrap();
        }
        let written = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            written == text,
            "policy.schema.json is stale: run SEAWORTHY_BLESS=1 cargo test --lib policy"
        );
    }
}

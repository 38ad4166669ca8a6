//! The configuration that Podman hands to the runtime, as the OCI runtime specification has it.
//!
//! It has rules for devices, which Podman does not inspect, and it is kept when the container has ended.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use super::seen::{MASKED, Process, READ_ONLY, Seen};

/// The parts of a `config.json` that confine.
#[derive(Deserialize)]
pub struct Config {
    process: Option<OfProcess>,
    root: Option<Root>,
    linux: Linux,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
struct OfProcess {
    no_new_privileges: bool,
    capabilities: Option<BTreeMap<String, Option<Vec<String>>>>,
}

#[derive(Deserialize)]
struct Root {
    #[serde(default)]
    readonly: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Linux {
    masked_paths: Option<Vec<String>>,
    readonly_paths: Option<Vec<String>>,
    seccomp: Option<Value>,
    devices: Option<Vec<Device>>,
    resources: Option<Resources>,
}

#[derive(Deserialize)]
struct Device {
    #[serde(rename = "type")]
    kind: String,
    major: i64,
    minor: i64,
}

#[derive(Deserialize)]
struct Resources {
    devices: Option<Vec<Rule>>,
}

#[derive(Deserialize)]
struct Rule {
    allow: bool,
    #[serde(rename = "type", default)]
    kind: String,
    major: Option<i64>,
    minor: Option<i64>,
    #[serde(default)]
    access: String,
}

impl Config {
    /// # Errors
    /// Why the file cannot be read.
    pub fn read(path: &Path) -> Result<Self, String> {
        let failed = |error: String| format!("{} cannot be read: {error}", path.display());
        let text = std::fs::read(path).map_err(|error| failed(error.to_string()))?;
        serde_json::from_slice(&text).map_err(|error| failed(error.to_string()))
    }

    /// The rules for further devices, each as `c 10:200 rw`.
    pub fn device_rules(&self) -> Vec<String> {
        let given = self.linux.devices.as_deref().unwrap_or_default();
        let is_given = |rule: &Rule| {
            let same = |one: &Device| {
                one.kind == rule.kind && rule.major == Some(one.major) && rule.minor == Some(one.minor)
            };
            given.iter().any(same)
        };
        let number = |number: Option<i64>| {
            number.filter(|number| *number >= 0).map_or_else(|| "*".to_owned(), |number| number.to_string())
        };
        let all = self.linux.resources.as_ref().and_then(|resources| resources.devices.as_deref());
        let more = all.unwrap_or_default().iter().filter(|rule| rule.allow && !is_given(rule));
        let shown = |rule: &Rule| {
            let kind = if rule.kind.is_empty() { "a" } else { &rule.kind };
            format!("{kind} {}:{} {}", number(rule.major), number(rule.minor), rule.access)
        };
        more.map(shown).collect()
    }

    /// The facts that the process showed while it ran. `is_there` says whether the kernel has a path.
    pub fn seen(&self, is_there: &dyn Fn(&str) -> bool) -> Seen {
        let open = |paths: &[&'static str], covered: &Option<Vec<String>>| -> Vec<&'static str> {
            let is_covered = |path: &str| covered.iter().flatten().any(|one| one == path);
            paths.iter().filter(|path| is_there(path) && !is_covered(path)).copied().collect()
        };
        let process = self.process.as_ref();
        let sets = process.and_then(|process| process.capabilities.as_ref());
        let names = sets.into_iter().flat_map(BTreeMap::values).flatten().flatten();
        let names: BTreeSet<&str> =
            names.map(|name| name.strip_prefix("CAP_").unwrap_or(name.as_str())).collect();
        Seen {
            unmasked: open(MASKED, &self.linux.masked_paths),
            writable: open(READ_ONLY, &self.linux.readonly_paths),
            has_writable_root: !self.root.as_ref().is_some_and(|root| root.readonly),
            process: Some(Process {
                capabilities: names.into_iter().map(str::to_owned).collect(),
                no_new_privileges: process.is_some_and(|process| process.no_new_privileges),
                is_filtered: self.linux.seccomp.is_some(),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_beside_those_of_the_devices_are_found() {
        let of = |rules: &str| {
            format!(
                r#"{{"linux":{{"devices":[{{"path":"/dev/x","type":"c","major":1,"minor":3}}],
                "resources":{{"devices":[{{"allow":false,"access":"rwm"}},
                {{"allow":true,"type":"c","major":1,"minor":3,"access":"rwm"}}{rules}]}}}}}}"#
            )
        };
        let found = |text: String| serde_json::from_str::<Config>(&text).unwrap().device_rules();
        assert_eq!(found(of("")), Vec::<String>::new());
        assert_eq!(
            found(of(r#",{"allow":true,"type":"c","major":10,"minor":200,"access":"rw"}"#)),
            ["c 10:200 rw"]
        );
        assert_eq!(found(of(r#",{"allow":true,"access":"rwm"}"#)), ["a *:* rwm"]);
        assert_eq!(found(r#"{"linux":{"devices":null}}"#.to_owned()), Vec::<String>::new());
        assert!(serde_json::from_str::<Config>("{}").is_err());
        assert!(Config::read(Path::new("/nowhere/config.json")).is_err());
    }

    #[test]
    fn what_a_container_that_has_ended_could_do_is_read_off_it() {
        let of = |change: &dyn Fn(&mut Value)| {
            let mut config = serde_json::json!({
                "process": {"noNewPrivileges": true, "capabilities": {"bounding": ["CAP_CHOWN"], "ambient": null}},
                "root": {"path": "/x", "readonly": true},
                "linux": {"maskedPaths": ["/proc/keys"], "readonlyPaths": ["/proc/sys"], "seccomp": {}}
            });
            change(&mut config);
            let config: Config = serde_json::from_value(config).unwrap();
            config.seen(&|path| ["/proc/keys", "/proc/sys"].contains(&path))
        };
        let process =
            Process { capabilities: vec!["CHOWN".into()], no_new_privileges: true, is_filtered: true };
        assert_eq!(of(&|_| {}), Seen { process: Some(process), ..Seen::default() });
        assert_eq!(of(&|config| config["linux"]["maskedPaths"] = Value::Null).unmasked, ["/proc/keys"]);
        assert_eq!(of(&|config| config["linux"]["readonlyPaths"] = Value::Null).writable, ["/proc/sys"]);
        assert!(of(&|config| config["root"] = Value::Null).has_writable_root);
        let process = of(&|config| {
            config["process"] = serde_json::json!({"capabilities": {"effective": ["CAP_SYS_ADMIN"]}});
            config["linux"]["seccomp"] = Value::Null;
        });
        let process = process.process.unwrap();
        assert_eq!(process.capabilities, ["SYS_ADMIN"]);
        assert!(!process.no_new_privileges && !process.is_filtered);
    }
}

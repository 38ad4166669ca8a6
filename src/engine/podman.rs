//! Facts about containers of Podman that Docker's interface does not carry.
//!
//! That interface says nothing of masked and read-only paths and of rules for devices, and capabilities only as a
//! difference to a list that is Podman's own setting. The rest comes from Podman's own interface and from the container's process, whose files are
//! there as soon as the container was initialized, before any program of it runs.

mod config;
mod seen;

use std::path::Path;

use serde_json::{Value, json};

use super::socket::{Socket, escape};
use super::{Answer, Engine, Inspection, State};

use config::Config;
pub use seen::{Process, Seen};

/// Facts about a container beside its inspection.
#[derive(Clone, Debug, PartialEq)]
pub struct Podman {
    /// All that its processes may ever have: upper case, without the prefix. `None` where Podman does not say.
    pub bounding: Option<Vec<String>>,
    /// Whether the engine has control groups. Without them Podman leaves every limit out.
    pub has_limits: bool,
    /// The facts that its process shows, or the reason why the process cannot be read.
    pub seen: Result<Seen, String>,
}

impl Engine {
    /// Whether it is Podman, by its command or behind Docker's interface. One that does not say is none.
    pub fn is_podman(&self) -> bool {
        if self.info().is_podman {
            return true;
        }
        if let Some(socket) = Socket::of(self) {
            return socket.is_podman().unwrap_or(false);
        }
        let asked = self.command().ask(["version", "--format", "{{json .Server.Components}}"]);
        let parts: Answer<Value> = asked.and_then(|output| serde_json::from_slice(&output.stdout).into());
        let named = |part: &Value| part.get("Name").and_then(Value::as_str) == Some("Podman Engine");
        parts.known().is_some_and(|parts| parts.as_array().into_iter().flatten().any(named))
    }

    /// Inspections with what Podman tells besides. Those of Docker are as they were.
    pub fn understood(&self, mut found: Vec<Inspection>) -> Answer<Vec<Inspection>> {
        // Docker lists the paths of every container of Linux that is not privileged.
        let is_told = |one: &Inspection| {
            let paths = one.raw.pointer("/HostConfig/MaskedPaths");
            paths.is_some_and(Value::is_array) || one.raw.pointer("/HostConfig").is_none()
        };
        if found.iter().all(is_told) || !self.is_podman() {
            return Answer::Known(found);
        }
        let is_here = !self.is_remote();
        for one in &mut found {
            let is_own = one.raw.get("BoundingCaps").is_some();
            let own = if is_own { Some(one.raw.clone()) } else { self.own_words(&one.id) };
            let own = own.unwrap_or_default();
            let seen = if is_here {
                let config = config_of(&own);
                if let Ok(config) = &config {
                    put_device_rules(&mut one.raw, config);
                }
                match config {
                    // Podman writes the file again at the next start.
                    Ok(config) if one.state == State::Exited => {
                        Ok(config.seen(&|path| Path::new(path).exists()))
                    }
                    Err(_) if one.pid.is_none() => Err("it has no process to look at".to_owned()),
                    Ok(_) => Seen::of(one.pid, one.state == State::Running),
                    Err(reason) => Err(reason),
                }
            } else {
                Err("it runs on another machine".to_owned())
            };
            in_dockers_form(&mut one.raw);
            one.podman =
                Some(Podman { bounding: bounding(&own), has_limits: self.info().has_control_groups(), seen });
        }
        Answer::Known(found)
    }

    /// The inspection in Podman's own interface.
    fn own_words(&self, id: &str) -> Option<Value> {
        Socket::of(self)?.get_of_podman(&format!("/containers/{}/json", escape(id))).ok().flatten()
    }

    /// Networks as Docker says them. Podman names the way in which it hands out addresses, where nobody chose any.
    pub fn networks_understood(&self, mut found: Vec<Value>) -> Vec<Value> {
        let own = |network: &Value| {
            network.pointer("/IPAM/Options/driver").and_then(Value::as_str) == Some("host-local")
        };
        if found.iter().any(own) && self.is_podman() {
            for options in found.iter_mut().filter_map(|one| one.pointer_mut("/IPAM/Options")) {
                if let Some(options) = options.as_object_mut() {
                    options.remove("driver");
                }
            }
        }
        found
    }

    /// Has Podman make the process of containers that have none, without a program in it: then its mounts can be
    /// looked at before anything runs. One that joins another container's namespaces waits until that one runs, and
    /// stays as it was. Returns the ids of those that were made ready.
    pub fn make_ready<'i>(&self, ids: &[&'i str]) -> Vec<&'i str> {
        let socket = Socket::of(self);
        let init = |id: &str| match &socket {
            Some(socket) => {
                let path = format!("/containers/{}/init", escape(id));
                socket.post_to_podman(&path).is_ok_and(|status| status == "204")
            }
            None => self.patient().ask(["container", "init", id]).is_known(),
        };
        ids.iter().copied().filter(|id| init(id)).collect()
    }
}

fn config_of(own: &Value) -> Result<Config, String> {
    let path = own.get("OCIConfigPath").and_then(Value::as_str).filter(|path| !path.is_empty());
    Config::read(Path::new(path.ok_or("Podman does not tell what it hands to the runtime")?))
}

/// Puts the rules for devices where Docker has them. A privileged container has all devices.
fn put_device_rules(raw: &mut Value, config: &Config) {
    if raw.pointer("/HostConfig/Privileged") == Some(&Value::Bool(true)) {
        return;
    }
    if let Some(Value::Object(host)) = raw.get_mut("HostConfig") {
        host.insert("DeviceCgroupRules".to_owned(), json!(config.device_rules()));
    }
}

/// Fields that Podman's own interface lacks: of these, nothing is told there.
fn in_dockers_form(raw: &mut Value) {
    if let Some(Value::Object(host)) = raw.get_mut("HostConfig") {
        // A request for devices becomes devices in Podman.
        for name in ["MaskedPaths", "ReadonlyPaths", "DeviceCgroupRules", "DeviceRequests"] {
            host.entry(name).or_insert(Value::Null);
        }
    }
}

fn bounding(raw: &Value) -> Option<Vec<String>> {
    // Podman says null where it keeps none.
    let told = raw.get("BoundingCaps")?;
    let names = told.as_array().map(Vec::as_slice).unwrap_or_default().iter().map(|name| {
        let name = name.as_str()?.to_ascii_uppercase();
        Some(name.strip_prefix("CAP_").unwrap_or(&name).to_owned())
    });
    names.collect()
}

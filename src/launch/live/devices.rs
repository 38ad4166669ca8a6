//! Devices, and the rules for those that are made later.

use serde_json::Value;

use crate::compose::text;
use crate::yaml::Node;

use super::field::{Fields, as_number, at, beyond, list, strings};

pub fn add(fields: &mut Fields<'_>) {
    devices(fields);
    let rules = fields.texts("device_cgroup_rules");
    fields.add(
        "HostConfig.DeviceCgroupRules",
        "device_cgroup_rules",
        list(&rules),
        "it can use more devices",
        move |live| {
            beyond(strings(at(live, "HostConfig.DeviceCgroupRules")), |found| {
                rules.iter().any(|rule| rule == found)
            })
        },
    );
    requests(fields);
}

fn devices(fields: &mut Fields<'_>) {
    let wanted: Vec<(String, String, String)> = fields
        .items("devices")
        .iter()
        .map(|node| {
            let field = |key: &str| node.get(key).map(text).unwrap_or_default();
            (field("source"), field("target"), field("permissions"))
        })
        .collect();
    let shown: Vec<String> =
        wanted.iter().map(|(source, target, may)| format!("{source}:{target}:{may}")).collect();
    fields.add("HostConfig.Devices", "devices", list(&shown), "it can use more devices", move |live| {
        let items = at(live, "HostConfig.Devices").as_array().into_iter().flatten();
        let found = items.map(|item| {
            let field = |key: &str| item.get(key).and_then(Value::as_str).unwrap_or_default();
            format!("{}:{}:{}", field("PathOnHost"), field("PathInContainer"), field("CgroupPermissions"))
        });
        beyond(found.collect(), |found| {
            let mut parts = found.rsplitn(3, ':');
            let (may, target, source) = (parts.next(), parts.next(), parts.next());
            wanted.iter().any(|wanted| {
                source == Some(&wanted.0)
                    && target == Some(&wanted.1)
                    && may.is_some_and(|may| may.chars().all(|letter| wanted.2.contains(letter)))
            })
        })
    });
}

/// What is asked of a driver, most often a GPU's.
struct Request {
    driver: String,
    /// -1 is all.
    count: f64,
    ids: Vec<String>,
    capabilities: Vec<String>,
}

impl Request {
    fn new(node: &Node) -> Self {
        let texts =
            |key: &str| node.get(key).and_then(Node::as_seq).unwrap_or_default().iter().map(text).collect();
        let count = node
            .get("count")
            .map(|count| if text(count) == "all" { -1.0 } else { as_number(count).unwrap_or(0.0) });
        let ids: Vec<String> = texts("device_ids");
        // Compose asks for all where neither is said.
        let count = count.unwrap_or(if ids.is_empty() { -1.0 } else { 0.0 });
        Self {
            driver: node.get("driver").map(text).unwrap_or_default(),
            count,
            ids,
            capabilities: texts("capabilities"),
        }
    }

    fn covers(&self, found: &Value) -> bool {
        let texts = |key: &str| found.get(key).map(strings).unwrap_or_default();
        let driver = found.get("Driver").and_then(Value::as_str).unwrap_or_default();
        let count = found.get("Count").and_then(Value::as_f64).unwrap_or(0.0);
        let capabilities: Vec<String> = found
            .get("Capabilities")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .flat_map(strings)
            .collect();
        driver == self.driver
            && (self.count < 0.0 || (count >= 0.0 && count <= self.count))
            && (self.ids.is_empty() || texts("DeviceIDs").iter().all(|id| self.ids.contains(id)))
            // `gpus:` asks for this capability by itself.
            && capabilities.iter().all(|name| name == "gpu" || self.capabilities.contains(name))
    }
}

fn requests(fields: &mut Fields<'_>) {
    let reserved =
        fields.get("deploy").and_then(|deploy| deploy.at(&["resources", "reservations", "devices"]));
    let reserved = reserved.and_then(Node::as_seq).unwrap_or_default();
    let wanted: Vec<Request> = fields.items("gpus").iter().chain(reserved).map(Request::new).collect();
    // A device named by a vendor's class is a request to the driver `cdi`.
    let classes: Vec<String> = fields
        .items("devices")
        .iter()
        .filter_map(|node| node.get("source").map(text))
        .filter(|source| !source.starts_with('/') && source.contains('='))
        .collect();
    let shown = format!("{} of them", wanted.len() + usize::from(!classes.is_empty()));
    fields.add("HostConfig.DeviceRequests", "gpus", shown, "it can use more devices", move |live| {
        let found = at(live, "HostConfig.DeviceRequests").as_array().cloned().unwrap_or_default();
        let is_class = |request: &Value| {
            let ids = request.get("DeviceIDs").map(strings).unwrap_or_default();
            request.get("Driver").and_then(Value::as_str) == Some("cdi")
                && ids.iter().all(|id| classes.contains(id))
        };
        let extra: Vec<String> = found
            .iter()
            .filter(|request| !is_class(request) && !wanted.iter().any(|wanted| wanted.covers(request)))
            .map(ToString::to_string)
            .collect();
        (!extra.is_empty()).then(|| list(&extra))
    });
}

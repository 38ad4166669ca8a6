//! Devices, and the rules for those that are made later.

use serde_json::Value;

use crate::model::device::{self, Device, Request, Wants};
use crate::model::field::{Field, Text};

use super::field::{Fields, at, beyond, list, strings};

pub fn add(fields: &mut Fields<'_>) {
    devices(fields);
    let rules = device::RULES.texts(fields.service);
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
    let wanted: Vec<(String, String, String)> = device::DEVICES
        .items(fields.service)
        .iter()
        .map(|node| {
            let field = |field: Field<Text>| field.text(node).unwrap_or_default();
            (field(device::SOURCE), field(device::TARGET), field(device::PERMISSIONS))
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

/// Whether a request of the container is no more than one of the model.
fn covers(wanted: &Wants, found: &Value) -> bool {
    let texts = |key: &str| found.get(key).map(strings).unwrap_or_default();
    let driver = found.get("Driver").and_then(Value::as_str).unwrap_or_default();
    let count = found.get("Count").and_then(Value::as_f64).unwrap_or(0.0);
    let capabilities: Vec<String> =
        found.get("Capabilities").and_then(Value::as_array).into_iter().flatten().flat_map(strings).collect();
    driver == wanted.driver
            && (wanted.count < 0.0 || (count >= 0.0 && count <= wanted.count))
            && (wanted.ids.is_empty() || texts("DeviceIDs").iter().all(|id| wanted.ids.contains(id)))
            // `gpus:` asks for this capability by itwanted.
            && capabilities.iter().all(|name| name == "gpu" || wanted.capabilities.contains(name))
}

fn requests(fields: &mut Fields<'_>) {
    let wanted: Vec<Wants> = Request::of_service(fields.service).map(|request| request.wants).collect();
    // A device named by a vendor's class is a request to the driver `cdi`.
    let named = Device::of_service(fields.service).filter(|device| device.path().is_none());
    let classes: Vec<String> =
        named.map(|device| device.source.to_owned()).filter(|source| source.contains('=')).collect();
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
            .filter(|request| !is_class(request) && !wanted.iter().any(|wanted| covers(wanted, request)))
            .map(ToString::to_string)
            .collect();
        (!extra.is_empty()).then(|| list(&extra))
    });
}

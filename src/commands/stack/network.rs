//! A network of the swarm beside what was asked for.

use serde_json::Value;

/// A network that is there, as far as something was asked for; and whatever opens it. Addresses are given where none are
/// asked for, and so is the number of an overlay.
pub fn network_as_asked(wanted: &Value, found: &Value) -> Value {
    let mut shown = serde_json::Map::new();
    for key in ["Name", "Driver", "Internal", "Attachable", "Labels", "Options", "IPAM"] {
        shown.insert(key.to_owned(), found.get(key).cloned().unwrap_or_default());
    }
    let vxlan = "com.docker.network.driver.overlay.vxlanid_list";
    if let Some(options) = shown.get_mut("Options").and_then(Value::as_object_mut)
        && wanted.get("Options").and_then(|options| options.get(vxlan)).is_none()
    {
        options.remove(vxlan);
    }
    match wanted.get("IPAM") {
        None => drop(shown.remove("IPAM")),
        Some(asked) => {
            if asked.get("Config").is_none()
                && let Some(addresses) = shown.get_mut("IPAM").and_then(Value::as_object_mut)
            {
                addresses.remove("Config");
            }
            keep_asked(asked, shown.get_mut("IPAM"));
        }
    }
    Value::Object(shown)
}

/// The gateway of a pool is given where none is asked for.
fn keep_asked(asked: &Value, found: Option<&mut Value>) {
    let pools = |value: &Value| value.get("Config").and_then(Value::as_array).cloned().unwrap_or_default();
    let asked = pools(asked);
    let found = found.and_then(|found| found.get_mut("Config")).and_then(Value::as_array_mut);
    for (asked, found) in asked.iter().zip(found.into_iter().flatten()) {
        if let Some(fields) = found.as_object_mut() {
            fields.retain(|key, _| asked.get(key).is_some());
        }
    }
}

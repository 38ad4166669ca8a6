//! What the API demands and its schemas do not say: words, names, amounts, and that one part fits another.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::manifests::text;

/// A key, and the words it may have.
const WORDS: &[(&str, &[&str])] = &[
    ("imagePullPolicy", &["Always", "IfNotPresent", "Never"]),
    ("restartPolicy", &["Always", "OnFailure", "Never"]),
    ("protocol", &["TCP", "UDP", "SCTP"]),
    ("fsGroupChangePolicy", &["OnRootMismatch", "Always"]),
    ("supplementalGroupsPolicy", &["Merge", "Strict"]),
    ("medium", &["", "Memory"]),
    ("dnsPolicy", &["ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"]),
    ("podManagementPolicy", &["OrderedReady", "Parallel"]),
    ("clusterIP", &["None"]),
];

/// Objects with a type, by their key.
const TYPES: &[(&str, &[&str])] = &[
    ("seccompProfile", &["RuntimeDefault", "Localhost", "Unconfined"]),
    ("appArmorProfile", &["RuntimeDefault", "Localhost", "Unconfined"]),
    ("hostPath", &["Directory", "File", "Socket"]),
];

/// Lists of words, by their key.
const LISTS: &[(&str, &[&str])] = &[
    ("policyTypes", &["Ingress", "Egress"]),
    ("accessModes", &["ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", "ReadWriteOncePod"]),
];

/// Numbers with their bounds.
const BOUNDS: &[(&str, i64, i64)] = &[
    ("containerPort", 1, 65_535),
    ("port", 1, 65_535),
    ("targetPort", 1, 65_535),
    ("defaultMode", 0, 0o777),
    ("periodSeconds", 1, i64::MAX),
    ("timeoutSeconds", 1, i64::MAX),
    ("failureThreshold", 1, i64::MAX),
    ("terminationGracePeriodSeconds", 0, i64::MAX),
    ("runAsUser", 0, 2_147_483_647),
    ("runAsGroup", 0, 2_147_483_647),
    ("fsGroup", 0, 2_147_483_647),
    ("backoffLimit", 0, 2_147_483_647),
    ("replicas", 0, 2_147_483_647),
];

/// What is wrong with an object.
pub fn faults(object: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    walk(object, "", &mut faults);
    names(object, &mut faults);
    pod(object, &mut faults);
    faults
}

fn walk(value: &Value, place: &str, faults: &mut Vec<String>) {
    let mut fault = |what: String| faults.push(format!("{place}: {what}"));
    let key = place.rsplit('/').next().unwrap_or_default();
    // What people write freely.
    if ["/data", "/stringData", "/binaryData", "/metadata/annotations"].contains(&place) || key == "env" {
        return;
    }
    match value {
        Value::Null => fault("nothing stands there".to_owned()),
        Value::String(word) => {
            if let Some((_, known)) = WORDS.iter().find(|(known, _)| *known == key)
                && !known.contains(&word.as_str())
            {
                fault(format!("{word:?} is no word for it"));
            }
        }
        Value::Number(number) => {
            if let Some((_, least, most)) = BOUNDS.iter().find(|(known, ..)| *known == key)
                && !number.as_i64().is_some_and(|number| (*least..=*most).contains(&number))
            {
                fault(format!("{number} is out of bounds"));
            }
        }
        Value::Array(items) => {
            if let Some((_, known)) = LISTS.iter().find(|(known, _)| *known == key)
                && !items.iter().all(|item| item.as_str().is_some_and(|item| known.contains(&item)))
            {
                fault(format!("{value} has an unknown word"));
            }
            for item in items {
                walk(item, &format!("{place}/*"), faults);
            }
        }
        Value::Object(map) => {
            if let Some((_, known)) = TYPES.iter().find(|(known, _)| *known == key)
                && !known.contains(&text(value, "/type"))
            {
                fault(format!("{value} is of no known type"));
            }
            if ["limits", "requests"].contains(&key) {
                let wrong = map.iter().find(|(_, amount)| !amount.as_str().is_some_and(is_amount));
                if let Some((name, amount)) = wrong {
                    fault(format!("{name}: {amount} is no amount"));
                }
            }
            if key == "emptyDir"
                && map.get("sizeLimit").is_some_and(|size| !size.as_str().is_some_and(is_amount))
            {
                fault(format!("{value} has no size"));
            }
            if key == "annotations" || key == "labels" || key == "matchLabels" {
                for (name, value) in map {
                    let is_value = key == "annotations" || value.as_str().is_some_and(is_label_value);
                    if !is_qualified(name) || !is_value {
                        faults.push(format!("{place}: {name}: {value} is none"));
                    }
                }
                return;
            }
            for (name, child) in map {
                walk(child, &format!("{place}/{name}"), faults);
            }
        }
        Value::Bool(_) => {}
    }
}

/// Digits with a known unit.
fn is_amount(text: &str) -> bool {
    let digits: String = text.chars().take_while(char::is_ascii_digit).collect();
    let unit = &text[digits.len()..];
    !digits.is_empty() && ["", "m", "k", "M", "G", "T", "P", "Ki", "Mi", "Gi", "Ti", "Pi"].contains(&unit)
}

fn is_name(text: &str) -> bool {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    !text.is_empty()
        && text.len() <= 63
        && text.chars().all(inner)
        && !text.starts_with('-')
        && !text.ends_with('-')
}

fn is_label_value(text: &str) -> bool {
    let inner = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let end = |c: Option<char>| c.is_none_or(|c| c.is_ascii_alphanumeric());
    text.len() <= 63 && text.chars().all(inner) && end(text.chars().next()) && end(text.chars().next_back())
}

fn is_qualified(text: &str) -> bool {
    let (domain, name) = text.split_once('/').map_or((None, text), |(domain, name)| (Some(domain), name));
    !name.is_empty() && is_label_value(name) && domain.is_none_or(|domain| domain.split('.').all(is_name))
}

fn names(object: &Value, faults: &mut Vec<String>) {
    let name = text(object, "/metadata/name");
    if !is_name(name) {
        faults.push(format!("{name:?} is no name"));
    }
    let is_service = text(object, "/kind") == "Service";
    if is_service && !name.starts_with(|c: char| c.is_ascii_lowercase()) {
        faults.push(format!("{name:?} is no name of a Service"));
    }
    if text(object, "/kind") != "Namespace" && !is_name(text(object, "/metadata/namespace")) {
        faults.push("it is in no namespace".to_owned());
    }
    let ports = object.pointer("/spec/ports").and_then(Value::as_array);
    let mut seen = BTreeSet::new();
    for port in ports.into_iter().flatten() {
        let name = text(port, "/name");
        if name.len() > 15 && is_service && name.len() > 63 || !is_name(name) || !seen.insert(name) {
            faults.push(format!("the port {name:?} has no name of its own"));
        }
    }
    for part in ["/data", "/stringData", "/binaryData"] {
        for key in object.pointer(part).and_then(Value::as_object).into_iter().flat_map(serde_json::Map::keys)
        {
            if key.is_empty() || !key.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c)) {
                faults.push(format!("{key:?} is no key"));
            }
        }
    }
}

fn pod(object: &Value, faults: &mut Vec<String>) {
    let Some(pod) = object.pointer("/spec/template/spec") else { return };
    let labels = object.pointer("/spec/template/metadata/labels").and_then(Value::as_object);
    for (name, value) in
        object.pointer("/spec/selector/matchLabels").and_then(Value::as_object).into_iter().flatten()
    {
        if labels.and_then(|labels| labels.get(name)) != Some(value) {
            faults.push(format!("the selector asks for {name}, which its pods have not"));
        }
    }
    let named = |list: Option<&Value>, pointer: &str| -> Vec<String> {
        let items = list.and_then(Value::as_array).into_iter().flatten();
        items.map(|item| text(item, pointer).to_owned()).collect()
    };
    let mut volumes = named(pod.get("volumes"), "/name");
    volumes.extend(named(object.pointer("/spec/volumeClaimTemplates"), "/metadata/name"));
    let unique: BTreeSet<&String> = volumes.iter().collect();
    if unique.len() != volumes.len() || !volumes.iter().all(|name| is_name(name)) {
        faults.push(format!("volumes have no names of their own: {volumes:?}"));
    }
    for volume in pod.get("volumes").and_then(Value::as_array).into_iter().flatten() {
        if volume.as_object().is_none_or(|volume| volume.len() != 2) {
            faults.push(format!("{volume} is not of one kind"));
        }
    }
    for container in pod["containers"].as_array().unwrap() {
        let mut places = BTreeSet::new();
        for mount in container.get("volumeMounts").and_then(Value::as_array).into_iter().flatten() {
            if !volumes.iter().any(|name| name == text(mount, "/name")) {
                faults.push(format!("{} mounts no volume of the pod", text(mount, "/name")));
            }
            let place = text(mount, "/mountPath");
            if !place.starts_with('/') || place.contains(':') || !places.insert(place) {
                faults.push(format!("{place:?} is no place of its own"));
            }
        }
        let image = text(container, "/image");
        if image.is_empty() || image.trim() != image {
            faults.push(format!("{image:?} is no image"));
        }
        for variable in container.get("env").and_then(Value::as_array).into_iter().flatten() {
            let name = text(variable, "/name");
            if name.is_empty() || name.contains('=') {
                faults.push(format!("{name:?} is no variable"));
            }
        }
        let context = container.get("securityContext");
        let escalates =
            context.and_then(|context| context.get("allowPrivilegeEscalation")) != Some(&Value::Bool(false));
        let is_privileged = context.and_then(|context| context.get("privileged")) == Some(&Value::Bool(true));
        if is_privileged && !escalates {
            faults.push("a privileged container always gets new privileges".to_owned());
        }
    }
    let fits = match text(object, "/kind") {
        "Job" => ["Never", "OnFailure"].contains(&text(pod, "/restartPolicy")),
        _ => text(pod, "/restartPolicy") == "Always",
    };
    if !fits {
        faults.push(format!("a {} does not take that restartPolicy", text(object, "/kind")));
    }
    let is_false = |key: &str| pod.get(key) == Some(&Value::Bool(false));
    if !is_false("automountServiceAccountToken") || !is_false("enableServiceLinks") {
        faults.push("the pod gets a token or variables of Services".to_owned());
    }
}

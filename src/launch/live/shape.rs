//! The form of an inspection: which fields it has, and of which type.
//!
//! A check reads a field that is not there as one with nothing in it. So each field that a check is about is looked at
//! here first: where the engine says something else than it ever does, nothing is known.

use serde_json::Value;

use crate::engine::Inspection;

use super::field::at;

/// The type of a field as an engine prints it. Go prints a list or a mapping without elements as null.
#[derive(Clone, Copy)]
enum Form {
    Text,
    Flag,
    FlagOrNull,
    Number,
    NumberOrNull,
    List,
    Mapping,
}

impl Form {
    fn fits(self, value: &Value) -> bool {
        match self {
            Self::Text => value.is_string(),
            Self::Flag => value.is_boolean(),
            Self::FlagOrNull => value.is_boolean() || value.is_null(),
            Self::Number => value.is_i64() || value.is_u64(),
            Self::NumberOrNull => value.is_i64() || value.is_u64() || value.is_null(),
            Self::List => value.is_array() || value.is_null(),
            Self::Mapping => value.is_object() || value.is_null(),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Text => "a text",
            Self::Flag => "true or false",
            Self::FlagOrNull => "true, false or null",
            Self::Number => "a whole number",
            Self::NumberOrNull => "a whole number or null",
            Self::List => "a list",
            Self::Mapping => "a mapping",
        }
    }
}

use Form::{Flag, FlagOrNull, List, Mapping, Number, NumberOrNull, Text};

/// Fields of every inspection, whatever is in them.
const ALWAYS: &[(&str, Form)] = &[
    ("AppArmorProfile", Text),
    ("Image", Text),
    ("Mounts", List),
    ("Config.Cmd", List),
    ("Config.Entrypoint", List),
    ("Config.Env", List),
    ("Config.Image", Text),
    ("Config.Labels", Mapping),
    ("Config.User", Text),
    ("HostConfig.CapAdd", List),
    ("HostConfig.CapDrop", List),
    ("HostConfig.CgroupParent", Text),
    ("HostConfig.CpuRealtimeRuntime", Number),
    ("HostConfig.DeviceCgroupRules", List),
    ("HostConfig.DeviceRequests", List),
    ("HostConfig.Devices", List),
    ("HostConfig.Dns", List),
    ("HostConfig.ExtraHosts", List),
    ("HostConfig.GroupAdd", List),
    ("HostConfig.IpcMode", Text),
    ("HostConfig.Links", List),
    ("HostConfig.LogConfig.Type", Text),
    ("HostConfig.MaskedPaths", List),
    ("HostConfig.Memory", Number),
    ("HostConfig.MemorySwap", Number),
    ("HostConfig.NanoCpus", Number),
    ("HostConfig.NetworkMode", Text),
    ("HostConfig.OomKillDisable", FlagOrNull),
    ("HostConfig.OomScoreAdj", Number),
    ("HostConfig.PidMode", Text),
    ("HostConfig.PidsLimit", NumberOrNull),
    ("HostConfig.PortBindings", Mapping),
    ("HostConfig.Privileged", Flag),
    ("HostConfig.PublishAllPorts", Flag),
    ("HostConfig.ReadonlyPaths", List),
    ("HostConfig.ReadonlyRootfs", Flag),
    ("HostConfig.RestartPolicy.MaximumRetryCount", Number),
    ("HostConfig.RestartPolicy.Name", Text),
    ("HostConfig.SecurityOpt", List),
    ("HostConfig.ShmSize", Number),
    ("HostConfig.UTSMode", Text),
    ("HostConfig.Ulimits", List),
    ("HostConfig.UsernsMode", Text),
    ("HostConfig.VolumesFrom", List),
    ("NetworkSettings.Networks", Mapping),
];

/// Fields that an engine leaves out where nothing is in them, or that older ones do not have.
const SOMETIMES: &[(&str, Form)] = &[
    ("Config.Healthcheck", Mapping),
    ("Config.Healthcheck.Test", List),
    ("HostConfig.Annotations", Mapping),
    ("HostConfig.CgroupnsMode", Text),
    ("HostConfig.CpusetCpus", Text),
    ("HostConfig.Isolation", Text),
    ("HostConfig.Runtime", Text),
    ("HostConfig.Sysctls", Mapping),
    ("HostConfig.Tmpfs", Mapping),
];

/// Fields of each mount, and of each network that the container is in.
const OF_MOUNTS: &[(&str, Form)] =
    &[("Type", Text), ("Source", Text), ("Destination", Text), ("RW", Flag), ("Propagation", Text)];
const OF_NETWORKS: &[(&str, Form)] = &[("MacAddress", Text)];
const OF_BINDINGS: &[(&str, Form)] = &[("HostIp", Text), ("HostPort", Text)];

/// A field that is not what an engine prints.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misshapen {
    pub field: String,
    pub expected: &'static str,
    pub found: String,
}

/// Every field of an inspection that cannot be relied on.
pub fn misshapen(container: &Inspection) -> Vec<Misshapen> {
    let mut found = Vec::new();
    for (field, form) in ALWAYS {
        let (parent, key) = field
            .rsplit_once('.')
            .map_or((&container.raw, *field), |(parent, key)| (at(container, parent), key));
        judge((*field).to_owned(), parent.get(key), *form, &mut found);
    }
    for (field, form) in SOMETIMES {
        let value = at(container, field);
        if !value.is_null() {
            judge((*field).to_owned(), Some(value), *form, &mut found);
        }
    }
    for mount in at(container, "Mounts").as_array().into_iter().flatten() {
        each("Mounts[]", mount, OF_MOUNTS, &mut found);
    }
    for (name, network) in at(container, "NetworkSettings.Networks").as_object().into_iter().flatten() {
        let field = format!("NetworkSettings.Networks.{name}");
        each(&field, network, OF_NETWORKS, &mut found);
        // An endpoint's options are left out by some.
        if let Some(options) = network.get("DriverOpts") {
            judge(format!("{field}.DriverOpts"), Some(options), Mapping, &mut found);
        }
    }
    for (port, bindings) in at(container, "HostConfig.PortBindings").as_object().into_iter().flatten() {
        let field = format!("HostConfig.PortBindings.{port}");
        judge(field.clone(), Some(bindings), List, &mut found);
        for binding in bindings.as_array().into_iter().flatten() {
            each(&field, binding, OF_BINDINGS, &mut found);
        }
    }
    found
}

fn each(of: &str, value: &Value, fields: &[(&str, Form)], found: &mut Vec<Misshapen>) {
    for (key, form) in fields {
        judge(format!("{of}.{key}"), value.get(key), *form, found);
    }
}

fn judge(field: String, value: Option<&Value>, form: Form, found: &mut Vec<Misshapen>) {
    let what = match value {
        None => "not there".to_owned(),
        Some(value) if form.fits(value) => return,
        Some(value) => shown(value).to_owned(),
    };
    found.push(Misshapen { field, expected: form.name(), found: what });
}

/// The kind of a value: what is in it may be a secret.
fn shown(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a mapping",
    }
}

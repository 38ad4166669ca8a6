//! What a service mounts, publishes and attaches to: ports, volumes, devices, networks, env files.

use crate::reader::release::{V5_0, V5_0_2};

use super::common::{FLAG, ITEM_TEXT, OPTIONS, TEXT, TEXT_MAP, TEXTS_BY_KEY, UNCAST_FLAG, one_of};
use super::field::{Change, field, required};
use super::spec::{Canonical, Cast, Check, Decode, Keys, Merge, Object, PathRule, Scalars, Spec, UniqueBy};

const S: Scalars = Scalars::STRING;
const I: Scalars = Scalars::INTEGER;
const N: Scalars = Scalars::NUMBER;
const B: Scalars = Scalars::BOOLEAN;
const NULL: Scalars = Scalars::NULL;

static PORT_OBJECT: Object = Object::new(
    "port",
    &[
        field("name", TEXT),
        field("mode", TEXT),
        field("host_ip", TEXT),
        field("target", Spec::new(I.or(S), Decode::Uint(32)).cast(Cast::Int)),
        field("published", Spec::new(S.or(I), Decode::Text)),
        field("protocol", TEXT),
        field("app_protocol", TEXT),
    ],
);
static PORT: Spec = Spec::object(&PORT_OBJECT, Decode::Object).or_scalar(N.or(S));
pub const PORTS: Spec =
    Spec::list(&PORT, true, Decode::Objects).unique_by(UniqueBy::Port).canonical(Canonical::Ports);

/// A missing source is created unless that is said to be false. Before, only where it is said to be true.
static CREATED: [Change; 2] = [
    Change {
        since: V5_0,
        spec: UNCAST_FLAG.decode(Decode::BoolIfFalse),
        always: true,
        cases: &["bind-short", "bind-true", "bind-false", "bind-false-text"],
    },
    Change {
        since: V5_0_2,
        spec: UNCAST_FLAG.decode(Decode::BoolIfFalse),
        always: false,
        cases: &["bind-empty", "bind-propagation", "bind-selinux", "bind-extension"],
    },
];
static BIND: Object = Object::new(
    "bind",
    &[
        field("selinux", one_of(&["z", "Z"])),
        field("propagation", TEXT),
        field("create_host_path", UNCAST_FLAG).changes(&CREATED),
        field("recursive", one_of(&["enabled", "disabled", "writable", "readonly"])),
    ],
);
static VOLUME_OPTIONS: Object =
    Object::new("volume", &[field("labels", TEXT_MAP), field("nocopy", FLAG), field("subpath", TEXT)]);
static TMPFS: Object = Object::new(
    "tmpfs",
    &[
        field("size", Spec::new(I.or(S), Decode::Bytes).check(Check::Range(0.0, f64::MAX))),
        field("mode", Spec::new(N.or(S), Decode::Uint(32))),
    ],
);
static IMAGE: Object = Object::new("image", &[field("subpath", TEXT)]);
static VOLUME_OBJECT: Object = Object::new(
    "volume",
    &[
        required("type", one_of(&["bind", "volume", "tmpfs", "cluster", "npipe", "image"])),
        field("source", TEXT.path(PathRule::BindSource)),
        field("target", TEXT),
        field("read_only", FLAG),
        field("consistency", TEXT),
        field("bind", Spec::object(&BIND, Decode::Object)),
        field("volume", Spec::object(&VOLUME_OPTIONS, Decode::Object)),
        field("tmpfs", Spec::object(&TMPFS, Decode::Object)),
        field("image", Spec::object(&IMAGE, Decode::Object)),
    ],
);
static VOLUME: Spec = Spec::object(&VOLUME_OBJECT, Decode::Object).or_scalar(S).canonical(Canonical::Volume);
pub const VOLUMES: Spec = Spec::list(&VOLUME, true, Decode::Objects).unique_by(UniqueBy::Volume);

static DEVICE_OBJECT: Object =
    Object::new("device", &[required("source", TEXT), field("target", TEXT), field("permissions", TEXT)]);
static DEVICE: Spec = Spec::object(&DEVICE_OBJECT, Decode::Object).or_scalar(S).canonical(Canonical::Device);
pub const DEVICES: Spec = Spec::list(&DEVICE, true, Decode::Objects).unique_by(UniqueBy::Device);

static ENV_FILE_OBJECT: Object = Object::new(
    "env_file",
    &[
        required("path", TEXT.path(PathRule::Abs)),
        field("required", Spec::new(B.or(S), Decode::Required)),
        field("format", TEXT),
    ],
)
.without_extensions();
static ENV_FILE_ITEM: Spec = Spec::object(&ENV_FILE_OBJECT, Decode::Object).or_scalar(S);
pub const ENV_FILE: Spec = Spec::list(&ENV_FILE_ITEM, false, Decode::Objects)
    .or_scalar(S)
    .merge(Merge::ToList)
    .unique_by(UniqueBy::EnvFile)
    .canonical(Canonical::EnvFile);

static LABEL_FILE_ITEM: Spec = TEXT.path(PathRule::Abs);
pub const LABEL_FILE: Spec = Spec::list(&LABEL_FILE_ITEM, false, Decode::Texts)
    .or_scalar(S)
    .merge(Merge::ToList)
    .canonical(Canonical::ToList);

static NETWORK_OBJECT: Object = Object::new(
    "network attachment",
    &[
        field("aliases", TEXTS_BY_KEY),
        field("driver_opts", OPTIONS),
        field("gw_priority", Spec::new(N, Decode::Int)),
        field("interface_name", TEXT),
        field("ipv4_address", TEXT),
        field("ipv6_address", TEXT),
        field("link_local_ips", TEXTS_BY_KEY),
        field("mac_address", TEXT),
        field("priority", Spec::new(N, Decode::Int)),
    ],
);
static NETWORK: Spec = Spec::object(&NETWORK_OBJECT, Decode::Object).or_scalar(NULL);
pub const NETWORKS: Spec = Spec::free(&NETWORK, Keys::NamesUnchecked, Decode::ObjectMap)
    .or_list(&ITEM_TEXT, true)
    .merge(Merge::ToMap)
    .canonical(Canonical::ToMap);

static MODEL_OBJECT: Object =
    Object::new("model attachment", &[field("endpoint_var", TEXT), field("model_var", TEXT)]);
static MODEL: Spec = Spec::object(&MODEL_OBJECT, Decode::Object).or_scalar(NULL);
pub const MODELS: Spec = Spec::free(&MODEL, Keys::NamesUnchecked, Decode::ObjectMap)
    .or_list(&ITEM_TEXT, true)
    .merge(Merge::ToMap)
    .canonical(Canonical::ToMap);

/// Text is cast.
static RESTARTED: [Change; 1] = [Change { since: V5_0, spec: FLAG, always: false, cases: DEPENDENCY_CASES }];
static DEMANDED: [Change; 1] = [Change {
    since: V5_0,
    spec: Spec::new(B.or(S), Decode::Required).cast(Cast::Bool),
    always: false,
    cases: DEPENDENCY_CASES,
}];
const DEPENDENCY_CASES: &[&str] = &["depends-on-quoted", "depends-on-variable", "depends-on-yes"];
static DEPENDENCY_OBJECT: Object = Object::new(
    "dependency",
    &[
        required(
            "condition",
            one_of(&["service_started", "service_healthy", "service_completed_successfully"]),
        ),
        field("restart", UNCAST_FLAG).changes(&RESTARTED),
        field("required", Spec::new(B, Decode::Required)).changes(&DEMANDED),
    ],
);
static DEPENDENCY: Spec = Spec::object(&DEPENDENCY_OBJECT, Decode::Object);
pub const DEPENDS_ON: Spec = Spec::free(&DEPENDENCY, Keys::Names, Decode::ObjectMap)
    .literal_keys()
    .or_list(&ITEM_TEXT, true)
    .merge(Merge::DependsOn)
    .canonical(Canonical::DependsOn);

static PROVIDER_VALUES: Spec = Spec::list(&PROVIDER_VALUE, false, Decode::Texts).or_scalar(S.or(N).or(B));
static PROVIDER_VALUE: Spec = Spec::new(S.or(N).or(B), Decode::Text);
static PROVIDER_OBJECT: Object = Object::new(
    "provider",
    &[
        required("type", TEXT),
        field("options", Spec::free(&PROVIDER_VALUES, Keys::Any, Decode::MultiOptions)),
    ],
);
pub const PROVIDER: Spec = Spec::object(&PROVIDER_OBJECT, Decode::Object);

static EXTENDS_OBJECT: Object =
    Object::new("extends", &[required("service", TEXT), field("file", TEXT.path(PathRule::ExtendsFile))])
        .open();
pub const EXTENDS: Spec = Spec::object(&EXTENDS_OBJECT, Decode::Dropped).or_scalar(S);

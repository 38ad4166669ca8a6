//! The top level: services, networks, volumes, secrets, configs, models, include.

use crate::reader::release::V5_2;

use super::common::{
    EXTERNAL, FLAG, FLAG_KEPT, ITEM_TEXT, OPEN_EXTERNAL, OPTIONS, STRING_OPTIONS, TEXT, TEXT_MAP,
    TEXT_MAP_DEFAULT_MERGE,
};
use super::field::{Change, field};
use super::service::{MODEL, SERVICE};
use super::spec::{Canonical, Decode, Keys, Merge, Object, PathRule, Scalars, Spec};

const NULL: Scalars = Scalars::NULL;

/// The sections whose unused entries `config` leaves out, in printed order.
pub const RESOURCES: [&str; 5] = ["networks", "volumes", "secrets", "configs", "models"];

static POOL_OBJECT: Object = Object::new(
    "ipam pool",
    &[
        field("subnet", TEXT),
        field("gateway", TEXT),
        field("ip_range", TEXT),
        field("aux_addresses", STRING_OPTIONS),
    ],
)
.losing_extensions();
static POOL: Spec = Spec::object(&POOL_OBJECT, Decode::Object);
/// They are part of the model.
static IPAM_OPTIONS: [Change; 1] =
    [Change { since: V5_2, spec: STRING_OPTIONS, always: false, cases: &["ipam-options"] }];
static IPAM: Object = Object::new(
    "ipam",
    &[
        field("driver", TEXT),
        field("config", Spec::list(&POOL, false, Decode::Objects).merge(Merge::IpamConfig)),
        field("options", STRING_OPTIONS.decode(Decode::Dropped)).changes(&IPAM_OPTIONS),
    ],
);

static NETWORK_OBJECT: Object = Object::new(
    "network",
    &[
        field("name", TEXT),
        field("driver", TEXT),
        field("driver_opts", OPTIONS),
        field("ipam", Spec::object(&IPAM, Decode::Struct)),
        field("external", EXTERNAL),
        field("internal", FLAG),
        field("attachable", FLAG),
        field("labels", TEXT_MAP),
        field("enable_ipv4", FLAG_KEPT),
        field("enable_ipv6", FLAG_KEPT),
    ],
);
static NETWORK: Spec =
    Spec::object(&NETWORK_OBJECT, Decode::Object).or_scalar(NULL).canonical(Canonical::Resource);

/// Labels of a volume merge to a list, but repeats are the schema's to refuse.
const VOLUME_LABELS: Spec = TEXT_MAP_DEFAULT_MERGE.merge(Merge::ToList);
static VOLUME_OBJECT: Object = Object::new(
    "volume",
    &[
        field("name", TEXT),
        field("driver", TEXT),
        field("driver_opts", OPTIONS.path(PathRule::VolumeDevice)),
        field("external", EXTERNAL),
        field("labels", VOLUME_LABELS),
    ],
);
static VOLUME: Spec =
    Spec::object(&VOLUME_OBJECT, Decode::Object).or_scalar(NULL).canonical(Canonical::Resource);

static SECRET_OBJECT: Object = Object::new(
    "secret",
    &[
        field("name", TEXT),
        field("file", TEXT.path(PathRule::Unix)),
        field("environment", TEXT),
        field("external", OPEN_EXTERNAL),
        field("labels", TEXT_MAP_DEFAULT_MERGE),
        field("driver", TEXT),
        field("driver_opts", OPTIONS.decode(Decode::PlainTextMap)),
        field("template_driver", TEXT),
    ],
);
static SECRET: Spec = Spec::object(&SECRET_OBJECT, Decode::Object).canonical(Canonical::Resource);

static CONFIG_OBJECT: Object = Object::new(
    "config",
    &[
        field("name", TEXT),
        field("file", TEXT.path(PathRule::Unix)),
        field("environment", TEXT),
        field("content", TEXT),
        field("external", OPEN_EXTERNAL),
        field("labels", TEXT_MAP_DEFAULT_MERGE),
        field("template_driver", TEXT),
    ],
);
static CONFIG: Spec = Spec::object(&CONFIG_OBJECT, Decode::Object).canonical(Canonical::Resource);

static SERVICE_SPEC: Spec = Spec::object(&SERVICE, Decode::Object);
static MODEL_SPEC: Spec = Spec::object(&MODEL, Decode::Object);

/// Removed from every document before the schema sees it.
static INCLUDE_OBJECT: Object = Object::new(
    "include",
    &[
        field("path", Spec::list(&ITEM_TEXT, true, Decode::Texts).or_scalar(Scalars::STRING)),
        field("env_file", Spec::list(&ITEM_TEXT, true, Decode::Texts).or_scalar(Scalars::STRING)),
        field("project_directory", TEXT),
    ],
)
.open();
static INCLUDE_ITEM: Spec = Spec::object(&INCLUDE_OBJECT, Decode::Dropped).or_scalar(Scalars::STRING);

static PROJECT_OBJECT: Object = Object::new(
    "project",
    &[
        field("version", TEXT.decode(Decode::Dropped)),
        field("name", TEXT),
        field("include", Spec::list(&INCLUDE_ITEM, false, Decode::Dropped).or_scalar(NULL)),
        field("services", Spec::free(&SERVICE_SPEC, Keys::Names, Decode::ObjectMap).literal_keys()),
        field("networks", Spec::free(&NETWORK, Keys::NamesUnchecked, Decode::ObjectMap).literal_keys()),
        field("volumes", Spec::free(&VOLUME, Keys::Names, Decode::ObjectMap).literal_keys()),
        field("secrets", Spec::free(&SECRET, Keys::Names, Decode::ObjectMap).literal_keys()),
        field("configs", Spec::free(&CONFIG, Keys::Names, Decode::ObjectMap).literal_keys()),
        field("models", Spec::free(&MODEL_SPEC, Keys::NamesUnchecked, Decode::ObjectMap)),
    ],
);

/// The root of the table.
pub static PROJECT: Spec = Spec::object(&PROJECT_OBJECT, Decode::Object);

//! `services.*.deploy`.

use super::common::{DURATION, DURATION_KEPT, ITEM_TEXT, RESERVED_DEVICE, TEXT, TEXT_MAP, one_of};
use super::field::{always, field};
use super::spec::{Cast, Decode, Object, Scalars, Spec};

const S: Scalars = Scalars::STRING;
const INT_OR_TEXT: Scalars = Scalars::INTEGER.or(Scalars::STRING);
const NUMBER_OR_TEXT: Scalars = Scalars::NUMBER.or(Scalars::STRING);

static UPDATE: Object = Object::new(
    "update_config",
    &[
        field("parallelism", Spec::new(INT_OR_TEXT, Decode::UintKept).cast(Cast::Int)),
        field("delay", DURATION),
        field("failure_action", TEXT),
        field("monitor", DURATION),
        field("max_failure_ratio", Spec::new(NUMBER_OR_TEXT, Decode::Float32).cast(Cast::Float)),
        field("order", one_of(&["start-first", "stop-first"])),
    ],
);

static DISCRETE: Object = Object::new(
    "discrete_resource_spec",
    &[always("kind", TEXT), always("value", Spec::new(NUMBER_OR_TEXT, Decode::Int))],
);
static GENERIC_OBJECT: Object = Object::new(
    "generic_resource",
    &[field("discrete_resource_spec", Spec::object(&DISCRETE, Decode::Object))],
);
static GENERIC: Spec = Spec::object(&GENERIC_OBJECT, Decode::Object);
static DEVICE: Spec = Spec::object(&RESERVED_DEVICE, Decode::Object);

static LIMITS: Object = Object::new(
    "limits",
    &[
        field("cpus", Spec::new(NUMBER_OR_TEXT, Decode::Cpus)),
        field("memory", Spec::new(S, Decode::Bytes)),
        field("pids", Spec::new(INT_OR_TEXT, Decode::Int)),
    ],
);
static RESERVATIONS: Object = Object::new(
    "reservations",
    &[
        field("cpus", Spec::new(NUMBER_OR_TEXT, Decode::Cpus)),
        field("memory", Spec::new(S, Decode::Bytes)),
        field("devices", Spec::list(&DEVICE, false, Decode::Objects)),
        field("generic_resources", Spec::list(&GENERIC, false, Decode::Objects)),
    ],
);
static RESOURCES: Object = Object::new(
    "resources",
    &[
        field("limits", Spec::object(&LIMITS, Decode::Object)),
        field("reservations", Spec::object(&RESERVATIONS, Decode::Object)),
    ],
);

static RESTART: Object = Object::new(
    "restart_policy",
    &[
        field("condition", TEXT),
        field("delay", DURATION_KEPT),
        field("max_attempts", Spec::new(INT_OR_TEXT, Decode::UintKept).cast(Cast::Int)),
        field("window", DURATION_KEPT),
    ],
);

static PREFERENCE_OBJECT: Object = Object::new("preference", &[field("spread", TEXT)]);
static PREFERENCE: Spec = Spec::object(&PREFERENCE_OBJECT, Decode::Object);
static PLACEMENT: Object = Object::new(
    "placement",
    &[
        field("constraints", Spec::list(&ITEM_TEXT, false, Decode::Texts)),
        field("preferences", Spec::list(&PREFERENCE, false, Decode::Objects)),
        field("max_replicas_per_node", Spec::new(INT_OR_TEXT, Decode::Uint(64)).cast(Cast::Int)),
    ],
);

static DEPLOY_OBJECT: Object = Object::new(
    "deploy",
    &[
        field("mode", TEXT),
        field("replicas", Spec::new(INT_OR_TEXT, Decode::IntKept).cast(Cast::Int)),
        field("labels", TEXT_MAP),
        field("update_config", Spec::object(&UPDATE, Decode::Object)),
        field("rollback_config", Spec::object(&UPDATE, Decode::Object)),
        field("resources", Spec::object(&RESOURCES, Decode::Struct)),
        field("restart_policy", Spec::object(&RESTART, Decode::Object)),
        field("placement", Spec::object(&PLACEMENT, Decode::Struct)),
        field("endpoint_mode", TEXT),
    ],
);

pub const DEPLOY: Spec = Spec::object(&DEPLOY_OBJECT, Decode::Object).or_scalar(Scalars::NULL);

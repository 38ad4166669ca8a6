//! `services.*`.

use super::build::{BUILD, DEVELOP};
use crate::reader::release::V5_3;

use super::common::{
    ANY_OPTIONS, BYTES, COMMAND, DURATION_KEPT, ENVIRONMENT, FILE_REFERENCE_ITEM, FLAG, FLAG_KEPT, GPU, HOOK,
    HOSTS, INT_BYTES, ITEM_TEXT, NUMBER_AS_INT, OPTIONS_OR_NULL, PRE_START, STRICT_FLAG, TEXT, TEXT_MAP,
    TEXT_OR_TEXTS, TEXTS_BY_KEY, TEXTS_OR_NUMBERS, TEXTS_UNIQUE, ULIMITS, one_of,
};
use super::deploy::DEPLOY;
use super::field::{always, field, required};
use super::mounts::{
    DEPENDS_ON, DEVICES, ENV_FILE, EXTENDS, LABEL_FILE, MODELS, NETWORKS, PORTS, PROVIDER, VOLUMES,
};
use super::spec::{Canonical, Cast, Check, Decode, Merge, Object, Scalars, Spec, UniqueBy};

const S: Scalars = Scalars::STRING;
const I: Scalars = Scalars::INTEGER;
const N: Scalars = Scalars::NUMBER;

static WEIGHT_OBJECT: Object = Object::new(
    "weight_device",
    &[always("path", TEXT), always("weight", Spec::new(I.or(S), Decode::Uint(16)))],
)
.without_extensions();
static WEIGHT: Spec = Spec::object(&WEIGHT_OBJECT, Decode::Object);
static RATE_OBJECT: Object =
    Object::new("throttle_device", &[always("path", TEXT), always("rate", INT_BYTES)]).without_extensions();
static RATE: Spec = Spec::object(&RATE_OBJECT, Decode::Object);
const RATES: Spec = Spec::list(&RATE, false, Decode::Objects);
static BLKIO: Object = Object::new(
    "blkio_config",
    &[
        field("weight", Spec::new(I.or(S), Decode::Uint(16))),
        field("weight_device", Spec::list(&WEIGHT, false, Decode::Objects)),
        field("device_read_bps", RATES),
        field("device_read_iops", RATES),
        field("device_write_bps", RATES),
        field("device_write_iops", RATES),
    ],
)
.without_extensions();

static CREDENTIALS: Object =
    Object::new("credential_spec", &[field("config", TEXT), field("file", TEXT), field("registry", TEXT)]);

static HEALTHCHECK: Object = Object::new(
    "healthcheck",
    &[
        field("test", Spec::list(&ITEM_TEXT, false, Decode::HealthTest).or_scalar(S).merge(Merge::Replace)),
        field("timeout", DURATION_KEPT),
        field("interval", DURATION_KEPT),
        field("retries", Spec::new(N.or(S), Decode::UintKept).cast(Cast::Int)),
        field("start_period", DURATION_KEPT),
        field("start_interval", DURATION_KEPT),
        field("disable", FLAG),
    ],
);

static LOGGING: Object = Object::new("logging", &[field("driver", TEXT), field("options", OPTIONS_OR_NULL)]);

static GPU_ITEM: Spec = Spec::object(&GPU, Decode::Object);
static HOOK_ITEM: Spec = Spec::object(&HOOK, Decode::Object);
static PRE_START_ITEM: Spec = Spec::object(&PRE_START, Decode::Object);
const PRE_STARTS: Spec = Spec::list(&PRE_START_ITEM, false, Decode::Objects);
const HOOKS: Spec = Spec::list(&HOOK_ITEM, false, Decode::Objects);
const FILE_REFERENCES: Spec = Spec::list(&FILE_REFERENCE_ITEM, false, Decode::Objects);
const ENTRYPOINT: Spec = COMMAND;

pub static SERVICE: Object = Object::new(
    "service",
    &[
        field("profiles", TEXTS_BY_KEY),
        field("annotations", TEXT_MAP),
        field("attach", Spec::new(Scalars::BOOLEAN.or(S), Decode::BoolKept)),
        field("build", BUILD),
        field("develop", DEVELOP),
        field("blkio_config", Spec::object(&BLKIO, Decode::Object)),
        field("cap_add", TEXTS_BY_KEY),
        field("cap_drop", TEXTS_BY_KEY),
        field("cgroup_parent", TEXT),
        field("cgroup", one_of(&["host", "private"])),
        field(
            "cpu_count",
            Spec::new(S.or(I), Decode::Int).cast(Cast::Int).check(Check::Range(0.0, f64::MAX)),
        ),
        field(
            "cpu_percent",
            Spec::new(S.or(I), Decode::Float32).cast(Cast::Float).check(Check::Range(0.0, 100.0)),
        ),
        field("cpu_period", NUMBER_AS_INT),
        field("cpu_quota", NUMBER_AS_INT),
        field("cpu_rt_period", NUMBER_AS_INT),
        field("cpu_rt_runtime", NUMBER_AS_INT),
        field("cpus", Spec::new(N.or(S), Decode::Float32).cast(Cast::Float)),
        field("cpuset", TEXT),
        field("cpu_shares", NUMBER_AS_INT),
        field("command", COMMAND),
        field("configs", FILE_REFERENCES.unique_by(UniqueBy::Mount(""))),
        field("container_name", TEXT.check(Check::ContainerName)),
        field("credential_spec", Spec::object(&CREDENTIALS, Decode::Object)),
        field("depends_on", DEPENDS_ON),
        field("deploy", DEPLOY),
        field("device_cgroup_rules", TEXTS_UNIQUE),
        field("devices", DEVICES),
        field("dns", TEXT_OR_TEXTS.canonical(Canonical::ToList)),
        field("dns_opt", TEXTS_BY_KEY.merge(Merge::ToList)),
        field("dns_search", TEXT_OR_TEXTS),
        field("domainname", TEXT),
        field("entrypoint", ENTRYPOINT),
        field("provider", PROVIDER),
        field("environment", ENVIRONMENT),
        field("env_file", ENV_FILE),
        field("expose", TEXTS_OR_NUMBERS.unique_by(UniqueBy::Expose)),
        field("extends", EXTENDS),
        field("external_links", TEXTS_UNIQUE),
        field("extra_hosts", HOSTS),
        field("group_add", TEXTS_OR_NUMBERS),
        field(
            "gpus",
            Spec::list(&GPU_ITEM, false, Decode::Objects)
                .or_scalar(S)
                .check(Check::OneOf(&["all"]))
                .canonical(Canonical::Gpus),
        ),
        field("hostname", TEXT),
        field("healthcheck", Spec::object(&HEALTHCHECK, Decode::Object)),
        field("image", TEXT),
        field("init", FLAG_KEPT),
        field("ipc", TEXT),
        field("isolation", TEXT),
        field("labels", TEXT_MAP),
        field("label_file", LABEL_FILE),
        field("links", TEXTS_BY_KEY),
        field("logging", Spec::object(&LOGGING, Decode::Object).merge(Merge::Logging)),
        field("mem_limit", BYTES),
        field("mem_reservation", INT_BYTES),
        field("memswap_limit", BYTES),
        field("mem_swappiness", INT_BYTES),
        field("mac_address", TEXT),
        field("models", MODELS),
        field("network_mode", TEXT),
        field("networks", NETWORKS),
        field("oom_kill_disable", FLAG),
        field(
            "oom_score_adj",
            Spec::new(S.or(I), Decode::Int).cast(Cast::Int).check(Check::Range(-1000.0, 1000.0)),
        ),
        field("pid", TEXT.or_scalar(Scalars::NULL)),
        field("pids_limit", NUMBER_AS_INT),
        field("platform", TEXT),
        field("ports", PORTS),
        field("privileged", FLAG),
        field("pull_policy", TEXT.check(Check::PullPolicy)),
        field("pull_refresh_after", TEXT.decode(Decode::Dropped)),
        field("read_only", FLAG),
        field("restart", TEXT),
        field("runtime", TEXT),
        field("scale", Spec::new(I.or(S), Decode::IntKept).cast(Cast::Int)),
        field("secrets", FILE_REFERENCES.unique_by(UniqueBy::Mount("/run/secrets"))),
        field("security_opt", TEXTS_UNIQUE),
        field("shm_size", BYTES),
        field("stdin_open", FLAG),
        field("stop_grace_period", DURATION_KEPT),
        field("stop_signal", TEXT),
        field("storage_opt", ANY_OPTIONS),
        field("sysctls", TEXT_MAP),
        field("tmpfs", TEXT_OR_TEXTS),
        field("tty", FLAG),
        field("ulimits", ULIMITS),
        field("use_api_socket", STRICT_FLAG),
        field("user", TEXT),
        field("userns_mode", TEXT),
        field("uts", TEXT),
        field("volumes", VOLUMES),
        field("volumes_from", TEXTS_UNIQUE),
        field("working_dir", TEXT),
        field("pre_start", PRE_STARTS).since(
            V5_3,
            &[
                "pre-start-image-inherited",
                "pre-start-own-image",
                "pre-start-every-key",
                "pre-start-override-file",
            ],
        ),
        field("post_start", HOOKS),
        field("pre_stop", HOOKS),
    ],
);

/// A model server that services use.
pub static MODEL: Object = Object::new(
    "model",
    &[
        field("name", TEXT),
        required("model", TEXT),
        field("context_size", Spec::new(I, Decode::Int)),
        field("runtime_flags", Spec::list(&ITEM_TEXT, false, Decode::Texts)),
    ],
);

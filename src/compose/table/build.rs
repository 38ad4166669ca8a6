//! `services.*.build` and `services.*.develop`.

use crate::reader::release::V5_0;

use super::common::{
    BUILD_ULIMITS, ENVIRONMENT, FILE_REFERENCE_ITEM, HOOK, HOSTS, INT_BYTES, ITEM_TEXT, STRICT_FLAG, TEXT,
    TEXT_MAP, TEXTS, TEXTS_UNIQUE, UNCAST_FLAG, one_of,
};
use super::field::{field, required};
use super::spec::{Canonical, Decode, Keys, Merge, Object, PathRule, Scalars, Spec, UniqueBy};

static CONTEXT: Spec = TEXT.path(PathRule::Context);
static SSH_VALUE: Spec =
    Spec::new(Scalars::STRING.or(Scalars::NUMBER).or(Scalars::BOOLEAN).or(Scalars::NULL), Decode::Text)
        .path(PathRule::Unix);

const ADDITIONAL_CONTEXTS: Spec = Spec::free(&CONTEXT, Keys::Any, Decode::TextMap)
    .or_list(&CONTEXT, true)
    .merge(Merge::ToList)
    .unique_by(UniqueBy::KeyValue)
    .canonical(Canonical::KeyValue);

const SSH: Spec =
    Spec::free(&SSH_VALUE, Keys::NonEmpty, Decode::Ssh).or_list(&ITEM_TEXT, true).canonical(Canonical::Ssh);

/// Text that may be written as a boolean.
const STRINGIFIED: Spec =
    Spec::new(Scalars::STRING.or(Scalars::BOOLEAN), Decode::Text).canonical(Canonical::Stringify);

/// Stages to build anew: one, or a list.
const NO_CACHE_FILTER: Spec = TEXTS_UNIQUE.or_scalar(Scalars::STRING).canonical(Canonical::ToList);

static BUILD_OBJECT: Object = Object::new(
    "build",
    &[
        field("context", TEXT.path(PathRule::Context)),
        field("dockerfile", TEXT),
        field("dockerfile_inline", TEXT),
        field("entitlements", TEXTS),
        field("args", ENVIRONMENT),
        field("provenance", STRINGIFIED),
        field("sbom", STRINGIFIED),
        field("ssh", SSH),
        field("labels", TEXT_MAP),
        field("cache_from", TEXTS),
        field("cache_to", TEXTS),
        field("no_cache", UNCAST_FLAG),
        field("no_cache_filter", NO_CACHE_FILTER)
            .since(V5_0, &["no-cache-filter-text", "no-cache-filter-list"]),
        field("additional_contexts", ADDITIONAL_CONTEXTS),
        field("pull", UNCAST_FLAG),
        field("extra_hosts", HOSTS),
        field("isolation", TEXT),
        field("network", TEXT),
        field("target", TEXT),
        field("secrets", Spec::list(&FILE_REFERENCE_ITEM, false, Decode::Objects)),
        field("shm_size", INT_BYTES),
        field("tags", TEXTS.unique_by(UniqueBy::KeyValue)),
        field("ulimits", BUILD_ULIMITS),
        field("platforms", TEXTS),
        field("privileged", UNCAST_FLAG),
    ],
);

pub const BUILD: Spec = Spec::object(&BUILD_OBJECT, Decode::Object)
    .or_scalar(Scalars::STRING)
    .merge(Merge::Build)
    .canonical(Canonical::Build);

const PATTERNS: Spec = TEXT_OR_TEXTS_PLAIN.canonical(Canonical::ToList);
const TEXT_OR_TEXTS_PLAIN: Spec = Spec::list(&ITEM_TEXT, true, Decode::Texts).or_scalar(Scalars::STRING);

static WATCH_OBJECT: Object = Object::new(
    "watch",
    &[
        required("path", TEXT.path(PathRule::Watch)),
        required("action", one_of(&["rebuild", "sync", "restart", "sync+restart", "sync+exec"])),
        field("target", TEXT),
        field("exec", Spec::object(&HOOK, Decode::Struct)),
        field("include", PATTERNS),
        field("ignore", PATTERNS),
        field("initial_sync", STRICT_FLAG),
    ],
);
static WATCH: Spec = Spec::object(&WATCH_OBJECT, Decode::Object);
static DEVELOP_OBJECT: Object =
    Object::new("develop", &[field("watch", Spec::list(&WATCH, false, Decode::Objects))]);

pub const DEVELOP: Spec = Spec::object(&DEVELOP_OBJECT, Decode::Object).or_scalar(Scalars::NULL);

//! Specs that many fields share.

use super::field::{Field, field, required};
use super::spec::{Canonical, Cast, Check, Decode, Keys, Merge, Object, Scalars, Spec, UniqueBy};

const S: Scalars = Scalars::STRING;
const I: Scalars = Scalars::INTEGER;
const N: Scalars = Scalars::NUMBER;
const B: Scalars = Scalars::BOOLEAN;
const NULL: Scalars = Scalars::NULL;

pub const TEXT: Spec = Spec::new(S, Decode::Text);
pub const FLAG: Spec = Spec::new(B.or(S), Decode::Bool).cast(Cast::Bool);
/// A boolean that stays a string until the model is decoded.
pub const UNCAST_FLAG: Spec = Spec::new(B.or(S), Decode::Bool);
pub const FLAG_KEPT: Spec = Spec::new(B.or(S), Decode::BoolKept).cast(Cast::Bool);
pub const STRICT_FLAG: Spec = Spec::new(B, Decode::Bool);
pub const NUMBER_AS_INT: Spec = Spec::new(N.or(S), Decode::Int).cast(Cast::Int);
pub const BYTES: Spec = Spec::new(N.or(S), Decode::Bytes);
pub const INT_BYTES: Spec = Spec::new(I.or(S), Decode::Bytes);
pub const DURATION: Spec = Spec::new(S, Decode::Duration);
pub const DURATION_KEPT: Spec = Spec::new(S, Decode::DurationKept);

/// Anything at all: extensions and option values.
pub static ANY: Spec = Spec::new(S.or(N).or(B).or(NULL), Decode::Raw);

pub static ITEM_TEXT: Spec = TEXT;
static ITEM_TEXT_OR_NUMBER: Spec = Spec::new(S.or(N), Decode::Text);
static VALUE_ANY_SCALAR: Spec = Spec::new(S.or(N).or(B).or(NULL), Decode::Text);
static VALUE_TEXT_OR_NUMBER: Spec = Spec::new(S.or(N), Decode::Text);
static VALUE_TEXT_NUMBER_NULL: Spec = Spec::new(S.or(N).or(NULL), Decode::Text);

/// A list of strings without repeats.
pub const TEXTS_UNIQUE: Spec = Spec::list(&ITEM_TEXT, true, Decode::Texts);
pub const TEXTS: Spec = Spec::list(&ITEM_TEXT, false, Decode::Texts);
pub const TEXTS_OR_NUMBERS: Spec = Spec::list(&ITEM_TEXT_OR_NUMBER, true, Decode::Texts);
pub const TEXTS_BY_KEY: Spec = TEXTS_UNIQUE.unique_by(UniqueBy::KeyValue);
/// A string or a list of them.
pub const TEXT_OR_TEXTS: Spec = TEXTS_UNIQUE.or_scalar(S).merge(Merge::ToList).unique_by(UniqueBy::KeyValue);

/// A mapping of scalars, or a list of `KEY=value`.
pub const TEXT_MAP: Spec = Spec::free(&VALUE_ANY_SCALAR, Keys::NonEmpty, Decode::TextMap)
    .or_list(&ITEM_TEXT, true)
    .merge(Merge::ToList)
    .unique_by(UniqueBy::KeyValue);
pub const ENVIRONMENT: Spec = TEXT_MAP.decode(Decode::Environment);
/// The same where merging treats it as any other value.
pub const TEXT_MAP_DEFAULT_MERGE: Spec =
    Spec::free(&VALUE_ANY_SCALAR, Keys::NonEmpty, Decode::TextMap).or_list(&ITEM_TEXT, true);
pub const ENVIRONMENT_DEFAULT_MERGE: Spec = TEXT_MAP_DEFAULT_MERGE.decode(Decode::Environment);

pub const OPTIONS: Spec = Spec::free(&VALUE_TEXT_OR_NUMBER, Keys::Any, Decode::TextMap);
pub const OPTIONS_OR_NULL: Spec = Spec::free(&VALUE_TEXT_NUMBER_NULL, Keys::Any, Decode::TextMap);
pub const STRING_OPTIONS: Spec = Spec::free(&ITEM_TEXT, Keys::Any, Decode::TextMap);
pub const ANY_OPTIONS: Spec = Spec::free(&ANY, Keys::Any, Decode::PlainTextMap);

pub const COMMAND: Spec =
    Spec::list(&ITEM_TEXT, false, Decode::Shell).or_scalar(S.or(NULL)).merge(Merge::Replace);
pub const HOOK_COMMAND: Spec = Spec::list(&ITEM_TEXT, false, Decode::Shell).or_scalar(S.or(NULL));

static HOST_ADDRESSES: Spec = Spec::list(&ITEM_TEXT, false, Decode::Texts).or_scalar(S);
pub const HOSTS: Spec =
    Spec::free(&HOST_ADDRESSES, Keys::Any, Decode::Hosts).or_list(&ITEM_TEXT, true).merge(Merge::ExtraHosts);

/// An external resource: a boolean, or the deprecated mapping with a name.
static EXTERNAL_OBJECT: Object = Object::new("external", &[field("name", TEXT)]);
pub const EXTERNAL: Spec =
    Spec::object(&EXTERNAL_OBJECT, Decode::External).or_scalar(B.or(S)).cast(Cast::Bool);
/// The same of a secret or a config, where the mapping may have any other key.
static OPEN_EXTERNAL_OBJECT: Object = Object::new("external", &[field("name", TEXT)]).open();
pub const OPEN_EXTERNAL: Spec =
    Spec::object(&OPEN_EXTERNAL_OBJECT, Decode::External).or_scalar(B.or(S)).cast(Cast::Bool);

static ULIMIT_PAIR: Object = Object::new(
    "ulimit",
    &[
        required("soft", Spec::new(I.or(S), Decode::Int).cast(Cast::Int)),
        required("hard", Spec::new(I.or(S), Decode::Int).cast(Cast::Int)),
    ],
)
.losing_extensions();
static ULIMIT: Spec = Spec::object(&ULIMIT_PAIR, Decode::Ulimit)
    .or_scalar(I.or(S))
    .cast(Cast::Int)
    .merge(Merge::Ulimit)
    .canonical(Canonical::Ulimit);
static BUILD_ULIMIT: Spec =
    Spec::object(&ULIMIT_PAIR, Decode::Ulimit).or_scalar(I.or(S)).canonical(Canonical::Ulimit);
pub const ULIMITS: Spec = Spec::free(&ULIMIT, Keys::LowercaseUnchecked, Decode::ObjectMap);
pub const BUILD_ULIMITS: Spec = Spec::free(&BUILD_ULIMIT, Keys::LowercaseUnchecked, Decode::ObjectMap);

pub static FILE_REFERENCE: Object = Object::new(
    "file reference",
    &[
        field("source", TEXT),
        field("target", TEXT),
        field("uid", TEXT),
        field("gid", TEXT),
        field("mode", Spec::new(N.or(S), Decode::FileMode)),
    ],
);
pub static FILE_REFERENCE_ITEM: Spec =
    Spec::object(&FILE_REFERENCE, Decode::Object).or_scalar(S).canonical(Canonical::FileReference);

/// A request for devices, as in reservations and `gpus`.
const DEVICE_REQUEST_FIELDS: [Field; 5] = [
    field("capabilities", TEXTS_UNIQUE),
    field("driver", TEXT),
    field("count", Spec::new(S.or(I), Decode::DeviceCount)),
    field("device_ids", TEXTS_UNIQUE),
    field("options", TEXT_MAP_DEFAULT_MERGE),
];
const RESERVED_DEVICE_FIELDS: [Field; 5] = {
    let mut fields = DEVICE_REQUEST_FIELDS;
    fields[0].required = true;
    fields
};
static RESERVED_DEVICE_LIST: [Field; 5] = RESERVED_DEVICE_FIELDS;
static GPU_LIST: [Field; 5] = DEVICE_REQUEST_FIELDS;
pub static RESERVED_DEVICE: Object = Object::new("device", &RESERVED_DEVICE_LIST).losing_extensions();
pub static GPU: Object = Object::new("gpu", &GPU_LIST).open().losing_extensions();

/// A command run in a container at a point of its life.
pub static HOOK: Object = Object::new(
    "hook",
    &[
        required("command", HOOK_COMMAND),
        field("user", TEXT),
        field("privileged", UNCAST_FLAG),
        field("working_dir", TEXT),
        field("environment", ENVIRONMENT_DEFAULT_MERGE),
    ],
);

/// A container that is run before a service's own.
pub static PRE_START: Object = Object::new(
    "pre_start",
    &[
        field("command", HOOK_COMMAND),
        field("image", TEXT),
        field("user", TEXT),
        field("privileged", UNCAST_FLAG),
        field("working_dir", TEXT),
        field("environment", ENVIRONMENT_DEFAULT_MERGE),
        field("per_replica", UNCAST_FLAG),
    ],
);

pub const fn one_of(words: &'static [&'static str]) -> Spec {
    TEXT.check(Check::OneOf(words))
}

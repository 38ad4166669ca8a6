//! The vocabulary of the field table: what one place in a compose file may hold, and what every
//! stage does with it.

use std::sync::OnceLock;

use crate::reader::Reader;
use crate::yaml::Key;

use super::field::Field;
use super::index::Index;
use super::work::{Work, Works};

/// A set of scalar types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scalars(u8);

impl Scalars {
    pub const NONE: Self = Self(0);
    pub const STRING: Self = Self(1);
    pub const INTEGER: Self = Self(2);
    /// Integers and floats.
    pub const NUMBER: Self = Self(4);
    pub const BOOLEAN: Self = Self(8);
    pub const NULL: Self = Self(16);

    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

/// What may stand at one place, and how each stage treats it.
#[derive(Clone, Copy, Debug)]
pub struct Spec {
    pub scalars: Scalars,
    pub check: Check,
    pub list: Option<List>,
    pub map: Option<Map>,
    pub merge: Merge,
    /// Elements of the list with the same key collapse.
    pub unique_by: Option<UniqueBy>,
    pub cast: Option<Cast>,
    pub path: Option<PathRule>,
    pub canonical: Canonical,
    pub decode: Decode,
}

#[derive(Clone, Copy, Debug)]
pub struct List {
    pub item: &'static Spec,
    /// The schema refuses equal items.
    pub unique: bool,
}

#[derive(Clone, Copy, Debug)]
pub enum Map {
    /// Known keys.
    Object(&'static Object),
    /// Keys chosen by the author. Compose's decoder gathers those that look like extensions in one
    /// entry of its own, unless they are `literal`.
    Free { value: &'static Spec, keys: Keys, literal: bool },
}

/// Which keys a free map takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keys {
    Any,
    /// Names of resources: `[a-zA-Z0-9._-]+`, others are refused.
    Names,
    /// As [`Keys::Names`], but what does not match is left unchecked.
    NamesUnchecked,
    /// Anything but the empty string (Compose's pattern is `.+`, which a line break does not match).
    NonEmpty,
    /// `[a-z]+`; what does not match is left unchecked.
    LowercaseUnchecked,
}

/// A mapping with known keys, in the order in which Compose prints them.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a habit of Compose's own")]
pub struct Object {
    pub name: &'static str,
    pub fields: &'static [Field],
    pub extensions: bool,
    /// Unknown keys are refused.
    pub closed: bool,
    /// Compose drops extensions here when it decodes the model.
    pub loses_extensions: bool,
    /// Has fields that are printed even where they are absent.
    pub always: bool,
    /// Has required fields.
    pub requires: bool,
    index: OnceLock<Index>,
    works: OnceLock<Works>,
}

/// A constraint on a scalar beyond its type.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Check {
    None,
    OneOf(&'static [&'static str]),
    /// Inclusive bounds on a number.
    Range(f64, f64),
    /// `container_name`: two consecutive legal characters somewhere (Compose's pattern is unanchored).
    ContainerName,
    /// `pull_policy`: one of the words, `every_…`, or anything containing them (unanchored).
    PullPolicy,
}

/// How an overriding value is merged over a base value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Merge {
    /// Scalars replace, lists concatenate, mappings recurse.
    Default,
    /// The override replaces everything, even by null.
    Replace,
    /// Both sides become a list of `KEY=value`, concatenated.
    ToList,
    /// A list becomes a mapping of nulls first.
    ToMap,
    /// A list becomes a mapping of started, required dependencies first.
    DependsOn,
    /// A string stands for `{context: string}`.
    Build,
    /// As `ToList`, without items that the base has word for word.
    ExtraHosts,
    /// The override replaces the entry.
    Ulimit,
    /// Options merge for the same driver only.
    Logging,
    /// Pools are matched by subnet.
    IpamConfig,
}

/// The key by which list elements are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UniqueBy {
    /// Text before the first `=`.
    KeyValue,
    Port,
    Volume,
    Device,
    Expose,
    EnvFile,
    /// Target of a secret or config, with the default folder.
    Mount(&'static str),
}

/// The type an interpolated string is converted to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cast {
    Bool,
    Int,
    Float,
}

/// How a relative path is resolved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathRule {
    Abs,
    /// As `Abs`; Windows paths stay, and the empty string is the directory itself.
    Unix,
    /// `Abs`, unless it is a URL or names a service.
    Context,
    /// `Abs`, with the first symlink component resolved.
    Watch,
    /// The source of a bind mount (only for `type: bind`).
    BindSource,
    /// The device of a local volume with `o: bind`.
    VolumeDevice,
    /// `extends.file`: not resolved where it is a remote reference.
    ExtendsFile,
}

/// How a short form becomes the long one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Canonical {
    Keep,
    Build,
    DependsOn,
    EnvFile,
    /// A string becomes a list of one.
    ToList,
    /// A list becomes a mapping of nulls.
    ToMap,
    /// A list of `key=value` becomes a mapping.
    KeyValue,
    Gpus,
    /// Floats are refused.
    Ulimit,
    Ports,
    Volume,
    Device,
    FileReference,
    Ssh,
    /// A resource whose `external` may be a mapping with a name.
    Resource,
    /// A boolean becomes its text.
    Stringify,
}

/// The type in the model that Compose prints, and which empty values it leaves out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decode {
    /// As it is (`x-*`).
    Raw,
    /// Left out when empty.
    Text,
    Bool,
    /// Kept when written, even as false.
    BoolKept,
    /// Left out when true.
    BoolIfFalse,
    Int,
    IntKept,
    /// Strings are refused; the number is cut to so many bits, as Go does.
    Uint(u32),
    UintKept,
    Float32,
    /// As `Float32`, refusing what Compose's own type for this refuses.
    Cpus,
    /// Printed as decimal text.
    Bytes,
    Duration,
    DurationKept,
    Texts,
    /// A list, or the words of a command line; null is absent, empty is kept.
    Shell,
    HealthTest,
    /// Text values, null becomes empty.
    TextMap,
    /// As `TextMap`, but only scalars can be values.
    PlainTextMap,
    /// Text or null values.
    Environment,
    /// Each value a list of texts.
    MultiOptions,
    Hosts,
    Ssh,
    Ulimit,
    FileMode,
    DeviceCount,
    /// Left out where nothing is set (a struct by value).
    Struct,
    /// Kept when written, even if empty (a pointer to a struct).
    Object,
    Objects,
    /// A mapping of objects; null entries stay null.
    ObjectMap,
    /// Not part of the model.
    Dropped,
    External,
    /// Always printed.
    Required,
}

impl Spec {
    pub const fn new(scalars: Scalars, decode: Decode) -> Self {
        Self {
            scalars,
            check: Check::None,
            list: None,
            map: None,
            merge: Merge::Default,
            unique_by: None,
            cast: None,
            path: None,
            canonical: Canonical::Keep,
            decode,
        }
    }

    pub const fn object(object: &'static Object, decode: Decode) -> Self {
        let mut spec = Self::new(Scalars::NONE, decode);
        spec.map = Some(Map::Object(object));
        spec
    }

    pub const fn list(item: &'static Spec, unique: bool, decode: Decode) -> Self {
        let mut spec = Self::new(Scalars::NONE, decode);
        spec.list = Some(List { item, unique });
        spec
    }

    pub const fn free(value: &'static Spec, keys: Keys, decode: Decode) -> Self {
        let mut spec = Self::new(Scalars::NONE, decode);
        spec.map = Some(Map::Free { value, keys, literal: false });
        spec
    }

    /// `x-*` is a name like any other here: of a service, of a volume.
    pub const fn literal_keys(mut self) -> Self {
        if let Some(Map::Free { value, keys, .. }) = self.map {
            self.map = Some(Map::Free { value, keys, literal: true });
        }
        self
    }

    pub const fn or_scalar(mut self, scalars: Scalars) -> Self {
        self.scalars = self.scalars.or(scalars);
        self
    }

    pub const fn or_list(mut self, item: &'static Spec, unique: bool) -> Self {
        self.list = Some(List { item, unique });
        self
    }

    pub const fn or_object(mut self, object: &'static Object) -> Self {
        self.map = Some(Map::Object(object));
        self
    }

    pub const fn check(mut self, check: Check) -> Self {
        self.check = check;
        self
    }

    pub const fn merge(mut self, merge: Merge) -> Self {
        self.merge = merge;
        self
    }

    pub const fn unique_by(mut self, key: UniqueBy) -> Self {
        self.unique_by = Some(key);
        self
    }

    pub const fn cast(mut self, cast: Cast) -> Self {
        self.cast = Some(cast);
        self
    }

    pub const fn path(mut self, rule: PathRule) -> Self {
        self.path = Some(rule);
        self
    }

    pub const fn canonical(mut self, canonical: Canonical) -> Self {
        self.canonical = canonical;
        self
    }

    pub const fn decode(mut self, decode: Decode) -> Self {
        self.decode = decode;
        self
    }

    /// The spec of the value under `key`; `None` for extensions and unknown keys.
    pub fn child<'k>(&self, key: impl Into<Key<'k>>) -> Option<&'static Spec> {
        match self.map? {
            Map::Object(object) => object.field(key).map(|field| &field.spec),
            Map::Free { value, .. } => Some(value),
        }
    }

    /// As [`Self::child`], as `reader` knows it.
    pub fn child_at<'k>(&self, key: impl Into<Key<'k>>, reader: Reader) -> Option<&'static Spec> {
        match self.map? {
            Map::Object(object) => object.field(key).map(|field| field.at(reader).0),
            Map::Free { value, .. } => Some(value),
        }
    }

    /// As [`Self::child`], with the work that there is for it.
    pub fn child_with_work<'k>(&self, key: impl Into<Key<'k>>) -> Option<(&'static Spec, Work)> {
        match self.map? {
            Map::Object(object) => {
                let at = object.position(key)?;
                Some((&object.fields.get(at)?.spec, object.works().fields.get(at).copied()?))
            }
            Map::Free { value, .. } => Some((value, value.work())),
        }
    }

    /// What there is to do for a value of this kind, or for one in it.
    pub fn work(&self) -> Work {
        let own = Work {
            paths: self.path.is_some(),
            unicity: self.unique_by.is_some(),
            canonical: self.canonical != Canonical::Keep,
        };
        let members = self.map.map(|map| match map {
            Map::Object(object) => object.works().any,
            Map::Free { value, .. } => value.work(),
        });
        let items = self.item().map(Spec::work);
        members.into_iter().chain(items).fold(own, Work::or)
    }

    pub fn item(&self) -> Option<&'static Spec> {
        self.list.map(|list| list.item)
    }
}

impl Object {
    fn works(&self) -> &Works {
        self.works.get_or_init(|| Works::of(self.fields))
    }

    pub const fn new(name: &'static str, fields: &'static [Field]) -> Self {
        let (mut always, mut requires) = (false, false);
        let mut at = 0;
        while at < fields.len() {
            #[expect(clippy::indexing_slicing, reason = "the loop's bound; iterators are not for constants")]
            let field = &fields[at];
            always |= field.is_ever_always();
            requires |= field.required;
            at += 1;
        }
        let index = OnceLock::new();
        let works = OnceLock::new();
        Self {
            name,
            fields,
            extensions: true,
            closed: true,
            loses_extensions: false,
            always,
            requires,
            index,
            works,
        }
    }

    pub const fn without_extensions(mut self) -> Self {
        self.extensions = false;
        self
    }

    pub const fn losing_extensions(mut self) -> Self {
        self.loses_extensions = true;
        self
    }

    pub const fn open(mut self) -> Self {
        self.closed = false;
        self
    }

    pub fn field<'k>(&self, key: impl Into<Key<'k>>) -> Option<&'static Field> {
        self.fields.get(self.position(key)?)
    }

    /// Where a field stands among the others, in the order in which Compose prints them.
    pub fn position<'k>(&self, key: impl Into<Key<'k>>) -> Option<usize> {
        self.index.get_or_init(|| Index::of(self.fields)).find(key.into(), self.fields)
    }
}

/// Whether a key is an extension, which Compose carries along unchecked.
pub fn is_extension(key: &str) -> bool {
    key.starts_with("x-")
}

//! The one table of Compose facts: every field's type, short form, merge rule, cast, path rule and
//! printed form. Validation, merging, canonical form, path resolution and output all walk it.
//!
//! Source: the Compose specification's schema and the behaviour of Docker Compose v2.40.

mod build;
mod common;
mod dated;
mod deploy;
mod field;
mod index;
mod json_schema;
mod mounts;
mod project;
mod service;
mod spec;
mod work;

pub use dated::{Dated, dated};
pub use field::{Change, Field};
pub use json_schema::json_schema;
pub use project::{PROJECT, RESOURCES};
pub use spec::{
    Canonical, Cast, Check, Decode, Keys, List, Map, Merge, Object, PathRule, Scalars, Spec, UniqueBy,
    is_extension,
};

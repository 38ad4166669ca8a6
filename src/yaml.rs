//! YAML: text to a tree in which every key and value knows its place, and back to text.
//!
//! [`parse`] reads text as Compose's own reader does, which no crate does, and scalars are typed as that
//! reader types them ([`scalar`]).

mod distinct;
mod emit;
mod json;
mod mapping;
mod node;
mod order;
mod parse;
mod path;
pub mod scalar;
pub mod spread;
pub mod suggest;

pub use distinct::Distinct;
pub use emit::{
    begins_block, members_to_yaml_lossless, to_yaml, to_yaml_lossless, to_yaml_lossless_with_lines,
    to_yaml_preparing, to_yaml_with_lines,
};
pub use json::{to_json, to_json_compact};
pub use mapping::{Entry, Key, Mapping};
pub use node::{Document, Node, Tag, Text, Value};
pub use order::natural_cmp;
pub use parse::{Limits, line_separator, parse};
pub use path::{Path, Segment};
pub use scalar::{is_old_boolean, reads_as_string};

//! YAML: text to a tree in which every key and value knows its place, and back to text.
//!
//! [`parse`] is the only place that touches the YAML crate. Scalars are typed as Compose's own
//! reader types them ([`scalar`]), which no crate does.

mod emit;
mod json;
mod node;
mod parse;
mod path;
pub mod scalar;

pub use emit::to_yaml;
pub use json::to_json;
pub use node::{Document, Entry, Mapping, Node, Tag, Value};
pub use parse::{Limits, parse};
pub use path::{Path, Segment};
pub fn natural_cmp(a:&str,b:&str)->std::cmp::Ordering{a.cmp(b)}
pub fn to_json_compact(n:&Node)->String{to_json(n)}

//! In how many copies a service runs.

use super::field::fields;
use crate::yaml::Node;

fields! {
    SCALE: Number = "scale";
    REPLICAS: Number = "deploy.replicas";
    MODE: Text = "deploy.mode";
}

/// The number of copies, with its place: Compose refuses a file in which both say something else.
pub(crate) fn written(service: &Node) -> Option<(&Node, i64)> {
    [SCALE, REPLICAS].iter().find_map(|field| Some((field.node(service)?, field.int(service)?)))
}

/// The number of copies where Compose runs it.
pub(crate) fn of(service: &Node) -> i64 {
    written(service).map_or(1, |(_, copies)| copies)
}

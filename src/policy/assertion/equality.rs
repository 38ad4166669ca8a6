//! When a value of the final model is the one that an overlay set.

use std::path::Path;

use crate::model::SecurityOption;
use crate::model::capability::name as capability;
use crate::policy::binds::clean;
use crate::source::Origin;
use crate::yaml::{Node, Value};

/// What kind of text is compared.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// A path inside the container, which Compose cleans.
    Target,
    PullPolicy,
    Other,
}

impl Place {
    pub fn of(key: &str) -> Self {
        match key {
            "target" => Self::Target,
            "pull_policy" => Self::PullPolicy,
            _ => Self::Other,
        }
    }
}

/// Equal, but for what Compose's defaults add later.
pub fn equal(wanted: &Node, have: &Node, place: Place) -> bool {
    match (&wanted.value, &have.value) {
        // A variable passed on without a value takes it from the environment.
        (Value::Null, _) => have.is_null() || have.origin == Origin::Environment,
        (Value::Map(a), Value::Map(b)) => {
            a.iter().all(|(key, value)| b.get(key).is_some_and(|other| equal(value, other, Place::of(key))))
                && b.iter().all(|(key, value)| a.contains(key) || matches!(value.origin, Origin::Default(_)))
        }
        (Value::Seq(a), Value::Seq(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b, Place::Other))
        }
        (Value::String(a), Value::String(b)) => same_text(a, b, place),
        _ => wanted.same(have),
    }
}

fn same_text(a: &str, b: &str, place: Place) -> bool {
    match place {
        Place::Target => clean(Path::new(a)) == clean(Path::new(b)),
        Place::PullPolicy => a == b || (a == "if_not_present" && b == "missing"),
        Place::Other => a == b,
    }
}

/// Whether a list has an element equal to the one demanded.
pub fn holds_element(items: &[Node], element: &Node, key: &str) -> bool {
    items.iter().any(|item| match (key, item.as_str(), element.as_str()) {
        ("cap_add" | "cap_drop", Some(a), Some(b)) => capability(a) == capability(b),
        ("security_opt", Some(a), Some(b)) => SecurityOption::of_text(a) == SecurityOption::of_text(b),
        _ => equal(element, item, Place::Other),
    })
}

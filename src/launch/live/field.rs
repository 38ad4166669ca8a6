//! One field of an inspection, what it must be, and how it was found.

use serde::Serialize;
use serde_json::Value;

use crate::compose::text;
use crate::diagnostic::{Code, Finding};
use crate::engine::Inspection;
use crate::source::Origin;
use crate::yaml::Node;

/// What is found, where it is weaker than it must be.
type Check = Box<dyn Fn(&Inspection) -> Option<String> + Send + Sync>;

/// One field.
pub struct Field {
    /// As the inspection names it.
    pub name: &'static str,
    /// As the model names it.
    pub key: String,
    pub origin: Origin,
    pub expected: String,
    /// What follows from it.
    pub why: &'static str,
    /// Whether it says what runs, and not what that may do.
    pub is_of_program: bool,
    pub check: Check,
}

/// Everything that the containers of one service must show.
pub struct Expected {
    pub service: String,
    /// Of its name in the model.
    pub origin: Origin,
    pub fields: Vec<Field>,
}

/// A field of a container that is weaker than the model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Weakness {
    pub service: String,
    /// The container's name; of a network or a volume, that name.
    pub container: String,
    pub field: String,
    /// The key of the model that determines it.
    pub key: String,
    pub expected: String,
    pub found: String,
    pub why: String,
    /// Whether it says what runs, and not what that may do: a container that was made earlier is older then, not weaker.
    #[serde(skip)]
    pub is_of_program: bool,
    /// Whether it is only not known.
    #[serde(skip)]
    pub is_unproved: bool,
    #[serde(skip)]
    pub origin: Origin,
}

impl Weakness {
    /// As a finding that shows where the model says otherwise.
    pub fn finding(&self, help: &str) -> Finding {
        let message = if self.is_unproved {
            self.unproved_message()
        } else {
            format!(
                "{} is weaker than the verified model: {} is {}, not {}: {}",
                self.container, self.field, self.found, self.expected, self.why
            )
        };
        Finding::error(Code::LivePosture, message)
            .at_origin(self.origin, format!("{} is {} here", self.key, self.expected))
            .help(help)
    }
}

/// Collects the fields of one service.
pub struct Fields<'n> {
    pub service: &'n Node,
    /// Of the service's name: where a key is that the service does not have.
    pub origin: Origin,
    pub list: Vec<Field>,
}

impl<'n> Fields<'n> {
    pub fn new(service: &'n Node, origin: Origin) -> Self {
        Self { service, origin, list: Vec::new() }
    }

    pub fn get(&self, key: &str) -> Option<&'n Node> {
        self.service.get(key).filter(|node| !node.is_null())
    }

    /// The text of a key, where it has one that is not empty.
    pub fn text(&self, key: &str) -> Option<String> {
        self.get(key).map(text).filter(|text| !text.is_empty())
    }

    pub fn is_true(&self, key: &str) -> bool {
        self.get(key).and_then(Node::as_bool) == Some(true)
    }

    pub fn items(&self, key: &str) -> &'n [Node] {
        self.get(key).and_then(Node::as_seq).unwrap_or_default()
    }

    pub fn texts(&self, key: &str) -> Vec<String> {
        self.items(key).iter().map(text).collect()
    }

    /// Adds a field that says what runs, and not what it may do.
    pub fn add_of_program(
        &mut self,
        name: &'static str,
        key: &str,
        expected: impl Into<String>,
        why: &'static str,
        check: impl Fn(&Inspection) -> Option<String> + Send + Sync + 'static,
    ) {
        self.add(name, key, expected, why, check);
        if let Some(last) = self.list.last_mut() {
            last.is_of_program = true;
        }
    }

    /// Adds a field that the model's `key` determines.
    pub fn add(
        &mut self,
        name: &'static str,
        key: &str,
        expected: impl Into<String>,
        why: &'static str,
        check: impl Fn(&Inspection) -> Option<String> + Send + Sync + 'static,
    ) {
        let (first, rest) = key.split_once('.').unwrap_or((key, ""));
        let found = self.get(first).map(|node| {
            let keys: Vec<&str> = rest.split('.').filter(|key| !key.is_empty()).collect();
            node.at(&keys).unwrap_or(node)
        });
        let origin = found.map_or(self.origin, |node| node.origin);
        let (key, expected) = (key.to_owned(), expected.into());
        self.list.push(Field {
            name,
            key,
            origin,
            expected,
            why,
            is_of_program: false,
            check: Box::new(check),
        });
    }
}

/// A value of the inspection by its dotted name; null where it is not there.
pub fn at<'v>(container: &'v Inspection, name: &str) -> &'v Value {
    static NULL: Value = Value::Null;
    name.split('.').try_fold(&container.raw, |value, key| value.get(key)).unwrap_or(&NULL)
}

/// A whole number; none where it is null or no number.
pub fn number(container: &Inspection, name: &str) -> Option<i64> {
    at(container, name).as_i64()
}

/// A text; empty where it is null.
pub fn string(container: &Inspection, name: &str) -> String {
    at(container, name).as_str().unwrap_or_default().to_owned()
}

/// A list of texts; empty where it is null. What is no text stays visible as JSON.
pub fn strings(value: &Value) -> Vec<String> {
    let item = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    value.as_array().into_iter().flatten().map(item).collect()
}

/// Items of the list that `allowed` does not cover; none where it covers all.
pub fn beyond(found: Vec<String>, allowed: impl Fn(&str) -> bool) -> Option<String> {
    let extra: Vec<String> = found.into_iter().filter(|item| !allowed(item)).collect();
    (!extra.is_empty()).then(|| list(&extra))
}

/// For people: `[a, b]`.
pub fn list(items: &[impl AsRef<str>]) -> String {
    let items: Vec<&str> = items.iter().map(AsRef::as_ref).collect();
    format!("[{}]", items.join(", "))
}

/// For people: `""` where it is empty.
pub fn shown(text: &str) -> String {
    if text.is_empty() { "not set".to_owned() } else { text.to_owned() }
}

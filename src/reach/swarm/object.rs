//! Building objects of the interface.

use serde_json::{Map, Value};

/// A mapping under construction. What would say nothing is left out.
#[derive(Clone, Debug, Default)]
pub struct Fields(Map<String, Value>);

impl Fields {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn put(&mut self, key: &str, value: impl Into<Value>) {
        self.0.insert(key.to_owned(), value.into());
    }

    pub fn put_some(&mut self, key: &str, value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            self.put(key, value);
        }
    }

    /// Unless there is nothing in it.
    pub fn put_list(&mut self, key: &str, items: Vec<Value>) {
        if !items.is_empty() {
            self.put(key, items);
        }
    }

    /// Unless there is nothing in it.
    pub fn put_fields(&mut self, key: &str, fields: Self) {
        if !fields.0.is_empty() {
            self.put(key, fields.done());
        }
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn done(self) -> Value {
        Value::Object(self.0)
    }
}

/// Texts as a list.
pub fn texts(items: impl IntoIterator<Item = String>) -> Vec<Value> {
    items.into_iter().map(Value::String).collect()
}

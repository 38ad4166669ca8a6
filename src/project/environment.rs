//! The variables that interpolation sees.

use std::collections::BTreeMap;

/// Variables by name: the process environment first, then env files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Environment {
    values: BTreeMap<String, String>,
    /// See [`Self::stand_in`].
    stands_in: bool,
}

impl Environment {
    pub fn new(values: impl IntoIterator<Item = (String, String)>) -> Self {
        Self { values: values.into_iter().collect(), stands_in: false }
    }

    /// From now on a variable that must have a value, and has none, is no fault: its place is enough for a
    /// review, which happens where the secrets are not.
    pub fn stand_in(&mut self) {
        self.stands_in = true;
    }

    /// What stands in for a required variable, where something may.
    pub fn placeholder(&self) -> Option<&'static str> {
        self.stands_in.then_some("required")
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    pub fn set(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.values.insert(name.into(), value.into());
    }

    /// Adds what is not yet set.
    pub fn fill<'a>(&mut self, others: impl IntoIterator<Item = (&'a String, &'a String)>) {
        for (name, value) in others {
            self.values.entry(name.clone()).or_insert_with(|| value.clone());
        }
    }

    /// Sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.values.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

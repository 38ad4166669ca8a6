//! The variables of a value, and where theirs come from.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};

use crate::compose::Trace;
use crate::project::{Project, dotenv, template};
use crate::source::{FileId, SourceMap, Span};

/// Who gave a variable its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Given {
    /// The process environment.
    Environment,
    /// An env file, at this place.
    EnvFile(Span),
    /// Compose itself.
    ProjectName,
    /// Nobody; the expression has a word for that.
    ExpressionDefault,
    /// Nobody: it is blank.
    Nobody,
}

/// A variable in an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Used {
    pub name: String,
    pub given: Given,
}

impl Used {
    /// Whether its value comes from outside the files that are reviewed.
    pub fn is_from_outside(&self) -> bool {
        matches!(self.given, Given::Environment | Given::EnvFile(_))
    }

    /// For people: `PORT from .env:3:6`.
    pub fn describe(&self, place: &dyn Fn(Span) -> String) -> String {
        let name = &self.name;
        match &self.given {
            Given::Environment => format!("{name} from the environment"),
            Given::EnvFile(span) => format!("{name} from {}", place(*span)),
            Given::ProjectName => format!("{name} is the project's name"),
            Given::ExpressionDefault => format!("{name} is not set, its default counts"),
            Given::Nobody => format!("{name} is not set, so blank"),
        }
    }
}

/// Answers who gave which variable.
pub struct Variables<'a> {
    project: &'a Project,
    trace: &'a Trace,
    sources: &'a SourceMap,
    places: RefCell<HashMap<FileId, HashMap<String, Span>>>,
}

impl<'a> Variables<'a> {
    pub fn new(project: &'a Project, trace: &'a Trace, sources: &'a SourceMap) -> Self {
        Self { project, trace, sources, places: RefCell::default() }
    }

    /// The variables in a text, each once, in its order.
    pub fn of(&self, expression: &str) -> Vec<Used> {
        let mut found = template::variables(expression);
        found.retain(|variable| !variable.name.is_empty());
        found.sort_by_key(|variable| expression.find(&variable.name));
        let mut seen = HashSet::new();
        found.retain(|variable| seen.insert(variable.name.clone()));
        found
            .into_iter()
            .map(|variable| {
                let given = match self.given(&variable.name) {
                    Given::Nobody if variable.default.is_some() => Given::ExpressionDefault,
                    given => given,
                };
                Used { name: variable.name, given }
            })
            .collect()
    }

    /// Who gave one variable.
    pub fn given(&self, name: &str) -> Given {
        if let Some(file) = self.project.from_env_files.get(name) {
            return Given::EnvFile(self.place(*file, name).unwrap_or(Span::new(*file, 0, 0)));
        }
        if self.project.environment.get(name).is_some() {
            return Given::Environment;
        }
        if name == "COMPOSE_PROJECT_NAME" {
            return Given::ProjectName;
        }
        let place = self.trace.env_files.iter().rev().find_map(|file| self.place(*file, name));
        place.map_or(Given::Nobody, Given::EnvFile)
    }

    fn place(&self, file: FileId, name: &str) -> Option<Span> {
        let mut places = self.places.borrow_mut();
        let places = places.entry(file).or_insert_with(|| {
            let text = self.sources.get(file).map_or("", |source| &source.text);
            let parsed = dotenv::parse(text, &|name| self.project.environment.get(name).map(str::to_owned));
            let found = parsed.map(|parsed| parsed.places).unwrap_or_default();
            found.into_iter().map(|(name, range)| (name, Span::new(file, range.start, range.end))).collect()
        });
        places.get(name).copied()
    }
}

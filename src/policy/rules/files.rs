//! The variables that services get from their env files.

use std::collections::HashMap;

use crate::compose::{Model, names_in_file};
use crate::diagnostic::Sink;
use crate::model::path;
use crate::project::Inputs;
use crate::source::Origin;

/// The name of each variable that an env file sets, by service, with the place that names the file.
#[derive(Debug, Default)]
pub struct FileVariables(HashMap<String, Vec<(String, Origin)>>);

impl FileVariables {
    /// Reads the env files of every service of every profile. A file that is there and cannot be read is an error in the sink.
    pub fn read(model: &Model, inputs: &mut Inputs, sink: &mut Sink) -> Self {
        let mut found = HashMap::new();
        for (name, service) in model.services() {
            let mut variables = Vec::new();
            for file in path::ENV_FILES.items(service) {
                let place = path::ENV_FILE.place(file);
                match names_in_file(file, inputs) {
                    Ok(names) => variables.extend(names.into_iter().map(|name| (name, place.origin))),
                    Err(finding) => sink.push(*finding),
                }
            }
            if !variables.is_empty() {
                found.insert(name.to_owned(), variables);
            }
        }
        Self(found)
    }

    pub fn of(&self, service: &str) -> &[(String, Origin)] {
        self.0.get(service).map(Vec::as_slice).unwrap_or_default()
    }
}

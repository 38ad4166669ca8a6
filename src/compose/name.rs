//! The project's name.

use crate::diagnostic::{Code, Finding, Sink};
use crate::project::{Environment, Project};
use crate::source::{Origin, SourceMap};
use crate::yaml::{Node, Path};

use super::Layer;
use super::budget::Budget;
use super::interpolate::Interpolation;
use super::load::Phases;
use super::merge::kind;

/// `-p`, else `COMPOSE_PROJECT_NAME`, else the last `name:` of the files, else the directory.
pub fn resolve(
    project: &Project,
    layers: &[Layer],
    phases: Phases,
    environment: &Environment,
    sources: &SourceMap,
    sink: &mut Sink,
) -> Option<String> {
    if let Some(name) = project.given_name() {
        if normalize(name) != name {
            sink.push(
                Finding::error(
                    Code::ProjectName,
                    format!(
                        "invalid project name {name:?}: must consist only of lowercase alphanumeric characters, hyphens, and underscores as well as start with a letter or number"
                    ),
                )
                .help(format!("{:?} would do.", normalize(name))),
            );
            return None;
        }
        return Some(name.to_owned());
    }
    let mut declared: Option<Node> = None;
    for node in layers.iter().flat_map(|layer| &layer.documents).filter_map(|doc| doc.root.get("name")) {
        if node.as_str().is_none() && !node.is_null() {
            sink.push(
                Finding::error(Code::ComposeType, "name must be a string")
                    .at_origin(node.origin, format!("{} found", kind(node))),
            );
            return None;
        }
        if node.as_str().is_some_and(|text| !text.is_empty()) {
            declared = Some(node.clone());
        }
    }
    let (mut name, origin) = match declared {
        Some(mut node) => {
            if phases.interpolate {
                let before = super::error_count(sink);
                let (reader, budget) = (project.reader, &Budget::default());
                let interpolation = Interpolation { reader, environment, sources, budget, keeps: false };
                interpolation.apply(&mut node, None, &Path::ROOT.key("name"), sink);
                if super::error_count(sink) > before {
                    return None;
                }
            }
            (node.as_str().unwrap_or_default().to_owned(), node.origin)
        }
        None => {
            let base = project.directory.file_name().map(|name| name.to_string_lossy().into_owned());
            (normalize(&base.unwrap_or_default()), Origin::Default("directory name"))
        }
    };
    if phases.normalize {
        name = normalize(&name);
    }
    if name.is_empty() {
        sink.push(
            Finding::error(Code::ProjectName, "project name must not be empty")
                .at_origin(origin, "gives no name")
                .help("Name the project with -p, or with `name:` at the top of the compose file."),
        );
        return None;
    }
    Some(name)
}

/// Lower case, without characters that a name cannot have.
fn normalize(name: &str) -> String {
    let legal: String = name
        .to_lowercase()
        .chars()
        .filter(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-'))
        .collect();
    legal.trim_start_matches(['_', '-']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_normalised_as_compose_does() {
        for (given, expected) in [("My.Name-_x", "myname-_x"), ("__Abc", "abc"), ("ÉTÉ", "t"), ("...", "")]
        {
            assert_eq!(normalize(given), expected);
        }
    }
}

//! The model as the rules of the posture are to see it: in a place that is nobody's.
//!
//! Rules look at where a path leads, and a project below `/root` leads elsewhere than one below `/srv`.
//! What is reviewed is neither.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::compose::Model;
use crate::compose::table::{PROJECT, PathRule, Spec};
use crate::model::mount;
use crate::policy::rules::real;
use crate::source::SourceMap;
use crate::yaml::{Node, Value};

use super::Places;

/// Where the project is for everybody.
const PROJECT_PLACE: &str = "/-";

/// Where everybody is at home.
const HOME_PLACE: &str = "/home/-";

/// Moves a model that was loaded on this host there.
pub fn neutral(model: &mut Model, places: &Places<'_>, sources: &SourceMap) {
    let mover = Mover { places, sources, project: real(places.project), ways: RefCell::default() };
    mover.walk(&mut model.root, Some(&PROJECT));
    model.directory = PathBuf::from(PROJECT_PLACE);
    let mut environment = (*model.environment).clone();
    environment.set("HOME", HOME_PLACE);
    model.environment = Arc::new(environment);
}

struct Mover<'m> {
    places: &'m Places<'m>,
    sources: &'m SourceMap,
    /// With its links followed.
    project: PathBuf,
    /// The ways to paths of the project, as far as was looked.
    ways: RefCell<HashMap<PathBuf, Way>>,
}

/// What is on the way from the project to a path in it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Direct,
    /// A link.
    Linked,
    /// Nothing from somewhere on.
    Absent,
}

impl Mover<'_> {
    fn walk(&self, node: &mut Node, spec: Option<&Spec>) {
        let is_bind = mount::TYPE.str(node) == Some("bind");
        match &mut node.value {
            Value::Map(map) => {
                for (key, child) in map.iter_mut() {
                    let spec = spec.and_then(|spec| spec.child(key));
                    match spec.and_then(|spec| spec.path) {
                        Some(PathRule::BindSource) if !is_bind => {}
                        Some(PathRule::VolumeDevice) => {
                            if let Some(device) = child.get_mut("device") {
                                self.scalar(device);
                            }
                        }
                        Some(_) => self.scalar(child),
                        None if spec.is_some_and(|spec| spec.work().paths) => self.walk(child, spec),
                        None => {}
                    }
                }
            }
            Value::Seq(items) => {
                let spec = spec.and_then(Spec::item);
                items.iter_mut().for_each(|item| self.walk(item, spec));
            }
            _ => {}
        }
    }

    fn scalar(&self, node: &mut Node) {
        let written = node.origin.span().map_or("", |span| self.sources.text(span));
        // A path that is written out is the same for everybody.
        let by_person = written.contains(['~', '$']);
        if let Value::String(text) = &mut node.value
            && let Some(moved) = self.moved(Path::new(text.as_str()), by_person)
        {
            *text = moved.to_string_lossy().into();
        }
    }

    fn moved(&self, path: &Path, by_person: bool) -> Option<PathBuf> {
        if let Ok(inside) = path.strip_prefix(self.places.project) {
            if self.way(path) != Way::Linked {
                return Some(Path::new(PROJECT_PLACE).join(inside));
            }
            let target = real(path);
            return Some(match target.strip_prefix(&self.project) {
                Ok(_) => Path::new(PROJECT_PLACE).join(inside),
                // A link in the project is part of it, and so is where it leads.
                Err(_) => self.at_home(&target).unwrap_or(target),
            });
        }
        if by_person { self.at_home(path) } else { None }
    }

    /// Many paths share their beginning.
    fn way(&self, path: &Path) -> Way {
        if path == self.places.project {
            return Way::Direct;
        }
        if let Some(known) = self.ways.borrow().get(path) {
            return *known;
        }
        let way = match path.parent().map_or(Way::Direct, |parent| self.way(parent)) {
            Way::Direct => match path.symlink_metadata() {
                Ok(metadata) if metadata.is_symlink() => Way::Linked,
                Err(error) if error.kind() == ErrorKind::NotFound => Way::Absent,
                _ => Way::Direct,
            },
            // Told by the parent the next time as well.
            way => return way,
        };
        self.ways.borrow_mut().insert(path.to_path_buf(), way);
        way
    }

    fn at_home(&self, path: &Path) -> Option<PathBuf> {
        let inside = path.strip_prefix(self.places.home?).ok()?;
        Some(Path::new(HOME_PLACE).join(inside))
    }
}

//! Where a path of a service's containers is kept.

use std::path::PathBuf;

use crate::compose::{Model, text};
use crate::engine::{Answer, Image};
use crate::host::Owner;
use crate::model::field::{Field, Text};
use crate::model::place::{Means, clean, of_service};
use crate::model::{mount, program, resource};
use crate::ownership::UserDecision;
use crate::yaml::Node;

/// What keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seat {
    /// Below a file or directory of the host.
    Bind { source: PathBuf, relative: PathBuf },
    /// Below a volume, by its name in the engine.
    Volume { name: String, relative: PathBuf },
    /// Content that Compose copies in.
    Copied { content: String, owner: Owner, mode: u32 },
    /// The image itself.
    Image,
    /// Nothing that outlives a container: why.
    Nowhere(&'static str),
}

/// The path with the home of the service's user in place of `~`.
pub fn expand(path: &str, service: &Node, image: &Answer<Image>, decision: &UserDecision) -> Answer<String> {
    let Some(rest) = path.strip_prefix('~') else { return Answer::Known(clean(path)) };
    let own = program::ENVIRONMENT.entry(service, "HOME");
    let home = match own {
        Some(home) => Answer::Known(text(home)),
        None => image.as_ref().and_then(|image| match image.variable("HOME") {
            Some(home) => Answer::Known(home.to_owned()),
            None => decision.user.as_ref().and_then(|user| match &user.home {
                Some(home) => Answer::Known(home.clone()),
                None => Answer::unknown("only the image's passwd says it"),
            }),
        }),
    };
    let home = home.context("what `~` is for its user is not known");
    home.and_then(|home| match home.as_str() {
        home if home.starts_with('/') => Answer::Known(clean(&format!("{home}/{rest}"))),
        _ => Answer::unknown("its HOME is no absolute path"),
    })
}

/// Finds what keeps an absolute path.
pub fn find(model: &Model, service: &Node, path: &str, image: &Answer<Image>) -> Answer<Seat> {
    const UNNAMED: &str = "it lies in a volume without a name, which a new container does not have";
    let places = of_service(&model.root, service);
    // The innermost one hides the others; of two at one place the later is what is seen.
    let place = places.iter().filter(|place| place.holds(path)).max_by_key(|place| place.target.len());
    let Some(place) = place else {
        if mount::FROM.node(service).and_then(Node::as_seq).is_some_and(|from| !from.is_empty()) {
            return Answer::unknown("it may lie in what `volumes_from` gives");
        }
        return image.as_ref().map(|image| {
            let lies_in = |volume: &String| {
                path.strip_prefix(clean(volume).as_str())
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            };
            if image.volumes.iter().any(lies_in) { Seat::Nowhere(UNNAMED) } else { Seat::Image }
        });
    };
    let below = path.strip_prefix(place.target.as_str()).unwrap_or_default().trim_start_matches('/');
    let source = mount::SOURCE.str(place.entry);
    match (place.means, source) {
        (Means::Tmpfs, _) => {
            Answer::Known(Seat::Nowhere("it lies in memory, which is empty when a container starts"))
        }
        (Means::Bind, source) if place.key == "volumes" => match source {
            Some(source) => Answer::Known(Seat::Bind { source: source.into(), relative: below.into() }),
            None => Answer::unknown("the mount has no source"),
        },
        (Means::Bind, _) => {
            match declared(model, place.key, place.entry).and_then(|one| resource::FILE.str(one)) {
                Some(file) => Answer::Known(Seat::Bind { source: file.into(), relative: below.into() }),
                None => Answer::unknown("the file of the config or secret is not known"),
            }
        }
        (Means::Volume, None) => Answer::Known(Seat::Nowhere(UNNAMED)),
        (Means::Volume, Some(source)) => {
            let name = model.root.at(&["volumes", source]).and_then(|volume| resource::NAME.str(volume));
            let inside = mount::SUBPATH.or_empty(place.entry);
            match name {
                Some(name) => {
                    let relative = PathBuf::from(clean(inside).trim_start_matches('/')).join(below);
                    Answer::Known(Seat::Volume { name: name.to_owned(), relative })
                }
                None => Answer::unknown("the volume's name in the engine is not known"),
            }
        }
        (Means::Copied, _) => copied(model, place.key, place.entry),
        (Means::Other, _) => Answer::unknown("it lies in a mount of another kind"),
    }
}

fn declared<'m>(model: &'m Model, key: &str, entry: &Node) -> Option<&'m Node> {
    let name = mount::FILE_SOURCE.text(entry)?;
    model.root.at(&[key, &name])
}

fn copied(model: &Model, key: &str, entry: &Node) -> Answer<Seat> {
    let one = declared(model, key, entry);
    let content = one.and_then(|one| match (resource::CONTENT.node(one), resource::VARIABLE.node(one)) {
        (Some(content), _) => content.as_str().map(str::to_owned),
        (None, Some(name)) => model.environment.get(name.as_str()?).map(str::to_owned),
        (None, None) => None,
    });
    let Some(content) = content else {
        return Answer::unknown("what Compose copies there is not known here");
    };
    let number = |field: Field<Text>| field.text(entry).map_or(Some(0), |id| id.parse::<u32>().ok());
    let mode = mount::FILE_MODE
        .node(entry)
        .map_or(Some(0o444), |node| u32::from_str_radix(text(node).trim_start_matches("0o"), 8).ok());
    match (number(mount::FILE_UID), number(mount::FILE_GID), mode) {
        (Some(uid), Some(gid), Some(mode)) => {
            Answer::Known(Seat::Copied { content, owner: Owner::new(uid, gid), mode })
        }
        _ => Answer::unknown("whose the copied file will be is not known"),
    }
}

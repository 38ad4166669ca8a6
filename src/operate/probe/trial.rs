//! Whether the service's program answers.

use std::time::Instant;

use crate::compose::text;
use crate::engine::Answer;
use crate::engine::trial::{Shown, Trial, Tried};
use crate::host::process::shell_word;
use crate::host::{Kind, led_to};
use crate::model::place::{Means, of_service};
use crate::model::{identity, mount, namespace, program, resource, security};
use crate::policy::probes::Program;
use crate::yaml::{Mapping, Node};

use super::Question;
use super::report::{Line, Outcome};

/// Where programs keep what they need for a moment.
const TEMPORARY: &str = "/tmp";

pub fn try_program(question: &Question<'_>, program: &Program) -> Line {
    let words: Vec<String> = program.command.value.iter().map(|word| shell_word(word)).collect();
    let origin = program.command.origin;
    let start = Instant::now();
    let line = |outcome, reason| Line::new(words.join(" "), origin, outcome, reason);
    match tried(question, program) {
        Answer::Unknown(reason) => line(Outcome::Unknown, reason),
        Answer::Known(Tried::Ended(0)) => {
            line(Outcome::Good, format!("answered within {:.1} s", start.elapsed().as_secs_f32()))
        }
        Answer::Known(Tried::Ended(status)) => line(Outcome::Broken, format!("ended with status {status}")),
        Answer::Known(Tried::NotStarted(reason)) => {
            line(Outcome::Broken, format!("could not be started: {reason}"))
        }
        Answer::Known(Tried::Late) => {
            line(Outcome::Broken, format!("gave no answer within {:?}", program.timeout))
        }
    }
}

fn tried(question: &Question<'_>, program: &Program) -> Answer<Tried> {
    Answer::trying(|| {
        let image = question.image().as_ref().into_result()?;
        let user = question.decision.user.as_ref().into_result()?;
        let added = identity::GROUPS.items(question.service).iter().map(text);
        let groups = user.supplementary.iter().map(ToString::to_string).chain(added).collect();
        let directory = program::WORKING_DIR.str(question.service);
        let trial = Trial {
            image,
            user: user.owner,
            groups,
            userns_mode: namespace::USERNS.or_empty(question.service),
            working_dir: directory,
            environment: environment(question.service),
            mounts: mounts(question)?,
            command: &program.command.value,
            within: program.timeout,
        };
        question.engine.try_program(&trial).into_result()
    })
}

/// As the service has it. A name without a value is not set.
fn environment(service: &Node) -> Vec<(String, String)> {
    let map = program::ENVIRONMENT.node(service).and_then(Node::as_map);
    let set = map.into_iter().flat_map(Mapping::iter).filter(|(_, value)| !value.is_null());
    set.map(|(name, value)| (name.to_owned(), text(value))).collect()
}

/// What the service mounts and is there, and nothing through which something could be changed.
fn mounts(question: &Question<'_>) -> Result<Vec<Shown>, String> {
    let is_here = question.is_here();
    let mut mounts: Vec<Shown> = Vec::new();
    for place in of_service(&question.model.root, question.service) {
        let target = place.target.clone();
        let source = mount::SOURCE.str(place.entry);
        let shown = match place.means {
            Means::Tmpfs => Some(Shown::Memory { target }),
            Means::Bind => {
                let file = || {
                    let name = mount::FILE_SOURCE.text(place.entry)?;
                    resource::FILE.str(question.model.root.at(&[place.key, &name])?)
                };
                let source = if place.key == "volumes" { source } else { file() };
                // A socket or a pipe leads to somebody who can change things.
                let is_plain = |source: &&str| {
                    let kind = led_to(source.as_ref()).ok().flatten().map(|(_, kind)| kind);
                    !is_here || matches!(kind, Some(Kind::File | Kind::Directory))
                };
                source.filter(is_plain).map(|source| Shown::Bind { source: source.into(), target })
            }
            Means::Volume => match source
                .and_then(|source| resource::NAME.str(question.model.root.at(&["volumes", source])?))
            {
                Some(name)
                    if !mount::SUBPATH.is_set(place.entry)
                        && question.engine.has_volume(name).into_result()? =>
                {
                    Some(Shown::Volume { name: name.to_owned(), target })
                }
                // One that is not there would be made.
                _ => Some(Shown::Memory { target }),
            },
            Means::Copied | Means::Other => None,
        };
        if let Some(shown) = shown {
            mounts.retain(|before| before.target() != shown.target());
            mounts.push(shown);
        }
    }
    let is_read_only = security::READ_ONLY.is_on(question.service);
    if !is_read_only && mounts.iter().all(|mount| mount.target() != TEMPORARY) {
        mounts.push(Shown::Memory { target: TEMPORARY.to_owned() });
    }
    Ok(mounts)
}

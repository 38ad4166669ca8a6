//! Aliases that Compose before 5.3 takes for circles.
//!
//! It keeps the place of each alias as text, its keys joined by dots, and refuses two aliases of one anchor where the
//! place of one begins with the place of the other. That is so in a circle, and also for the keys `app` and `app.web`.

use std::collections::BTreeMap;

use crate::diagnostic::{Code, Finding};
use crate::source::{FileId, Span};

use super::MOST_FINDINGS;
use super::tags::Kind;
use super::tape::{Shape, Tape};

/// The text of all places together, in bytes: many aliases below one long key would fill the memory.
const MOST_TEXT: usize = 16 << 20;

/// One finding for each pair of such aliases.
pub(super) fn check(file: FileId, tape: &Tape<'_>, findings: &mut Vec<Finding>) {
    for root in &tape.roots {
        let mut places = Places { tape, file, of: BTreeMap::new(), text: 0 };
        places.walk(*root, &mut String::new());
        for mut aliases in places.of.into_values() {
            // A dot before everything else: what begins with a place comes right after it.
            aliases.sort_by(|(one, _), (other, _)| parts(one).cmp(parts(other)));
            for pair in aliases.windows(2) {
                if let [(place, span), (below, below_span)] = pair
                    && below.strip_prefix(place.as_str()).is_some_and(|rest| rest.starts_with('.'))
                    && findings.len() < MOST_FINDINGS
                {
                    findings.push(finding((place, *span), (below, *below_span)));
                }
            }
        }
    }
}

fn parts(place: &str) -> impl Iterator<Item = &str> {
    place.split('.')
}

struct Places<'a, 't> {
    tape: &'a Tape<'t>,
    file: FileId,
    /// By the anchor's place on the tape.
    of: BTreeMap<u32, Vec<(String, Span)>>,
    text: usize,
}

impl Places<'_, '_> {
    /// Returns the item after this one. Compose does not look into what is marked `!reset` or `!override`.
    fn walk(&mut self, at: u32, place: &mut String) -> u32 {
        let tape = self.tape;
        let Some(item) = tape.get(at) else { return at.saturating_add(1) };
        let is_open = !matches!(item.tag, Kind::Reset | Kind::Override);
        match &item.shape {
            Shape::Scalar { .. } => at + 1,
            Shape::Alias(target) => {
                self.text = self.text.saturating_add(place.len());
                if self.text < MOST_TEXT {
                    self.of.entry(*target).or_default().push((place.clone(), item.span(self.file)));
                }
                at + 1
            }
            Shape::Seq { until } | Shape::Map { until } if !is_open => *until,
            Shape::Seq { until } => {
                let (mut next, mut index) = (at + 1, 0_usize);
                while next < *until {
                    next = self.below(place, &index.to_string(), next);
                    index += 1;
                }
                *until
            }
            Shape::Map { until } => {
                let mut next = at + 1;
                while next < *until {
                    let key = match tape.get(next).map(|key| &key.shape) {
                        Some(Shape::Scalar { text, .. }) => text.as_ref(),
                        // A key that is no text is refused elsewhere.
                        _ => return *until,
                    };
                    next = if key == "<<" {
                        self.walk(next + 1, place)
                    } else {
                        self.below(place, key, next + 1)
                    };
                }
                *until
            }
        }
    }

    fn below(&mut self, place: &mut String, key: &str, at: u32) -> u32 {
        let length = place.len();
        if length > 0 {
            place.push('.');
        }
        place.push_str(key);
        let next = self.walk(at, place);
        place.truncate(length);
        next
    }
}

fn finding((place, span): (&str, Span), (below, below_span): (&str, Span)) -> Finding {
    let message =
        format!("Compose before 5.3 takes {below} for a part of {place}, and one alias in both for a circle");
    Finding::error(Code::YamlAlias, message)
        .at(below_span, "the same alias")
        .at(span, "is here")
        .help("Write one of the two values without the alias.")
}

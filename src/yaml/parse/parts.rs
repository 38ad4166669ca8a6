//! A large file, read in parts on several processors.
//!
//! Reading goes from left to right: where the text is cut, the reader of the first part has seen the same
//! as the reader of the whole. If it ends there with nothing open but the file's mapping and its
//! `services:`, and the next line begins a key in the column of their keys, then the whole goes on with
//! that key, and a reader that begins there sees the same from then on. A quote, a flow collection or a
//! line that is no key leaves its part with an error instead; whatever is not exactly as expected has the
//! file read in one piece.

use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::diagnostic::Finding;

use super::super::spread;
use super::grammar::{Event, Reader};
use super::scan::Style;

/// Smaller files are read in one piece.
pub(super) const LARGE: usize = 64 * 1024;

/// So many bytes make one part.
pub(super) const PART: usize = 16 * 1024;

/// So many bytes are looked at in one go.
const BLOCK: usize = 256;

/// The section that is large where a file is.
const SECTION: &str = "services:";

/// An event, and the bytes of the file that it is about.
pub(super) type Seen<'t> = (Event<'t>, Range<usize>);

/// Where a file can be cut.
pub(super) struct Cuts {
    /// Of the first part, which holds everything before the section as well, and of those after it.
    parts: Vec<Range<usize>>,
    /// What follows the section.
    tail: Option<Range<usize>>,
    /// The column of the section's keys.
    column: usize,
}

/// Parts of at least `size` bytes; `None` where the text does not look like it.
pub(super) fn cuts(text: &str, size: usize) -> Option<Cuts> {
    // A directive means something for the parts behind it.
    if text.starts_with('%') || text.contains("\n%") {
        return None;
    }
    let section = lines(text, 0).find(|(_, line)| is_section(line))?;
    let mut members = lines(text, section.0).skip(1).filter(|(_, line)| !is_blank(line));
    let (first, line) = members.next()?;
    let column = indent(line);
    // The first part has at least one member, so that it can be seen where members stand.
    let after = first + line.len();
    let mut parts = Vec::new();
    let mut tail = None;
    let mut start = 0;
    let end = outside(text, after).unwrap_or(text.len());
    if end < text.len() {
        // Nothing but a key of the file itself can come after the section.
        if !begins_key(first_line(text.get(end..)?)) {
            return None;
        }
        tail = Some(end..text.len());
    }
    let line_from = |at: usize| {
        let at = at.max(after);
        let line = text.as_bytes().get(at - 1..end)?.iter().position(|byte| *byte == b'\n')?;
        Some(at + line).filter(|at| *at < end)
    };
    let mut next = line_from(start + size);
    while let Some(at) = next {
        let can = is_member(text.get(at..)?, column) && is_complete(text.get(..at)?);
        if can {
            parts.push(start..at);
            start = at;
        }
        next = line_from(if can { at + size } else { at + 1 });
    }
    parts.push(start..end);
    (column > 0 && parts.len() > 1).then_some(Cuts { parts, tail, column })
}

type Pairs<'t> = std::iter::Zip<std::slice::Iter<'t, u8>, std::slice::Iter<'t, u8>>;

/// The first line from an offset on, which is the beginning of a line itself, that is neither indented nor
/// blank nor a comment.
fn outside(text: &str, from: usize) -> Option<usize> {
    let begins =
        |before: u8, byte: u8| before == b'\n' && !matches!(byte, b' ' | b'\n' | b'\r' | b'#' | b'\t');
    // Whole blocks at once: nearly every line is indented.
    let first = from.checked_sub(1)?;
    let bytes = text.as_bytes().get(first..)?;
    let blocks = bytes.chunks(BLOCK).zip(bytes.get(1..)?.chunks(BLOCK));
    let pairs = blocks.map(|(before, here)| before.iter().zip(here));
    let is_any = |pairs: Pairs<'_>| pairs.fold(false, |any, (before, byte)| any | begins(*before, *byte));
    let (number, mut block) = pairs.enumerate().find(|(_, pairs)| is_any(pairs.clone()))?;
    let within = block.position(|(before, byte)| begins(*before, *byte))?;
    Some(first + number * BLOCK + within + 1)
}

/// Lines from an offset on, each with its own.
fn lines(text: &str, from: usize) -> impl Iterator<Item = (usize, &str)> {
    let mut at = from;
    text.get(from..).unwrap_or_default().split_inclusive('\n').map(move |line| {
        let start = at;
        at += line.len();
        (start, line)
    })
}

fn first_line(text: &str) -> &str {
    text.split_inclusive('\n').next().unwrap_or_default()
}

fn indent(line: &str) -> usize {
    line.bytes().take_while(|byte| *byte == b' ').count()
}

/// Whether a text begins with a key in this column.
fn is_member(text: &str, column: usize) -> bool {
    let line = first_line(text);
    indent(line) == column && line.get(column..).is_some_and(begins_key)
}

fn is_section(line: &str) -> bool {
    line.strip_prefix(SECTION).is_some_and(|rest| rest.starts_with([' ', '\r', '\n']) && is_blank(rest))
}

fn is_blank(line: &str) -> bool {
    let text = line.trim_start_matches([' ', '\t', '\r', '\n']);
    text.is_empty() || text.starts_with('#')
}

/// The last line that says something ends in something, and not where a value is missing, whose place would
/// depend on what follows.
fn is_complete(before: &str) -> bool {
    let last = before.lines().rev().find(|line| !is_blank(line)).unwrap_or_default();
    last.trim_end().ends_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '"' | '\'' | ']' | '}'))
}

/// A plain name with its colon.
fn begins_key(line: &str) -> bool {
    let name = line.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'));
    line.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.strip_prefix(':').is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\r', '\n']))
}

/// What a part is to the whole.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    First,
    Middle,
    Tail,
}

/// Hands every event of the text to `take`, in order, until it fails. `false` where the text is not what it
/// looked like: it must be read again from the start, in one piece.
pub(super) fn read<'t>(
    text: &'t str,
    cuts: &Cuts,
    mut take: impl FnMut(Event<'t>, Range<usize>) -> Result<(), Finding>,
) -> Result<bool, Finding> {
    let role = |at: usize| if at == 0 { Role::First } else { Role::Middle };
    let parts = cuts.parts.iter().enumerate().map(|(at, part)| (part.clone(), role(at)));
    let parts: Vec<_> = parts.chain(cuts.tail.clone().map(|tail| (tail, Role::Tail))).collect();
    let last = parts.len() - 1;
    let mut ends = Vec::new();
    let mut at = 0;
    let mut result = Ok(true);
    // What one part has filled holds the events of another.
    let spare: Mutex<Vec<Vec<Seen<'t>>>> = Mutex::default();
    spread::in_turn(
        parts,
        |(part, role): (Range<usize>, Role)| {
            let empty = lock(&spare).pop().unwrap_or_default();
            let mut events = events(text, part, empty)?;
            let ends = shorten(text, &mut events, role, cuts.column)?;
            Some((events, ends))
        },
        |part: Option<(Vec<Seen<'t>>, Vec<Seen<'t>>)>| {
            let Some((mut events, own)) = part else {
                result = Ok(false);
                return false;
            };
            if at == 0 {
                ends = own;
            }
            let is_last = at == last;
            let begun = if at == 0 { 0 } else { BEGINNING };
            at += 1;
            // The tail ends the file's mapping itself, and everything after it.
            let before = ends.drain(..usize::from(is_last && cuts.tail.is_some()));
            result = before
                .into_iter()
                .chain(events.drain(..).skip(begun))
                .try_for_each(|(event, place)| take(event, place))
                .map(|()| true);
            if is_last && cuts.tail.is_none() && result.is_ok() {
                result = ends.drain(..).try_for_each(|(event, place)| take(event, place)).map(|()| true);
            }
            lock(&spare).push(events);
            result.is_ok()
        },
    );
    match result {
        Ok(true) => Ok(at > last),
        other => other,
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Every event of one part; `None` where it cannot be read for itself.
fn events<'t>(text: &'t str, part: Range<usize>, mut events: Vec<Seen<'t>>) -> Option<Vec<Seen<'t>>> {
    let offset = part.start;
    let own = text.get(part)?;
    for event in Reader::new(own) {
        let (event, place) = event.ok()?;
        events.push((event, place.start + offset..place.end + offset));
    }
    Some(events)
}

/// So many events every part begins with: those of the file, of the document and of its mapping. They count
/// in the first part alone.
const BEGINNING: usize = 3;

/// Takes away what a part ends with only because it was read for itself. Of the first part that are the ends
/// of the section, of the file's mapping, of the document and of the file, which are returned.
fn shorten<'t>(text: &str, events: &mut Vec<Seen<'t>>, role: Role, column: usize) -> Option<Vec<Seen<'t>>> {
    if role == Role::First {
        let (file, section) = open_at_end(events)?;
        if column_of(text, file) != 0 || column_of(text, section) != column {
            return None;
        }
        let ends = events.split_off(events.len().checked_sub(4)?);
        let expected = matches!(
            ends.as_slice(),
            [(Event::MapEnd, _), (Event::MapEnd, _), (Event::DocumentEnd, _), (Event::StreamEnd, _)]
        );
        return (expected && !ends_with_nothing(events)).then_some(ends);
    }
    // As above, where it could not be seen in the text.
    if role != Role::Tail && ends_with_nothing(events) {
        return None;
    }
    let wanted = if role == Role::Tail { 0 } else { column };
    match events.as_slice() {
        [
            (Event::StreamStart, _),
            (Event::DocumentStart { explicit: false }, _),
            (Event::Map { flow: false, marks: None }, place),
            ..,
            (Event::MapEnd, _),
            (Event::DocumentEnd, _),
            (Event::StreamEnd, _),
        ] if column_of(text, place.start) == wanted => {}
        _ => return None,
    }
    if role == Role::Middle {
        events.truncate(events.len() - 3);
    }
    let is_boundary =
        |(event, _): &Seen<'_>| matches!(event, Event::DocumentStart { .. } | Event::DocumentEnd);
    (role == Role::Tail || !events.iter().skip(BEGINNING).any(is_boundary)).then(Vec::new)
}

/// Whether the last value is one that is not there, or a block without a line.
fn ends_with_nothing(events: &[Seen<'_>]) -> bool {
    let ends = |event: &Event<'_>| {
        matches!(event, Event::MapEnd | Event::SeqEnd | Event::DocumentEnd | Event::StreamEnd)
    };
    let last = events.iter().rev().find(|(event, _)| !ends(event));
    let is_quoted = |style| matches!(style, Style::Single | Style::Double);
    matches!(last, Some((Event::Scalar { text, style, .. }, place)) if place.is_empty() || text.is_empty() && !is_quoted(*style))
}

/// Where the two mappings begin that the last document ends with: its own, and the last value in it.
fn open_at_end(events: &[Seen<'_>]) -> Option<(usize, usize)> {
    let mut open: Vec<(bool, usize)> = Vec::new();
    let mut closed = Vec::new();
    for (event, place) in events {
        match event {
            Event::Map { flow, .. } => open.push((!flow, place.start)),
            Event::Seq { .. } => open.push((false, place.start)),
            Event::MapEnd | Event::SeqEnd => {
                let (block, start) = open.pop()?;
                closed.push(block.then_some(start));
                continue;
            }
            Event::DocumentEnd | Event::StreamEnd => continue,
            _ => {}
        }
        closed.clear();
    }
    match closed.as_slice() {
        [.., Some(section), Some(file)] => Some((*file, *section)),
        _ => None,
    }
}

fn column_of(text: &str, at: usize) -> usize {
    let before = text.get(..at).unwrap_or_default();
    before.len() - before.rfind('\n').map_or(0, |at| at + 1)
}

#[cfg(test)]
mod tests;

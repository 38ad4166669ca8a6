//! `format: raw`: the lines of `docker run --env-file`, values verbatim.

use std::ops::Range;

use super::{DotenvError, DotenvFault, MAX_GROWTH, Parsed};

/// The reference reads lines into a buffer of 64 KiB, newline included.
const MAX_LINE: usize = 64 * 1024 - 1;

/// Reads a raw text. A name on its own takes its value from `lookup`, or is left out; names defined
/// above are not looked at.
///
/// # Errors
///
/// A line without a name, white space in a name, or a line that is too long.
pub fn parse_raw(text: &str, lookup: &dyn Fn(&str) -> Option<String>) -> Result<Parsed, DotenvError> {
    let mut parsed = Parsed::default();
    let mut left = text.len() + MAX_GROWTH;
    let mut offset = 0;
    for written in text.split_inclusive('\n') {
        let line = written.strip_suffix('\n').unwrap_or(written);
        let range = offset..offset + line.len();
        if line.len() > MAX_LINE {
            return Err(fault("bufio.Scanner: token too long".to_owned(), range, DotenvFault::Limit));
        }
        let visible = line.strip_suffix('\r').unwrap_or(line);
        let marked = if offset == 0 { visible.strip_prefix('\u{feff}').unwrap_or(visible) } else { visible };
        let statement = marked.trim_start();
        let start = offset + visible.len() - statement.len();
        offset += written.len();
        if statement.is_empty() || statement.starts_with('#') {
            continue;
        }
        let (name, value) = match statement.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (statement, None),
        };
        let name_range = start..start + name.len();
        if name.is_empty() {
            let message = format!("no variable name on line '{statement}'");
            return Err(fault(message, start..start + statement.len(), DotenvFault::Name));
        }
        if name.contains([' ', '\t']) {
            let message = format!("variable '{name}' contains whitespaces");
            return Err(fault(message, name_range, DotenvFault::Name));
        }
        let (value, place) = match value {
            Some(value) => (value.to_owned(), name_range.end + 1..start + statement.len()),
            None => match lookup(name) {
                Some(value) => (value, name_range),
                None => continue,
            },
        };
        left = left.checked_sub(value.len()).ok_or_else(|| {
            fault("the values together are too large".to_owned(), range, DotenvFault::Limit)
        })?;
        parsed.values.insert(name.to_owned(), value);
        parsed.places.insert(name.to_owned(), place);
    }
    Ok(parsed)
}

fn fault(message: String, range: Range<usize>, kind: DotenvFault) -> DotenvError {
    DotenvError { message, range, kind }
}

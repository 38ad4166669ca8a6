//! `annotate`: says in lines of audit and other logs to which service and container the numbers belong.
//!
//! A stream with memory that does not grow: whole lines pass through one buffer, and nothing of them is kept. A line
//! gets something added where it is known whose a number is; otherwise it stays as it is, byte for byte. So does a
//! line that is cut, malformed or too long.

mod journal;
mod json;
mod live;
mod past;
mod text;
mod who;
mod whose;

use std::io::{self, ErrorKind, Read, Write};

use memchr::memchr;

use journal::Journal;
pub use live::Live;
use who::Key;
pub use who::{Attribution, Who};

/// The buffer. A line that does not fit stays as it is.
const BUFFER: usize = 1 << 20;

/// Counts of the lines read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub bytes: u64,
    /// Also a last one that has no end.
    pub lines: u64,
    pub annotated: u64,
}

/// The additions to one line, each with its offset.
#[derive(Debug, Default)]
struct Added {
    text: Vec<u8>,
    /// Where in the line, and where in `text` it ends; in order.
    cuts: Vec<(usize, usize)>,
}

impl Added {
    fn clear(&mut self) {
        self.text.clear();
        self.cuts.clear();
    }

    /// Inserts the text written since the last cut at this offset.
    fn cut(&mut self, at: usize) {
        if self.text.len() > self.cuts.last().map_or(0, |(_, end)| *end) {
            self.cuts.push((at, self.text.len()));
        }
    }
}

/// Passes everything on, and adds what is known.
///
/// # Errors
/// Where it cannot be read or written.
pub fn annotate(input: impl Read, output: impl Write, who: &mut dyn Who) -> io::Result<Counts> {
    with_buffer(input, output, who, BUFFER)
}

/// The same with a buffer of this many bytes.
///
/// # Errors
/// Where it cannot be read or written.
pub fn with_buffer(
    mut input: impl Read,
    output: impl Write,
    who: &mut dyn Who,
    size: usize,
) -> io::Result<Counts> {
    let mut buffer = vec![0; size.max(64)];
    let mut stream = Stream {
        output,
        who,
        counts: Counts::default(),
        added: Added::default(),
        journal: Journal::default(),
        raw: 0,
        is_inside: false,
    };
    let mut filled = 0;
    loop {
        let room = buffer.get_mut(filled..).unwrap_or_default();
        let read = match input.read(room) {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            read => read?,
        };
        stream.counts.bytes += read as u64;
        filled += read;
        let held = buffer.get(..filled).unwrap_or_default();
        if read == 0 {
            stream.rest(held)?;
            stream.output.flush()?;
            return Ok(stream.counts);
        }
        let used = stream.take(held, filled == buffer.len())?;
        buffer.copy_within(used..filled, 0);
        filled -= used;
        // Whoever follows a log sees its lines as they come.
        stream.output.flush()?;
    }
}

struct Stream<'w, W> {
    output: W,
    who: &'w mut dyn Who,
    counts: Counts,
    added: Added,
    journal: Journal,
    /// Bytes that are content of a field, whatever they look like.
    raw: u64,
    /// Whether the beginning of this line has passed already.
    is_inside: bool,
}

impl<W: Write> Stream<'_, W> {
    /// Takes the whole lines of what is held, and says how many bytes that was. Of a line that fills the buffer, all.
    fn take(&mut self, held: &[u8], is_full: bool) -> io::Result<usize> {
        let mut at = 0;
        // Everything before has been written.
        let mut written = 0;
        loop {
            let ahead = held.get(at..).unwrap_or_default();
            if self.raw > 0 {
                let some = usize::try_from(self.raw).unwrap_or(usize::MAX).min(ahead.len());
                self.raw -= some as u64;
                at += some;
                if self.raw > 0 {
                    break;
                }
                continue;
            }
            let Some(length) = memchr(b'\n', ahead) else { break };
            let line = ahead.get(..length).unwrap_or_default();
            let end = at + length + 1;
            if !std::mem::take(&mut self.is_inside) {
                match self.journal.wants(line, held.get(end..).unwrap_or_default()) {
                    // Its length has not come yet.
                    journal::Next::More if !is_full || at > 0 => break,
                    journal::Next::Raw(bytes) => self.raw = bytes,
                    _ => self.line(line, held, at, &mut written)?,
                }
            }
            self.counts.lines += 1;
            at = end;
        }
        if is_full && at == 0 {
            self.is_inside = true;
            at = held.len();
        }
        self.output.write_all(held.get(written..at).unwrap_or_default())?;
        Ok(at)
    }

    fn line(&mut self, line: &[u8], held: &[u8], at: usize, written: &mut usize) -> io::Result<()> {
        self.added.clear();
        if self.journal.is_open() {
            self.journal.line(line, self.who, &mut self.added);
        } else if line.first() == Some(&b'{') {
            json::line(line, self.who, &mut self.added);
        } else {
            text::line(line, self.who, &mut self.added);
        }
        let mut from = 0;
        for (offset, to) in &self.added.cuts {
            let before = held.get(*written..at + offset).unwrap_or_default();
            self.output.write_all(before)?;
            self.output.write_all(self.added.text.get(from..*to).unwrap_or_default())?;
            *written += before.len();
            from = *to;
        }
        self.counts.annotated += u64::from(!self.added.cuts.is_empty());
        Ok(())
    }

    /// What has no end of a line is a cut one: a number in it may be half of one.
    fn rest(&mut self, held: &[u8]) -> io::Result<()> {
        self.counts.lines += u64::from(!held.is_empty() || self.is_inside);
        self.output.write_all(held)
    }
}

#[cfg(test)]
mod tests;

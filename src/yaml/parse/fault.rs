//! What is no YAML for Compose's reader, before it is put into words.

use super::scan::Style;

/// What is wrong, and the byte at which it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub wrong: Wrong,
    pub at: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wrong {
    /// A tab that would be indentation.
    Tab,
    /// A character that begins nothing.
    Start,
    /// Something that can only be a key has no colon.
    NoColon,
    /// `- `, `? ` or `: ` in the middle of something else.
    EntryHere,
    KeyHere,
    ValueHere,
    /// Of an anchor or an alias.
    Name,
    Tag,
    /// A tag's `!handle!` that nothing defines.
    Handle,
    Directive,
    /// A directive that is there a second time.
    Twice,
    Version,
    BlockHeader,
    /// A quote without its end; `start` is the quote.
    OpenQuote {
        start: usize,
    },
    Escape {
        start: usize,
    },
    /// An escape for what is no character.
    Code,
    /// A value was expected.
    NoContent,
    /// A block of keys, or of `- `, goes on with something else.
    NoKey,
    NoEntry,
    /// Text directly behind a quoted one.
    AfterQuote {
        style: Style,
    },
    /// A list or mapping in brackets, opened at `open`, goes on with something else.
    FlowSeq {
        open: usize,
    },
    FlowMap {
        open: usize,
    },
    NoDocumentStart,
}

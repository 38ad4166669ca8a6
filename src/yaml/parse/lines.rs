//! Line numbers for messages, found without counting from the start each time.

use std::sync::OnceLock;

pub(super) struct Lines<'t> {
    text: &'t str,
    starts: OnceLock<Vec<usize>>,
}

impl<'t> Lines<'t> {
    pub fn new(text: &'t str) -> Self {
        Self { text, starts: OnceLock::new() }
    }

    /// From 1.
    pub fn number(&self, offset: usize) -> usize {
        let starts =
            self.starts.get_or_init(|| self.text.match_indices('\n').map(|(at, _)| at + 1).collect());
        starts.partition_point(|start| *start <= offset) + 1
    }
}

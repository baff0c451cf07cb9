//! Where spans are kept beside the memory.

use crate::model::Span;

/// Keeps spans across restarts. Both calls come while the store is locked, so they must not block.
pub(crate) trait Journal: Send {
    /// Keeps spans with consecutive rows. Returns how many of them it cannot keep.
    fn append(&mut self, first_row: u64, spans: Vec<Span>) -> usize;

    /// The number of spans that wait to be written.
    fn queued(&self) -> usize;

    /// Drops all spans before a row.
    fn forget(&mut self, before_row: u64);
}

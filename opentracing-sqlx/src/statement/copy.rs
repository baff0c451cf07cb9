//! What the span of a `COPY` counts, and how it ends.

use std::task::Poll;

use crate::decorator::StatementFailure;
use crate::statement::span::StatementSpan;

impl StatementSpan {
    /// Adds bytes that were sent or received.
    pub(crate) fn count_copied(&mut self, bytes: usize) {
        if let Some(copied) = &mut self.copied {
            *copied += bytes;
        }
    }

    /// Notes that the number of bytes is unknown.
    pub(crate) fn forget_copied(&mut self) {
        self.copied = None;
    }

    /// Sets the number of rows that were stored.
    pub(crate) fn set_affected(&mut self, rows: u64) {
        self.rows.affected = Some(rows);
    }

    /// Finishes the span of a copy that the caller ended early.
    pub(crate) fn abort(&mut self, message: &'static str) {
        self.end_as("aborted", message, &StatementFailure::Aborted);
    }

    /// Polls a part of the work with the span active.
    pub(crate) fn poll<T>(&mut self, poll: impl FnOnce() -> Poll<T>) -> Poll<T> {
        let _scope = self.span.activate_borrowed();
        poll()
    }
}

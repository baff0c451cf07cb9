//! What waits to be sent.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::batch::{Encoded, End};

/// Batches in the order in which their spans came. The last one is open: spans are encoded straight into it.
#[derive(Debug, Default)]
pub(crate) struct Backlog {
    closed: VecDeque<Encoded>,
    open: Encoded,
    open_entries: usize,
    closed_bytes: usize,
}

impl Backlog {
    /// All batches to come are of that process.
    pub(crate) fn set_process(&mut self, process: Arc<[u8]>) {
        self.open.process = process;
    }

    /// Bytes of all spans that wait.
    pub(crate) fn bytes(&self) -> usize {
        self.closed_bytes + self.open.bytes.len()
    }

    /// Where the next span is encoded to.
    pub(crate) fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.open.bytes
    }

    /// Takes in what was written to the buffer from `start` on. Where it does not fit into the request with those before, a new batch
    /// begins with it.
    pub(crate) fn commit(&mut self, start: usize, entries: usize, max_bytes: usize, max_entries: usize) {
        let over = self.open.bytes.len() > max_bytes || self.open_entries + entries > max_entries;
        if over && start > 0 {
            let bytes = self.open.bytes.split_off(start);
            self.close();
            self.open.bytes = bytes;
        }
        self.open.ends.push(End { at: self.open.bytes.len(), entries });
        self.open_entries += entries;
    }

    /// Forgets what was written to the buffer from `start` on.
    pub(crate) fn discard(&mut self, start: usize) {
        self.open.bytes.truncate(start);
    }

    /// Whether a batch is as full as a request may be.
    pub(crate) fn has_full(&self) -> bool {
        !self.closed.is_empty()
    }

    /// The next batch, also one that is not full.
    pub(crate) fn pop(&mut self) -> Option<Encoded> {
        if self.closed.is_empty() && self.open.len() > 0 {
            self.close();
        }
        let batch = self.closed.pop_front()?;
        self.closed_bytes -= batch.bytes.len();
        Some(batch)
    }

    /// Puts a batch, or the rest of one, back where it was.
    pub(crate) fn push_front(&mut self, batch: Encoded) {
        self.closed_bytes += batch.bytes.len();
        self.closed.push_front(batch);
    }

    fn close(&mut self) {
        let next = Encoded::new(self.open.process.clone());
        let batch = std::mem::replace(&mut self.open, next);
        self.open_entries = 0;
        self.closed_bytes += batch.bytes.len();
        self.closed.push_back(batch);
    }
}

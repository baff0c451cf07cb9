//! The batches that wait in memory.

use std::collections::VecDeque;
use std::sync::Arc;

use super::encoded::{EncodedBatch, SpanEnd};

/// Batches in the order in which their spans finished. The last one is open: spans are encoded straight into it.
#[derive(Debug, Default)]
pub(crate) struct BatchQueue {
    closed: VecDeque<EncodedBatch>,
    open: EncodedBatch,
    open_entries: usize,
    closed_bytes: usize,
}

impl BatchQueue {
    /// Sets the process of all batches to come.
    pub(crate) fn set_process(&mut self, process: Arc<[u8]>) {
        self.open.process = process;
    }

    /// The size of all waiting spans.
    pub(crate) fn bytes(&self) -> usize {
        self.closed_bytes + self.open.bytes.len()
    }

    /// The buffer into which the next span is encoded.
    pub(crate) fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.open.bytes
    }

    /// Adds the span that was written to the buffer from `start` on. If it does not fit into the open batch, it starts a new one.
    pub(crate) fn commit(&mut self, start: usize, entries: usize, max_bytes: usize, max_entries: usize) {
        let is_over = self.open.bytes.len() > max_bytes || self.open_entries + entries > max_entries;
        if is_over && start > 0 {
            let bytes = self.open.bytes.split_off(start);
            self.close();
            self.open.bytes = bytes;
        }
        self.open.ends.push(SpanEnd { at: self.open.bytes.len(), entries });
        self.open_entries += entries;
    }

    /// Discards the span that was written to the buffer from `start` on.
    pub(crate) fn discard(&mut self, start: usize) {
        self.open.bytes.truncate(start);
    }

    /// Whether there is a batch as large as a request may be.
    pub(crate) fn has_full(&self) -> bool {
        !self.closed.is_empty()
    }

    /// The next batch, even if it is not full.
    pub(crate) fn pop(&mut self) -> Option<EncodedBatch> {
        if self.closed.is_empty() && self.open.len() > 0 {
            self.close();
        }
        let batch = self.closed.pop_front()?;
        self.closed_bytes -= batch.bytes.len();
        Some(batch)
    }

    /// Puts a batch, or the rest of one, back to the front.
    pub(crate) fn push_front(&mut self, batch: EncodedBatch) {
        self.closed_bytes += batch.bytes.len();
        self.closed.push_front(batch);
    }

    fn close(&mut self) {
        let next = EncodedBatch::new(self.open.process.clone());
        let batch = std::mem::replace(&mut self.open, next);
        self.open_entries = 0;
        self.closed_bytes += batch.bytes.len();
        self.closed.push_back(batch);
    }
}

//! The exporter's state, and how spans enter it.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use opentracing_core::{FinishedSpan, TransportStats};

use super::request::Request;
use super::request_size::RequestSize;
use super::settings::Settings;
use super::spooling::Spooling;
use crate::batch::{BatchQueue, Detail, Encoding};
use crate::connection::Channel;
use crate::retry::{Backoff, Pace};
use crate::transport::TransportCheck;

/// A transport made of an encoding and a channel. Requests leave one at a time, in the order in which their spans finished.
///
/// A batch that is retried stays at the front, unless others are accepted meanwhile (see [`aside`](super::aside)). The spans that finish meanwhile wait in memory, bounded by the reporter's queue and
/// [`Settings::max_queue_bytes`], or go to the spool if there is one (see [`Spooling`]).
pub(crate) struct Exporter<E, C> {
    pub(crate) encoding: E,
    pub(crate) channel: C,
    pub(crate) settings: Settings,
    pub(super) queue: BatchQueue,
    pub(super) request: Option<Request>,
    /// Requests that keep failing while others are sent.
    pub(super) aside: VecDeque<Request>,
    /// The number of accepted requests.
    pub(super) accepted: u64,
    pub(super) spooling: Option<Spooling>,
    pub(super) backoff: Backoff,
    pub(super) request_size: RequestSize,
    pub(crate) pace: Pace,
    has_process: bool,
    process_bytes: usize,
    /// Spans that were added and are neither sent, dropped nor spooled.
    pub(super) pending: usize,
    /// Spans dropped on `add`, because of their size, that no `send` has reported yet.
    pub(super) unreported_oversized: usize,
    /// Spans dropped on `add`, because too many bytes were waiting, that no `send` has reported yet.
    pub(super) unreported_over_limit: usize,
    pub(super) stats: TransportStats,
}

impl<E: Encoding, C: Channel> Exporter<E, C> {
    pub(crate) fn new(encoding: E, channel: C) -> Self {
        Exporter {
            encoding,
            channel,
            settings: Settings::default(),
            queue: BatchQueue::default(),
            request: None,
            aside: VecDeque::new(),
            accepted: 0,
            spooling: None,
            backoff: Backoff::new(),
            request_size: RequestSize::unlimited(),
            pace: Pace::default(),
            has_process: false,
            process_bytes: 0,
            pending: 0,
            unreported_oversized: 0,
            unreported_over_limit: 0,
            stats: TransportStats::default(),
        }
    }

    /// Encodes a span into the queue. A span that does not fit is encoded again with less detail.
    pub(crate) fn add(&mut self, span: FinishedSpan<'_>) {
        if !self.has_process {
            let mut process = Vec::new();
            self.encoding.process(span.process(), &mut process);
            self.process_bytes = process.len();
            self.queue.set_process(Arc::from(process));
            self.has_process = true;
        }
        self.pending += 1;
        let limits = self.encoding.limits();
        let max_bytes = limits.bytes.saturating_sub(self.process_bytes).min(self.request_size.limit());
        let max_span = limits.span_bytes.min(limits.bytes.saturating_sub(self.process_bytes));
        let waiting = self.queue.bytes() + self.aside_bytes();
        let buffer = self.queue.buffer();
        let start = buffer.len();
        let mut entries = self.encoding.span(span, Detail::Full, buffer);
        if buffer.len() - start > max_span || entries > limits.entries {
            buffer.truncate(start);
            entries = self.encoding.span(span, Detail::Reduced, buffer);
        }
        let size = buffer.len() - start;
        if entries == 0 {
            self.queue.discard(start);
            self.pending -= 1;
        } else if size > max_span || entries > limits.entries {
            self.queue.discard(start);
            self.unreported_oversized += 1;
        } else if waiting + size > self.settings.max_queue_bytes {
            self.queue.discard(start);
            self.unreported_over_limit += 1;
        } else {
            self.note_queued(start);
            self.queue.commit(start, entries, max_bytes, limits.entries);
        }
    }

    pub(crate) fn pending(&self) -> usize {
        self.pending
    }

    pub(crate) fn check(&self) -> TransportCheck {
        self.channel.check(self.encoding.without_spans(), self.encoding.content_type())
    }

    pub(crate) fn stats(&self) -> TransportStats {
        let mut stats = self.stats.clone();
        self.spool_stats(&mut stats);
        stats
    }
}

impl<E, C: fmt::Debug> fmt::Debug for Exporter<E, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exporter")
            .field("channel", &self.channel)
            .field("settings", &self.settings)
            .field("pending", &self.pending)
            .finish_non_exhaustive()
    }
}

//! The counters of a transport.

use std::sync::Arc;
use std::time::Duration;

use crate::stats::histogram::DEFAULT_BOUNDS;

/// The counters of one transport. A transport without a network leaves most of them at zero.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct TransportStats {
    /// The name of the transport, such as `otlp`.
    pub name: &'static str,
    /// Spans that the backend accepted, or that were written.
    pub sent: u64,
    /// Spans dropped because the queue was full.
    pub dropped_queue_full: u64,
    /// Spans dropped because sending failed.
    pub dropped_failed: u64,
    /// Of [`dropped_failed`](TransportStats::dropped_failed): larger than the backend accepts.
    pub oversized: u64,
    /// Of [`dropped_failed`](TransportStats::dropped_failed): rejected by the backend.
    pub rejected: u64,
    /// Of [`dropped_failed`](TransportStats::dropped_failed): all retries failed.
    pub retries_exhausted: u64,
    /// Spans that are queued or in flight now.
    pub queued: u64,
    /// Spans in the spool on disk now, neither sent nor dropped. Some may be of an earlier process.
    pub spooled: u64,
    /// Spans that an earlier process left in the spool and this one has sent. No other counter includes them.
    pub recovered_sent: u64,
    /// Spans that an earlier process left in the spool and this one has dropped. No other counter includes them.
    pub recovered_dropped: u64,
    /// Requests that succeeded, or datagrams that were sent.
    pub requests: u64,
    /// Attempts that failed, for any reason.
    pub failed_requests: u64,
    /// Retries after a failed attempt.
    pub retries: u64,
    /// Bytes of the request bodies of all attempts, after compression.
    pub bytes: u64,
    /// Durations of the requests that succeeded.
    pub latency: Latency,
    /// The last error of an attempt, or the last reason why spans were dropped, as text for people. It stays after later successes.
    pub last_error: Option<Arc<str>>,
}

/// A histogram of durations with fixed bounds, from 5 milliseconds to 10 seconds.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Latency {
    /// Not cumulative; the last one is for all beyond the last bound.
    pub(super) counts: [u64; DEFAULT_BOUNDS.len() + 1],
    pub(super) sum: Duration,
}

impl Latency {
    /// Adds one duration.
    pub fn record(&mut self, took: Duration) {
        let bucket = DEFAULT_BOUNDS.iter().take_while(|bound| took > **bound).count();
        self.counts[bucket] += 1;
        self.sum = self.sum.saturating_add(took);
    }

    /// The number of durations.
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// The sum of all durations.
    pub fn sum(&self) -> Duration {
        self.sum
    }

    /// For each bound, the number of durations up to it. Durations beyond the last bound are only part of [`count`](Latency::count).
    pub fn cumulative(&self) -> impl Iterator<Item = (Duration, u64)> {
        DEFAULT_BOUNDS.iter().zip(self.counts).scan(0, |sum, (bound, count)| {
            *sum += count;
            Some((*bound, *sum))
        })
    }
}

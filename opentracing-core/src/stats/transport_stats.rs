//! What a transport did.

use std::sync::Arc;
use std::time::Duration;

use crate::stats::histogram::DEFAULT_BOUNDS;

/// What became of the spans of one transport, and what that took. A transport that does not talk to a network leaves most of it at zero.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct TransportStats {
    /// What the transport calls itself, `otlp` for example.
    pub name: &'static str,
    /// Spans that the other side accepted, or that were written.
    pub sent: u64,
    /// Spans lost because too many were waiting.
    pub dropped_queue_full: u64,
    /// Spans lost because they could not be sent.
    pub dropped_failed: u64,
    /// Of [`dropped_failed`](TransportStats::dropped_failed): larger than the other side takes them.
    pub oversized: u64,
    /// Of [`dropped_failed`](TransportStats::dropped_failed): refused by the other side.
    pub rejected: u64,
    /// Of [`dropped_failed`](TransportStats::dropped_failed): tried for as long as the transport tries, in vain.
    pub retries_exhausted: u64,
    /// Spans that wait or are under way at the moment.
    pub queued: u64,
    /// Spans that wait on a disk at the moment, where they outlive the process: neither sent nor lost. Some may be an earlier process's.
    pub spooled: u64,
    /// Spans that an earlier process left on the disk and that the other side accepted from this one. They are in no other number.
    pub recovered_sent: u64,
    /// Spans that an earlier process left on the disk and that were lost in this one. They are in no other number.
    pub recovered_dropped: u64,
    /// Requests that were answered with success, or datagrams that were sent.
    pub requests: u64,
    /// Attempts at a request that failed, in whichever way.
    pub failed_requests: u64,
    /// Requests that were made again because an attempt failed.
    pub retries: u64,
    /// Bytes of the bodies of all attempts, after compression.
    pub bytes: u64,
    /// How long answers took, of requests that were answered with success.
    pub latency: Latency,
    /// Why an attempt failed or spans were lost last, in words for a human; stays when things go well again. `None` if that never
    /// happened, or if nobody said why.
    pub last_error: Option<Arc<str>>,
}

/// How often something took how long: a histogram with fixed bounds, from 5 milliseconds to 10 seconds.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Latency {
    /// Not cumulative; the last one is for all beyond the last bound.
    counts: [u64; DEFAULT_BOUNDS.len() + 1],
    sum: Duration,
}

impl Latency {
    /// Counts one that took that long.
    pub fn record(&mut self, took: Duration) {
        let bucket = DEFAULT_BOUNDS.iter().take_while(|bound| took > **bound).count();
        self.counts[bucket] += 1;
        self.sum = self.sum.saturating_add(took);
    }

    /// How many there were.
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// How long they took together.
    pub fn sum(&self) -> Duration {
        self.sum
    }

    /// For each bound, how many took that long or less. Those beyond the last bound are in [`count`](Latency::count) alone.
    pub fn cumulative(&self) -> impl Iterator<Item = (Duration, u64)> {
        DEFAULT_BOUNDS.iter().zip(self.counts).scan(0, |sum, (bound, count)| {
            *sum += count;
            Some((*bound, *sum))
        })
    }
}

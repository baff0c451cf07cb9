//! What the store counts.

/// What became of a batch of spans.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Inserted {
    /// Spans that are kept.
    pub accepted: usize,
    /// Spans that the store had already, with the same content: a sender repeated a request. They count as success.
    pub repeated: usize,
    /// Spans without a valid trace id or span id.
    pub rejected: usize,
}

/// The size and the counters of a [`Store`](crate::Store).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoreStats {
    /// The bytes of all buffers.
    pub bytes: usize,
    /// The bound of `bytes`.
    pub max_bytes: usize,
    /// The spans in the store.
    pub spans: usize,
    /// The traces in the store.
    pub traces: usize,
    /// The traces in the store that have lost their oldest spans to the bound.
    pub partial_traces: usize,
    /// The earliest start of a span in nanoseconds since the Unix epoch; zero without spans.
    pub oldest_unix_ns: u64,
    /// Spans accepted since the start.
    pub accepted: u64,
    /// Spans that came twice.
    pub repeated: u64,
    /// Spans without a valid id.
    pub rejected: u64,
    /// Spans dropped to stay within the bound, the oldest first.
    pub evicted: u64,
    /// Spans whose tags, logs or links were cut to 64 KiB.
    pub cut: u64,
    /// Spans that were not written to the file, because the disk was too slow or failed.
    pub not_stored: u64,
    /// Spans that wait to be written to the file.
    pub queued: usize,
    /// Whether spans are kept in a file across restarts.
    pub has_file: bool,
}

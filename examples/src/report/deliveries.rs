//! How many spans each destination received.

use std::fmt;
use std::sync::Arc;

use opentracing_core::TransportStats;

/// How many spans each destination received and lost, as text.
#[derive(Clone, Debug)]
#[must_use = "`Display` writes the text"]
pub struct Deliveries {
    rows: Vec<Row>,
}

#[derive(Clone, Debug, Default)]
struct Row {
    destination: String,
    sent: u64,
    /// Still queued when the statistics were read.
    queued: u64,
    queue_full: u64,
    oversized: u64,
    rejected: u64,
    /// Not sent in time.
    failed: u64,
    last_error: Option<Arc<str>>,
}

impl Deliveries {
    pub(super) fn new<'a, T>(destinations: impl Iterator<Item = (String, T)>) -> Self
    where
        T: Iterator<Item = &'a TransportStats>,
    {
        let rows = destinations.map(|(destination, transports)| {
            transports.fold(Row { destination, ..Row::default() }, |row, transport| row.add(transport))
        });
        Deliveries { rows: rows.collect() }
    }
}

impl Row {
    fn add(self, stats: &TransportStats) -> Row {
        let counted_elsewhere = stats.oversized + stats.rejected;
        Row {
            destination: self.destination,
            sent: self.sent + stats.sent,
            queued: self.queued + stats.queued,
            queue_full: self.queue_full + stats.dropped_queue_full,
            oversized: self.oversized + stats.oversized,
            rejected: self.rejected + stats.rejected,
            failed: self.failed + stats.dropped_failed.saturating_sub(counted_elsewhere),
            last_error: stats.last_error.clone().or(self.last_error),
        }
    }
}

impl fmt::Display for Deliveries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.rows.iter().try_for_each(|row| writeln!(f, "  {row}"))
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} sent", self.destination, self.sent)?;
        let lost = [
            (self.queue_full, "lost (queue full)"),
            (self.oversized, "lost (too large)"),
            (self.rejected, "lost (rejected)"),
            (self.failed, "lost (not sent in time)"),
            (self.queued, "queued"),
        ];
        for (spans, what) in lost.iter().filter(|(spans, _)| *spans > 0) {
            write!(f, ", {spans} {what}")?;
        }
        // The error text of a server must not break the line.
        self.last_error.as_deref().map_or(Ok(()), |error| write!(f, ": {}", error.escape_debug()))
    }
}

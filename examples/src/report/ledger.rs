//! What became of the spans in each place.

use std::fmt;
use std::sync::Arc;

use opentracing_core::TransportStats;

/// What each place got and did not get, in lines for a human.
#[derive(Clone, Debug)]
#[must_use = "the lines are written by `Display`"]
pub struct Ledger {
    rows: Vec<Row>,
}

#[derive(Clone, Debug, Default)]
struct Row {
    place: String,
    sent: u64,
    /// Still waiting when the numbers were taken.
    waiting: u64,
    crowded_out: u64,
    oversized: u64,
    rejected: u64,
    /// Never sent: the other side did not answer for too long.
    unsent: u64,
    last_error: Option<Arc<str>>,
}

impl Ledger {
    pub(super) fn new<'a, T>(places: impl Iterator<Item = (String, T)>) -> Self
    where
        T: Iterator<Item = &'a TransportStats>,
    {
        let rows = places.map(|(place, transports)| {
            transports.fold(Row { place, ..Row::default() }, |row, transport| row.and(transport))
        });
        Ledger { rows: rows.collect() }
    }
}

impl Row {
    fn and(self, stats: &TransportStats) -> Row {
        let told = stats.oversized + stats.rejected;
        Row {
            place: self.place,
            sent: self.sent + stats.sent,
            waiting: self.waiting + stats.queued,
            crowded_out: self.crowded_out + stats.dropped_queue_full,
            oversized: self.oversized + stats.oversized,
            rejected: self.rejected + stats.rejected,
            unsent: self.unsent + stats.dropped_failed.saturating_sub(told),
            last_error: stats.last_error.clone().or(self.last_error),
        }
    }
}

impl fmt::Display for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.rows.iter().try_for_each(|row| writeln!(f, "  {row}"))
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} sent", self.place, self.sent)?;
        let lost = [
            (self.crowded_out, "lost for want of room"),
            (self.oversized, "lost, too large"),
            (self.rejected, "lost, refused"),
            (self.unsent, "lost, not sent in time"),
            (self.waiting, "waiting"),
        ];
        for (spans, what) in lost.iter().filter(|(spans, _)| *spans > 0) {
            write!(f, ", {spans} {what}")?;
        }
        // What a server said makes no lines of its own.
        self.last_error.as_deref().map_or(Ok(()), |error| write!(f, " ({})", error.escape_debug()))
    }
}

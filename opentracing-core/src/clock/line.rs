//! Time as a piecewise linear function of ticks.

use crate::clock::rate::{DRIFT, JUMP_NS, Mark};

/// Follows a clock from reading to reading. A tick always converts to the same time: a reading changes the line only after the last tick
/// that may have been converted. So a span that is drained now keeps its order with its parent, which may be drained an hour later.
///
/// A change of slope corrects small differences between line and clock, so that the line has no gaps. The line jumps where the clock was set
/// or the counter stopped.
pub(crate) struct Line {
    last: Piece,
    /// The earlier pieces, oldest first.
    past: Vec<Piece>,
    /// The tick at which the last piece meets the clock again, if it corrects a difference.
    level_at: Option<u64>,
}

#[derive(Clone, Copy)]
struct Piece {
    from: u64,
    ns: u64,
    ns_per_tick: f64,
    /// The piece does not begin where the one before it ends.
    jumps: bool,
}

/// Smaller differences are not corrected, since readings are no more accurate.
const SLACK_NS: f64 = 500.0;
/// A difference is corrected over at least this time.
const LEVEL_NS: f64 = 250_000_000.0;
/// The maximum number of pieces, 32 KiB. When it is reached, up to a quarter of the pieces are joined with their neighbours.
const PIECES: usize = 1024;

impl Line {
    /// A line without a slope, until the first [`follow`](Line::follow).
    pub(crate) fn new(mark: Mark) -> Self {
        let last = Piece { from: mark.ticks, ns: mark.ns, ns_per_tick: 0.0, jumps: false };
        Line { last, past: Vec::new(), level_at: None }
    }

    #[inline]
    pub(crate) fn at(&self, ticks: u64) -> u64 {
        if ticks >= self.last.from { self.last.at(ticks) } else { self.at_past(ticks) }
    }

    #[inline]
    pub(crate) fn between(&self, start: u64, end: u64) -> u64 {
        if start >= self.last.from {
            (end.saturating_sub(start) as f64 * self.last.ns_per_tick) as u64
        } else {
            self.at(end).saturating_sub(self.at(start))
        }
    }

    #[inline(never)]
    fn at_past(&self, ticks: u64) -> u64 {
        let behind = self.past.partition_point(|piece| piece.from <= ticks);
        self.past.get(behind.saturating_sub(1)).unwrap_or(&self.last).at(ticks)
    }

    /// Corrects the line by a reading. `converted` is the last tick that may have been converted.
    pub(crate) fn follow(&mut self, mark: Mark, ns_per_tick: f64, width_ns: f64, converted: u64) {
        if self.last.ns_per_tick == 0.0 {
            self.last.ns_per_tick = ns_per_tick;
        }
        let off = difference(mark.ns, self.at(mark.ticks)).abs();
        let slack_ns = width_ns.max(SLACK_NS);
        let left_alone = if self.is_levelling(mark.ticks) { JUMP_NS } else { slack_ns };
        if off <= left_alone && self.level_at.is_none_or(|level_at| mark.ticks < level_at) {
            return;
        }
        let gap_ns = mark.ticks.saturating_sub(converted) as f64 * ns_per_tick;
        let (clock_ns, converted_ns) = (mark.ns.saturating_sub(gap_ns as u64), self.at(converted));
        let off = difference(clock_ns, converted_ns);
        let next = Piece { from: converted, ns: converted_ns, ns_per_tick, jumps: false };
        self.level_at = None;
        if off.abs() > JUMP_NS + gap_ns * DRIFT {
            self.push(Piece { ns: clock_ns, jumps: true, ..next });
        } else if off.abs() <= slack_ns {
            self.push(next);
        } else {
            let over_ns = gap_ns.max(LEVEL_NS);
            self.level_at = Some(converted + (over_ns / ns_per_tick) as u64);
            self.push(Piece { ns_per_tick: ns_per_tick * (1.0 + off / over_ns), ..next });
        }
    }

    fn is_levelling(&self, ticks: u64) -> bool {
        self.level_at.is_some_and(|level_at| ticks < level_at)
    }

    fn push(&mut self, piece: Piece) {
        if piece.from <= self.last.from {
            self.last = Piece { jumps: self.last.jumps || piece.jumps, ..piece };
            return;
        }
        if self.past.len() == PIECES {
            self.thin_out();
        }
        self.past.push(std::mem::replace(&mut self.last, piece));
    }

    /// Joins pieces with the ones before them where this changes the line least. Jumps stay.
    #[cold]
    fn thin_out(&mut self) {
        let mut removable: Vec<(f64, usize)> = (1..self.past.len().saturating_sub(1))
            .filter(|&index| !self.past[index].jumps)
            .map(|index| (self.joined(index - 1, index).1, index))
            .collect();
        removable.sort_by(|a, b| a.0.total_cmp(&b.0));
        removable.truncate(PIECES / 4);
        if removable.is_empty() {
            self.past.drain(..PIECES / 4);
            return;
        }
        removable.sort_by_key(|(_, index)| *index);
        // From the back, so that the indices in front stay valid. Of two neighbours only one is joined.
        let mut moved = usize::MAX;
        for (_, index) in removable.into_iter().rev() {
            if index + 1 != moved {
                self.past[index - 1] = self.joined(index - 1, index).0;
                self.past.remove(index);
                moved = index;
            }
        }
    }

    /// Joins two neighbours. Returns the new piece and its error at the point where they met.
    fn joined(&self, first: usize, second: usize) -> (Piece, f64) {
        let (start, middle) = (self.past[first], self.past[second]);
        let end = self.past.get(second + 1).unwrap_or(&self.last).from;
        let ns_per_tick = difference(middle.at(end), start.ns) / (end - start.from) as f64;
        let joined = Piece { ns_per_tick, ..start };
        (joined, difference(joined.at(middle.from), middle.ns).abs())
    }
}

impl Piece {
    #[inline]
    fn at(&self, ticks: u64) -> u64 {
        let since = ticks.wrapping_sub(self.from) as i64;
        self.ns.saturating_add_signed((since as f64 * self.ns_per_tick) as i64)
    }
}

fn difference(a: u64, b: u64) -> f64 {
    a.wrapping_sub(b) as i64 as f64
}

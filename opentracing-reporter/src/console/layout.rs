//! The widths of the parts of a line.

use super::bar::Axis;

/// Blank columns between two parts.
pub(super) const GAP: usize = 2;
/// Deeper levels do not widen the column of the names.
pub(super) const LEVELS: usize = 16;
/// The width of one level of the tree.
pub(super) const LEVEL: usize = 3;
/// The maximum widths of a service and of a peer.
const SERVICE: usize = 16;
const PEER: usize = 20;
/// The minimum width of an operation name before other parts are omitted.
const NAME: usize = 24;
/// The minimum widths of service and status.
const TIGHT_SERVICE: usize = 8;
const TIGHT_STATUS: usize = 5;
/// The minimum and maximum width of the bar, and its width before it is omitted.
const BAR: (usize, usize) = (16, 60);
const SHORT_BAR: usize = 8;

/// The widths that the parts of one line need.
#[derive(Clone, Copy, Debug)]
pub(super) struct Widths {
    pub(super) service: usize,
    pub(super) name: usize,
    pub(super) kind: usize,
    pub(super) status: usize,
    pub(super) peer: usize,
    pub(super) duration: usize,
}

/// The widths of the parts of a line, from left to right. Zero omits a part.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Layout {
    pub(super) service: usize,
    pub(super) name: usize,
    pub(super) kind: usize,
    pub(super) status: usize,
    pub(super) peer: usize,
    pub(super) duration: usize,
    pub(super) bar: usize,
    /// The names do not fit as a whole.
    is_cut: bool,
}

impl Layout {
    /// The widths that the rows need, if the line is wide enough. Otherwise names are truncated, then kind, peer and bar are omitted, in
    /// this order, and finally services and statuses are truncated.
    pub(super) fn of(rows: &[Widths], columns: usize) -> Layout {
        let widest = |width: fn(&Widths) -> usize| rows.iter().map(width).max().unwrap_or(0);
        let full = Layout {
            service: widest(|row| row.service).min(SERVICE),
            name: widest(|row| row.name),
            kind: widest(|row| row.kind),
            status: widest(|row| row.status),
            peer: widest(|row| row.peer).min(PEER),
            duration: widest(|row| row.duration),
            bar: BAR.0,
            is_cut: false,
        };
        let without_kind = Layout { kind: 0, ..full };
        let without_peer = Layout { peer: 0, ..without_kind };
        let short = Layout { bar: SHORT_BAR, ..without_peer };
        let bare = Layout { bar: 0, ..short };
        let tight = Layout { service: bare.service.min(TIGHT_SERVICE), status: bare.status.min(TIGHT_STATUS), ..bare };
        let fits = |choice: &Layout| choice.total() - choice.name + choice.name.min(NAME) <= columns;
        let mut layout = [full, without_kind, without_peer, short, bare].into_iter().find(fits).unwrap_or(tight);
        let over = layout.total().saturating_sub(columns);
        layout.name -= over.min(layout.name.saturating_sub(1));
        layout.is_cut = over > 0;
        if layout.bar > 0 {
            layout.bar = (layout.bar + columns.saturating_sub(layout.total())).min(BAR.1);
        }
        layout
    }

    /// The maximum number of tree levels that are drawn. Levels give way to names only if there is not room for both.
    pub(super) fn levels(&self) -> usize {
        if self.is_cut { (self.name / 2 / LEVEL).max(1) } else { LEVELS }
    }

    pub(super) fn axis(&self, start_ns: u64, length_ns: u64) -> Axis {
        Axis { start_ns, length_ns, columns: self.bar }
    }

    fn total(&self) -> usize {
        let parts = [self.service, self.name, self.kind, self.status, self.peer, self.duration, self.bar];
        let there = parts.iter().filter(|part| **part > 0);
        parts.iter().sum::<usize>() + there.count().saturating_sub(1) * GAP
    }
}

//! A trace with everything that its page shows.

use crate::analysis::{Group, Section, Shift, Tree, clock_skew, critical_path, like_siblings, self_times};
use crate::model::Span;
use crate::pages::nodes::node;
use crate::store::Trace;

/// A trace and what was computed from it.
pub(super) struct View {
    pub(super) trace: Trace,
    pub(super) tree: Tree,
    /// The self time of each row in nanoseconds.
    pub(super) self_ns: Vec<u64>,
    pub(super) path: Vec<Section>,
    pub(super) groups: Vec<Group>,
    /// The rows whose clock seems to differ. They have been moved if [`is_adjusted`](View::is_adjusted).
    pub(super) shifts: Vec<Shift>,
    pub(super) is_adjusted: bool,
    /// The first start and the last end.
    pub(super) bounds: (u64, u64),
}

impl View {
    pub(super) fn new(trace: Trace, adjust_clocks: bool) -> View {
        let mut nodes: Vec<_> = trace.spans.iter().map(node).collect();
        let mut tree = Tree::new(&nodes);
        let mut shifts = clock_skew(&nodes, &tree);
        let is_adjusted = adjust_clocks && !shifts.is_empty();
        if is_adjusted {
            let moved: Vec<(usize, i64)> =
                shifts.iter().map(|shift| (tree.rows()[shift.row].node, shift.by_ns)).collect();
            for (at, by_ns) in &moved {
                nodes[*at].start_ns = nodes[*at].start_ns.saturating_add_signed(*by_ns);
            }
            // Siblings may have changed places.
            tree = Tree::new(&nodes);
            let by_node: std::collections::HashMap<usize, i64> = moved.into_iter().collect();
            let shift = |(row, at): (usize, &crate::analysis::Row)| {
                by_node.get(&at.node).map(|by_ns| Shift { row, by_ns: *by_ns })
            };
            shifts = tree.rows().iter().enumerate().filter_map(shift).collect();
        }
        let groups = like_siblings(&nodes, &tree);
        drop(nodes);
        let (self_ns, path, bounds) = (self_times(&tree), critical_path(&tree), tree.bounds());
        View { trace, tree, self_ns, path, groups, shifts, is_adjusted, bounds }
    }

    pub(super) fn span(&self, row: usize) -> &Span {
        &self.trace.spans[self.tree.rows()[row].node]
    }

    /// The length of the whole trace in nanoseconds.
    pub(super) fn length_ns(&self) -> u64 {
        self.bounds.1 - self.bounds.0
    }

    /// The place of a time on the axis, in per cent.
    pub(super) fn place(&self, unix_ns: u64) -> f64 {
        unix_ns.clamp(self.bounds.0, self.bounds.1).saturating_sub(self.bounds.0) as f64 * 100.0
            / self.length_ns().max(1) as f64
    }

    /// By how much a row was moved; `None` if it was not.
    pub(super) fn moved_by(&self, row: usize) -> Option<i64> {
        let at = self.shifts.binary_search_by_key(&row, |shift| shift.row).ok().filter(|_| self.is_adjusted)?;
        Some(self.shifts[at].by_ns)
    }
}

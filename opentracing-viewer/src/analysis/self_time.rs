//! The time that a span spends in itself.

use crate::analysis::tree::Tree;

/// The self time of each row in nanoseconds: its length without the time in which at least one child that it waits for runs.
///
/// Overlapping children count once. The parts of children outside of their parent do not count. Costs O(n).
pub fn self_times(tree: &Tree) -> Vec<u64> {
    let rows = tree.rows();
    (0..rows.len())
        .map(|at| {
            let row = &rows[at];
            // Children are in the order of their start.
            let mut covered_to = row.start_ns;
            let mut covered = 0;
            for child in tree.children(at).map(|child| &rows[child]).filter(|child| child.is_blocking) {
                let from = child.start_ns.max(covered_to);
                let to = child.end_ns.min(row.end_ns);
                if from < to {
                    covered += to - from;
                    covered_to = to;
                }
            }
            row.duration_ns() - covered
        })
        .collect()
}

//! Clocks of hosts that differ.

use opentracing_core::SpanKind;

use crate::analysis::node::Node;
use crate::analysis::tree::Tree;

/// How far a span is moved to undo a difference of clocks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Shift {
    /// The row.
    pub row: usize,
    /// What is added to the times of the span, in nanoseconds.
    pub by_ns: i64,
}

/// Spans are not moved further than this, one second: such a difference is more likely a wrong reference than a clock.
pub const MAX_SHIFT_NS: u64 = 1_000_000_000;

/// The rows whose clock differs from that of their caller's host, and how far to move them.
///
/// A difference is assumed where a server span seems to start before the client span that called it, on another host. The server span is
/// then put into the middle of the client span, or at its start if it is longer. The rows below it move along. Costs O(n).
pub fn clock_skew(nodes: &[Node<'_>], tree: &Tree) -> Vec<Shift> {
    let rows = tree.rows();
    let mut by_ns = vec![0_i64; rows.len()];
    for (at, row) in rows.iter().enumerate() {
        let Some(parent) = row.parent else { continue };
        by_ns[at] = by_ns[parent];
        let (caller, callee) = (&nodes[rows[parent].node], &nodes[row.node]);
        let is_call = caller.kind == SpanKind::Client && callee.kind == SpanKind::Server;
        if !is_call || !is_elsewhere(caller, callee) || row.start_ns >= rows[parent].start_ns {
            continue;
        }
        let room = rows[parent].duration_ns().saturating_sub(row.duration_ns()) / 2;
        let distance = rows[parent].start_ns + room - row.start_ns;
        if distance <= MAX_SHIFT_NS {
            by_ns[at] += i64::try_from(distance).unwrap_or(0);
        }
    }
    let moved = by_ns.into_iter().enumerate().filter(|(_, by_ns)| *by_ns != 0);
    moved.map(|(row, by_ns)| Shift { row, by_ns }).collect()
}

/// Without hosts, another service counts as another host.
fn is_elsewhere(caller: &Node<'_>, callee: &Node<'_>) -> bool {
    match (caller.host, callee.host) {
        (Some(here), Some(there)) => here != there,
        _ => caller.service != callee.service,
    }
}

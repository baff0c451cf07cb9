//! The order of the spans of a trace, and the lines that connect them.

use std::collections::{HashMap, HashSet};

use opentracing_core::SpanId;

use super::entry::Entry;

/// The position of a span in the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Node {
    pub(super) entry: usize,
    pub(super) depth: usize,
    /// Bit 0: further children of the same parent follow. Bit 1: the same for the parent, and so on for 64 levels.
    pub(super) rails: u64,
    pub(super) has_children: bool,
    /// Its parent is missing.
    pub(super) is_orphan: bool,
}

/// Parents before children, and children by start time. A span whose parent is missing is at the top, and so is one span of each cycle,
/// which only a broken tracer creates.
pub(super) fn order(entries: &[Entry]) -> Vec<Node> {
    let mut by_time: Vec<usize> = (0..entries.len()).collect();
    by_time.sort_by_key(|&index| (entries[index].start_ns, entries[index].id));
    let ids: HashSet<SpanId> = entries.iter().map(|entry| entry.id).collect();
    let mut children: HashMap<SpanId, Vec<usize>> = HashMap::new();
    let mut tops = Vec::new();
    for &index in &by_time {
        match entries[index].parent.filter(|parent| ids.contains(parent) && *parent != entries[index].id) {
            Some(parent) => children.entry(parent).or_default().push(index),
            None => tops.push(index),
        }
    }
    let mut nodes = Vec::with_capacity(entries.len());
    let mut seen = vec![false; entries.len()];
    for index in tops.into_iter().chain(by_time) {
        descend(index, entries, &mut children, &mut seen, &mut nodes);
    }
    nodes
}

/// Uses a stack of its own, since a trace may be deeper than the thread's.
fn descend(
    top: usize,
    entries: &[Entry],
    children: &mut HashMap<SpanId, Vec<usize>>,
    seen: &mut [bool],
    nodes: &mut Vec<Node>,
) {
    let mut open = vec![(top, 0, 0)];
    while let Some((index, depth, rails)) = open.pop() {
        if std::mem::replace(&mut seen[index], true) {
            continue;
        }
        // Removed: if two spans have the same id, children are drawn below the first.
        let below = children.remove(&entries[index].id).unwrap_or_default();
        let is_orphan = depth == 0 && entries[index].parent.is_some();
        nodes.push(Node { entry: index, depth, rails, has_children: !below.is_empty(), is_orphan });
        let last = below.len().saturating_sub(1);
        for (place, &child) in below.iter().enumerate().rev() {
            open.push((child, depth + 1, rails << 1 | u64::from(place < last)));
        }
    }
}

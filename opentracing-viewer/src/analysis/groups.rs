//! Like siblings, as a query in a loop makes them.

use std::collections::HashMap;

use crate::analysis::node::Node;
use crate::analysis::tree::Tree;

/// Siblings with one service and name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Group {
    /// The row of the parent.
    pub parent: usize,
    /// The first sibling.
    pub first: usize,
    /// The number of siblings.
    pub count: usize,
    /// The sum of their lengths in nanoseconds.
    pub total_ns: u64,
}

/// Fewer like siblings are not reported.
pub const MIN_SIBLINGS: usize = 5;

/// The groups of at least [`MIN_SIBLINGS`] like siblings, in the order of their first rows. Costs O(n).
pub fn like_siblings(nodes: &[Node<'_>], tree: &Tree) -> Vec<Group> {
    let mut groups: HashMap<(usize, &str, &str), Group> = HashMap::new();
    for (at, row) in tree.rows().iter().enumerate() {
        let Some(parent) = row.parent else { continue };
        let node = &nodes[row.node];
        let new = Group { parent, first: at, count: 0, total_ns: 0 };
        let group = groups.entry((parent, node.service, node.name)).or_insert(new);
        group.count += 1;
        group.total_ns = group.total_ns.saturating_add(row.duration_ns());
    }
    let mut groups: Vec<Group> = groups.into_values().filter(|group| group.count >= MIN_SIBLINGS).collect();
    groups.sort_unstable_by_key(|group| group.first);
    groups
}

//! The critical path: the sections of spans that the length of a trace consists of.

use crate::analysis::tree::Tree;

/// A part of a row that is on the critical path.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Section {
    /// The row.
    pub row: usize,
    /// The start in nanoseconds since 1970.
    pub start_ns: u64,
    /// The end in nanoseconds since 1970.
    pub end_ns: u64,
}

/// The critical path of each root, in the order of the roots and of time.
///
/// It is found backwards from the end of the root: the child that ends last owns the time back to its start, then the one that ends last
/// before that, and so on; what no child owns belongs to the parent. The sections of a root do not overlap, and their lengths sum to
/// that of the root. Children that their parent does not wait for are left out, and other children count as far as they lie within their
/// parent. The path knows only times: it cannot see that a span waits for a sibling. Costs O(n log n).
pub fn critical_path(tree: &Tree) -> Vec<Section> {
    let within = clipped(tree);
    let by_end = children_by_end(tree, &within);
    let mut path = Vec::new();
    for root in tree.roots() {
        let first = path.len();
        walk_back(root, &within, &by_end, &mut path);
        path[first..].reverse();
    }
    path
}

/// One row on the way back from its end.
struct Step {
    row: usize,
    /// The time before `cursor` is not yet owned.
    cursor: u64,
    /// How many of the row's children were looked at.
    children: usize,
}

fn walk_back(root: usize, within: &[(u64, u64)], by_end: &[Vec<usize>], path: &mut Vec<Section>) {
    let mut own = |row, start_ns, end_ns| {
        if start_ns < end_ns {
            path.push(Section { row, start_ns, end_ns });
        }
    };
    let mut steps = vec![Step { row: root, cursor: within[root].1, children: 0 }];
    while let Some(step) = steps.last_mut() {
        // A child that ends right where the next one starts is on the path.
        let rest = &by_end[step.row][step.children..];
        let Some(passed) = rest.iter().position(|child| within[*child].1 <= step.cursor) else {
            own(step.row, within[step.row].0, step.cursor);
            steps.pop();
            continue;
        };
        let child = rest[passed];
        step.children += passed + 1;
        let (start, end) = within[child];
        own(step.row, end, step.cursor);
        step.cursor = start;
        steps.push(Step { row: child, cursor: end, children: 0 });
    }
}

/// The interval of each row within those of the rows above it. Empty if the row is not to be on the path.
fn clipped(tree: &Tree) -> Vec<(u64, u64)> {
    let mut within: Vec<(u64, u64)> = Vec::with_capacity(tree.rows().len());
    for row in tree.rows() {
        within.push(match row.parent {
            None => (row.start_ns, row.end_ns),
            Some(_) if !row.is_blocking => (0, 0),
            Some(parent) => {
                let (start, end) = within[parent];
                (row.start_ns.max(start), row.end_ns.min(end))
            }
        });
    }
    within
}

/// The children of each row that have a part of it, the last end first, and of those with one end the longest.
fn children_by_end(tree: &Tree, within: &[(u64, u64)]) -> Vec<Vec<usize>> {
    let has_part = |row: &usize| within[*row].0 < within[*row].1;
    (0..within.len())
        .map(|row| {
            let mut children: Vec<usize> = tree.children(row).filter(has_part).collect();
            children.sort_unstable_by_key(|child| (std::cmp::Reverse(within[*child].1), within[*child].0, *child));
            children
        })
        .collect()
}

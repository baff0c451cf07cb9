//! The spans of a trace as a tree.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use opentracing_core::SpanKind;

use crate::analysis::node::Node;

/// A trace in depth-first order. The descendants of a row are the [`descendants`](Row::descendants) rows that follow it.
///
/// Every span has a row, except retries: a span that came twice with the same content. A span whose parent is missing is a root. Siblings
/// are in the order of their start, then of their ids. Costs O(n log n).
#[derive(Clone, Debug, Default)]
pub struct Tree {
    rows: Vec<Row>,
    missing_parents: Vec<u64>,
    retries: usize,
}

/// One span in its place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Row {
    /// The index of the span in the slice that the tree was built from.
    pub node: usize,
    /// The row of the parent.
    pub parent: Option<usize>,
    /// The number of rows above this one.
    pub depth: usize,
    /// How many of the following rows lie below this one.
    pub descendants: usize,
    /// The start in nanoseconds since 1970. If the span has none, it is the parent's.
    pub start_ns: u64,
    /// The end in nanoseconds since 1970.
    pub end_ns: u64,
    /// Whether the parent waits for the end of this span. Not for `FollowsFrom`, and not for the consumer of a message.
    pub is_blocking: bool,
    /// The parent is not among the spans.
    pub missing_parent: Option<u64>,
    /// An earlier span has the same id.
    pub is_duplicate: bool,
    /// The reference to the parent was left out, since the spans refer to each other in a circle.
    pub is_cut: bool,
    /// The span ends after its parent does.
    pub outlives_parent: bool,
}

impl Row {
    /// The duration in nanoseconds.
    pub fn duration_ns(&self) -> u64 {
        self.end_ns - self.start_ns
    }
}

impl Tree {
    /// Builds the tree of one trace.
    pub fn new(nodes: &[Node<'_>]) -> Tree {
        Builder::new(nodes).build()
    }

    /// The rows in depth-first order.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The rows without a parent.
    pub fn roots(&self) -> impl Iterator<Item = usize> + '_ {
        self.siblings(0, self.rows.len())
    }

    /// The rows right below a row.
    pub fn children(&self, row: usize) -> impl Iterator<Item = usize> + '_ {
        self.siblings(row + 1, row + 1 + self.rows[row].descendants)
    }

    /// The ids of parents that are not among the spans, each once, in ascending order.
    pub fn missing_parents(&self) -> &[u64] {
        &self.missing_parents
    }

    /// How many spans were left out, because they came twice with the same content.
    pub fn retries(&self) -> usize {
        self.retries
    }

    /// The first start and the last end in nanoseconds since 1970; zeros for a trace without spans.
    pub fn bounds(&self) -> (u64, u64) {
        let start = self.rows.iter().map(|row| row.start_ns).min().unwrap_or(0);
        let end = self.rows.iter().map(|row| row.end_ns).max().unwrap_or(0);
        (start, end)
    }

    fn siblings(&self, from: usize, to: usize) -> impl Iterator<Item = usize> + '_ {
        let mut next = from;
        std::iter::from_fn(move || {
            let row = next;
            (row < to).then(|| {
                next += 1 + self.rows[row].descendants;
                row
            })
        })
    }
}

/// The work on one trace. All vectors are parallel to the nodes.
struct Builder<'n, 'a> {
    nodes: &'n [Node<'a>],
    /// The first two spans of each id: the second is the server half of a shared span of Zipkin, or a duplicate.
    by_id: HashMap<u64, (usize, Option<usize>)>,
    parent: Vec<Option<usize>>,
    follows_from: Vec<bool>,
    missing: Vec<Option<u64>>,
    is_duplicate: Vec<bool>,
    is_cut: Vec<bool>,
    is_retry: Vec<bool>,
    start_ns: Vec<u64>,
}

impl<'n, 'a> Builder<'n, 'a> {
    fn new(nodes: &'n [Node<'a>]) -> Self {
        Builder {
            nodes,
            by_id: HashMap::with_capacity(nodes.len()),
            parent: vec![None; nodes.len()],
            follows_from: vec![false; nodes.len()],
            missing: vec![None; nodes.len()],
            is_duplicate: vec![false; nodes.len()],
            is_cut: vec![false; nodes.len()],
            is_retry: vec![false; nodes.len()],
            start_ns: nodes.iter().map(|node| node.start_ns).collect(),
        }
    }

    fn build(mut self) -> Tree {
        self.index();
        self.find_parents();
        self.cut_cycles();
        self.order()
    }

    fn index(&mut self) {
        for (index, node) in self.nodes.iter().enumerate() {
            let entry = match self.by_id.entry(node.id) {
                Entry::Vacant(entry) => {
                    entry.insert((index, None));
                    continue;
                }
                Entry::Occupied(entry) => entry.into_mut(),
            };
            let first = &self.nodes[entry.0];
            if first == node || entry.1.is_some_and(|second| self.nodes[second] == *node) {
                self.is_retry[index] = true;
            } else if entry.1.is_none() && is_shared(first, node) {
                *entry = (entry.0, Some(index));
            } else if entry.1.is_none() && is_shared(node, first) {
                *entry = (index, Some(entry.0));
            } else {
                self.is_duplicate[index] = true;
            }
        }
    }

    fn find_parents(&mut self) {
        for (index, node) in self.nodes.iter().enumerate() {
            let halves = self.by_id[&node.id];
            if halves.1 == Some(index) {
                self.parent[index] = Some(halves.0);
                continue;
            }
            let found = node.parents.iter().filter(|parent| parent.id != node.id).find_map(|parent| {
                let &(first, second) = self.by_id.get(&parent.id)?;
                // The caller's half has no spans of the callee below it, and the callee's half is the usual place.
                let half = second.filter(|_| self.nodes[first].service != node.service).unwrap_or(first);
                Some((half, parent.follows_from))
            });
            match found {
                Some((parent, follows_from)) => {
                    self.parent[index] = Some(parent);
                    self.follows_from[index] = follows_from;
                }
                None => self.missing[index] = node.parents.iter().map(|parent| parent.id).find(|id| *id != node.id),
            }
        }
    }

    /// Cuts each circle at the span that starts first.
    fn cut_cycles(&mut self) {
        const NEW: usize = usize::MAX;
        // The walk that a span was first met on.
        let mut met = vec![NEW; self.nodes.len()];
        for walk in 0..self.nodes.len() {
            let mut at = walk;
            while met[at] == NEW {
                met[at] = walk;
                match self.parent[at] {
                    Some(parent) => at = parent,
                    None => break,
                }
            }
            if met[at] != walk || self.parent[at].is_none() {
                continue;
            }
            let mut first = at;
            let mut next = self.parent[at];
            while let Some(member) = next.filter(|member| *member != at) {
                let key = |index: usize| (self.nodes[index].start_ns, self.nodes[index].id);
                if key(member) < key(first) {
                    first = member;
                }
                next = self.parent[member];
            }
            self.parent[first] = None;
            self.is_cut[first] = true;
        }
    }

    fn order(mut self) -> Tree {
        let mut children = vec![Vec::new(); self.nodes.len()];
        let mut roots = Vec::new();
        for index in (0..self.nodes.len()).filter(|index| !self.is_retry[*index]) {
            match self.parent[index] {
                Some(parent) => children[parent].push(index),
                None => roots.push(index),
            }
        }
        // From the roots down, a parent's start is known before its children need it.
        let mut waiting = roots.clone();
        while let Some(index) = waiting.pop() {
            for &child in &children[index] {
                if self.start_ns[child] == 0 {
                    self.start_ns[child] = self.start_ns[index];
                }
            }
            waiting.extend_from_slice(&children[index]);
        }
        let key = |index: &usize| (self.start_ns[*index], self.nodes[*index].id, *index);
        roots.sort_unstable_by_key(key);
        children.iter_mut().for_each(|siblings| siblings.sort_unstable_by_key(key));

        let mut rows: Vec<Row> = Vec::with_capacity(self.nodes.len());
        let mut stack: Vec<(usize, Option<usize>)> = roots.iter().rev().map(|root| (*root, None)).collect();
        while let Some((index, parent)) = stack.pop() {
            let row = rows.len();
            rows.push(self.row(index, parent.map(|parent| (parent, &rows[parent]))));
            stack.extend(children[index].iter().rev().map(|child| (*child, Some(row))));
        }
        for row in (0..rows.len()).rev() {
            if let Some(parent) = rows[row].parent {
                rows[parent].descendants += 1 + rows[row].descendants;
            }
        }
        let mut missing_parents: Vec<u64> = rows.iter().filter_map(|row| row.missing_parent).collect();
        missing_parents.sort_unstable();
        missing_parents.dedup();
        let retries = self.nodes.len() - rows.len();
        Tree { rows, missing_parents, retries }
    }

    fn row(&self, index: usize, parent: Option<(usize, &Row)>) -> Row {
        let node = &self.nodes[index];
        let start_ns = self.start_ns[index];
        let end_ns = start_ns.saturating_add(node.duration_ns);
        let consumes =
            |above: &Row| node.kind == SpanKind::Consumer && self.nodes[above.node].kind != SpanKind::Consumer;
        Row {
            node: index,
            parent: parent.map(|(row, _)| row),
            depth: parent.map_or(0, |(_, above)| above.depth + 1),
            descendants: 0,
            start_ns,
            end_ns,
            is_blocking: !self.follows_from[index] && !parent.is_some_and(|(_, above)| consumes(above)),
            missing_parent: self.missing[index],
            is_duplicate: self.is_duplicate[index],
            is_cut: self.is_cut[index],
            outlives_parent: parent.is_some_and(|(_, above)| above.end_ns < end_ns),
        }
    }
}

/// Whether two spans with one id are the halves of a shared span, as B3 and Zipkin allow.
fn is_shared(client: &Node<'_>, server: &Node<'_>) -> bool {
    let kinds = (client.kind, server.kind);
    matches!(kinds, (SpanKind::Client, SpanKind::Server) | (SpanKind::Producer, SpanKind::Consumer))
}

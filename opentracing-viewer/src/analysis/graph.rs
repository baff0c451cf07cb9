//! Who calls whom.

use std::collections::BTreeMap;

use opentracing_core::SpanKind;

use crate::analysis::figures::Calls;
use crate::analysis::node::Node;
use crate::analysis::tree::Tree;

/// The services and what they call, collected from traces.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    edges: BTreeMap<(String, String, EdgeKind), Calls>,
    /// The spans in which a service answers a request or handles a message.
    entries: BTreeMap<String, Calls>,
    roles: BTreeMap<String, NodeRole>,
}

/// How a service calls another one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum EdgeKind {
    /// A request that is answered.
    Request,
    /// A message, which is handled at any time.
    Message,
    /// A statement of a database.
    Database,
}

/// What a node of the graph is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum NodeRole {
    /// A peer without spans of its own.
    Peer,
    /// A database.
    Database,
    /// A broker's queue or topic whose consumers are not traced.
    Queue,
    /// A service that sends spans.
    Service,
}

/// Calls from one service to another.
#[derive(Clone, PartialEq, Debug)]
pub struct Edge {
    /// The caller.
    pub from: String,
    /// The service, database, queue or other peer that is called.
    pub to: String,
    /// How it is called.
    pub kind: EdgeKind,
    /// The calls.
    pub calls: Calls,
}

/// A service or peer.
#[derive(Clone, PartialEq, Debug)]
pub struct GraphNode {
    /// Its name.
    pub name: String,
    /// What it is.
    pub role: NodeRole,
    /// The requests and messages that it handled; for a peer, the calls of it.
    pub calls: Calls,
}

impl Graph {
    /// Adds the calls of a trace. Costs O(n log e).
    ///
    /// A server or consumer span is a call of its service by the nearest service above it, whose client or producer span is not counted
    /// beside. A client or producer span without one is a call of its peer.
    pub fn add(&mut self, nodes: &[Node<'_>], tree: &Tree) {
        let rows = tree.rows();
        // The nearest row above with a kind, which internal spans pass on.
        let mut caller_of: Vec<Option<usize>> = vec![None; rows.len()];
        let mut is_answered = vec![false; rows.len()];
        for (at, row) in rows.iter().enumerate() {
            caller_of[at] = row.parent.and_then(|parent| match nodes[rows[parent].node].kind {
                SpanKind::Internal => caller_of[parent].or(Some(parent)),
                _ => Some(parent),
            });
            let node = &nodes[row.node];
            self.role(node.service, NodeRole::Service);
            if !matches!(node.kind, SpanKind::Server | SpanKind::Consumer) {
                continue;
            }
            self.entries.entry(node.service.to_owned()).or_default().add(row.duration_ns(), node.is_failed);
            let Some(caller) = caller_of[at] else { continue };
            let above = &nodes[rows[caller].node];
            let is_exit = matches!(above.kind, SpanKind::Client | SpanKind::Producer);
            is_answered[caller] |= is_exit;
            if !is_exit && above.service == node.service {
                continue;
            }
            let kind = if node.kind == SpanKind::Consumer { EdgeKind::Message } else { EdgeKind::Request };
            // A request lasts as long as its caller waits; a message as long as it is handled.
            let waits = is_exit && kind == EdgeKind::Request;
            let duration_ns = if waits { rows[caller].duration_ns() } else { row.duration_ns() };
            self.edge(above.service, node.service, kind, duration_ns, node.is_failed || (waits && above.is_failed));
        }
        for (at, row) in rows.iter().enumerate().filter(|(at, _)| !is_answered[*at]) {
            let node = &nodes[row.node];
            let (Some(peer), SpanKind::Client | SpanKind::Producer) = (node.peer, node.kind) else { continue };
            let (kind, role) = match node.kind {
                _ if node.is_database => (EdgeKind::Database, NodeRole::Database),
                SpanKind::Producer => (EdgeKind::Message, NodeRole::Queue),
                _ => (EdgeKind::Request, NodeRole::Peer),
            };
            self.role(peer, role);
            self.edge(node.service, peer, kind, rows[at].duration_ns(), node.is_failed);
        }
    }

    /// The calls, in the order of their names.
    pub fn edges(&self) -> Vec<Edge> {
        let edge = |((from, to, kind), calls): (&(String, String, EdgeKind), &Calls)| Edge {
            from: from.clone(),
            to: to.clone(),
            kind: *kind,
            calls: calls.clone(),
        };
        self.edges.iter().map(edge).collect()
    }

    /// The services and peers, in the order of their names.
    pub fn nodes(&self) -> Vec<GraphNode> {
        let mut called: BTreeMap<&str, Calls> = BTreeMap::new();
        for ((_, to, _), calls) in &self.edges {
            called.entry(to).or_default().merge(calls);
        }
        let node = |(name, role): (&String, &NodeRole)| {
            let calls = self.entries.get(name).or_else(|| called.get(name.as_str()));
            GraphNode { name: name.clone(), role: *role, calls: calls.cloned().unwrap_or_default() }
        };
        self.roles.iter().map(node).collect()
    }

    fn edge(&mut self, from: &str, to: &str, kind: EdgeKind, duration_ns: u64, is_failed: bool) {
        self.edges.entry((from.to_owned(), to.to_owned(), kind)).or_default().add(duration_ns, is_failed);
    }

    /// A peer that sends spans elsewhere is a service.
    fn role(&mut self, name: &str, role: NodeRole) {
        match self.roles.get_mut(name) {
            Some(known) => *known = role.max(*known),
            None => {
                self.roles.insert(name.to_owned(), role);
            }
        }
    }
}

//! The tree of a trace and what is computed from it.

mod calls;
mod graph;
mod paths;
mod properties;
mod skew;
mod tree;

use opentracing_core::SpanKind;
use opentracing_viewer::analysis::{Node, Parent};

/// A span of one service, child of `parent`; a root if that is 0.
fn span(id: u64, parent: u64, start_ns: u64, end_ns: u64) -> Node<'static> {
    let mut node = Node::new(id, "shop", "work");
    node.parents.extend((parent != 0).then_some(Parent { id: parent, follows_from: false }));
    node.start_ns = start_ns;
    node.duration_ns = end_ns - start_ns;
    node
}

/// The same, for a parent that does not wait.
fn follower(id: u64, parent: u64, start_ns: u64, end_ns: u64) -> Node<'static> {
    let mut node = span(id, parent, start_ns, end_ns);
    node.parents[0].follows_from = true;
    node
}

trait NodeExt {
    fn kind(self, kind: SpanKind) -> Self;
    fn service(self, service: &'static str) -> Self;
}

impl NodeExt for Node<'static> {
    fn kind(mut self, kind: SpanKind) -> Self {
        self.kind = kind;
        self
    }

    fn service(mut self, service: &'static str) -> Self {
        self.service = service;
        self
    }
}

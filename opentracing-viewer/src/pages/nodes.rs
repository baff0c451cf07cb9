//! Spans as the analysis sees them.

use opentracing_core::SpanKind;

use crate::analysis::{Node, Parent};
use crate::model::{LinkKind, Resource, Span, Value};

/// The node of a span.
pub(super) fn node(span: &Span) -> Node<'_> {
    let mut node = Node::new(span.span_id.get(), span.service(), &span.name);
    let references = span.links.iter().filter(|link| link.kind != LinkKind::Link && link.trace_id == span.trace_id);
    let follows_from = |id| references.clone().any(|link| link.kind == LinkKind::FollowsFrom && link.span_id == id);
    node.parents =
        span.parent_id.into_iter().map(|id| Parent { id: id.get(), follows_from: follows_from(id) }).collect();
    for link in references.clone().filter(|link| Some(link.span_id) != span.parent_id) {
        node.parents.push(Parent { id: link.span_id.get(), follows_from: link.kind == LinkKind::FollowsFrom });
    }
    node.kind = span.kind;
    node.start_ns = span.start_unix_ns;
    node.duration_ns = span.duration_ns;
    node.is_failed = span.is_failed;
    node.host = host(&span.resource);
    node
}

fn host(resource: &Resource) -> Option<&str> {
    ["host.id", "host.name", "hostname", "ip"].iter().find_map(|key| resource.tag(key)?.as_text())
}

/// What a client or producer span without a child on the other side calls, and whether that is a database. Costs one look-up for each key.
pub(super) fn peer(kind: SpanKind, tag: impl Fn(&str) -> Option<Value>) -> Option<(String, bool)> {
    let text = |key: &str| tag(key).map(|value| value.to_string()).filter(|text| !text.is_empty());
    let database = ["db.system.name", "db.system", "db.type"].into_iter().find_map(text);
    let is_database = database.is_some();
    let name = text("peer.service").or_else(|| {
        let namespace = ["db.namespace", "db.name", "db.instance"].into_iter().find_map(text);
        database.map(|system| namespace.map_or(system.clone(), |namespace| format!("{system} {namespace}")))
    });
    let destinations = ["messaging.destination.name", "messaging.destination", "message_bus.destination"];
    let name = match kind {
        // One broker has many queues, so the queue says more than the broker.
        SpanKind::Producer => destinations.into_iter().find_map(text).or(name),
        _ => name.or_else(|| destinations.into_iter().find_map(text)),
    };
    let addresses = ["server.address", "peer.hostname", "net.peer.name", "peer.address"];
    Some((name.or_else(|| addresses.into_iter().find_map(text))?, is_database))
}

//! Spans for the tests of pages.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use opentracing_core::{SpanId, SpanKind, TraceId};
use opentracing_viewer::{Link, LinkKind, Log, Resource, Span};

/// A process with the tag `service.version`.
pub(crate) fn process(service: &str, version: &str) -> Arc<Resource> {
    Arc::new(Resource::new(service, vec![("service.version".into(), version.into())]))
}

pub(crate) fn trace_id(number: u64) -> TraceId {
    TraceId::from_parts(0xabc, number)
}

/// Some seconds ago, so that the charts of the last minutes show it.
pub(crate) fn recently() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    u64::try_from(now.as_nanos()).unwrap() - 20_000_000_000
}

pub(crate) fn span(
    trace: u64,
    id: u64,
    parent: u64,
    process: &Arc<Resource>,
    name: &str,
    from_ms: u64,
    took_ms: u64,
) -> Span {
    let mut span = Span::new(trace_id(trace), SpanId::new(id), process.clone(), name);
    span.parent_id = (parent != 0).then(|| SpanId::new(parent));
    span.start_unix_ns = recently() / 1_000_000_000 * 1_000_000_000 + from_ms * 1_000_000;
    span.duration_ns = took_ms * 1_000_000;
    span
}

/// A checkout over three services with a failed query, and a message.
pub(crate) fn checkout(trace: u64) -> Vec<Span> {
    let (shop, cart, mail) = (process("shop", "1.0"), process("cart", "2.0"), process("mail", "1.0"));
    let mut root = span(trace, 1, 0, &shop, "POST /checkout", 0, 100);
    root.kind = SpanKind::Server;
    root.tags = vec![("http.method".into(), "POST".into()), ("http.status_code".into(), 500_i64.into())];
    root.is_failed = true;
    let mut call = span(trace, 2, 1, &shop, "GET", 10, 60);
    call.kind = SpanKind::Client;
    call.tags = vec![("http.url".into(), "http://cart/items?page=2".into())];
    let mut served = span(trace, 3, 2, &cart, "GET /items", 15, 50);
    served.kind = SpanKind::Server;
    let mut query = span(trace, 4, 3, &cart, "SELECT items", 20, 30);
    query.kind = SpanKind::Client;
    query.is_failed = true;
    let statement =
        "SELECT id, name, price FROM items WHERE cart_id = $1 AND deleted IS NULL ORDER BY position LIMIT 50";
    query.tags = vec![
        ("db.system".into(), "postgresql".into()),
        ("db.namespace".into(), "carts".into()),
        ("db.statement".into(), statement.into()),
        ("reply".into(), r#"{"rows":[1,2],"more":false}"#.into()),
    ];
    let fields = vec![
        ("event".into(), "error".into()),
        ("error.kind".into(), "timeout".into()),
        ("message".into(), "statement timed out".into()),
    ];
    query.logs = vec![Log::new(query.start_unix_ns + 29_000_000, fields)];
    let mut sent = span(trace, 5, 1, &shop, "send orders", 80, 5);
    sent.kind = SpanKind::Producer;
    sent.tags = vec![("messaging.destination".into(), "orders".into())];
    let mut handled = span(trace, 6, 5, &mail, "process orders", 150, 40);
    handled.kind = SpanKind::Consumer;
    handled.links = vec![Link::new(LinkKind::FollowsFrom, trace_id(trace), SpanId::new(5))];
    vec![root, call, served, query, sent, handled]
}

/// A trace of many spans in a tree, ten children each.
pub(crate) fn large(trace: u64, spans: u64) -> Vec<Span> {
    let services: Vec<_> =
        ["shop", "cart", "catalog", "order", "mail"].iter().map(|name| process(name, "1.0")).collect();
    let length = spans * 10;
    let span = |index: u64| {
        let parent = if index == 0 { 0 } else { (index - 1) / 10 + 1 };
        let depth = index.checked_ilog10().unwrap_or(0);
        let mut span =
            span(trace, index + 1, parent, &services[index as usize % 5], &format!("operation {}", index % 40), 0, 0);
        span.start_unix_ns += index * 10 * 1_000;
        span.duration_ns = (length / 10_u64.pow(depth)).max(5) * 1_000;
        span.is_failed = index % 1_000 == 999;
        span
    };
    (0..spans).map(span).collect()
}

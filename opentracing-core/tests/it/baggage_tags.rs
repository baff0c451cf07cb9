//! Baggage items that become tags of local roots.

use std::collections::HashMap;

use opentracing_core::mock::MockTracer;
use opentracing_core::propagation::TextMap;
use opentracing_core::{ConstSampler, SpanContext, SpanKind, Value};

fn caller(mock: &MockTracer) -> SpanContext {
    let mut carrier = HashMap::new();
    carrier.insert("traceparent".to_owned(), "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".to_owned());
    carrier.insert("baggage".to_owned(), "tenant=acme,user.id=7,other=x".to_owned());
    mock.tracer().extract(TextMap, &carrier).unwrap().unwrap()
}

#[test]
fn named_items_become_tags_of_the_local_root() {
    let mock = MockTracer::with(|builder| builder.baggage_tags(["tenant", "user.id", "absent"]));
    let root = mock.tracer().span("GET /").kind(SpanKind::Server).child_of(&caller(&mock)).start();
    mock.tracer().span("work").child_of(&root).start().finish();
    drop(root);
    let spans = mock.finished_spans();
    let of = |name: &str| spans.iter().find(|span| &*span.operation_name == name).unwrap();
    let (root, child) = (of("GET /"), of("work"));
    assert_eq!(root.tag("tenant"), Some(Value::Str("acme")));
    assert_eq!(root.tag("user.id"), Some(Value::Str("7")));
    assert_eq!((root.tag("other"), root.tag("absent")), (None, None));
    assert_eq!(child.tag("tenant"), None);
}

#[test]
fn a_tag_of_the_span_wins() {
    let mock = MockTracer::with(|builder| builder.baggage_tags(["tenant"]));
    mock.tracer().span("GET /").child_of(&caller(&mock)).tag("tenant", "own").start().finish();
    assert_eq!(mock.finished_spans()[0].tag("tenant"), Some(Value::Str("own")));
}

#[test]
fn without_a_list_nothing_becomes_a_tag_and_an_unsampled_span_has_none() {
    let mock = MockTracer::new();
    mock.tracer().span("GET /").child_of(&caller(&mock)).start().finish();
    assert_eq!(mock.finished_spans()[0].tag("tenant"), None);

    let mock = MockTracer::with(|builder| builder.baggage_tags(["tenant"]).sampler(ConstSampler::off()));
    let parent = caller(&mock).with_sampling(opentracing_core::Sampling::Undecided);
    mock.tracer().span("GET /").child_of(&parent).start().finish();
    assert_eq!(mock.finished_spans(), []);
}

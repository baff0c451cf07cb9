//! A disabled tracer passes contexts on.

use std::collections::BTreeMap;
use std::time::Duration;

use opentracing_core::propagation::{Composite, HttpHeaders};
use opentracing_core::{ReferenceKind, Sampling, SpanContext, SpanId, SpanKind, TraceId, Tracer};

fn disabled(formats: &str) -> Tracer {
    let composite = formats.split(',').fold(Composite::empty(), |all, name| all.with_named(name).expect("a format"));
    Tracer::builder("shop").composite(composite).build_forwarding()
}

/// What an entry span and an exit span inside it send on.
fn sent_on(tracer: &Tracer, incoming: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let parent = tracer.extract(HttpHeaders, incoming).expect("it can be read");
    let _entry = tracer.span("GET /cart").kind(SpanKind::Server).tag("a", 1).child_of(&parent).start_active();
    let _inner = tracer.span("inner").start_active();
    let exit = tracer.span("GET").kind(SpanKind::Client).start();
    assert!(!exit.is_recording());
    let mut outgoing = BTreeMap::new();
    tracer.inject(&exit.context().expect("a context"), HttpHeaders, &mut outgoing).expect("it can be written");
    outgoing
}

#[test]
fn a_disabled_tracer_sends_on_what_came_in() {
    #[track_caller]
    fn check(formats: &str, headers: &[(&str, &str)]) {
        let tracer = disabled(formats);
        let incoming = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        assert_eq!(sent_on(&tracer, &incoming), incoming, "{formats}");
        assert_eq!(tracer.flush(Duration::from_secs(20)), Ok(()));
        assert_eq!((tracer.stats().started, tracer.stats().delivered, tracer.stats().lost()), (0, 0, 0));
    }
    const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    check("tracecontext,baggage", &[("traceparent", PARENT), ("tracestate", "a=1,b=2"), ("baggage", "tenant=acme")]);
    check("tracecontext", &[("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-03")]);
    check("tracecontext", &[("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00")]);
    check("baggage", &[("baggage", "tenant=acme")]);
    check("b3single", &[("b3", "4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1")]);
    check("b3", &[("X-B3-TraceId", "a3ce929d0e0e4736"), ("X-B3-SpanId", "00f067aa0ba902b7"), ("X-B3-Sampled", "0")]);
    check("jaeger", &[("uber-trace-id", "4bf92f3577b34da6a3ce929d0e0e4736:00f067aa0ba902b7:0:1"), ("uberctx-k", "v")]);
    check("xray", &[("X-Amzn-Trace-Id", "Root=1-4bf92f35-77b34da6a3ce929d0e0e4736;Parent=00f067aa0ba902b7;Sampled=1")]);
    let ids = [("X-INSTANA-T", "a3ce929d0e0e4736"), ("X-INSTANA-S", "00f067aa0ba902b7"), ("X-INSTANA-L", "1")];
    check("instana", &ids);
    let entry = [("traceparent", PARENT), ("tracestate", "in=a3ce929d0e0e4736;00f067aa0ba902b7,a=1")];
    check("instana,tracecontext", &[&ids[..], &entry].concat());
    check("instana", &[("X-INSTANA-L", "0")]);
}

#[test]
fn the_list_of_vendors_stays_as_it_came() {
    let incoming = BTreeMap::from([
        ("traceparent".to_owned(), "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".to_owned()),
        ("tracestate".to_owned(), "a=1".to_owned()),
    ]);
    let outgoing = sent_on(&disabled("instana,tracecontext,b3,baggage"), &incoming);
    assert_eq!(outgoing["tracestate"], "a=1", "our span is not in it");
    assert_eq!(outgoing["traceparent"], incoming["traceparent"]);
}

#[test]
fn a_span_without_a_parent_has_no_context() {
    let tracer = disabled("tracecontext");
    let remote = SpanContext::new(TraceId::from_parts(1, 2), SpanId::new(3)).with_sampling(Sampling::Sampled);
    assert!(tracer.span("root").start().context().is_none());
    assert!(tracer.span("edge").new_trace().follows_from(&remote).start().context().is_none());
    let _active = tracer.span("entry").child_of(&remote).start_active();
    assert!(tracer.span("alone").ignore_active_span().start().context().is_none());
    assert_eq!(tracer.active_context().map(|context| context.span_id()), Some(remote.span_id()));
    assert_eq!(tracer.report().to_string(), "shop: disabled, contexts are passed on\n");
    assert!(!tracer.is_noop());
}

#[test]
fn a_forwarded_context_is_never_recorded_and_carries_new_baggage() {
    let tracer = disabled("tracecontext,baggage");
    let remote = SpanContext::new(TraceId::from_parts(1, 2), SpanId::new(3)).with_sampling(Sampling::NotSampled);
    let other = SpanContext::new(TraceId::from_parts(4, 5), SpanId::new(6)).with_sampling(Sampling::Sampled);
    let mut builder = tracer.span("work");
    builder.reference(ReferenceKind::FollowsFrom, &other).child_of(&remote).tag("sampling.priority", 1);
    let mut span = builder.start();
    span.set_tag("sampling.priority", 1).set_baggage_item("tenant", "acme").log("seen");
    let context = span.context().expect("a context");
    assert!(!span.is_recording() && !context.is_sampled());
    assert!(context.same_span(&remote));
    assert_eq!(context.baggage_item("tenant"), Some("acme"));
    let shared = span.share();
    assert_eq!(shared.context().map(|context| context.span_id()), Some(remote.span_id()));
}

//! What a span refers to: the requirements T1 to T15 and C1 to C4.

use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

use opentracing_core::mock::MockTracer;
use opentracing_core::{Reference, ReferenceKind, Sampling, Span, SpanContext, SpanId, TraceId, Tracer};

fn context(trace: u64, span: u64) -> SpanContext {
    SpanContext::new(TraceId::from_parts(0, trace), SpanId::new(span)).with_sampling(Sampling::Sampled)
}

#[test]
fn t1_a_span_is_started_and_not_finished() {
    let mock = MockTracer::new();
    let mut span = mock.tracer().span("work").start();
    assert!(!span.share().is_finished());
    assert!(mock.finished_spans().is_empty());
    drop(span);
    mock.assert_tree("work");
}

#[test]
fn t2_keeps_references_in_order_and_kind() {
    let mock = MockTracer::new();
    let (a, b, c) = (context(1, 11), context(1, 12), context(2, 13));
    mock.tracer().span("none").start().finish();
    mock.tracer().span("one").child_of(&a).start().finish();
    mock.tracer().span("three").follows_from(&a).child_of(&b).follows_from(&c).start().finish();
    let references =
        |name| mock.span(name).references.into_iter().map(|r| (r.kind, r.context.span_id().get())).collect::<Vec<_>>();
    assert_eq!(references("none"), []);
    assert_eq!(references("one"), [(ReferenceKind::ChildOf, 11)]);
    assert_eq!(
        references("three"),
        [(ReferenceKind::FollowsFrom, 11), (ReferenceKind::ChildOf, 12), (ReferenceKind::FollowsFrom, 13)]
    );
}

#[test]
fn t5_without_references_a_new_trace_begins() {
    let mock = MockTracer::new();
    let (a, b) = (mock.tracer().span("a").start(), mock.tracer().span("b").start());
    assert_ne!(a.context().unwrap().trace_id(), b.context().unwrap().trace_id());
    drop((a, b));
    assert_eq!(mock.span("a").parent_id, None);
}

#[test]
fn t6_t7_a_reference_to_nothing_is_no_reference() {
    let mock = MockTracer::new();
    mock.tracer().span("root").child_of(&None::<SpanContext>).start().finish();
    {
        let _scope = mock.tracer().span("active").start_active();
        mock.tracer().span("child").child_of(&None::<SpanContext>).follows_from(&Span::noop()).start().finish();
    }
    mock.assert_tree("root\nactive\n  child");
}

#[test]
fn t8_the_parent_is_the_first_child_of_else_the_first_reference() {
    #[track_caller]
    fn check(kinds: &[ReferenceKind], parent: u64) {
        let mock = MockTracer::new();
        let contexts: Vec<_> = (0..kinds.len() as u64).map(|n| context(n + 1, n + 11)).collect();
        let mut builder = mock.tracer().span("work");
        for (&kind, context) in kinds.iter().zip(&contexts) {
            builder.reference(kind, context);
        }
        builder.start().finish();
        let span = mock.span("work");
        assert_eq!(span.parent_id, Some(SpanId::new(parent)));
        assert_eq!(span.context.trace_id(), TraceId::from_parts(0, parent - 10));
    }
    use ReferenceKind::{ChildOf, FollowsFrom, Other};
    check(&[ChildOf], 11);
    check(&[FollowsFrom], 11);
    check(&[FollowsFrom, ChildOf], 12);
    check(&[FollowsFrom, FollowsFrom], 11);
    check(&[ChildOf, ChildOf], 11);
    check(&[Other("x"), FollowsFrom], 11);
    check(&[Other("x"), FollowsFrom, ChildOf], 13);
}

#[test]
fn t9_follows_from_is_part_of_the_trace() {
    let mock = MockTracer::new();
    let cause = mock.tracer().span("cause").start();
    let effect = mock.tracer().span("effect").follows_from(&cause).start();
    assert_eq!(cause.context().unwrap().trace_id(), effect.context().unwrap().trace_id());
}

#[test]
fn t10_baggage_of_all_references_is_merged_and_the_later_wins() {
    let mock = MockTracer::new();
    let a = context(1, 11).with_baggage_item("a", "1").with_baggage_item("both", "a");
    let b = context(1, 12).with_baggage_item("b", "2").with_baggage_item("both", "b");
    let span = mock.tracer().span("work").child_of(&a).follows_from(&b).start();
    assert_eq!(span.baggage_item("a").as_deref(), Some("1"));
    assert_eq!(span.baggage_item("b").as_deref(), Some("2"));
    assert_eq!(span.baggage_item("both").as_deref(), Some("b"));
}

#[test]
fn t11_keeps_references_of_other_kinds() {
    let mock = MockTracer::new();
    mock.tracer().span("work").reference(ReferenceKind::Other("link"), &context(1, 11)).start().finish();
    let expected = Reference::new(ReferenceKind::Other("link"), context(1, 11));
    assert_eq!(mock.span("work").references, [expected]);
}

#[test]
fn t12_a13_the_active_span_is_the_parent_unless_told_otherwise() {
    let mock = MockTracer::new();
    let other = context(7, 77);
    {
        let _scope = mock.tracer().span("active").start_active();
        mock.tracer().span("implicit").start().finish();
        mock.tracer().span("explicit").child_of(&other).start().finish();
        mock.tracer().span("ignoring").ignore_active_span().start().finish();
    }
    mock.assert_tree("active\n  implicit\nexplicit\nignoring");
    assert_eq!(mock.span("explicit").parent_id, Some(SpanId::new(77)));
    assert_eq!(mock.span("ignoring").parent_id, None);
}

#[test]
fn a_builder_that_starts_several_spans_gives_each_its_references() {
    let mock = MockTracer::new();
    let (a, b) = (context(1, 11), context(1, 12));
    let mut builder = mock.tracer().span("work");
    builder.child_of(&a).follows_from(&b);
    builder.start().finish();
    builder.start().finish();
    for span in mock.finished_spans() {
        assert_eq!(span.parent_id, Some(SpanId::new(11)));
        assert_eq!(span.references.len(), 2);
    }
}

#[test]
fn t13_references_add_up_whichever_way_they_are_given() {
    let mock = MockTracer::new();
    let (a, b) = (context(1, 11), context(1, 12));
    mock.tracer().span("both").reference(ReferenceKind::FollowsFrom, &a).child_of(&b).start().finish();
    let references = mock.span("both").references.into_iter().map(|r| (r.kind, r.context.span_id().get()));
    assert_eq!(references.collect::<Vec<_>>(), [(ReferenceKind::FollowsFrom, 11), (ReferenceKind::ChildOf, 12)]);
}

#[test]
fn t15_an_empty_name_is_legal() {
    let mock = MockTracer::new();
    let mut span = mock.tracer().span("").start();
    span.set_operation_name("named later");
    span.finish();
    mock.assert_tree("named later");
}

#[test]
fn c1_a_context_never_changes() {
    let mock = MockTracer::new();
    let mut span = mock.tracer().span("work").start();
    span.set_baggage_item("a", "1");
    let held = span.context().unwrap();
    span.set_baggage_item("a", "2").set_baggage_item("b", "3");
    assert_eq!(held.baggage().collect::<Vec<_>>(), [("a", "1")]);
    assert_eq!(span.context().unwrap().baggage().collect::<Vec<_>>(), [("a", "2"), ("b", "3")]);
}

#[test]
fn c2_baggage_is_read_in_one_pass_that_may_stop() {
    let context = context(1, 2).with_baggage_item("a", "1").with_baggage_item("b", "2").with_baggage_item("c", "3");
    assert_eq!(context.baggage().collect::<Vec<_>>(), [("a", "1"), ("b", "2"), ("c", "3")]);
    assert_eq!(context.baggage().find(|(key, _)| *key == "b"), Some(("b", "2")));
    assert_eq!(context.without_baggage_item("b").baggage().count(), 2);
}

#[test]
fn c3_ids_are_texts_of_fixed_width() {
    let context = context(0xabc, 0x12);
    assert_eq!(context.trace_id().to_string(), "00000000000000000000000000000abc");
    assert_eq!(context.span_id().to_string(), "0000000000000012");
    assert_eq!("abc".parse::<TraceId>(), Ok(context.trace_id()));
    for bad in ["", "0", "+1", " 1", "g", "123456789012345678901234567890123"] {
        assert!(bad.parse::<TraceId>().is_err(), "{bad:?}");
    }
}

#[test]
fn c4_spans_and_contexts_go_to_other_threads() {
    fn check<T: Send + Sync + 'static>() {}
    check::<SpanContext>();
    check::<Span>();
    check::<opentracing_core::SpanRef>();
    check::<Tracer>();
    check::<Reference>();
    assert!(size_of::<SpanContext>() <= 56);
}

#[test]
fn a_context_without_ids_brings_baggage_and_decision_to_a_new_trace() {
    let mock = MockTracer::new();
    let brought = SpanContext::empty().with_baggage_item("tenant", "acme").with_sampling(Sampling::Debug);
    let span = mock.tracer().span("work").child_of(&brought).start();
    assert!(span.context().unwrap().is_valid() && span.context().unwrap().is_debug());
    assert_eq!(span.baggage_item("tenant").as_deref(), Some("acme"));
    drop(span);
    assert_eq!(mock.span("work").parent_id, None);
    assert!(mock.span("work").is_local_root);
}

#[test]
fn a_child_inherits_the_marks_of_its_trace() {
    let mock = MockTracer::new();
    let remote =
        context(1, 2).with_random(true).with_64_bit(true).with_tracestate("a=b").with_sampling(Sampling::Debug);
    let span = mock.tracer().span("work").child_of(&remote).start();
    let inherited = span.context().unwrap();
    assert!(inherited.is_random() && inherited.is_64_bit() && inherited.is_debug() && !inherited.is_remote());
    assert_eq!(inherited.tracestate(), Some("a=b"));
    assert_eq!(inherited.parent_id(), Some(SpanId::new(2)));
}

#[test]
fn s9_p1_a_context_goes_through_every_built_in_format() {
    use opentracing_core::propagation::{AmqpHeaders, Binary, HttpHeaders, KafkaHeaders, TextMap};
    let mock = MockTracer::new();
    let tracer = mock.tracer();
    let mut root = tracer.span("root").start();
    root.set_baggage_item("tenant", "acme & söhne");
    let context = root.context().unwrap();
    let mut extracted = Vec::new();
    macro_rules! through {
        ($($format:ident),+) => { $({
            let mut carrier = vec![("unrelated".to_string(), "kept".to_string())];
            tracer.inject(&context, $format, &mut carrier).unwrap();
            assert_eq!(carrier[0], ("unrelated".to_string(), "kept".to_string()));
            extracted.push((stringify!($format), tracer.extract($format, &carrier).unwrap().unwrap()));
        })+ };
    }
    through!(HttpHeaders, TextMap, KafkaHeaders, AmqpHeaders);
    let mut bytes = vec![1, 2, 3];
    tracer.inject(&context, Binary, &mut bytes).unwrap();
    assert_eq!(bytes[..3], [1, 2, 3]); // P9: appended
    extracted.push(("Binary", tracer.extract(Binary, &bytes[3..]).unwrap().unwrap()));
    for (format, found) in extracted {
        assert!(found.same_span(&context), "{format}");
        assert!(found.is_sampled() && found.is_remote(), "{format}");
        assert_eq!(found.baggage_item("tenant"), Some("acme & söhne"), "{format}");
        let child = tracer.span("child").child_of(&found).start();
        assert_eq!(child.baggage_item("tenant").as_deref(), Some("acme & söhne"), "{format}");
    }
}

#[test]
fn a_field_that_cannot_be_read_is_counted_also_where_another_makes_up_for_it() {
    use opentracing_core::propagation::HttpHeaders;
    let mock = MockTracer::new();
    let mut carrier = vec![("traceparent".to_string(), "00-garbage".to_string())];
    assert!(mock.tracer().extract(HttpHeaders, &carrier).is_err());
    carrier.push(("b3".to_string(), "80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-1".to_string()));
    assert!(mock.tracer().extract(HttpHeaders, &carrier).unwrap().is_some());
    let stats = mock.tracer().stats();
    assert_eq!((stats.extract_corrupted, stats.fields_malformed), (1, 2));
}

#[test]
fn contexts_are_equal_if_they_carry_the_same() {
    #[track_caller]
    fn check(name: &str, other: SpanContext) {
        let base = context(1, 11).with_sampling(Sampling::Sampled);
        assert_ne!(base, other, "{name}");
        assert!(base.same_span(&other), "{name}");
        let hash = |context: &SpanContext| BuildHasherDefault::<DefaultHasher>::default().hash_one(context);
        assert_eq!(hash(&base), hash(&other), "{name}: only ids are hashed");
    }
    let base = || context(1, 11).with_sampling(Sampling::Sampled);
    check("decision", base().with_sampling(Sampling::Debug));
    check("parent", base().with_parent_id(SpanId::new(5)));
    check("random", base().with_random(true));
    check("width", base().with_64_bit(true));
    check("baggage", base().with_baggage_item("a", "1"));
    check("tracestate", base().with_tracestate("a=1"));
    check("vendor state", {
        let mut state = opentracing_core::propagation::InstanaState::default();
        state.synthetic = true;
        base().with_instana(state)
    });
    assert_eq!(base(), base());
    assert_eq!(base().with_baggage_item("a", "1").without_baggage_item("a"), base(), "no baggage is no baggage");
    assert_eq!(base().with_tracestate("a=1").with_tracestate(""), base());
    assert!(!base().same_span(&context(1, 12)) && !base().same_span(&context(2, 11)));
    let mock = MockTracer::new();
    mock.tracer().span("a").child_of(&base()).start().finish();
    let reference = &mock.span("a").references[0];
    assert_eq!(*reference, Reference::child_of(base()), "a remote parent equals the context that it came from");
    assert_eq!(Reference::follows_from(base()).kind, ReferenceKind::FollowsFrom);
}

#[test]
fn owned_spans_are_equal_if_they_hold_the_same() {
    let run = |baggage: &str| {
        let mock = MockTracer::new();
        let mut span = mock.tracer().span("work").start();
        span.set_baggage_item("user", baggage);
        span.finish();
        mock.span("work")
    };
    assert_eq!(run("ada"), run("ada"));
    assert_ne!(run("ada"), run("bob"));
}

//! Jaeger's binary layout.

use opentracing_core::propagation::{ExtractError, InjectError, JaegerBinary, Propagator};
use opentracing_core::{Sampling, SpanContext, SpanId, TraceId};

use super::{describe, describe_context};

fn context(sampling: Sampling) -> SpanContext {
    let trace_id = TraceId::from_parts(0x0af7_6519_16cd_43dd, 0x8448_eb21_1c80_319c);
    SpanContext::new(trace_id, SpanId::new(0xb7ad_6b71_6920_3331)).with_sampling(sampling)
}

fn written(context: &SpanContext) -> Vec<u8> {
    let mut carrier = vec![];
    JaegerBinary::new().inject(context, &mut carrier).expect("there is something to carry");
    carrier
}

#[test]
fn carries_ids_decision_and_baggage() {
    let rows = [
        context(Sampling::Sampled),
        context(Sampling::NotSampled).with_parent_id(SpanId::new(7)),
        context(Sampling::Debug).with_baggage_item("ключ", "a b/ü%").with_baggage_item("", ""),
        SpanContext::empty().with_baggage_item("a", "1"),
        SpanContext::empty().with_sampling(Sampling::Debug),
    ];
    for context in rows {
        let read = JaegerBinary::new().extract(&written(&context)).ok().flatten().expect("a context");
        assert_eq!(describe_context(&read), describe_context(&context));
        assert_eq!(read.parent_id(), context.parent_id());
    }
}

#[test]
fn what_was_not_decided_is_read_as_not_sampled() {
    let read = JaegerBinary::new().extract(&written(&context(Sampling::Undecided))).ok().flatten();
    assert_eq!(read.map(|context| context.sampling()), Some(Sampling::NotSampled));
}

#[test]
fn appends_and_says_when_there_is_nothing_to_carry() {
    let mut carrier = b"mine".to_vec();
    for nothing in [SpanContext::empty(), SpanContext::empty().with_sampling(Sampling::NotSampled)] {
        let written = JaegerBinary::new().inject(&nothing, &mut carrier);
        assert!(matches!(written, Err(InjectError::InvalidSpanContext)), "{written:?}");
        assert_eq!(carrier, b"mine");
    }
    assert!(JaegerBinary::new().inject(&context(Sampling::Sampled), &mut carrier).is_ok());
    assert!(carrier.starts_with(b"mine") && carrier.len() == 4 + 37);
}

#[test]
fn short_and_lying_carriers_are_corrupted() {
    let whole = written(&context(Sampling::Sampled).with_baggage_item("key", "value"));
    assert!(matches!(JaegerBinary::new().extract(&[]), Ok(None)));
    for len in 1..whole.len() {
        let extracted = JaegerBinary::new().extract(&whole[..len]);
        assert!(matches!(extracted, Err(ExtractError::SpanContextCorrupted { .. })), "{len}: {extracted:?}");
    }
    let changed = |at: usize, bytes: [u8; 4]| {
        let mut carrier = whole.clone();
        carrier[at..at + 4].copy_from_slice(&bytes);
        describe(&JaegerBinary::new().extract(&carrier))
    };
    // The count of items and the length of the key, which nobody has memory for.
    assert_eq!(changed(33, [0x7f, 0xff, 0xff, 0xff]), "corrupted binary");
    assert_eq!(changed(33, [0xff; 4]), "corrupted binary");
    assert_eq!(changed(33, [0, 0, 0, 181]), "corrupted binary");
    assert_eq!(changed(37, [0x7f, 0xff, 0xff, 0xff]), "corrupted binary");
    assert_eq!(changed(37, [0xff; 4]), "corrupted binary");
    assert_eq!(describe(&JaegerBinary::new().extract(&[0; 37])), "corrupted binary");
}

#[test]
fn baggage_that_is_no_text_is_dropped_by_itself() {
    let mut carrier = written(&context(Sampling::Sampled).with_baggage_item("a", "1").with_baggage_item("b", "2"));
    let at = carrier.len() - 1;
    carrier[at] = 0xff;
    let described = describe(&JaegerBinary::new().extract(&carrier));
    assert_eq!(described, "0af7651916cd43dd8448eb211c80319c/b7ad6b7169203331 yes bag=a:1");
}

#[test]
fn limits_hold_for_both_directions() {
    let context = context(Sampling::Sampled).with_baggage_item("a", "long value");
    let context = context.with_baggage_item("b", "2").with_baggage_item("c", "3").with_baggage_item("d", "4");
    let limited = JaegerBinary::new().max_baggage_items(2).max_baggage_bytes(6);
    let mut carrier = vec![];
    assert!(limited.inject(&context, &mut carrier).is_ok());
    let ids = "0af7651916cd43dd8448eb211c80319c/b7ad6b7169203331 yes";
    assert_eq!(describe(&JaegerBinary::new().extract(&carrier)), format!("{ids} bag=b:2 bag=c:3"));
    assert_eq!(describe(&limited.extract(&written(&context))), format!("{ids} bag=b:2 bag=c:3"));
    assert_eq!(limited.stats().baggage_dropped, 4);
}

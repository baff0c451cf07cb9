//! Headers of messages: where they differ from those of HTTP.

use opentracing_core::propagation::{AmqpHeaders, Composite, Propagator};
use opentracing_core::{Sampling, SpanContext, SpanId, TraceId};

use super::{Headers, composite, describe, headers, kafka, lines};

fn context() -> SpanContext {
    let trace_id = TraceId::from_parts(0x0af7_6519_16cd_43dd, 0x8448_eb21_1c80_319c);
    let context = SpanContext::new(trace_id, SpanId::new(0xb7ad_6b71_6920_3331));
    context.with_parent_id(SpanId::new(0x00f0_67aa_0ba9_02b7)).with_sampling(Sampling::Sampled)
}

#[test]
fn kafka_has_names_of_its_own_and_one_b3_header_without_parent() {
    let mut out = Headers::new();
    assert!(kafka(&Composite::default()).inject(&context(), &mut out).is_ok());
    assert_eq!(
        lines(&out),
        [
            "X_INSTANA_L_S: 1",
            "X_INSTANA_S: b7ad6b7169203331",
            "X_INSTANA_T: 0af7651916cd43dd8448eb211c80319c",
            "b3: 0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-1",
            "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "tracestate: in=8448eb211c80319c;b7ad6b7169203331",
        ]
    );
}

#[test]
fn amqp_has_the_names_of_http() {
    let composite = composite("instana,b3multi");
    let amqp: &dyn Propagator<AmqpHeaders> = &composite;
    let mut out = Headers::new();
    assert!(amqp.inject(&context(), &mut out).is_ok());
    assert_eq!(
        lines(&out),
        [
            "X-B3-Sampled: 1",
            "X-B3-SpanId: b7ad6b7169203331",
            "X-B3-TraceId: 0af7651916cd43dd8448eb211c80319c",
            "X-INSTANA-L: 1",
            "X-INSTANA-S: b7ad6b7169203331",
            "X-INSTANA-T: 8448eb211c80319c",
        ]
    );
}

#[test]
fn a_message_that_is_sent_again_has_the_new_context_alone() {
    let mut carrier = headers(&[
        ("X_INSTANA_T", "11111111111111111111111111111111"),
        ("x_instana_s", "2222222222222222"),
        ("X_INSTANA_L_S", "1"),
        ("X_INSTANA_C", "binary ids of old tracers"),
        ("X_INSTANA_L", "binary level"),
        ("traceparent", "old"),
        ("traceparent", "older"),
        ("key", "mine"),
    ]);
    let composite = composite("instana,tracecontext");
    assert!(kafka(&composite).inject(&context().with_sampling(Sampling::NotSampled), &mut carrier).is_ok());
    assert_eq!(
        lines(&carrier),
        ["X_INSTANA_L_S: 0", "key: mine", "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00",]
    );
}

/// Name, headers, what is found.
type Row<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a str);

#[test]
fn the_last_value_of_a_message_counts() {
    let old = "00-11111111111111111111111111111111-2222222222222222-01";
    let new = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let found = "0af7651916cd43dd8448eb211c80319c/b7ad6b7169203331 yes";
    let rows: [Row<'_>; 8] = [
        ("traceparent", &[("traceparent", old), ("traceparent", new)], found),
        ("traceparent malformed before", &[("traceparent", "old"), ("traceparent", new)], found),
        ("traceparent malformed after", &[("traceparent", new), ("traceparent", "new")], "corrupted traceparent"),
        (
            "tracestate",
            &[("traceparent", new), ("tracestate", "not valid"), ("tracestate", "a=1"), ("tracestate", "b=2")],
            &format!("{found} ts=b=2"),
        ),
        ("b3", &[("b3", "0"), ("b3", "1")], "yes"),
        ("baggage", &[("baggage", "a=1,c=3"), ("baggage", "b=2")], "undecided bag=b:2"),
        ("kafka level", &[("X_INSTANA_L_S", "1"), ("x_instana_l_s", "0")], "no"),
        (
            "kafka ids",
            &[
                ("X_INSTANA_T", "1111111111111111"),
                ("x_instana_t", "0000000000000000fa2375d711a4ca0f"),
                ("X_INSTANA_S", "02468acefdb97531"),
            ],
            "fa2375d711a4ca0f/02468acefdb97531 yes",
        ),
    ];
    for (name, from, expected) in rows {
        let extracted = kafka(&Composite::default()).extract(&headers(from));
        assert_eq!(describe(&extracted), expected, "{name}");
    }
}

#[test]
fn kafka_does_not_read_the_names_of_http() {
    let from = headers(&[("X-INSTANA-T", "fa2375d711a4ca0f"), ("X-INSTANA-S", "02468acefdb97531")]);
    assert_eq!(describe(&kafka(&Composite::default()).extract(&from)), "nothing");
}

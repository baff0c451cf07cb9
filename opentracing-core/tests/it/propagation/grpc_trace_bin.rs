//! The binary metadata of `OpenCensus`, where the vectors say nothing.

use opentracing_core::propagation::{Composite, GrpcTraceBin};
use opentracing_core::{Sampling, SpanContext, SpanId, TraceId};

use super::{composite, describe, extract_http, headers, http, lines};

const NAME: &str = "grpc-trace-bin";
const VALUE: &str = "AABL+S81d7NNpqPOkp0ODkc2AQDwZ6oLqQK3AgE";
const IDS: &str = "4bf92f3577b34da6a3ce929d0e0e4736/00f067aa0ba902b7";

#[track_caller]
fn check(value: &str, expected: &str) {
    let expected = expected.replace("IDS", IDS);
    assert_eq!(describe(&extract_http(&composite(NAME), &[(NAME, value)])), expected, "{value:?}");
}

#[test]
fn reads_base64_with_and_without_padding() {
    check(VALUE, "IDS yes");
    check(&format!(" {VALUE}= "), "IDS yes");
    // A field that is not known yet.
    check(&format!("{VALUE}DBw"), "IDS yes");
    for bad in [
        String::new(),
        "=".to_owned(),
        "A".to_owned(),
        VALUE.replace('+', "-"),
        VALUE[..20].to_owned(),
        format!("{VALUE}==="),
        format!("{VALUE},{VALUE},"),
        format!("{VALUE}{}", "A".repeat(256)),
        "AAAAAAAAAAAAAAAAAAAAAAAAAQDwZ6oLqQK3AgE".to_owned(),
    ] {
        check(&bad, "corrupted grpc-trace-bin");
    }
}

#[test]
fn writes_29_bytes_in_the_place_of_old_ones() {
    let trace_id = TraceId::from_parts(0x4bf9_2f35_77b3_4da6, 0xa3ce_929d_0e0e_4736);
    let context = SpanContext::new(trace_id, SpanId::new(0x00f0_67aa_0ba9_02b7));
    let composite = Composite::empty().with(GrpcTraceBin::new());
    for (sampling, last) in [(Sampling::Undecided, "A"), (Sampling::NotSampled, "A"), (Sampling::Debug, "E")] {
        let mut carrier = headers(&[("Grpc-Trace-Bin", "old")]);
        assert!(http(&composite).inject(&context.clone().with_sampling(sampling), &mut carrier).is_ok());
        assert_eq!(lines(&carrier), [format!("{NAME}: {}{last}", &VALUE[..38])]);
    }
    let mut carrier = headers(&[(NAME, VALUE)]);
    assert!(http(&composite).inject(&SpanContext::empty().with_sampling(Sampling::Sampled), &mut carrier).is_ok());
    assert!(carrier.is_empty());
}

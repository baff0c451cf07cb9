//! Untrusted input is bounded before it is parsed, and never causes a panic.

use opentracing_core::propagation::{Composite, JaegerBinary, Propagator, TextMap};
use opentracing_core::{SpanContext, Tracer};

use super::{composite, describe, extract_http, headers, http, inject_http};

fn members(count: usize) -> String {
    (0..count).map(|i| format!("k{i}=v")).collect::<Vec<_>>().join(",")
}

#[test]
fn reads_64_items_and_8192_bytes_of_baggage() {
    let rows = [
        ("64 items", members(64), 64, 0),
        ("65 items", members(65), 64, 1),
        ("8,192 bytes", format!("a={}", "0".repeat(8190)), 1, 0),
        ("8,193 bytes", format!("a={}", "0".repeat(8191)), 0, 1),
        ("one too long, one not", format!("a={},b=1", "0".repeat(8191)), 1, 1),
        ("blanks", format!("{}a=1", " ".repeat(20_000)), 0, 1),
        ("commas", format!("{}a=1", ",".repeat(20_000)), 0, 1),
    ];
    for (name, header, items, left_out) in rows {
        let composite = composite("baggage");
        let read = extract_http(&composite, &[("baggage", &header)]).ok().flatten().unwrap_or(SpanContext::empty());
        assert_eq!(read.baggage().count(), items, "{name}");
        assert_eq!(http(&composite).stats().baggage_dropped, left_out, "{name}");
    }
}

#[test]
fn several_headers_have_the_limits_together() {
    let (a, b) = (format!("a={}", "0".repeat(5000)), format!("b={}", "0".repeat(5000)));
    let read = extract_http(&composite("baggage"), &[("baggage", &a), ("baggage", &b), ("baggage", "c=1")]);
    let names: Vec<_> =
        read.iter().flatten().flat_map(|cx| cx.baggage().map(|(key, _)| key).collect::<Vec<_>>()).collect();
    assert_eq!(names, ["a", "c"]);
}

#[test]
fn limits_can_be_set_and_hold_for_writing_too() {
    let composite = composite("baggage").max_baggage_items(2).max_baggage_bytes(8);
    let context = SpanContext::empty().with_baggage_item("a", "1").with_baggage_item("b", "long value");
    let context = context.with_baggage_item("c", "3").with_baggage_item("d", "4");
    assert_eq!(inject_http(&composite, &context), ["baggage: a=1,c=3"]);
    assert_eq!(http(&composite).stats().baggage_dropped, 2);
    assert_eq!(describe(&extract_http(&composite, &[("baggage", "a=1,b=2,c=3")])), "undecided bag=a:1 bag=b:2");
}

#[test]
fn a_tracer_counts_what_its_propagators_leave_out() {
    let (tracer, _drain) = Tracer::builder("test").build();
    let from = headers(&[("baggage", &members(65))]);
    assert!(tracer.extract(TextMap, &from).is_ok());
    let stats = tracer.stats();
    assert_eq!((stats.fields_malformed, stats.baggage_dropped, stats.extract_corrupted), (0, 1, 0));
    let from = headers(&[("traceparent", "garbage"), ("b3", "0")]);
    assert!(tracer.extract(TextMap, &from).is_ok());
    assert!(tracer.extract(TextMap, &headers(&[("traceparent", "garbage")])).is_err());
    let stats = tracer.stats();
    assert_eq!((stats.fields_malformed, stats.extract_corrupted), (2, 1));
}

/// Reads with the default limits, and asserts how much memory was held at a time.
#[track_caller]
fn check_memory(name: &str, max_bytes: u64, read: impl Fn()) {
    let memory = allocation_counter::measure(read);
    assert!(memory.bytes_max <= max_bytes, "{name}: {} bytes", memory.bytes_max);
}

#[test]
fn reading_takes_no_more_memory_than_promised() {
    let no_text = "%FC".repeat(8192);
    let (plus, nothing) = ("+".repeat(24_576), "%".repeat(24_576));
    let list: String = (0..64).map(|i| format!("k{i}={}\t,", "v".repeat(250))).collect();
    let rows = [
        ("jaeger", "uberctx-a", &*no_text),
        ("jaeger", "uberctx-a", &*plus),
        ("jaeger", "uberctx-a", &*nothing),
        ("jaeger", "jaeger-baggage", &*plus),
        ("jaeger", "uber-trace-id", &*plus),
        ("ottrace", "ot-baggage-a", &*no_text),
        ("wavefront", "wf-ot-a", &*nothing),
        ("baggage", "baggage", &*no_text),
        ("tracecontext", "traceparent", &*nothing),
        ("tracecontext", "tracestate", &*list),
        ("datadog", "x-datadog-tags", &*plus),
        ("grpc-trace-bin", "grpc-trace-bin", &*plus),
    ];
    for (names, header, value) in rows {
        let (composite, again) = (composite(names), value.repeat(2));
        let traceparent = ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
        for from in [headers(&[traceparent, (header, value), (header, value)]), headers(&[(header, &again)])] {
            check_memory(header, 132 * 1024, || drop(http(&composite).extract(&from)));
        }
    }
}

#[test]
fn what_is_no_text_takes_no_more_memory_than_promised() {
    for (names, header) in [("jaeger", "uberctx-a"), ("ottrace", "ot-baggage-a"), ("wavefront", "wf-ot-a")] {
        let composite = composite(names);
        for len in [8191, 8192, 24_576] {
            let carrier = Bytes(header, vec![0xff; len]);
            check_memory(header, 132 * 1024, || drop(http(&composite).extract(&carrier)));
        }
        assert_eq!(http(&composite).stats().baggage_dropped, 3, "{names}");
    }
}

#[test]
fn a_long_item_of_the_binary_carrier_is_not_copied() {
    let mut carrier = vec![0; 36];
    carrier.push(1);
    for len in [100_000_u32, 100_000] {
        carrier.extend_from_slice(&len.to_be_bytes());
        carrier.resize(carrier.len() + 100_000, b'x');
    }
    let propagator = JaegerBinary::new();
    check_memory("binary", 28 * 1024, || drop(propagator.extract(&carrier)));
    assert_eq!(propagator.stats().baggage_dropped, 1);
}

/// Every prefix of a valid value, with every byte changed to some that are not meant to be there.
fn mangled(value: &str) -> impl Iterator<Item = Vec<u8>> {
    let bytes = value.as_bytes().to_vec();
    let cut = (0..=bytes.len()).map({
        let bytes = bytes.clone();
        move |len| bytes[..len].to_vec()
    });
    let changed = (0..bytes.len()).flat_map(move |at| {
        let bytes = bytes.clone();
        [0u8, b' ', b',', b';', b'=', b'-', b'%', b'A', b'f', 0x7f, 0x80, 0xff].map(|byte| {
            let mut bytes = bytes.clone();
            bytes[at] = byte;
            bytes
        })
    });
    cut.chain(changed)
}

/// One header in bytes among others that are well.
struct Bytes(&'static str, Vec<u8>);

const WELL: [(&str, &str); 6] = [
    ("x-instana-t", "fa2375d711a4ca0f"),
    ("x-instana-s", "02468acefdb97531"),
    ("traceparent", "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-x"),
    ("x-b3-traceid", "0af7651916cd43dd8448eb211c80319c"),
    ("x-b3-spanid", "b7ad6b7169203331"),
    ("b3", "garbage"),
];

impl opentracing_core::propagation::TextMapReader for Bytes {
    fn values(&self, field: &opentracing_core::propagation::Field, visit: &mut dyn FnMut(&[u8])) {
        if field.name().eq_ignore_ascii_case(self.0) {
            return visit(&self.1);
        }
        WELL.iter().filter(|(name, _)| field.name().eq_ignore_ascii_case(name)).for_each(|(_, v)| visit(v.as_bytes()));
    }

    fn for_each<'a>(&'a self, visit: &mut dyn FnMut(&'a str, &'a [u8])) {
        visit(self.0, &self.1);
        let others = WELL.iter().filter(|(name, _)| !name.eq_ignore_ascii_case(self.0));
        others.for_each(|(name, value)| visit(name, value.as_bytes()));
    }
}

#[test]
fn a_mangled_value_spoils_its_own_format_at_most() {
    let names = "baggage,jaeger,datadog,ottrace,wavefront,xray,gcp,grpc-trace-bin,b3,tracecontext,instana";
    let composite: Composite = composite(names);
    let values = [
        ("X-INSTANA-T", "0123456789abcdeffa2375d711a4ca0f"),
        ("X-INSTANA-S", "02468acefdb97531"),
        ("X-INSTANA-L", "1,correlationType=web;correlationId=abc"),
        ("traceparent", "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-x"),
        ("tracestate", "rojo=1,in=fa2375d711a4ca0f;02468acefdb97531"),
        ("b3", "0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-d-00f067aa0ba902b7"),
        ("X-B3-TraceId", "0af7651916cd43dd8448eb211c80319c"),
        ("X-B3-Sampled", "false"),
        ("baggage", "a=1%20;p=%C3%BC,b=%zz"),
        ("uber-trace-id", "af7651916cd43dd8448eb211c80319c%3Ab7ad6b7169203331:0:f"),
        ("uberctx-a", "1%20+%C3%BC"),
        ("jaeger-debug-id", "id"),
        ("jaeger-baggage", "a=1, b = 2"),
        ("x-datadog-trace-id", "9532127138774266268"),
        ("x-datadog-sampling-priority", "-1"),
        ("x-datadog-tags", "_dd.p.tid=0af7651916cd43dd,_dd.p.dm=-4"),
        ("tracestate", "dd=s:2;o:rum;t.dm:-4;p:b7ad6b7169203331"),
        ("ot-tracer-traceid", "8448eb211c80319c"),
        ("ot-baggage-a", "1%C3%BC"),
        ("wf-ot-traceid", "0af76519-16cd-43dd-8448-eb211c80319c"),
        ("X-Amzn-Trace-Id", "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"),
        ("X-Cloud-Trace-Context", "105445aa7843bc8bf206b12000100000/1;o=1"),
        ("grpc-trace-bin", "AABL+S81d7NNpqPOkp0ODkc2AQDwZ6oLqQK3AgE="),
    ];
    for (name, value) in values {
        for bytes in mangled(value) {
            let carrier = Bytes(name, bytes);
            let context = (&composite as &dyn Propagator<TextMap>).extract(&carrier).ok().flatten();
            let context = context.unwrap_or_else(|| panic!("nothing found beside {name} {:?}", carrier.1));
            assert!(context.is_valid(), "{name} {:?}", carrier.1);
            let mut out = super::Headers::new();
            assert!(http(&composite).inject(&context, &mut out).is_ok());
            let legal = |value: &str| value.bytes().all(|byte| matches!(byte, b' '..=b'~'));
            assert!(out.iter().all(|(_, value)| legal(value)), "{name} {:?} {out:?}", carrier.1);
        }
    }
}

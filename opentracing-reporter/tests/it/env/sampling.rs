//! The samplers that variables select.

use std::time::Instant;

use opentracing_core::{Sampling, SpanContext, SpanId, TraceId};

use super::{LONG, check_warnings, read, start};
use crate::support::collector::{Collector, Reply};

/// The numbers of spans kept: of ten roots, of ten children of a sampled remote parent, and of ten children of one that is not sampled.
fn kept(variables: &[(&str, &str)]) -> [usize; 3] {
    let (tracer, guard, told) = start(read(variables));
    let remote = |sampling| SpanContext::new(TraceId::from_parts(1, u64::MAX), SpanId::new(1)).with_sampling(sampling);
    let (yes, no) = (remote(Sampling::Sampled), remote(Sampling::NotSampled));
    for _ in 0..10 {
        tracer.span("root").start().finish();
        tracer.span("yes").child_of(&yes).start().finish();
        tracer.span("no").child_of(&no).start().finish();
    }
    assert_eq!(guard.close(LONG), Ok(()));
    let names: Vec<_> = told.try_iter().map(|told| told.name).collect();
    ["root", "yes", "no"].map(|wanted| names.iter().filter(|name| *name == wanted).count())
}

#[test]
fn samplers_are_selected_by_name() {
    const OTEL: &str = "OTEL_TRACES_SAMPLER";
    const ARG: &str = "OTEL_TRACES_SAMPLER_ARG";
    const TYPE: &str = "JAEGER_SAMPLER_TYPE";
    const PARAM: &str = "JAEGER_SAMPLER_PARAM";
    #[track_caller]
    fn check(variables: &[(&str, &str)], expected: [usize; 3]) {
        assert_eq!(kept(variables), expected, "{variables:?}");
    }
    check(&[], [10, 10, 0]);
    check(&[(OTEL, "parentbased_always_on")], [10, 10, 0]);
    check(&[(OTEL, "parentbased_always_off")], [0, 10, 0]);
    check(&[(OTEL, "always_on")], [10, 10, 10]);
    check(&[(OTEL, "Always_Off")], [0, 0, 0]);
    check(&[(OTEL, "parentbased_traceidratio"), (ARG, "0")], [0, 10, 0]);
    check(&[(OTEL, "traceidratio"), (ARG, "0")], [0, 0, 0]);
    check(&[(OTEL, "traceidratio")], [10, 10, 10]);
    check(&[(TYPE, "const"), (PARAM, "0")], [0, 10, 0]);
    check(&[(TYPE, "const")], [10, 10, 0]);
    check(&[(TYPE, "probabilistic"), (PARAM, "0")], [0, 10, 0]);
    check(&[(TYPE, "ratelimiting"), (PARAM, "0")], [0, 10, 0]);
    check(&[(TYPE, "const"), (PARAM, "0"), (OTEL, "always_on")], [10, 10, 10]);
    check(&[(OTEL, "sometimes")], [10, 10, 0]);
    // Nobody answers at this address, so the initial rate decides.
    const NOBODY: &str = "endpoint=http://127.0.0.1:1/sampling,initialSamplingRate=";
    let rate = |rate: u8| format!("{NOBODY}{rate}");
    check(&[(OTEL, "jaeger_remote"), (ARG, &rate(0))], [0, 0, 0]);
    check(&[(OTEL, "jaeger_remote"), (ARG, &rate(1))], [10, 10, 10]);
    check(&[(OTEL, "parentbased_jaeger_remote"), (ARG, &rate(0))], [0, 10, 0]);
    check(&[("JAEGER_SAMPLING_ENDPOINT", "http://127.0.0.1:1/"), (PARAM, "0")], [0, 10, 0]);
    check(&[("JAEGER_AGENT_HOST", "127.0.0.1"), (PARAM, "1")], [10, 10, 0]);
    check(&[("JAEGER_SERVICE_NAME", "shop")], [10, 10, 0]);
    check_warnings(
        &[(OTEL, "always_on"), (ARG, "0.5")],
        &["OTEL_TRACES_SAMPLER_ARG is set, but always_on has no argument: ignoring it"],
    );
    check_warnings(&[(ARG, "0.5")], &["OTEL_TRACES_SAMPLER_ARG is set without OTEL_TRACES_SAMPLER: ignoring it"]);
    check_warnings(&[(TYPE, "const"), (PARAM, "0.5")], &["JAEGER_SAMPLER_PARAM is 0.5, neither 0 nor 1: using 1"]);
    check_warnings(
        &[(OTEL, "sometimes")],
        &["OTEL_TRACES_SAMPLER is \"sometimes\", which is not supported: using parentbased_always_on"],
    );
    check_warnings(
        &[(OTEL, "traceidratio"), (ARG, "1.5")],
        &["OTEL_TRACES_SAMPLER_ARG is 1.5, not between 0 and 1: using 1"],
    );
    check_warnings(&[(TYPE, "odd")], &["JAEGER_SAMPLER_TYPE is \"odd\", which is not supported: using const"]);
    check_warnings(
        &[(TYPE, "probabilistic"), (PARAM, "half")],
        &["JAEGER_SAMPLER_PARAM is \"half\", not a number: using 1"],
    );
}

#[test]
fn jaeger_server_can_decide() {
    let answer = r#"{"strategyType":"PROBABILISTIC","probabilisticSampling":{"samplingRate":0}}"#;
    let never = Reply::Say("200 OK", &["content-type: application/json"], answer.into());
    for named in ["OTEL_TRACES_SAMPLER", "JAEGER_SAMPLER_TYPE"] {
        let server = Collector::start([never.clone()]).expect("a port");
        let argument = format!("endpoint={}/sampling,pollingIntervalMs=3600000,initialSamplingRate=1", server.url());
        let url = format!("{}/sampling", server.url());
        let variables = match named {
            "OTEL_TRACES_SAMPLER" => {
                vec![(named, "parentbased_jaeger_remote"), ("OTEL_TRACES_SAMPLER_ARG", &*argument)]
            }
            _ => vec![(named, "remote"), ("JAEGER_SAMPLING_ENDPOINT", &*url), ("JAEGER_SAMPLER_PARAM", "1")],
        };
        let read = read(&variables).service("shop & co");
        assert_eq!(read.warnings(), []);
        let (tracer, guard, told) = start(read);
        assert_eq!(server.next().line, "GET /sampling?service=shop%20%26%20co HTTP/1.1");
        // It has polled. The answer takes effect a moment later.
        let patience = Instant::now() + LONG;
        while tracer.span("work").start().is_recording() {
            assert!(Instant::now() < patience, "the answer has no effect");
            std::thread::yield_now();
        }
        assert_eq!(guard.close(LONG), Ok(()));
        drop(told);
    }
    check_warnings(
        &[("OTEL_TRACES_SAMPLER", "jaeger_remote"), ("OTEL_TRACES_SAMPLER_ARG", "initialSamplingRate=2,x=1")],
        &[
            "OTEL_TRACES_SAMPLER_ARG has initialSamplingRate=2, which is not supported: ignoring it",
            "OTEL_TRACES_SAMPLER_ARG has x=1, which is not supported: ignoring it",
        ],
    );
}

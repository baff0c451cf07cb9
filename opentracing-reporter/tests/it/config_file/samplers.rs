//! The sampler.

use std::time::Instant;

use opentracing_core::{Sampling, SpanContext, SpanId, TraceId};

use super::{PATIENCE, check_warnings, provider, read, start};
use crate::support::collector::{Collector, Reply};
use crate::support::service::{Service, Version};

/// The numbers of spans kept: of ten roots, of ten children of a sampled remote parent, and of ten children of one that is not sampled.
#[track_caller]
fn check(sampler: &str, expected: [usize; 3]) {
    let config = read(&provider(&format!("  sampler: {sampler}\n")));
    check_warnings(&config, &[]);
    let (tracer, guard, told) = start(config);
    let remote = |sampling| SpanContext::new(TraceId::from_parts(1, u64::MAX), SpanId::new(1)).with_sampling(sampling);
    let (yes, no) = (remote(Sampling::Sampled), remote(Sampling::NotSampled));
    for _ in 0..10 {
        tracer.span("root").start().finish();
        tracer.span("yes").child_of(&yes).start().finish();
        tracer.span("no").child_of(&no).start().finish();
    }
    assert_eq!(guard.close(PATIENCE), Ok(()));
    let names: Vec<_> = told.try_iter().map(|told| told.name).collect();
    assert_eq!(
        ["root", "yes", "no"].map(|wanted| names.iter().filter(|name| *name == wanted).count()),
        expected,
        "{sampler}"
    );
}

#[test]
fn samplers_decide_as_named() {
    check("{always_on: }", [10, 10, 10]);
    check("{always_off: {}}", [0, 0, 0]);
    check("{trace_id_ratio_based: {ratio: 0}}", [0, 0, 0]);
    check("{trace_id_ratio_based: }", [10, 10, 10]);
    check("{probability/development: {ratio: 0.0}}", [0, 0, 0]);
    check("{parent_based: }", [10, 10, 0]);
    check("{parent_based: {root: {always_off: }}}", [0, 10, 0]);
    check(
        "{parent_based: {root: {trace_id_ratio_based: {ratio: 0}}, remote_parent_sampled: {always_on: }}}",
        [0, 10, 0],
    );
    check("{parent_based: {remote_parent_sampled: {always_off: }}}", [10, 0, 0]);
    check("{parent_based: {root: , remote_parent_not_sampled: {always_on: }}}", [10, 10, 10]);
    check(
        "{parent_based: {local_parent_sampled: {always_on: }, local_parent_not_sampled: {always_off: }}}",
        [10, 10, 0],
    );
}

#[test]
fn local_parents_cannot_be_overridden() {
    let config = read(&provider("  sampler: {parent_based: {local_parent_sampled: {always_off: }}}\n"));
    check_warnings(
        &config,
        &["tracer_provider.sampler.parent_based.local_parent_sampled is not supported (line 4): using always_on"],
    );
}

#[test]
fn jaeger_server_can_decide() {
    let answer = r#"{"strategyType":"PROBABILISTIC","probabilisticSampling":{"samplingRate":0}}"#;
    let never = Reply::Say("200 OK", &["content-type: application/json"], answer.into());
    for (head, tail) in [("{", "}"), ("{parent_based: {root: {", "}}}")] {
        let server = Collector::start([never.clone()]).expect("a port");
        let address = format!("{}/sampling", server.url().replace("http://", ""));
        let sampler = format!(
            "{head}jaeger_remote/development: {{endpoint: \"{address}\", interval: 3600000, initial_sampler: {{always_on: }}}}{tail}"
        );
        let config = read(&provider(&format!("  sampler: {sampler}\n"))).service("shop");
        check_warnings(&config, &[]);
        let (tracer, guard, _told) = start(config);
        assert_eq!(server.next().line, "GET /sampling?service=shop HTTP/1.1");
        // It has polled. The answer takes effect a moment later.
        let patience = Instant::now() + PATIENCE;
        while tracer.span("work").start().is_recording() {
            assert!(Instant::now() < patience, "the answer has no effect");
            std::thread::yield_now();
        }
        assert_eq!(guard.close(PATIENCE), Ok(()));
    }
}

#[test]
fn jaeger_server_without_a_path_is_asked_over_grpc() {
    let server = Service::start(Version::Http2, None, []).expect("a port");
    let sampler = format!(
        "{{jaeger_remote/development: {{endpoint: \"http://{}\", initial_sampler: {{always_on: }}}}}}",
        server.address
    );
    let (_tracer, guard, _told) = start(read(&provider(&format!("  sampler: {sampler}\n"))));
    assert_eq!(server.next().path, "/jaeger.api_v2.SamplingManager/GetSamplingStrategy");
    drop(guard);
}

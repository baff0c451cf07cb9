//! The checks of the OpenTracing API on every kind of tracer, and tracers that fail them.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use opentracing_core::harness::{self, Capabilities, Capability, Subject};
use opentracing_core::mock::MockTracer;
use opentracing_core::propagation::{B3, Binary, Composite, ExtractError, InjectError, Propagator, TextMap};
use opentracing_core::{
    Batch, ConsistentProbabilitySampler, ConstSampler, Decision, OwnedSpan, ParentBased, PerOperationSampler,
    PerOperationStrategies, ProbabilisticSampler, RateLimitingSampler, RemoteSampler, Reporter, Rule, RuleSampler,
    Sampler, SamplingStrategy, SpanContext, TraceIdRatioSampler, TraceIdWidth, Tracer, TracerBuilder,
};

const LONG: Duration = Duration::from_secs(20);

#[derive(Clone, Default)]
struct Keep(Arc<Mutex<Vec<OwnedSpan>>>);

impl Reporter for Keep {
    fn report(&mut self, batch: Batch<'_>) {
        self.0.lock().unwrap().extend(batch.iter().map(OwnedSpan::from));
    }
}

fn subject(tracer: Tracer, kept: Keep) -> Subject {
    let flushed = tracer.clone();
    Subject::new(tracer).finished(move || {
        flushed.flush(LONG).unwrap();
        kept.0.lock().unwrap().clone()
    })
}

fn inline(builder: TracerBuilder) -> Subject {
    let kept = Keep::default();
    subject(builder.build_inline(kept.clone()), kept)
}

#[test]
fn the_recorder_passes_with_an_inline_reporter() {
    harness::run_all(|| inline(Tracer::builder("shop")), Capabilities::all());
    let short = || inline(Tracer::builder("shop").trace_id_width(TraceIdWidth::Bits64));
    harness::run_all(short, Capabilities::all());
}

#[test]
fn the_recorder_passes_with_a_drain_thread() {
    let make = || {
        let (kept, (tracer, drain)) = (Keep::default(), Tracer::builder("shop").build());
        let reporter = kept.clone();
        std::thread::spawn(move || drain.run(reporter));
        subject(tracer, kept)
    };
    harness::run_all(make, Capabilities::all());
}

#[test]
fn the_noop_tracer_passes_without_capabilities() {
    harness::run_all(Tracer::noop, Capabilities::none());
}

#[test]
fn the_mock_passes() {
    harness::run_all(MockTracer::new, Capabilities::all());
}

/// A remote sampler that has had its first answer.
fn told(strategy: SamplingStrategy) -> RemoteSampler {
    let sampler = RemoteSampler::new(ConstSampler::off());
    sampler.update(strategy).unwrap();
    sampler
}

#[test]
fn every_sampler_passes() {
    #[track_caller]
    fn check(make: impl Fn() -> Box<dyn Sampler>) {
        harness::run_all(|| inline(Tracer::builder("shop").sampler(make())), Capabilities::all());
    }
    check(|| Box::new(ConstSampler::on()));
    check(|| Box::new(ConstSampler::off()));
    check(|| Box::new(ConstSampler::new(Decision::Record)));
    check(|| Box::new(ProbabilisticSampler::new(0.5)));
    check(|| Box::new(TraceIdRatioSampler::new(0.5)));
    check(|| Box::new(ConsistentProbabilitySampler::new(0.5)));
    check(|| Box::new(RateLimitingSampler::new(1.0)));
    check(|| Box::new(PerOperationSampler::new(0.5, 1.0)));
    check(|| Box::new(RemoteSampler::new(ProbabilisticSampler::new(0.5))));
    check(|| Box::new(told(SamplingStrategy::Probabilistic { sampling_rate: 0.5 })));
    check(|| Box::new(told(SamplingStrategy::RateLimiting { max_traces_per_second: 1.0 })));
    let mut by_operation = PerOperationStrategies::default();
    by_operation.default_sampling_probability = 0.5;
    by_operation.default_lower_bound_traces_per_second = 1.0;
    by_operation.per_operation.push(("Fry".to_owned(), 1.0));
    check(|| Box::new(told(SamplingStrategy::PerOperation(by_operation.clone()))));
    let some = || RuleSampler::new(ConstSampler::on()).rule(Rule::new().operation("Fry"), ConstSampler::off());
    check(|| Box::new(some()));
    check(|| Box::new(ParentBased::new(ConstSampler::on()).remote_not_sampled(ProbabilisticSampler::new(0.5))));
}

#[test]
fn a_format_without_baggage_passes_without_that_capability() {
    let make = || inline(Tracer::builder("shop").composite(Composite::empty().with(B3::new())));
    harness::run_all(make, Capabilities::all().without(Capability::BaggagePropagation));
    let failed: Vec<_> = harness::failures(make, Capabilities::all()).iter().map(|failure| failure.check()).collect();
    assert_eq!(failed, ["baggage_propagation"]);
}

#[test]
fn has_each_check_of_the_harnesses_for_python_and_go_once() {
    let mut names: Vec<_> = harness::checks().collect();
    names.sort_unstable();
    let all = names.len();
    names.dedup();
    // 33 for Python, 4 more for Go, whose other 12 are the same, and 2 of our own.
    assert_eq!((names.len(), all), (39, 39));
}

#[track_caller]
fn check_fails(make: impl Fn() -> Subject, expected: &[(&str, &str)]) {
    let failures = harness::failures(make, Capabilities::all());
    let named: Vec<_> = failures.iter().map(|failure| (failure.check(), failure.message())).collect();
    for failure in expected {
        assert!(named.contains(failure), "{failure:?} among {named:#?}");
    }
}

#[test]
fn a_tracer_that_does_nothing_fails_with_capabilities() {
    let failed = harness::failures(Tracer::noop, Capabilities::all());
    let named: Vec<_> = failed.iter().map(|failure| failure.check()).collect();
    for check in ["start_span", "span_baggage", "activate", "binary_propagation", "unknown_format", "close_wrong_order"]
    {
        assert!(named.contains(&check), "{check} among {named:?}");
    }
}

#[test]
fn a_reporter_that_loses_or_repeats_spans_fails() {
    let losing = || {
        let tracer = Tracer::builder("shop").build_inline(Keep::default());
        subject(tracer, Keep::default())
    };
    check_fails(losing, &[("start_span", "a sampled span should reach the reporter once it has finished")]);

    struct Twice(Keep);
    impl Reporter for Twice {
        fn report(&mut self, batch: Batch<'_>) {
            let spans = || batch.iter().map(OwnedSpan::from);
            self.0.0.lock().unwrap().extend(spans().chain(spans()));
        }
    }
    let repeating = || {
        let kept = Keep::default();
        subject(Tracer::builder("shop").build_inline(Twice(kept.clone())), kept)
    };
    check_fails(repeating, &[("start_span", "\"Fry\" should reach the reporter once, not 2 times")]);
}

/// Forgets contexts, and fails on what it reads.
#[derive(Debug)]
struct Forgetful;

impl Propagator<Binary> for Forgetful {
    fn inject(&self, _: &SpanContext, carrier: &mut Vec<u8>) -> Result<(), InjectError> {
        carrier.clear();
        Ok(())
    }

    fn extract(&self, _: &[u8]) -> Result<Option<SpanContext>, ExtractError> {
        panic!("on purpose")
    }
}

impl Propagator<TextMap> for Forgetful {
    fn inject(
        &self,
        _: &SpanContext,
        _: &mut (dyn opentracing_core::propagation::TextMapWriter + '_),
    ) -> Result<(), InjectError> {
        Ok(())
    }

    fn extract(
        &self,
        _: &(dyn opentracing_core::propagation::TextMapReader + '_),
    ) -> Result<Option<SpanContext>, ExtractError> {
        Ok(None)
    }
}

#[test]
fn a_propagator_that_forgets_or_panics_fails() {
    let make = || inline(Tracer::builder("shop").propagator(Binary, Forgetful).propagator(TextMap, Forgetful));
    check_fails(
        make,
        &[
            ("text_propagation", "TextMap: an injected context should be extracted again"),
            ("binary_propagation", "inject should append to a binary carrier"),
            ("invalid_extract", "panicked: on purpose"),
        ],
    );
}

#[test]
#[should_panic(expected = "binary_propagation: inject should append")]
fn the_panic_names_what_failed() {
    harness::run_all(|| inline(Tracer::builder("shop").propagator(Binary, Forgetful)), Capabilities::all());
}

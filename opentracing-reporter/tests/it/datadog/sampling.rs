//! Sampling by the agent's rates, and by an own one.

use std::collections::BTreeMap;

use opentracing_core::propagation::{Composite, TextMap};
use opentracing_core::{
    ConstSampler, Decision, IdGenerator, Sampler, SamplingParams, SpanContext, SpanId, TraceId, Tracer,
};
use opentracing_reporter::{BatchReporter, Datadog, DatadogSampler, TailSampling};
use serde_json::Value as Json;

use super::{chunks, shop};
use crate::support::collector::{Collector, Reply};
use crate::support::transports::{NEVER, PATIENCE};

fn answer(json: &str) -> Reply {
    Reply::Say("200 OK", &["content-type: application/json"], json.as_bytes().to_vec())
}

/// A tracer that samples by the answers of this agent.
fn sampled(server: &Collector, sampler: &DatadogSampler) -> Tracer {
    let datadog = Datadog::agent(&server.url()).expect("that is an address").sampler(sampler);
    let shop = shop().tag("env", "prod").sampler(sampler.clone());
    shop.build_inline(BatchReporter::new(datadog).batch_delay(NEVER))
}

#[test]
fn keeps_the_traces_that_datadogs_tracers_keep() {
    #[track_caller]
    fn check(trace_id: u64, rate: f64, expected: bool) {
        let sampler = DatadogSampler::with_rate(rate);
        let decision = sampler.decide(&SamplingParams::root(TraceId::from_parts(u64::MAX, trace_id), "x"));
        assert_eq!(decision == Decision::RecordAndSample, expected, "{trace_id} at {rate}");
    }
    // Computed with big integers.
    check(1, 0.5, true);
    check(10, 0.5, false);
    check(100, 0.5, true);
    check(1000, 0.5, true);
    check(18_444_899_399_302_180_860, 0.5, false);
    check(18_444_899_399_302_180_861, 0.5, false);
    check(18_444_899_399_302_180_862, 0.5, true);
    check(18_444_899_399_302_180_863, 0.5, true);
    check(18_446_744_073_709_551_615, 0.5, false);
    check(9_223_372_036_854_775_809, 0.5, false);
    check(9_223_372_036_854_775_807, 0.5, true);
    check(4_611_686_018_427_387_905, 0.5, false);
    check(646_771_306_295_669_658, 0.5, true);
    check(1_882_305_164_521_835_798, 0.5, true);
    check(5_198_373_796_167_680_436, 0.5, false);
    check(6_272_545_487_220_484_606, 0.5, true);
    check(8_696_342_848_850_656_916, 0.5, true);
    check(10_197_320_802_478_874_805, 0.5, true);
    check(10_350_218_024_687_037_124, 0.5, true);
    check(12_078_589_664_685_934_330, 0.5, false);
    check(13_794_769_880_582_338_323, 0.5, true);
    check(14_629_469_446_186_818_297, 0.5, false);
    for id in [0, 1, 10, u64::MAX] {
        check(id, 1.0, true);
        check(id, 0.0, false);
        check(id, f64::NAN, false);
        check(id, 7.0, true);
    }
}

#[test]
fn follows_the_agents_rates() {
    #[track_caller]
    fn check(reply: &str, expected: Option<f64>) {
        let server = Collector::start([answer(reply)]).expect("a port is free");
        let sampler = DatadogSampler::new();
        let tracer = sampled(&server, &sampler);
        tracer.span("a").start().finish();
        assert_eq!(tracer.flush(PATIENCE), Ok(()));
        assert_eq!(sampler.rate(), expected, "{reply}");
        let failed = tracer.stats().sampler.updates_failed;
        assert_eq!(failed, u64::from(reply == "OK\n"), "{reply}");
    }
    check(r#"{"rate_by_service":{"service:shop,env:prod":0.25,"service:,env:":1}}"#, Some(0.25));
    check(r#"{"rate_by_service":{"service:shop,env:test":0.25,"service:,env:":0.5}}"#, Some(0.5));
    check(r#"{"rate_by_service":{"service:shop,env:prod":-1}}"#, Some(0.0));
    check(r#"{"rate_by_service":{"service:shop,env:prod":3}}"#, Some(1.0));
    check(r#"{"rate_by_service":{"service:other,env:prod":0.25}}"#, None);
    check(r#"{"rate_by_service":{}}"#, None);
    check("{}", None);
    check("", None);
    check("OK\n", None);
}

#[test]
fn records_how_it_decided() {
    #[track_caller]
    fn check(sampler: DatadogSampler, first: bool, expected: [&str; 3], psr: (Option<f64>, Option<f64>)) {
        let rates = answer(r#"{"rate_by_service":{"service:shop,env:prod":0.75}}"#);
        let server = Collector::start([rates.clone(), rates]).expect("a port is free");
        let tracer = sampled(&server, &sampler);
        if !first {
            tracer.span("earlier").start().finish();
            assert_eq!(tracer.flush(PATIENCE), Ok(()));
            server.next();
        }
        let root = tracer.span("root").start();
        tracer.span("child").child_of(&root).start().finish();
        drop(root);
        assert_eq!(tracer.flush(PATIENCE), Ok(()));
        let chunks = chunks(&server.next());
        let [root, child] = &chunks[0][..] else { panic!("{chunks:?}") };
        let text = |key: &str| root["meta"][key].as_str().unwrap_or("-").to_owned();
        let found = [text("_dd.p.dm"), text("_dd.p.ksr"), root["metrics"]["_sampling_priority_v1"].to_string()];
        assert_eq!(found, expected);
        let rates = |span: &Json| (span["metrics"]["_dd.agent_psr"].as_f64(), span["metrics"]["_dd.rule_psr"].as_f64());
        assert_eq!((rates(root), rates(child)), (psr, (None, None)));
        assert_eq!(root["meta"]["sampler.type"], Json::Null);
    }
    check(DatadogSampler::new(), true, ["-0", "-", "1.0"], (None, None));
    check(DatadogSampler::new(), false, ["-1", "0.75", "1.0"], (Some(0.75), None));
    check(DatadogSampler::with_rate(0.9), false, ["-3", "0.9", "1.0"], (None, Some(0.9)));
    check(DatadogSampler::with_rate(1.0), true, ["-3", "1", "1.0"], (None, Some(1.0)));
}

#[test]
fn a_user_decision_wins() {
    let server = Collector::start([]).expect("a port is free");
    let tracer = sampled(&server, &DatadogSampler::with_rate(0.0));
    tracer.span("dropped").start().finish();
    tracer.span("kept").tag("sampling.priority", 1).start().finish();
    assert_eq!(tracer.flush(PATIENCE), Ok(()));
    let chunks = chunks(&server.next());
    assert_eq!((chunks.len(), &chunks[0][0]["resource"]), (1, &"kept".into()));
    let [priority, own] =
        ["_sampling_priority_v1", "sampling.priority"].map(|key| chunks[0][0]["metrics"][key].clone());
    assert_eq!((priority, own, &chunks[0][0]["meta"]["_dd.p.dm"]), (2.0.into(), Json::Null, &"-4".into()));
}

#[test]
fn the_agent_learns_how_many_traces_were_dropped() {
    let replies = [answer("{}"), Reply::status("400 Bad Request"), answer("{}")];
    let server = Collector::start(replies).expect("a port is free");
    let tracer = sampled(&server, &DatadogSampler::with_rate(0.0));
    let dropped = |traces: usize| {
        (0..traces).for_each(|_| tracer.span("dropped").start().finish());
        tracer.span("kept").tag("sampling.priority", 1).start().finish();
        let _ = tracer.flush(PATIENCE);
        server.next().header("datadog-client-dropped-p0-traces").map(str::to_owned)
    };
    // A refused request has reported nothing.
    assert_eq!([dropped(3), dropped(2), dropped(1), dropped(0)], ["3", "2", "3", "0"].map(|n| Some(n.to_owned())));
}

#[test]
fn the_reason_goes_on_to_called_services() {
    let sampler = DatadogSampler::with_rate(1.0);
    let composite: Composite = "datadog,tracecontext".parse().expect("known formats");
    let tracer = shop().composite(composite).sampler(sampler).build_inline(BatchReporter::new(Datadog::new()));
    let root = tracer.span("root").start();
    let child = tracer.span("child").child_of(&root).start();
    let mut headers = BTreeMap::new();
    let context = child.context().expect("it is recorded");
    tracer.inject(&context, TextMap, &mut headers).expect("there is something to carry");
    let text = |name: &str| headers.get(name).cloned().unwrap_or_default();
    assert_eq!(text("x-datadog-sampling-priority"), "1");
    assert_eq!(text("x-datadog-tags"), "_dd.p.dm=-3,_dd.p.ksr=1");
    assert!(text("tracestate").ends_with(";t.dm:-3;t.ksr:1"), "{}", text("tracestate"));
}

/// Ids that differ in the bits that the rule spreads.
#[derive(Debug)]
struct Spread(std::sync::atomic::AtomicU64);

impl IdGenerator for Spread {
    fn trace_id(&self) -> TraceId {
        TraceId::from_parts(0, self.span_id().get())
    }

    fn span_id(&self) -> SpanId {
        SpanId::new(self.0.fetch_add(0x9e37_79b9_7f4a_7c15, std::sync::atomic::Ordering::Relaxed))
    }
}

#[test]
fn keeps_about_the_asked_share() {
    let sampler = DatadogSampler::with_rate(0.2);
    let tracer =
        shop().id_generator(Spread(1.into())).sampler(sampler).build_inline(BatchReporter::new(Datadog::new()));
    let kept = (0..10_000).filter(|_| tracer.span("x").start().is_recording()).count();
    assert!((1_900..2_100).contains(&kept), "{kept}");
}

/// A trace id of ones is in every share.
#[test]
fn the_weight_of_tail_sampling_is_a_rate() {
    let server = Collector::start([answer("{}")]).expect("a port is free");
    let datadog = Datadog::agent(&server.url()).expect("that is an address");
    let reporter = BatchReporter::new(datadog).batch_delay(NEVER).tail_sampling(TailSampling::new().share(0.25));
    let tracer = shop().sampler(ConstSampler::new(Decision::Record)).build_inline(reporter);
    let parent = SpanContext::new(TraceId::from_parts(0, u64::MAX), SpanId::new(7));
    let root = tracer.span("root").child_of(&parent).start();
    tracer.span("child").child_of(&root).start().finish();
    drop(root);
    assert_eq!(tracer.flush(PATIENCE), Ok(()));
    let chunks = chunks(&server.next());
    let rates = |span: &Json| ["_dd.rule_psr", "_sample_rate"].map(|key| span["metrics"][key].as_f64());
    let mut found: Vec<_> =
        chunks.iter().flatten().map(|span| (span["name"].as_str().is_some(), rates(span))).collect();
    found.sort_by(|a, b| a.partial_cmp(b).expect("these are numbers"));
    assert_eq!(found, [(true, [None, None]), (true, [Some(0.25), Some(0.25)])]);
}

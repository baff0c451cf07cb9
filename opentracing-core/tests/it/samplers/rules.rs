//! Samplers by operation, kind and tag.

use opentracing_core::mock::MockTracer;
use opentracing_core::{
    ConstSampler, Decision, ProbabilisticSampler, Rule, RuleSampler, Sampler, Sampling, SpanContext, SpanId, SpanKind,
    TraceId, Value,
};

use super::{noted, root};

#[track_caller]
fn check(rule: Rule, name: &'static str, kind: SpanKind, tags: &[(&'static str, Value<'static>)], fits: bool) {
    let mock = MockTracer::with(|builder| {
        builder.sampler(RuleSampler::new(ConstSampler::off()).rule(rule.clone(), ConstSampler::on()))
    });
    let mut builder = mock.tracer().span(name);
    builder.kind(kind);
    for (key, value) in tags {
        builder.tag(*key, *value);
    }
    assert_eq!(builder.start().is_recording(), fits, "{rule:?} {name} {kind} {tags:?}");
}

#[test]
fn fits_by_operation() {
    let check = |pattern, name, fits| check(Rule::new().operation(pattern), name, SpanKind::Internal, &[], fits);
    check("GET /cart", "GET /cart", true);
    check("GET /cart", "GET /cart/1", false);
    check("GET /cart", "get /cart", false);
    check("GET /cart*", "GET /cart/1", true);
    check("GET /cart*", "GET /cart", true);
    check("GET /cart*", "GET /car", false);
    check("*", "anything", true);
    check("", "", true);
    check("", "anything", false);
    check("GET /*/items", "GET /1/items", false);
    check("GET /*/items", "GET /*/items", true);
}

#[test]
fn fits_by_kind() {
    let rule = || Rule::new().kind(SpanKind::Consumer);
    check(rule(), "work", SpanKind::Consumer, &[], true);
    check(rule(), "work", SpanKind::Producer, &[], false);
    // The kind may also be given as a tag.
    check(rule(), "work", SpanKind::Internal, &[("span.kind", Value::Static("consumer"))], true);
}

#[test]
fn fits_by_tag() {
    let check = |rule, tags: &[_], fits| check(rule, "work", SpanKind::Internal, tags, fits);
    check(Rule::new().tag("debug"), &[("debug", Value::Bool(false))], true);
    check(Rule::new().tag("debug"), &[("Debug", Value::Bool(true))], false);
    check(Rule::new().tag("debug"), &[], false);
    check(Rule::new().tag_value("topic", "orders"), &[("topic", Value::Str("orders"))], true);
    check(Rule::new().tag_value("topic", "orders"), &[("topic", Value::Str("order"))], false);
    check(Rule::new().tag_value("partition", "7"), &[("partition", Value::I64(7))], true);
    check(Rule::new().tag_value("retry", "true"), &[("retry", Value::Bool(true))], true);
    check(Rule::new().tag_value("n", "2"), &[("n", Value::I64(1)), ("n", Value::I64(2))], true);
    check(Rule::new().tag_value("n", "1"), &[("n", Value::I64(1)), ("n", Value::I64(2))], false);
}

#[test]
fn every_condition_must_hold() {
    let rule = || Rule::new().operation("GET*").kind(SpanKind::Server).tag_value("zone", "b").tag("user");
    let tags = [("zone", Value::Static("b")), ("user", Value::I64(1))];
    check(rule(), "GET /", SpanKind::Server, &tags, true);
    check(rule(), "PUT /", SpanKind::Server, &tags, false);
    check(rule(), "GET /", SpanKind::Client, &tags, false);
    check(rule(), "GET /", SpanKind::Server, &tags[..1], false);
    check(rule(), "GET /", SpanKind::Server, &tags[1..], false);
    check(Rule::new(), "anything", SpanKind::Internal, &[], true);
}

#[test]
fn the_first_rule_that_fits_decides_and_says_so() {
    let sampler = RuleSampler::new(ProbabilisticSampler::new(0.25))
        .rule(Rule::new().operation("a"), ProbabilisticSampler::new(0.5))
        .rule(Rule::new().operation("a*"), ProbabilisticSampler::new(0.75));
    assert_eq!(noted(&sampler, &root(1, "a")).1, "probabilistic 0.5");
    assert_eq!(noted(&sampler, &root(1, "ab")).1, "probabilistic 0.75");
    assert_eq!(noted(&sampler, &root(1, "b")).1, "probabilistic 0.25");
}

#[test]
fn tags_are_collected_only_where_a_rule_or_its_sampler_reads_them() {
    let rules = || RuleSampler::new(ConstSampler::on());
    assert!(!rules().rule(Rule::new().operation("a").kind(SpanKind::Server), ConstSampler::off()).reads_tags());
    let tagged = || rules().rule(Rule::new().tag("a"), ConstSampler::off());
    assert!(tagged().reads_tags());
    assert!(rules().rule(Rule::new(), tagged()).reads_tags());
    assert!(RuleSampler::new(tagged()).reads_tags());
}

#[test]
fn the_decision_of_a_remote_parent_holds() {
    let sampler = RuleSampler::new(ConstSampler::new(Decision::Drop)).rule(Rule::new(), ConstSampler::off());
    let mock = MockTracer::with(|builder| builder.sampler(sampler));
    let parent = SpanContext::new(TraceId::from_parts(1, 2), SpanId::new(3)).with_sampling(Sampling::Sampled);
    assert!(mock.tracer().span("work").child_of(&parent).start().is_recording());
    assert!(!mock.tracer().span("work").start().is_recording());
}

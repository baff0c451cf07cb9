//! The parent of a request's span, and the active span while it is handled.

use opentracing_core::mock::MockTracer;
use opentracing_core::{ConstSampler, OwnedSpan, Rule, RuleSampler, SpanKind};

use crate::server::ServerFeature;
use crate::server::case::{Case, request};
use crate::server::site::Variant;
use crate::spans::{SpanExt, shown};
use crate::suite::{Check, Outcome, checks, ensure, ensure_eq};

pub(super) const CHECKS: &[Check<Case, ServerFeature>] = checks![Case, ServerFeature;
    continues_a_trace_of_b3,
    continues_a_trace_of_w3c,
    continues_a_trace_of_instana,
    begins_a_trace_without_a_caller,
    begins_a_trace_where_the_context_is_corrupt,
    reads_baggage_of_a_new_trace,
    reads_baggage_of_an_unsampled_trace,
    reads_baggage_of_an_existing_trace,
    records_nothing_where_sampling_is_off,
    a_rule_of_the_sampler_excludes_requests,
    an_unsampled_trace_is_continued_and_not_recorded,
    the_span_is_active_in_the_handler,
    the_span_is_active_behind_an_await,
    the_span_encloses_what_the_handler_does,
    concurrent_requests_keep_apart,
];

const TRACE: &str = "463ac35c9f6413ad72485a3953bb6124";
const CALLER: &str = "a2fb4a1d1a96d312";
const TRACEPARENT: &str = "00-463ac35c9f6413ad72485a3953bb6124-a2fb4a1d1a96d312-01";

fn is_child_of(span: &OwnedSpan, trace: &str, caller: &str) -> Outcome {
    ensure_eq!(span.context.trace_id().to_string(), trace, "the trace id");
    ensure_eq!(span.parent_id.map(|id| id.to_string()).as_deref(), Some(caller), "the parent's id");
    ensure!(span.context.span_id().to_string() != caller, "a server's span should have an id of its own");
    Ok(())
}

async fn continues_a_trace_of_b3(case: &Case) -> Outcome {
    let stage = case.start().await?;
    let headers = [("x-b3-traceid", TRACE), ("x-b3-spanid", CALLER), ("x-b3-sampled", "1")];
    stage.get_with("/foo", &headers).await?;
    is_child_of(&stage.only_span().await?, TRACE, CALLER)
}

async fn continues_a_trace_of_w3c(case: &Case) -> Outcome {
    let stage = case.start().await?;
    stage.get_with("/foo", &[("traceparent", TRACEPARENT)]).await?;
    is_child_of(&stage.only_span().await?, TRACE, CALLER)
}

async fn continues_a_trace_of_instana(case: &Case) -> Outcome {
    let stage = case.start().await?;
    let headers = [("x-instana-t", CALLER), ("x-instana-s", CALLER), ("x-instana-l", "1")];
    stage.get_with("/foo", &headers).await?;
    is_child_of(&stage.only_span().await?, &format!("{:0>32}", CALLER), CALLER)
}

async fn begins_a_trace_without_a_caller(case: &Case) -> Outcome {
    let stage = case.start().await?;
    stage.get("/foo").await?;
    let span = stage.only_span().await?;
    ensure!(span.parent_id.is_none() && span.references.is_empty(), "there is no parent: {}", shown(&span));
    ensure_eq!(stage.mock.tracer().stats().extract_corrupted, 0, "the number of corrupt contexts");
    Ok(())
}

async fn begins_a_trace_where_the_context_is_corrupt(case: &Case) -> Outcome {
    let stage = case.start().await?;
    let answer = stage.get_with("/foo", &[("traceparent", "00-nonsense-01")]).await?;
    ensure_eq!((answer.status, &*answer.text), (200, "/foo"), "the answer");
    ensure_eq!(stage.only_span().await?.parent_id, None, "the parent");
    ensure_eq!(stage.mock.tracer().stats().extract_corrupted, 1, "the number of corrupt contexts");
    Ok(())
}

async fn reads_baggage_of_a_new_trace(case: &Case) -> Outcome {
    let stage = case.start().await?;
    let answer = stage.get_with("/baggage", &[("baggage", "user=joey")]).await?;
    ensure_eq!(answer.text, "joey", "the baggage in the handler");
    stage.only_span().await.map(drop)
}

async fn reads_baggage_of_an_unsampled_trace(case: &Case) -> Outcome {
    let stage = case.start().await?;
    let headers = [("x-instana-l", "0"), ("baggage", "user=joey")];
    ensure_eq!(stage.get_with("/baggage", &headers).await?.text, "joey", "the baggage in the handler");
    stage.nothing_recorded()
}

async fn reads_baggage_of_an_existing_trace(case: &Case) -> Outcome {
    let stage = case.start().await?;
    let headers = [("traceparent", TRACEPARENT), ("baggage", "user=joey")];
    ensure_eq!(stage.get_with("/baggage", &headers).await?.text, "joey", "the baggage in the handler");
    is_child_of(&stage.only_span().await?, TRACE, CALLER)
}

async fn records_nothing_where_sampling_is_off(case: &Case) -> Outcome {
    let mock = MockTracer::with(|builder| builder.sampler(ConstSampler::off()));
    let stage = case.start_with(mock, Variant::Plain).await?;
    ensure_eq!(stage.get("/child").await?.status, 200, "the status");
    stage.nothing_recorded()
}

async fn a_rule_of_the_sampler_excludes_requests(case: &Case) -> Outcome {
    let rule = Rule::new().kind(SpanKind::Server).tag_value("http.method", "PUT");
    let sampler = RuleSampler::new(ConstSampler::on()).rule(rule, ConstSampler::off());
    let stage = case.start_with(MockTracer::with(|builder| builder.sampler(sampler)), Variant::Plain).await?;
    ensure_eq!(stage.ask(request("PUT", "/child", &[])).await?.status, 200, "the status");
    stage.nothing_recorded()?;
    stage.get("/foo").await?;
    stage.only_span().await.map(drop)
}

async fn an_unsampled_trace_is_continued_and_not_recorded(case: &Case) -> Outcome {
    let stage = case.start().await?;
    let unsampled = TRACEPARENT.replace("-01", "-00");
    let answer = stage.get_with("/context", &[("traceparent", &unsampled)]).await?;
    ensure_eq!(answer.text, format!("{TRACE} NotSampled"), "the context in the handler");
    stage.get_with("/child", &[("traceparent", &unsampled)]).await?;
    stage.nothing_recorded()
}

async fn the_span_is_active_in_the_handler(case: &Case) -> Outcome {
    let stage = case.start().await?;
    stage.get("/child").await?;
    stage.has_tree(2, &stage.name("GET", "/child"), "\n  child").await
}

async fn the_span_is_active_behind_an_await(case: &Case) -> Outcome {
    let stage = case.start().await?;
    ensure_eq!(stage.get("/async").await?.status, 200, "the status");
    stage.has_tree(2, &stage.name("GET", "/async"), "\n  child").await
}

async fn the_span_encloses_what_the_handler_does(case: &Case) -> Outcome {
    let stage = case.start().await?;
    stage.get("/child").await?;
    let server = stage.server_span(2).await?;
    let child = stage.mock.span("child");
    let encloses = server.start_unix_ns <= child.start_unix_ns && child.end_unix_ns() <= server.end_unix_ns();
    ensure!(encloses, "the server's span should last longer than its child: {} {}", shown(&server), shown(&child));
    Ok(())
}

async fn concurrent_requests_keep_apart(case: &Case) -> Outcome {
    const REQUESTS: usize = 10;
    let mut stage = case.start().await?;
    let mut visitors = Vec::new();
    for number in 0..REQUESTS {
        let mut visitor = stage.visitor().await?;
        let answer = visitor.send(request("GET", &format!("/together?{number}"), &[]));
        visitors.push((visitor, tokio::spawn(answer)));
    }
    for _ in 0..REQUESTS {
        stage.begun().await?;
    }
    stage.open_gate(REQUESTS);
    for (number, (_visitor, answer)) in visitors.iter_mut().enumerate() {
        let mut visit = answer.await.map_err(|error| error.to_string())??;
        ensure_eq!(visit.read().await?.0, number.to_string(), "the answer");
    }
    let spans = stage.spans(2 * REQUESTS).await?;
    for number in 0..REQUESTS {
        let child = stage.mock.span(&number.to_string());
        let parent = spans.iter().find(|span| Some(span.context.span_id()) == child.parent_id);
        let parent = parent.ok_or_else(|| format!("{number} should have a parent"))?;
        parent.has("request", Some(&number.to_string()))?;
        ensure_eq!(parent.context.trace_id(), child.context.trace_id(), "the trace of {number}");
    }
    Ok(())
}

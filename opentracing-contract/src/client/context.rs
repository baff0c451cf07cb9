//! The parent of a call's span, and the headers of the request.

use opentracing_core::http_rules::CallerContext;
use opentracing_core::mock::MockTracer;
use opentracing_core::{ConstSampler, InSpan, Rule, RuleSampler, SpanKind};

use crate::client::case::{Case, HELLO, outgoing, read};
use crate::client::target::Asked;
use crate::client::{ClientFeature, ClientVariant};
use crate::server::Protocol;
use crate::spans::{SpanExt, shown};
use crate::suite::{Check, Outcome, checks, ensure, ensure_eq};

pub(super) const CHECKS: &[Check<Case, ClientFeature>] = checks![Case, ClientFeature;
    the_context_goes_out_in_every_format,
    a_call_is_a_child_of_the_active_span,
    a_call_lies_within_the_active_span,
    a_call_without_an_active_span_begins_a_trace,
    baggage_goes_out,
    baggage_of_an_unsampled_trace_goes_out,
    an_unsampled_trace_is_told_so,
    a_rule_of_the_sampler_excludes_calls,
    copied_trace_headers_are_replaced,
    other_headers_are_left_alone,
    the_parent_is_active_when_the_call_is_made [StartsAtCall],
    a_request_that_another_task_sends_keeps_its_caller [Callers],
    the_caller_is_active_behind_the_answer,
    nothing_is_active_behind_a_call_without_caller,
    concurrent_calls_keep_apart,
];

async fn the_context_goes_out_in_every_format(case: &Case) -> Outcome {
    let stage = case.start().await?;
    let asked = stage.exchange(stage.get("/foo"), HELLO).await?.asked;
    let span = stage.only_span().await?;
    let (trace, id) = (span.context.trace_id(), span.context.span_id());
    for (name, value) in [
        ("x-instana-t", format!("{:016x}", trace.low())),
        ("x-instana-s", id.to_string()),
        ("x-instana-l", "1".to_owned()),
        ("traceparent", format!("00-{trace}-{id}-01")),
        ("x-b3-traceid", trace.to_string()),
        ("x-b3-spanid", id.to_string()),
        ("x-b3-sampled", "1".to_owned()),
    ] {
        ensure_eq!(asked.header(name), Some(&*value), "the header {name}");
        ensure_eq!(asked.count(name), 1, "how often {name} is there, which");
    }
    Ok(())
}

async fn a_call_is_a_child_of_the_active_span(case: &Case) -> Outcome {
    let stage = case.start().await?;
    let caller = stage.mock.tracer().span("caller").start();
    let asked = stage.exchange(stage.get("/foo"), HELLO).in_span(caller).await?.asked;
    stage.spans(2).await?;
    ensure_eq!(stage.mock.tree(), "caller\n  GET (client)\n", "the tree");
    let (caller, call) = (stage.mock.span("caller"), stage.mock.span("GET"));
    let traceparent = format!("00-{}-{}-01", caller.context.trace_id(), call.context.span_id());
    ensure_eq!(asked.header("traceparent"), Some(&*traceparent), "traceparent");
    let parent = caller.context.span_id().to_string();
    ensure_eq!(asked.header("x-b3-parentspanid"), Some(&*parent), "x-b3-parentspanid");
    Ok(())
}

async fn a_call_lies_within_the_active_span(case: &Case) -> Outcome {
    let stage = case.start().await?;
    let caller = stage.mock.tracer().span("caller").start();
    stage.exchange(stage.get("/foo"), HELLO).in_span(caller).await?;
    stage.spans(2).await?;
    let (caller, call) = (stage.mock.span("caller"), stage.mock.span("GET"));
    let encloses = caller.start_unix_ns <= call.start_unix_ns && call.end_unix_ns() <= caller.end_unix_ns();
    ensure!(encloses, "a call whose answer was read should end before its caller: {} {}", shown(&caller), shown(&call));
    Ok(())
}

async fn a_call_without_an_active_span_begins_a_trace(case: &Case) -> Outcome {
    let stage = case.start().await?;
    stage.exchange(stage.get("/foo"), HELLO).await?;
    ensure_eq!(stage.only_span().await?.parent_id, None, "the parent");
    Ok(())
}

/// Calls within a span that has baggage.
async fn with_baggage(case: &Case, mock: MockTracer) -> Result<Asked, String> {
    let stage = case.start_with(mock, ClientVariant::Plain, Protocol::Http1).await?;
    let mut caller = stage.mock.tracer().span("caller").start();
    caller.set_baggage_item("user", "joey");
    Ok(stage.exchange(stage.get("/foo"), HELLO).in_span(caller).await?.asked)
}

async fn baggage_goes_out(case: &Case) -> Outcome {
    let asked = with_baggage(case, MockTracer::new()).await?;
    ensure_eq!(asked.header("baggage"), Some("user=joey"), "the baggage");
    Ok(())
}

async fn baggage_of_an_unsampled_trace_goes_out(case: &Case) -> Outcome {
    let asked = with_baggage(case, MockTracer::with(|builder| builder.sampler(ConstSampler::off()))).await?;
    ensure_eq!(asked.header("baggage"), Some("user=joey"), "the baggage");
    ensure_eq!(asked.header("x-instana-l"), Some("0"), "x-instana-l");
    Ok(())
}

fn says_unsampled(asked: &Asked) -> Outcome {
    ensure_eq!(asked.header("x-instana-l"), Some("0"), "x-instana-l");
    ensure_eq!(asked.header("x-instana-t"), None, "x-instana-t");
    ensure_eq!(asked.header("x-b3-sampled"), Some("0"), "x-b3-sampled");
    ensure!(asked.header("x-b3-traceid").is_some(), "the ids should go on in x-b3-traceid");
    let traceparent = asked.header("traceparent").unwrap_or_default();
    ensure!(traceparent.ends_with("-00"), "traceparent should say that nothing is kept, not {traceparent:?}");
    Ok(())
}

async fn an_unsampled_trace_is_told_so(case: &Case) -> Outcome {
    let mock = MockTracer::with(|builder| builder.sampler(ConstSampler::off()));
    let stage = case.start_with(mock, ClientVariant::Plain, Protocol::Http1).await?;
    let exchange = stage.exchange(stage.get("/foo"), HELLO).await?;
    ensure_eq!((exchange.status, &*exchange.text), (200, "hello"), "the answer");
    says_unsampled(&exchange.asked)?;
    stage.nothing_recorded()
}

async fn a_rule_of_the_sampler_excludes_calls(case: &Case) -> Outcome {
    let rule = Rule::new().kind(SpanKind::Client).tag_value("http.method", "PUT");
    let sampler = RuleSampler::new(ConstSampler::on()).rule(rule, ConstSampler::off());
    let mock = MockTracer::with(|builder| builder.sampler(sampler));
    let stage = case.start_with(mock, ClientVariant::Plain, Protocol::Http1).await?;
    let exchange = stage.exchange(outgoing("PUT", &stage.target.url("/foo"), &[]), HELLO).await?;
    says_unsampled(&exchange.asked)?;
    stage.nothing_recorded()
}

async fn copied_trace_headers_are_replaced(case: &Case) -> Outcome {
    const STALE: &str = "463ac35c9f6413ad";
    let stage = case.start().await?;
    let traceparent = format!("00-{STALE}{STALE}-{STALE}-01");
    let headers = [
        ("x-instana-t", STALE),
        ("x-instana-s", STALE),
        ("traceparent", &*traceparent),
        ("x-b3-traceid", STALE),
        ("x-b3-parentspanid", STALE),
        ("b3", STALE),
        ("baggage", "stale=1"),
    ];
    let asked = stage.exchange(outgoing("GET", &stage.target.url("/foo"), &headers), HELLO).await?.asked;
    for (name, stale) in headers {
        ensure!(asked.count(name) < 2, "{name} should be there once");
        ensure!(asked.header(name).is_none_or(|value| !value.contains(stale)), "{name} should not be the copied one");
    }
    stage.only_span().await.map(drop)
}

async fn other_headers_are_left_alone(case: &Case) -> Outcome {
    let stage = case.start().await?;
    let headers = [("x-own", "1"), ("x-own", "2"), ("authorization", "Bearer token")];
    let asked = stage.exchange(outgoing("GET", &stage.target.url("/foo"), &headers), HELLO).await?.asked;
    ensure_eq!((asked.header("x-own"), asked.count("x-own")), (Some("1"), 2), "a header of the caller");
    ensure_eq!(asked.header("authorization"), Some("Bearer token"), "authorization");
    Ok(())
}

async fn the_parent_is_active_when_the_call_is_made(case: &Case) -> Outcome {
    let stage = case.start().await?;
    let mut caller = stage.mock.tracer().span("caller").start();
    let call = caller.in_scope(|| stage.send(stage.get("/foo")));
    caller.finish();
    let later = stage.mock.tracer().span("later").start();
    let answer = async {
        let (answer, asked) = tokio::join!(call, async {
            let mut asked = stage.target.asked().await?;
            asked.write(HELLO).await?;
            Ok::<_, String>(asked)
        });
        let _asked = asked?;
        read(answer?).await
    };
    answer.in_span(later).await?;
    stage.spans(3).await?;
    ensure_eq!(stage.mock.tree(), "caller\n  GET (client)\nlater\n", "the tree");
    Ok(())
}

async fn a_request_that_another_task_sends_keeps_its_caller(case: &Case) -> Outcome {
    // The task that takes it from a queue has no span, or one of its own.
    for (has_span, tree) in [(false, "caller\n  GET (client)\n"), (true, "caller\n  GET (client)\nworker\n")] {
        let stage = case.start().await?;
        let mut caller = stage.mock.tracer().span("caller").start();
        let mut queued = stage.get("/foo");
        queued.caller = Some(caller.in_scope(CallerContext::active));
        caller.finish();
        let asked = if has_span {
            let worker = stage.mock.tracer().span("worker").start();
            stage.exchange(queued, HELLO).in_span(worker).await?.asked
        } else {
            stage.exchange(queued, HELLO).await?.asked
        };
        stage.spans(2 + usize::from(has_span)).await?;
        ensure_eq!(stage.mock.tree(), tree, "the tree");
        let trace = stage.mock.span("caller").context.trace_id().to_string();
        let traceparent = asked.header("traceparent").unwrap_or_default();
        ensure!(traceparent.contains(&trace), "traceparent should name the trace of the caller, not {traceparent:?}");
    }
    Ok(())
}

async fn the_caller_is_active_behind_the_answer(case: &Case) -> Outcome {
    let stage = case.start().await?;
    let tracer = stage.mock.tracer().clone();
    let caller = tracer.span("caller").start();
    let work = async {
        let (answer, _asked) = stage.head(stage.get("/foo"), HELLO).await?;
        tracer.span("within").start().finish();
        read(answer).await?;
        tracer.span("behind").start().finish();
        Ok::<_, String>(())
    };
    work.in_span(caller).await?;
    stage.spans(4).await?;
    ensure_eq!(stage.mock.tree(), "caller\n  GET (client)\n  within\n  behind\n", "the tree");
    Ok(())
}

async fn nothing_is_active_behind_a_call_without_caller(case: &Case) -> Outcome {
    let stage = case.start().await?;
    let (answer, _asked) = stage.head(stage.get("/foo"), HELLO).await?;
    ensure_eq!(stage.mock.tracer().active_context(), None, "what is active while the body waits");
    read(answer).await?;
    ensure_eq!(stage.mock.tracer().active_context(), None, "what is active behind the body");
    Ok(())
}

async fn concurrent_calls_keep_apart(case: &Case) -> Outcome {
    const CALLS: usize = 5;
    let stage = case.start().await?;
    let mut calls = Vec::new();
    for number in 0..CALLS {
        let caller = stage.mock.tracer().span(format!("caller {number}")).start();
        let mut caller = caller;
        let outgoing = stage.get(&format!("/{number}"));
        let call = caller.in_scope(|| stage.send(outgoing));
        calls.push(tokio::spawn(async move { read(call.await?).await }.in_span(caller)));
    }
    let mut asked = Vec::new();
    for _ in 0..CALLS {
        asked.push(stage.target.asked().await?);
    }
    // The last one is answered first.
    for asked in asked.iter_mut().rev() {
        asked.write(HELLO).await?;
    }
    for call in calls {
        call.await.map_err(|error| error.to_string())??;
    }
    let spans = stage.spans(2 * CALLS).await?;
    for asked in &asked {
        let caller = stage.mock.span(&format!("caller {}", &asked.path[1..]));
        let call = spans.iter().find(|span| span.parent_id == Some(caller.context.span_id()));
        let call = call.ok_or_else(|| format!("{} should have a call below it", caller.operation_name))?;
        let traceparent = format!("00-{}-{}-01", caller.context.trace_id(), call.context.span_id());
        ensure_eq!(asked.header("traceparent"), Some(&*traceparent), "traceparent of {}", asked.path);
        call.is_ok(200)?;
    }
    Ok(())
}

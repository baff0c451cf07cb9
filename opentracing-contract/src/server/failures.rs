//! Error responses, and handlers and bodies that fail.

use opentracing_core::mock::MockTracer;

use crate::server::ServerFeature;
use crate::server::case::{Case, request};
use crate::server::site::Variant;
use crate::spans::{SpanExt, shown};
use crate::suite::{Check, Outcome, checks, ensure, ensure_eq};

pub(super) const CHECKS: &[Check<Case, ServerFeature>] = checks![Case, ServerFeature;
    a_client_error_is_no_failure,
    a_server_error_is_a_failure,
    a_server_error_of_a_handler_that_awaits_is_a_failure,
    a_panic_is_a_failure_and_not_a_cancellation,
    a_panic_of_a_handler_that_awaits_is_a_failure,
    a_panic_before_there_is_a_future_is_a_failure,
    a_panic_that_is_caught_has_the_status_of_its_answer [CatchesPanics],
    a_body_that_breaks_is_a_failure,
    a_body_that_panics_is_a_failure,
    a_failure_ends_nothing_but_its_request,
];

async fn a_client_error_is_no_failure(case: &Case) -> Outcome {
    let stage = case.start().await?;
    ensure_eq!(stage.get("/bad-request").await?.status, 400, "the status");
    stage.only_span().await?.is_ok(400)
}

async fn has_failing_status(case: &Case, path: &str) -> Outcome {
    let stage = case.start().await?;
    ensure_eq!(stage.get(path).await?.status, 503, "the status");
    let span = stage.only_span().await?;
    span.has("http.status_code", Some("503"))?;
    span.has("http.outcome", None)?;
    ensure!(span.is_failed, "a 5xx should be a failure: {}", shown(&span));
    Ok(())
}

async fn a_server_error_is_a_failure(case: &Case) -> Outcome {
    has_failing_status(case, "/unavailable").await
}

async fn a_server_error_of_a_handler_that_awaits_is_a_failure(case: &Case) -> Outcome {
    has_failing_status(case, "/unavailable-async").await
}

async fn panics(case: &Case, path: &str) -> Outcome {
    let stage = case.start().await?;
    let mut visitor = stage.visitor().await?;
    let answer = visitor.send(request("GET", path, &[])).await;
    ensure!(answer.is_err(), "an uncaught panic should not be answered");
    let span = stage.only_span().await?;
    ensure_eq!(&*span.operation_name, stage.name("GET", path), "the name");
    span.has("http.status_code", None)?;
    span.has_failed(Some("panic"))
}

async fn a_panic_is_a_failure_and_not_a_cancellation(case: &Case) -> Outcome {
    panics(case, "/panic").await
}

async fn a_panic_of_a_handler_that_awaits_is_a_failure(case: &Case) -> Outcome {
    panics(case, "/panic-async").await
}

async fn a_panic_before_there_is_a_future_is_a_failure(case: &Case) -> Outcome {
    panics(case, "/panic-in-call").await
}

async fn a_panic_that_is_caught_has_the_status_of_its_answer(case: &Case) -> Outcome {
    for path in ["/panic", "/panic-async"] {
        let stage = case.start_with(MockTracer::new(), Variant::CatchesPanics).await?;
        ensure_eq!(stage.get(path).await?.status, 500, "the status");
        let span = stage.only_span().await?;
        ensure_eq!(&*span.operation_name, stage.name("GET", path), "the name");
        span.has("http.status_code", Some("500"))?;
        span.has("http.outcome", None)?;
        ensure!(span.is_failed, "a 500 should be a failure: {}", shown(&span));
    }
    Ok(())
}

/// A response whose body fails. The client may never see what was read of it.
async fn body_fails(case: &Case, path: &str, kind: &str) -> Outcome {
    let stage = case.start().await?;
    let mut visitor = stage.visitor().await?;
    if let Ok(mut visit) = visitor.send(request("GET", path, &[])).await {
        ensure!(visit.read().await.is_err(), "the body should not come to its end");
    }
    let span = stage.server_span(2).await?;
    ensure_eq!(stage.mock.span("frame").parent_id, Some(span.context.span_id()), "the parent of the frame");
    span.has("http.status_code", Some("200"))?;
    span.has_failed(Some(kind))
}

async fn a_body_that_breaks_is_a_failure(case: &Case) -> Outcome {
    body_fails(case, "/broken-body", "body").await
}

async fn a_body_that_panics_is_a_failure(case: &Case) -> Outcome {
    body_fails(case, "/panicking-body", "panic").await
}

async fn a_failure_ends_nothing_but_its_request(case: &Case) -> Outcome {
    let stage = case.start().await?;
    let mut visitor = stage.visitor().await?;
    let _ = visitor.send(request("GET", "/panic", &[])).await;
    ensure_eq!(stage.get("/foo").await?.text, "/foo", "the next answer");
    let spans = stage.spans(2).await?;
    spans[0].has_failed(Some("panic"))?;
    spans[1].is_ok(200)
}

//! Errors, panics and deadlines.

use std::fmt::Debug;
use std::io;
use std::time::{Duration, SystemTime};

use lambda_runtime::{Diagnostic, Error, LambdaEvent, LambdaInvocation};
use opentracing_core::mock::MockTracer;
use opentracing_lambda::{TracingHandler, TracingLayer};
use tower::{Layer, Service, ServiceExt, service_fn};

use crate::invocation;

/// Serves one invocation as the runtime does: errors and panics of the handler do not leave the inner service.
async fn serve<E: Debug + 'static>(mock: &MockTracer, handler: impl AsyncFn() -> Result<(), E>) {
    let layer = TracingLayer::with_tracer(mock.tracer().clone());
    let handler = &handler;
    let mut handler = TracingHandler::new(service_fn(async move |_: LambdaEvent<()>| handler().await));
    let service = layer.layer(service_fn(move |request: LambdaInvocation| {
        let answer = handler.call(LambdaEvent::new((), request.context));
        async move {
            let _ = answer.await;
            Ok::<(), Error>(())
        }
    }));
    service.oneshot(invocation("{}")).await.expect("the function does not fail");
}

#[track_caller]
fn check_log(mock: &MockTracer, fields: &[(&str, &str)]) {
    let span = mock.span("orders");
    assert!(span.is_failed);
    assert_eq!(span.logs.len(), 1, "{:?}", span.logs);
    for (field, expected) in fields {
        let value = span.logs[0].field(field).map(|value| value.to_string());
        assert_eq!(value.as_deref(), Some(*expected), "{field}");
    }
}

#[derive(Debug)]
struct SoldOut;

#[tokio::test]
async fn errors_of_the_handler_are_logged() {
    let mock = MockTracer::new();
    serve(&mock, async || Err::<(), Error>(Box::new(io::Error::other(fails())))).await;
    check_log(&mock, &[("event", "error"), ("message", "no stock")]);

    let mock = MockTracer::new();
    let diagnostic = || Diagnostic { error_type: "SoldOut".to_owned(), error_message: "book 7".to_owned() };
    serve(&mock, async || Err::<(), Diagnostic>(diagnostic())).await;
    check_log(&mock, &[("event", "error"), ("error.kind", "SoldOut"), ("message", "book 7")]);

    let mock = MockTracer::new();
    serve(&mock, async || Err::<(), SoldOut>(SoldOut)).await;
    check_log(&mock, &[("event", "error"), ("message", "SoldOut")]);
}

fn fails() -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, "no stock")
}

#[tokio::test]
async fn a_handler_that_succeeds_leaves_no_error() {
    let mock = MockTracer::new();
    serve(&mock, async || {
        mock.tracer().span("inner").start().finish();
        mock.tracer().with_active(|span| {
            span.set_tag("http.status_code", 200);
        });
        Ok::<(), Error>(())
    })
    .await;
    mock.assert_tree("orders (server)\n  init\n  inner");
    assert_eq!(mock.span("orders").tag("http.status_code"), Some(200.into()));
}

#[tokio::test]
async fn an_error_of_the_runtime_is_logged() {
    let mock = MockTracer::new();
    let layer = TracingLayer::with_tracer(mock.tracer().clone());
    let service = layer.layer(service_fn(async |_: LambdaInvocation| Err::<(), Error>("the API is gone".into())));
    let error = service.oneshot(invocation("{}")).await.expect_err("it fails");
    assert_eq!(error.to_string(), "the API is gone");
    check_log(&mock, &[("message", "the API is gone")]);
}

#[tokio::test]
async fn a_span_ends_before_the_deadline() {
    let mock = MockTracer::new();
    // The margin is half of the second.
    let layer = TracingLayer::with_tracer(mock.tracer().clone()).deadline_margin(Duration::from_secs(60));
    let tracer = mock.tracer().clone();
    let reported = &mock;
    let service = layer.layer(service_fn(move |_: LambdaInvocation| {
        let tracer = tracer.clone();
        async move {
            // The span of the invocation is reported while its handler runs.
            while !reported.finished_spans().iter().any(|span| *span.operation_name == *"orders") {
                tokio::task::yield_now().await;
            }
            tracer.span("late").start().finish();
            Ok::<(), Error>(())
        }
    }));
    let mut invocation = invocation("{}");
    let deadline = SystemTime::now() + Duration::from_secs(1);
    invocation.context.deadline = deadline.duration_since(SystemTime::UNIX_EPOCH).expect("later").as_millis() as u64;
    service.oneshot(invocation).await.expect("the function does not fail");
    mock.assert_tree("orders (server) !\n  init\n  past the deadline margin\n    late");
    let span = mock.span("orders");
    assert_eq!(span.logs[0].field("error.kind"), Some("timeout".into()));
}

#[tokio::test]
async fn the_second_invocation_is_warm() {
    let mock = MockTracer::new();
    let layer = TracingLayer::with_tracer(mock.tracer().clone());
    let mut service = layer.layer(service_fn(async |_: LambdaInvocation| Ok::<(), Error>(())));
    let mut other = service.clone();
    service.call(invocation("{}")).await.expect("the function does not fail");
    other.call(invocation("{}")).await.expect("the function does not fail");
    let spans = mock.finished_spans();
    let cold: Vec<_> = spans.iter().filter_map(|span| span.tag("faas.coldstart")).collect();
    assert_eq!(cold, [true.into(), false.into()]);
    assert_eq!(spans.iter().filter(|span| *span.operation_name == *"init").count(), 1);
}

#[test]
fn a_failed_initialization_is_a_span_of_its_own() {
    let mock = MockTracer::new();
    TracingLayer::with_tracer(mock.tracer().clone()).init_failed(&fails());
    mock.assert_tree("init !");
    assert_eq!(mock.span("init").logs[0].field("message"), Some("no stock".into()));
}

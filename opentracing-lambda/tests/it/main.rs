//! Tests of the public interface, one module a topic.

mod api;
mod events;
mod outcomes;
mod parents;
mod runtime;

use lambda_runtime::{Config, Context, Error, LambdaInvocation};
use opentracing_core::mock::MockTracer;
use opentracing_core::{OwnedSpan, Value};
use opentracing_lambda::TracingLayer;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tower::{Layer, ServiceExt, service_fn};

const ARN: &str = "arn:aws:lambda:eu-west-1:123456789012:function:orders";

/// An invocation with this body, and an hour left.
fn invocation(body: &str) -> LambdaInvocation {
    let config = Config {
        function_name: "orders".to_owned(),
        memory: 256,
        version: "7".to_owned(),
        log_stream: "2026/12/01/[7]ab".to_owned(),
        ..Config::default()
    };
    let mut context = Context::default();
    context.request_id = "8476a536".to_owned();
    context.invoked_function_arn = ARN.to_owned();
    context.env_config = Arc::new(config);
    let deadline = SystemTime::now() + Duration::from_secs(3600);
    context.deadline = deadline.duration_since(SystemTime::UNIX_EPOCH).expect("it is later").as_millis() as u64;
    let (parts, ()) = http::Response::new(()).into_parts();
    LambdaInvocation { parts, body: body.to_owned().into(), context }
}

/// Serves one invocation with the settings, by a function that does nothing, and returns its span.
async fn served(settings: impl FnOnce(TracingLayer) -> TracingLayer, invocation: LambdaInvocation) -> OwnedSpan {
    let mock = MockTracer::new();
    let layer = settings(TracingLayer::with_tracer(mock.tracer().clone()));
    let service = layer.layer(service_fn(async |_: LambdaInvocation| Ok::<(), Error>(())));
    service.oneshot(invocation).await.expect("the function does not fail");
    let mut spans = mock.finished_spans();
    spans.retain(|span| *span.operation_name != *"init");
    assert_eq!(spans.len(), 1, "{spans:?}");
    spans.remove(0)
}

fn text(span: &OwnedSpan, tag: &str) -> Option<String> {
    span.tag(tag).map(|value: Value<'_>| value.to_string())
}

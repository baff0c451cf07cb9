//! Where the trace of an invocation comes from.

use opentracing_core::{OwnedSpan, ReferenceKind};
use opentracing_lambda::XRayContext;

use crate::{invocation, served, text};

const SAMPLED: &str = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1;Lineage=a:0";
const UNSAMPLED: &str = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=0";
const XRAY: &str = "5759e988bd862e3fe1be46a994272793";
const CALLER: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

fn event(headers: &str) -> String {
    format!(r#"{{"requestContext":{{"http":{{"method":"GET"}}}},"headers":{{{headers}}}}}"#)
}

fn traceparent(name: &str) -> String {
    format!(r#""{name}":"00-{CALLER}-00f067aa0ba902b7-01""#)
}

fn parent(span: &OwnedSpan) -> Option<String> {
    span.parent_id.map(|id| id.to_string())
}

fn references(span: &OwnedSpan) -> Vec<(ReferenceKind, String)> {
    span.references.iter().map(|other| (other.kind, other.context.span_id().to_string())).collect()
}

#[tokio::test]
async fn headers_of_the_caller_win_over_those_of_aws() {
    for (row, headers, trace, parent_id) in [
        ("W3C", traceparent("traceparent"), CALLER, "00f067aa0ba902b7"),
        ("W3C in capitals", traceparent("Traceparent"), CALLER, "00f067aa0ba902b7"),
        (
            "Instana",
            r#""x-instana-t":"a3ce929d0e0e4736","x-instana-s":"00f067aa0ba902b7","x-instana-l":"1""#.to_owned(),
            "0000000000000000a3ce929d0e0e4736",
            "00f067aa0ba902b7",
        ),
    ] {
        for xray in [None, Some(SAMPLED), Some(UNSAMPLED)] {
            let mut invocation = invocation(&event(&headers));
            invocation.context.xray_trace_id = xray.map(str::to_owned);
            let span = served(|layer| layer, invocation).await;
            let long = format!("{:0>32}", span.context.trace_id().to_string());
            assert_eq!((&*long, parent(&span).as_deref()), (trace, Some(parent_id)), "{row}, {xray:?}");
            let links = span.references.iter().filter(|other| other.kind == ReferenceKind::FollowsFrom).count();
            assert_eq!(links, usize::from(xray == Some(SAMPLED)), "{row}, {xray:?}: {:?}", span.references);
        }
    }
}

#[tokio::test]
async fn headers_with_several_values_are_read() {
    let body = format!(
        r#"{{"requestContext":{{}},"httpMethod":"GET","multiValueHeaders":{{"Traceparent":["00-{CALLER}-00f067aa0ba902b7-01"]}}}}"#
    );
    let span = served(|layer| layer, invocation(&body)).await;
    assert_eq!(span.context.trace_id().to_string(), CALLER);
}

#[tokio::test]
async fn xray_is_the_parent_only_if_it_samples() {
    use XRayContext::{Ignore, Link, Parent};
    for (row, setting, header, trace, parent_id) in [
        ("sampled", Parent, SAMPLED, Some(XRAY), Some("53995c3f42cd8ad8")),
        ("without active tracing", Parent, UNSAMPLED, Some(XRAY), None),
        ("only a root", Parent, "Root=1-5759e988-bd862e3fe1be46a994272793", Some(XRAY), None),
        ("malformed", Parent, "Root=2-x", None, None),
        ("link", Link, SAMPLED, None, None),
        ("link without active tracing", Link, UNSAMPLED, None, None),
        ("ignored", Ignore, SAMPLED, None, None),
    ] {
        let mut invocation = invocation("{}");
        invocation.context.xray_trace_id = Some(header.to_owned());
        let span = served(|layer| layer.xray(setting), invocation).await;
        let own = span.context.trace_id().to_string();
        assert_eq!((own == XRAY).then_some(XRAY), trace, "{row}: {own}");
        assert_eq!(parent(&span).as_deref(), parent_id, "{row}");
        let link =
            (setting == Link && header == SAMPLED).then(|| (ReferenceKind::FollowsFrom, "53995c3f42cd8ad8".to_owned()));
        if parent_id.is_none() {
            assert_eq!(references(&span).into_iter().next(), link, "{row}");
        }
        if row != "malformed" {
            let root = text(&span, "aws.xray.trace_id");
            assert_eq!(root.as_deref(), Some("1-5759e988-bd862e3fe1be46a994272793"), "{row}");
        }
    }
}

#[tokio::test]
async fn messages_are_followed() {
    let record = |id: u64, more: &str| {
        format!(
            r#"{{"messageId":"m{id}","eventSource":"aws:sqs","eventSourceARN":"arn:aws:sqs:eu-west-1:1:parcels","body":"x",
                "messageAttributes":{{{more}}}}}"#
        )
    };
    let w3c = |span: &str| {
        let value = format!("00-{CALLER}-{span}-01");
        record(1, &format!(r#""traceparent":{{"stringValue":"{value}","dataType":"String"}}"#))
    };
    let instana = record(
        2,
        r#""X_INSTANA_T":{"stringValue":"0000000000000000a3ce929d0e0e4736","dataType":"String"},
           "X_INSTANA_S":{"stringValue":"00000000000000aa","dataType":"String"}"#,
    );
    let batch = format!(
        r#"{{"Records":[{},{},{}]}}"#,
        w3c("00000000000000cc"),
        instana,
        record(3, r#""n":{"dataType":"Number","stringValue":"1"}"#)
    );
    let span = served(|layer| layer, invocation(&batch)).await;
    assert_eq!(span.context.trace_id().to_string(), CALLER, "that of the first message");
    let follows = |span: &str| (ReferenceKind::FollowsFrom, span.to_owned());
    assert_eq!(references(&span), [follows("00000000000000cc"), follows("00000000000000aa")]);

    let notification = format!(
        r#"{{"Records":[{{"EventSource":"aws:sns","Sns":{{"TopicArn":"arn:aws:sns:eu-west-1:1:news","MessageAttributes":
            {{"traceparent":{{"Type":"String","Value":"00-{CALLER}-00000000000000dd-01"}}}}}}}}]}}"#
    );
    let span = served(|layer| layer, invocation(&notification)).await;
    assert_eq!(references(&span), [follows("00000000000000dd")]);
}

#[tokio::test]
async fn a_client_context_is_the_parent_of_a_direct_invocation() {
    let mut invocation = invocation("{}");
    let context = format!(r#"{{"custom":{{"traceparent":"00-{CALLER}-00f067aa0ba902b7-01"}}}}"#);
    invocation.context.client_context = serde_json::from_str(&context).expect("it is a client context");
    let span = served(|layer| layer, invocation).await;
    assert_eq!(span.context.trace_id().to_string(), CALLER);
}

#[tokio::test]
async fn a_suppressed_caller_suppresses_the_invocation() {
    let mock = opentracing_core::mock::MockTracer::new();
    let layer = opentracing_lambda::TracingLayer::with_tracer(mock.tracer().clone());
    let inner = tower::service_fn(async |_: lambda_runtime::LambdaInvocation| Ok::<(), lambda_runtime::Error>(()));
    let service = tower::Layer::layer(&layer, inner);
    let mut invocation = invocation(&event(r#""x-instana-l":"0""#));
    invocation.context.xray_trace_id = Some(SAMPLED.to_owned());
    tower::ServiceExt::oneshot(service, invocation).await.expect("the function does not fail");
    assert!(mock.finished_spans().is_empty());
}

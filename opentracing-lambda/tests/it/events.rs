//! What an event says of its source.

use opentracing_core::SpanKind;
use opentracing_lambda::Trigger;

use crate::{ARN, invocation, served, text};

async fn check(row: &str, body: &str, name: &str, kind: SpanKind, trigger: &str, tags: &[(&str, &str)]) {
    let span = served(|layer| layer, invocation(body)).await;
    assert_eq!((&*span.operation_name, span.kind), (name, kind), "{row}");
    assert_eq!(text(&span, "faas.trigger").as_deref(), Some(trigger), "{row}");
    for (tag, expected) in tags {
        assert_eq!(text(&span, tag).as_deref(), Some(*expected), "{row}: {tag}");
    }
    assert!(!span.is_failed, "{row}");
}

#[tokio::test]
async fn http_events_name_their_route() {
    use SpanKind::Server;
    check(
        "HTTP API, version 2",
        r#"{"version":"2.0","routeKey":"GET /users/{id}","rawPath":"/users/7","rawQueryString":"key=x",
            "requestContext":{"domainName":"shop.example","http":{"method":"GET","path":"/users/7","protocol":"HTTP/1.1"}}}"#,
        "GET /users/{id}",
        Server,
        "http",
        &[("http.method", "GET"), ("http.route", "/users/{id}"), ("http.url", "https://shop.example/users/7")],
    )
    .await;
    check(
        "function URL",
        r#"{"version":"2.0","routeKey":"$default","rawPath":"/a","requestContext":{"http":{"method":"POST","path":"/a"}}}"#,
        "POST",
        Server,
        "http",
        &[("http.method", "POST")],
    )
    .await;
    check(
        "REST API",
        r#"{"resource":"/users/{id}","path":"/users/7","httpMethod":"DELETE","requestContext":{"stage":"prod"},
            "headers":{"Host":"shop.example"},"multiValueHeaders":{"Host":["shop.example"]}}"#,
        "DELETE /users/{id}",
        Server,
        "http",
        &[("http.url", "https://shop.example/users/7")],
    )
    .await;
    check(
        "load balancer, unknown method",
        r#"{"requestContext":{"elb":{"targetGroupArn":"arn:x"}},"httpMethod":"BREW","path":"/","headers":{"host":"lb.example"}}"#,
        "_OTHER",
        Server,
        "http",
        &[("http.method", "_OTHER"), ("http.url", "https://lb.example/")],
    )
    .await;
    check(
        "WebSocket",
        r#"{"requestContext":{"routeKey":"$connect","eventType":"CONNECT","connectionId":"x"}}"#,
        "orders",
        Server,
        "http",
        &[],
    )
    .await;
}

#[tokio::test]
async fn messages_name_their_queue() {
    use SpanKind::{Consumer, Server};
    check(
        "SQS",
        r#"{"Records":[{"messageId":"m1","eventSource":"aws:sqs","eventSourceARN":"arn:aws:sqs:eu-west-1:1:parcels","body":"x",
            "messageAttributes":{}}]}"#,
        "process parcels",
        Consumer,
        "pubsub",
        &[
            ("messaging.system", "aws_sqs"),
            ("message_bus.destination", "parcels"),
            ("messaging.message.id", "m1"),
            ("messaging.batch.message_count", "1"),
        ],
    )
    .await;
    check(
        "SNS",
        r#"{"Records":[{"EventSource":"aws:sns","Sns":{"TopicArn":"arn:aws:sns:eu-west-1:1:news","MessageId":"m2","Message":"x"}}]}"#,
        "process news",
        Consumer,
        "pubsub",
        &[("messaging.system", "aws.sns"), ("messaging.message.id", "m2")],
    )
    .await;
    for (row, body, kind, trigger) in [
        ("Kinesis", r#"{"Records":[{"eventSource":"aws:kinesis","kinesis":{}}]}"#, Consumer, "pubsub"),
        ("S3", r#"{"Records":[{"eventSource":"aws:s3","s3":{}}]}"#, Server, "datasource"),
        ("DynamoDB", r#"{"Records":[{"eventSource":"aws:dynamodb","dynamodb":{}}]}"#, Server, "datasource"),
        ("Kafka", r#"{"eventSource":"aws:kafka","records":{}}"#, Consumer, "pubsub"),
        ("EventBridge", r#"{"source":"shop.orders","detail-type":"placed","detail":{}}"#, Consumer, "pubsub"),
        ("schedule", r#"{"source":"aws.events","detail-type":"Scheduled Event"}"#, Server, "timer"),
        ("direct", r#"{"order":7}"#, Server, "other"),
        ("fields of another form", r#"{"headers":7,"Records":{},"requestContext":"x","source":[]}"#, Server, "other"),
        ("no object", "[1]", Server, "other"),
        ("no JSON", "{", Server, "other"),
        ("nothing", "", Server, "other"),
    ] {
        check(row, body, "orders", kind, trigger, &[]).await;
    }
}

#[tokio::test]
async fn a_setting_replaces_the_trigger() {
    let span = served(|layer| layer.trigger(Trigger::Timer), invocation("{}")).await;
    assert_eq!(text(&span, "faas.trigger").as_deref(), Some("timer"));
}

#[tokio::test]
async fn spans_have_the_tags_of_the_function() {
    let span = served(|layer| layer, invocation("{}")).await;
    for (tag, expected) in [
        ("component", "lambda_runtime"),
        ("faas.name", "orders"),
        ("faas.version", "7"),
        ("faas.instance", "2026/12/01/[7]ab"),
        ("faas.max_memory", "268435456"),
        ("faas.invocation_id", "8476a536"),
        ("faas.coldstart", "true"),
        ("cloud.provider", "aws"),
        ("cloud.platform", "aws_lambda"),
        ("cloud.region", "eu-west-1"),
        ("cloud.account.id", "123456789012"),
        ("cloud.resource_id", ARN),
        ("aws.lambda.invoked_arn", ARN),
    ] {
        assert_eq!(text(&span, tag).as_deref(), Some(expected), "{tag}");
    }
    assert_eq!(span.tag("aws.lambda.tenant_id"), None);
}

#[tokio::test]
async fn the_version_replaces_an_alias() {
    for (arn, resource) in [
        ("arn:aws:lambda:eu-west-1:1:function:orders:live", Some("arn:aws:lambda:eu-west-1:1:function:orders:7")),
        ("arn:aws:lambda:eu-west-1:1:function:orders", Some("arn:aws:lambda:eu-west-1:1:function:orders")),
        ("arn:aws:lambda:eu-west-1", None),
        ("arn:aws:s3:eu-west-1:1:bucket:x", None),
        ("", None),
    ] {
        let mut invocation = invocation("{}");
        invocation.context.invoked_function_arn = arn.to_owned();
        let span = served(|layer| layer, invocation).await;
        assert_eq!(text(&span, "cloud.resource_id").as_deref(), resource, "{arn}");
    }
}

//! Messages to and from pika, the Python client, run by the interpreter in `AMQP_PYTHON`.

use lapin::options::{BasicAckOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable, ShortString};
use opentracing_core::mock::MockTracer;
use opentracing_core::propagation::{AmqpHeaders, Composite};
use tokio::process::Command;

use crate::support::{Broker, check_tags, given, next, unique_name};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN: &str = "00f067aa0ba902b7";

/// Runs the Python peer and returns its output.
async fn peer(python: &str, arguments: &[&str]) -> String {
    let [command, rest @ ..] = arguments else { panic!("a command") };
    let output = Command::new(python)
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/peers/peer.py"))
        .args([command, &*given("AMQP_URL").unwrap()])
        .args(rest)
        .output()
        .await
        .unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

async fn broker_of(formats: &str) -> Option<(Broker, String, ShortString)> {
    let composite: Composite = formats.parse().unwrap();
    let mock = MockTracer::with(|builder| builder.propagator(AmqpHeaders, composite));
    let broker = Broker::with(mock, |connection| connection).await?;
    let python = given("AMQP_PYTHON")?;
    // Not exclusive, because the peer uses a connection of its own.
    let (queue, options) = (unique_name(), QueueDeclareOptions { auto_delete: true, ..Default::default() });
    let mut soon = FieldTable::default();
    soon.insert("x-expires".into(), AMQPValue::LongInt(60_000));
    broker.channel.queue_declare(queue.clone(), options, soon).await.unwrap();
    Some((broker, python, queue))
}

#[tokio::test]
async fn contexts_are_read_in_every_format_and_form() {
    const ALL: &str = "instana,tracecontext,b3,baggage,jaeger,datadog,ottrace,xray,gcp";
    let Some((broker, python, queue)) = broker_of(ALL).await else { return };
    let mut consumer = broker.consume(&queue).await;
    let half = &TRACE[16..];
    let low = format!("0000000000000000{half}");
    let (number, span_number) = (u64::from_str_radix(half, 16).unwrap(), u64::from_str_radix(SPAN, 16).unwrap());
    let rows = [
        ("W3C", format!(r#"{{"traceparent": "00-{TRACE}-{SPAN}-01"}}"#), TRACE),
        ("bytes", format!(r#"{{"traceparent": {{"bytes": "00-{TRACE}-{SPAN}-01"}}}}"#), TRACE),
        ("upper case", format!(r#"{{"TRACEPARENT": "00-{TRACE}-{SPAN}-01"}}"#), TRACE),
        ("Instana", format!(r#"{{"X-INSTANA-T": "{half}", "X-INSTANA-S": "{SPAN}", "X-INSTANA-L": "1"}}"#), &low),
        ("of Ruby", format!(r#"{{"X-Instana-T": "{half}", "X-Instana-S": "{SPAN}", "X-Instana-L": "1"}}"#), &low),
        ("B3", format!(r#"{{"b3": "{TRACE}-{SPAN}-1"}}"#), TRACE),
        ("B3, multi", format!(r#"{{"X-B3-TraceId": "{TRACE}", "X-B3-SpanId": "{SPAN}", "X-B3-Sampled": "1"}}"#), TRACE),
        ("Jaeger", format!(r#"{{"uber-trace-id": "{TRACE}:{SPAN}:0:1"}}"#), TRACE),
        (
            "Datadog",
            format!(
                r#"{{"x-datadog-trace-id": "{number}", "x-datadog-parent-id": "{span_number}", "x-datadog-sampling-priority": "1"}}"#
            ),
            &low,
        ),
        (
            "basictracer",
            format!(r#"{{"ot-tracer-traceid": "{half}", "ot-tracer-spanid": "{SPAN}", "ot-tracer-sampled": "true"}}"#),
            &low,
        ),
    ];
    for (name, headers, trace) in rows {
        peer(&python, &["publish", queue.as_str(), name, &headers]).await;
        let delivery = next(&mut consumer).await;
        assert_eq!(delivery.data, name.as_bytes());
        delivery.ack(BasicAckOptions::default()).await.unwrap();
        let span = broker.span("process");
        assert_eq!((&*span.context.trace_id().to_string(), name), (trace, name));
        assert_eq!(span.parent_id.map(|id| id.to_string()).as_deref(), Some(SPAN), "{name}");
        broker.mock.reset();
    }
}

#[tokio::test]
async fn contexts_are_written_as_python_reads_them() {
    let Some((broker, python, queue)) = broker_of("instana,tracecontext,b3,baggage,jaeger,datadog").await else {
        return;
    };
    let mut order = broker.mock.tracer().span("order").start();
    order.set_baggage_item("tenant", "acme");
    opentracing_core::InSpan::in_span(broker.publish(&queue, b"42"), order).await;
    let message = peer(&python, &["get", queue.as_str()]).await;

    let span = broker.span("publish");
    let (trace, id) = (span.context.trace_id(), span.context.span_id());
    for line in [
        r#""body": "42""#.to_owned(),
        format!(r#""traceparent": ["str", "00-{trace}-{id}-01"]"#),
        format!(r#""X-INSTANA-T": ["str", "{:016x}"]"#, trace.low()),
        format!(r#""X-INSTANA-S": ["str", "{id}"]"#),
        r#""X-INSTANA-L": ["str", "1"]"#.to_owned(),
        format!(r#""b3": ["str", "{trace}-{id}-1"]"#),
        r#""baggage": ["str", "tenant=acme"]"#.to_owned(),
        format!(r#""x-datadog-trace-id": ["str", "{}"]"#, trace.low()),
    ] {
        assert!(message.contains(&line), "no {line} in\n{message}");
    }
}

#[tokio::test]
async fn headers_of_unusual_types_are_ignored() {
    let Some((broker, python, queue)) = broker_of("instana,tracecontext,b3,baggage").await else { return };
    let mut consumer = broker.consume(&queue).await;
    for value in ["7", "-1", "true", "null", "{}", "[]", r#"{"a": [1, null, {"b": "c"}]}"#, r#""""#] {
        let headers = ["traceparent", "X-INSTANA-T", "b3", "baggage", "x-death", "timestamp_in_ms"]
            .map(|name| format!(r#""{name}": {value}"#));
        peer(&python, &["publish", queue.as_str(), value, &format!("{{{}}}", headers.join(", "))]).await;
        let delivery = next(&mut consumer).await;
        assert_eq!(delivery.data, value.as_bytes());
        delivery.ack(BasicAckOptions::default()).await.unwrap();
        let span = broker.span("process");
        assert_eq!(span.parent_id, None, "{value}");
        check_tags(&span, &[("rabbitmq.outcome", "ack"), ("rabbitmq.death_count", "")]);
        broker.mock.reset();
    }
}

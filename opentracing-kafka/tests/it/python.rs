//! Messages to and from kafka-python, whose headers are set by hand, in every format.

use std::io::Write;
use std::process::{Command, Output};

use opentracing_core::mock::MockTracer;
use opentracing_core::{Sampling, SpanContext};
use rdkafka::producer::FutureRecord;

use crate::cluster::{Cluster, soon};
use crate::support::{headers, references};

/// The interpreter with kafka-python, at `KAFKA_PYTHON`. If it is unset, the test is skipped, or fails under CI.
fn python() -> Option<String> {
    let python = std::env::var("KAFKA_PYTHON").ok().filter(|python| !python.is_empty());
    if python.is_none() {
        assert!(std::env::var_os("CI").is_none_or(|ci| ci.is_empty()), "KAFKA_PYTHON is not set");
        // The test runner does not capture this stream.
        let _ = writeln!(std::io::stderr(), "skipped, KAFKA_PYTHON is not set: messages to and from kafka-python");
    }
    python
}

/// Runs a script of the folder `peers` and returns its output.
async fn script(python: &str, name: &str, arguments: &[&str]) -> String {
    let mut command = Command::new(python);
    command.arg(format!("{}/tests/peers/{name}", env!("CARGO_MANIFEST_DIR"))).args(arguments);
    let run = move || command.output().unwrap();
    let Output { status, stdout, stderr } = soon(tokio::task::spawn_blocking(run)).await.unwrap();
    assert!(status.success(), "{}", String::from_utf8_lossy(&stderr));
    String::from_utf8(stdout).unwrap()
}

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN: &str = "00f067aa0ba902b7";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn python_sends_to_rust() {
    let (Some(python), Some(cluster)) = (python(), Cluster::real()) else { return };
    let rows: [(&str, &[&str], Option<&str>); 7] = [
        ("W3C", &["traceparent=00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"], Some(TRACE)),
        ("B3", &["b3=4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1"], Some(TRACE)),
        (
            "Instana",
            &["X_INSTANA_T=0000000000000000a3ce929d0e0e4736", "X_INSTANA_S=00f067aa0ba902b7", "X_INSTANA_L_S=1"],
            Some("0000000000000000a3ce929d0e0e4736"),
        ),
        (
            "Instana for Python",
            &["x_instana_l_s=1", "x_instana_t=a3ce929d0e0e4736", "x_instana_s=00f067aa0ba902b7"],
            Some("0000000000000000a3ce929d0e0e4736"),
        ),
        (
            "forwarded",
            &[
                "traceparent=00-00000000000000000000000000000001-0000000000000001-01",
                "tenant=blue",
                "traceparent=00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            ],
            Some(TRACE),
        ),
        ("no context", &[], None),
        ("corrupt", &["traceparent=00-zz"], None),
    ];
    for (row, pairs, trace) in rows {
        let (mock, topic) = (MockTracer::new(), cluster.topic(1).await);
        script(&python, "send.py", &[&[&*cluster.brokers, &topic], pairs].concat()).await;
        drop(soon(cluster.consumer(&mock, &topic).recv()).await.unwrap());
        let span = &mock.finished_spans()[0];
        match trace {
            Some(trace) => {
                assert_eq!(span.context.trace_id().to_string(), trace, "{row}");
                assert_eq!(format!("{:016x}", references(span)[0].1), SPAN, "{row}");
            }
            None => assert!(span.references.is_empty(), "{row}"),
        }
    }
    let (mock, topic) = (MockTracer::new(), cluster.topic(1).await);
    script(&python, "send.py", &[&cluster.brokers, &topic, "X_INSTANA_L_S=0"]).await;
    drop(soon(cluster.consumer(&mock, &topic).recv()).await.unwrap());
    assert!(mock.finished_spans().is_empty(), "not sampled");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rust_sends_to_python() {
    let (Some(python), Some(cluster)) = (python(), Cluster::real()) else { return };
    let (mock, topic) = (MockTracer::new(), cluster.topic(1).await);
    let producer = cluster.producer(&mock);
    let parent = SpanContext::new(TRACE.parse().unwrap(), SPAN.parse().unwrap());
    for sampling in [Sampling::Sampled, Sampling::NotSampled] {
        let scope = mock.tracer().span("order").child_of(&parent.clone().with_sampling(sampling)).start_active();
        let record = FutureRecord::<(), str>::to(&topic).payload("v").headers(headers([("tenant", "blue")]));
        let delivery = producer.send_result(record).unwrap();
        drop(scope);
        soon(delivery).await.unwrap().unwrap();
    }
    let received = script(&python, "receive.py", &[&cluster.brokers, &topic, "2"]).await;
    let lines: Vec<_> = received.lines().collect();
    let [sampled, suppressed] = lines[..] else { panic!("{received}") };
    // The first trace has two spans here, `order` and `send`.
    assert_eq!(
        sampled,
        format!(
            "tenant=blue X_INSTANA_L_S=1 X_INSTANA_T={TRACE} X_INSTANA_S=0000000000000002 \
             traceparent=00-{TRACE}-0000000000000002-01 tracestate=in=a3ce929d0e0e4736;0000000000000002 \
             b3={TRACE}-0000000000000002-1"
        )
    );
    let pairs: Vec<_> = suppressed.split(' ').collect();
    assert_eq!(pairs[..2], ["tenant=blue", "X_INSTANA_L_S=0"]);
    assert!(!suppressed.contains("X_INSTANA_T") && suppressed.contains("-00 "), "{suppressed}");
}

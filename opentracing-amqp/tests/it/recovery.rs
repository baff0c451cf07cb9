//! Recovery after the broker was killed. Starts a broker of its own.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use futures_util::StreamExt;
use lapin::options::{
    BasicAckOptions, BasicConsumeOptions, BasicPublishOptions, ConfirmSelectOptions, QueueDeclareOptions,
};
use lapin::types::FieldTable;
use lapin::{BasicProperties, Confirmation, ConnectionProperties};
use opentracing_amqp::{TracingConnection, TracingConsumer, TracingDelivery};
use opentracing_core::OwnedSpan;
use opentracing_core::mock::MockTracer;
use tokio::time::timeout;

use crate::support::{given, tag};

/// A broker that is stopped and deleted when dropped.
struct OwnBroker {
    root: PathBuf,
}

impl OwnBroker {
    fn start() -> Self {
        let root = std::env::temp_dir().join(format!("opentracing-amqp-{}", std::process::id()));
        let broker = OwnBroker { root };
        broker.run("up");
        broker
    }

    fn command(&self, command: &str) -> std::io::Result<Output> {
        Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/services/rabbitmq.sh"))
            .arg(command)
            .env("SVC_ROOT", &self.root)
            .env("SVC_PORTS", "free")
            .env_remove("RABBITMQ_PORT")
            .env_remove("RABBITMQ_NODE_TO_NODE_PORT")
            .env_remove("RABBITMQ_EPMD_PORT")
            .output()
    }

    #[track_caller]
    fn run(&self, command: &str) -> String {
        let output = self.command(command).unwrap();
        assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    fn url(&self) -> String {
        let exported = self.run("env");
        let address = exported.lines().find_map(|line| line.strip_prefix("export AMQP_URL="));
        address.expect("an address").trim_matches('\'').to_owned()
    }
}

impl Drop for OwnBroker {
    fn drop(&mut self) {
        let _ = self.command("down");
        let _ = std::fs::remove_dir_all(&self.root);
    }
}

/// `None` if nothing comes in time.
async fn next(consumer: &mut TracingConsumer) -> Option<lapin::Result<TracingDelivery>> {
    Some(timeout(6 * PATIENCE, consumer.next()).await.ok()?.expect("a delivery"))
}

/// Longer than a running broker takes to answer.
const PATIENCE: Duration = Duration::from_secs(5);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrappers_recover_and_tell_old_deliveries_from_new_ones() {
    if given("AMQP_URL").is_none() {
        return;
    }
    // lapin itself does not always recover on a busy machine: it then delivers nothing, or loses the connection once more.
    for _ in 0..4 {
        if lose_the_broker().await.is_some() {
            return;
        }
    }
    panic!("lapin has not recovered in any of four attempts");
}

/// `None` if lapin has not recovered.
async fn lose_the_broker() -> Option<()> {
    let own = tokio::task::spawn_blocking(OwnBroker::start).await.unwrap();
    let mock = MockTracer::new();
    let recovering = ConnectionProperties::default().enable_auto_recover().configure_backoff(|backoff| {
        backoff.with_min_delay(Duration::from_millis(200)).with_max_delay(Duration::from_secs(1)).with_max_times(300)
    });
    let url = own.url();
    let connect = TracingConnection::connect_with_tracer(mock.tracer().clone(), &url, recovering);
    let connection = connect.await.unwrap();
    let channel = connection.create_channel().await.unwrap();
    channel.confirm_select(ConfirmSelectOptions::default()).await.unwrap();
    let durable = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
    channel.queue_declare("parcels".into(), durable, FieldTable::default()).await.unwrap();
    let publish = async |body: &[u8]| {
        let properties = BasicProperties::default().with_delivery_mode(2);
        let options = BasicPublishOptions::default();
        channel.basic_publish("".into(), "parcels".into(), options, body, properties).await?.await
    };
    for body in [b"1", b"2", b"3"] {
        assert_eq!(publish(body).await.unwrap(), Confirmation::Ack(None));
    }
    let (options, arguments) = (BasicConsumeOptions::default(), FieldTable::default());
    let mut consumer = channel.basic_consume("parcels".into(), "".into(), options, arguments).await.unwrap();
    let mut old = Vec::new();
    for _ in 0..3 {
        old.push(next(&mut consumer).await?.unwrap());
    }

    // Publish while the broker is killed and started, until a message is confirmed again.
    let restarting = tokio::task::spawn_blocking(move || {
        own.run("kill");
        own.run("start");
        own.run("wait");
        own
    });
    let (mut confirmed, mut failed, mut unanswered) = (3, 0, 0);
    let mut without_success = 0;
    loop {
        let is_back = restarting.is_finished();
        without_success += i32::from(is_back);
        if without_success > 6 {
            return None;
        }
        match timeout(PATIENCE, publish(b"under way")).await {
            Ok(Ok(confirmation)) => {
                assert_eq!(confirmation, Confirmation::Ack(None));
                confirmed += 1;
                if is_back {
                    break;
                }
            }
            Ok(Err(error)) => {
                failed += 1;
                let _ = timeout(PATIENCE, channel.wait_for_recovery(error)).await;
            }
            // lapin may never resolve a publish that is being written when the connection is lost.
            Err(_) => unanswered += 1,
        }
    }
    let own = restarting.await.unwrap();
    assert!(failed + unanswered > 0, "the broker was down");
    let published = spans(&mock, "publish");
    let count = |what: fn(&OwnedSpan) -> bool| published.iter().filter(|span| what(span)).count();
    assert_eq!(count(|span| tag(span, "rabbitmq.outcome") == "ack"), confirmed);
    // A confirm that was dropped by the time limit fails with the connection; a publish that was not written is cancelled.
    let failures = count(|span| span.is_failed && !span.logs.is_empty());
    let cancelled = count(|span| tag(span, "rabbitmq.outcome") == "cancelled");
    assert!(failures >= failed, "{published:?}");
    assert_eq!(failures + cancelled, failed + unanswered);
    assert_eq!(published.len(), confirmed + failed + unanswered);

    // The consumer yields the error, then the same messages, usually with the same delivery tags.
    let mut new = Vec::new();
    while new.len() < 3 {
        match next(&mut consumer).await? {
            Ok(delivery) => new.push(delivery),
            Err(error) => assert!(error.can_be_recovered(), "{error}"),
        }
    }
    new.iter().for_each(|delivery| delivery.handle_blocking(|| ()));
    if !new[2].ack(BasicAckOptions { multiple: true }).await.unwrap() {
        return None;
    }
    let outcomes = || spans(&mock, "process").iter().map(|span| tag(span, "rabbitmq.outcome")).collect::<Vec<_>>();
    assert_eq!(outcomes(), ["ack", "ack", "ack"], "the new deliveries");

    // Deliveries from before the loss can no longer be settled.
    assert!(!old[1].ack(BasicAckOptions { multiple: true }).await.unwrap());
    assert_eq!(outcomes(), ["stale", "ack", "ack", "ack"]);
    drop((old, new));
    assert_eq!(outcomes(), ["stale", "stale", "stale", "ack", "ack", "ack"]);
    let parents: Vec<_> = spans(&mock, "process").iter().map(|span| span.parent_id).collect();
    assert_eq!(parents[..3], parents[3..], "both deliveries of a message have the same parent");

    let attempts: Vec<_> = spans(&mock, "process").iter().map(|span| tag(span, "messaging.attempt")).collect();
    assert_eq!(attempts, ["1", "1", "1", "2", "2", "2"], "the broker delivered the messages again");
    let delivered = spans(&mock, "process");
    for (first, again) in delivered[..3].iter().zip(&delivered[3..]) {
        assert_eq!(again.references[1].context.span_id(), first.context.span_id());
    }

    let last = next(&mut consumer).await?.unwrap();
    channel.basic_ack(last.delivery_tag, BasicAckOptions::default()).await.unwrap();
    assert_eq!(outcomes().len(), 7);
    drop((last, consumer));
    connection.close(200, "done".into()).await.unwrap();
    let stats = mock.tracer().stats();
    assert_eq!((stats.open(), stats.write_after_finish), (0, 0), "{stats:?}");
    tokio::task::spawn_blocking(move || drop(own)).await.unwrap();
    Some(())
}

fn spans(mock: &MockTracer, verb: &str) -> Vec<OwnedSpan> {
    let mut spans = mock.finished_spans();
    spans.retain(|span| span.operation_name.starts_with(verb));
    spans.sort_by_key(|span| span.start_unix_ns);
    spans
}

//! Brokers that are killed and come back.

use std::path::{Path, PathBuf};
use std::process::Command;

use opentracing_core::mock::MockTracer;
use opentracing_kafka::{SettlePolicy, Settlement, TracingProducer};
use rdkafka::consumer::{CommitMode, Consumer};
use rdkafka::producer::{FutureProducer, FutureRecord};
use rdkafka::{Message, Offset};

use crate::cluster::{Cluster, patience, soon, tracing};
use crate::support::{span, tag};

/// A broker for this test, on its own ports. Stopped and deleted when dropped.
struct OwnBroker {
    root: PathBuf,
}

impl OwnBroker {
    fn start() -> Self {
        let root = std::env::temp_dir().join(format!("opentracing-kafka-{}", std::process::id()));
        let broker = OwnBroker { root };
        broker.run("up");
        broker
    }

    fn command(&self, command: &str) -> Command {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/services/kafka.sh");
        let mut process = Command::new(script);
        process.arg(command).env("SVC_ROOT", &self.root).env("SVC_PORTS", "free");
        process.env_remove("KAFKA_PORT").env_remove("KAFKA_CONTROLLER_PORT");
        process
    }

    #[track_caller]
    fn run(&self, command: &str) -> String {
        let output = self.command(command).output().unwrap();
        assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    fn cluster(&self) -> Cluster {
        let exported = self.run("env");
        let line = exported.lines().find_map(|line| line.strip_prefix("export KAFKA_BROKERS=")).unwrap();
        Cluster { brokers: line.to_owned(), mock: None }
    }
}

impl Drop for OwnBroker {
    fn drop(&mut self) {
        let _ = self.command("down").output();
        let _ = std::fs::remove_dir_all(&self.root);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_recover_after_a_broker_was_killed() {
    if Cluster::real().is_none() {
        return;
    }
    let broker = OwnBroker::start();
    let cluster = broker.cluster();
    let (mock, topic) = (MockTracer::new(), cluster.topic(1).await);
    let mut config = cluster.config();
    config.set("reconnect.backoff.max.ms", "500");
    let producer: TracingProducer<FutureProducer> = tracing(&mock).producer(&config).unwrap();
    let impatient: TracingProducer<FutureProducer> =
        tracing(&mock).producer(config.clone().set("message.timeout.ms", "300")).unwrap();
    let record = |payload: &'static str| FutureRecord::<(), str>::to(&topic).payload(payload);
    soon(producer.send(record("before"), patience())).await.unwrap();
    let consumer = cluster.consumer(&mock, &topic);
    assert_eq!(soon(consumer.recv()).await.unwrap().payload(), Some(&b"before"[..]));
    mock.reset();

    broker.run("kill");
    let waiting = producer.send_result(record("during")).unwrap();
    soon(impatient.send(record("lost"), patience())).await.unwrap_err();
    let failed = span(&mock, "send");
    assert!(failed.is_failed);
    assert_eq!(tag(&failed, "messaging.kafka.offset"), None);
    mock.reset();
    broker.run("up");

    let delivery = soon(waiting).await.unwrap().unwrap();
    assert_eq!(delivery.offset, 1);
    soon(producer.send(record("after"), patience())).await.unwrap();
    let mut payloads = Vec::new();
    let policy = SettlePolicy::commit(CommitMode::Sync).attempts(2);
    while payloads.len() < 2 {
        // The consumer returns errors while the broker is down, and then continues.
        if let Ok(message) = soon(consumer.recv()).await {
            payloads.push(message.payload().map(<[u8]>::to_vec));
            let settled = consumer.handle_and_settle(&message, &policy, async || Ok::<_, String>(())).await;
            assert_eq!(settled, Ok(Settlement::Settled));
        }
    }
    assert_eq!(consumer.committed(patience()).unwrap().find_partition(&topic, 0).unwrap().offset(), Offset::Offset(3));
    assert_eq!(payloads, [Some(b"during".to_vec()), Some(b"after".to_vec())]);
    mock.assert_tree(&format!(
        "
        send {topic} (producer)
          process {topic} (consumer)
        send {topic} (producer)
          process {topic} (consumer)
    "
    ));
    // Close the connections before the broker stops.
    drop((producer, impatient, consumer));
}

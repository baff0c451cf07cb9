//! The clusters that the tests use.

use std::env;
use std::io::Write;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use opentracing_core::mock::MockTracer;
use opentracing_kafka::{KafkaTracing, TracingConsumer, TracingProducer};
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer, StreamConsumer};
use rdkafka::mocking::MockCluster;
use rdkafka::producer::{DefaultProducerContext, FutureProducer};
use rdkafka::util::Timeout;
use rdkafka::{ClientConfig, Offset, TopicPartitionList};

/// The limit on every wait.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A cluster for one test: librdkafka's mock cluster with one broker, or the real broker.
pub(crate) struct Cluster {
    pub(crate) brokers: String,
    pub(crate) mock: Option<MockCluster<'static, DefaultProducerContext>>,
}

impl Cluster {
    pub(crate) fn mock() -> Self {
        let mock = MockCluster::new(1).unwrap();
        Cluster { brokers: mock.bootstrap_servers(), mock: Some(mock) }
    }

    /// The broker at `KAFKA_BROKERS`. If it is unset, the test is skipped: returns `None` and prints a line.
    pub(crate) fn real() -> Option<Self> {
        let brokers = env::var("KAFKA_BROKERS").ok().filter(|brokers| !brokers.is_empty());
        if brokers.is_none() {
            assert!(env::var_os("CI").is_none_or(|ci| ci.is_empty()), "KAFKA_BROKERS is not set");
            // The test runner does not capture this stream.
            let _ = writeln!(
                std::io::stderr(),
                "skipped, KAFKA_BROKERS is not set: {}",
                std::thread::current().name().unwrap_or("?")
            );
        }
        Some(Cluster { brokers: brokers?, mock: None })
    }

    pub(crate) fn config(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", &self.brokers).set("linger.ms", "0").set("fetch.wait.max.ms", "20");
        config
    }

    /// The configuration of a consumer with its own group, which starts at the beginning of each partition.
    pub(crate) fn consumer_config(&self) -> ClientConfig {
        let mut config = self.config();
        config.set("group.id", name("group")).set("auto.offset.reset", "earliest").set("enable.auto.commit", "false");
        config
    }

    /// Creates a topic.
    pub(crate) async fn topic(&self, partitions: i32) -> String {
        let topic = name("topic");
        match &self.mock {
            Some(mock) => mock.create_topic(&topic, partitions, 1).unwrap(),
            None => {
                let admin: AdminClient<DefaultClientContext> = self.config().create().unwrap();
                let new = NewTopic::new(&topic, partitions, TopicReplication::Fixed(1));
                let created = admin.create_topics([&new], &AdminOptions::new()).await.unwrap();
                assert!(created.iter().all(Result::is_ok), "{created:?}");
                // The topic is usable once its partitions have leaders.
                let consumer: BaseConsumer = self.config().create().unwrap();
                let begun = std::time::Instant::now();
                let has_leaders = || {
                    let metadata = consumer.fetch_metadata(Some(&topic), PATIENCE).unwrap();
                    let partitions = metadata.topics()[0].partitions();
                    !partitions.is_empty() && partitions.iter().all(|partition| partition.leader() >= 0)
                };
                while !has_leaders() {
                    assert!(begun.elapsed() < PATIENCE, "{topic} has no leader");
                }
            }
        }
        topic
    }

    pub(crate) fn producer(&self, mock: &MockTracer) -> TracingProducer<FutureProducer> {
        tracing(mock).producer(&self.config()).unwrap()
    }

    /// A consumer that is assigned the first partition, so that it does not wait for its group.
    pub(crate) fn consumer(&self, mock: &MockTracer, topic: &str) -> TracingConsumer<StreamConsumer> {
        self.consumer_with(tracing(mock), topic)
    }

    pub(crate) fn consumer_with(&self, kafka: KafkaTracing, topic: &str) -> TracingConsumer<StreamConsumer> {
        let consumer: TracingConsumer<StreamConsumer> = kafka.consumer(&self.consumer_config()).unwrap();
        consumer.assign(&from_beginning(topic, 1)).unwrap();
        consumer
    }
}

pub(crate) fn tracing(mock: &MockTracer) -> KafkaTracing {
    KafkaTracing::with_tracer(mock.tracer().clone())
}

/// The first partitions of a topic, from the beginning.
pub(crate) fn from_beginning(topic: &str, partitions: i32) -> TopicPartitionList {
    let mut list = TopicPartitionList::new();
    for partition in 0..partitions {
        list.add_partition_offset(topic, partition, Offset::Beginning).unwrap();
    }
    list
}

/// A name that is unique on a shared cluster.
pub(crate) fn name(what: &str) -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!("test-{what}-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

/// The limit on every wait, as rdkafka takes it.
pub(crate) fn patience() -> Timeout {
    Timeout::After(PATIENCE)
}

/// Waits for a future, with a limit.
pub(crate) async fn soon<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(PATIENCE, future).await.expect("should have completed by now")
}

/// Defines two tests per function: on the mock cluster and on the real broker.
macro_rules! on_both_clusters {
    ($($(#[$doc:meta])* async fn $name:ident($cluster:ident: &Cluster) $body:block)+) => { $(
        mod $name {
            use super::*;

            $(#[$doc])*
            async fn run($cluster: &Cluster) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn mock() {
                run(&Cluster::mock()).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn broker() {
                if let Some(cluster) = Cluster::real() {
                    run(&cluster).await;
                }
            }
        }
    )+ };
}

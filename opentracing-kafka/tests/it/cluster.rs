//! Where the tests run.

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

/// No test waits longer for what must come.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A cluster for one test: the client's own of one broker, or the real one, of which the test has a topic.
pub(crate) struct Cluster {
    pub(crate) brokers: String,
    pub(crate) mock: Option<MockCluster<'static, DefaultProducerContext>>,
}

impl Cluster {
    pub(crate) fn mock() -> Self {
        let mock = MockCluster::new(1).unwrap();
        Cluster { brokers: mock.bootstrap_servers(), mock: Some(mock) }
    }

    /// The one that tests may use; `None`, and a line on the terminal, without one.
    pub(crate) fn real() -> Option<Self> {
        let brokers = env::var("KAFKA_BROKERS").ok().filter(|brokers| !brokers.is_empty());
        if brokers.is_none() {
            assert!(env::var_os("CI").is_none_or(|ci| ci.is_empty()), "KAFKA_BROKERS is not set");
            // What the test runner does not keep to itself.
            let _ = writeln!(
                std::io::stderr(),
                "left out, as KAFKA_BROKERS is not set: {}",
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

    /// The same with a group of its own, from the beginning of each partition.
    pub(crate) fn consumer_config(&self) -> ClientConfig {
        let mut config = self.config();
        config.set("group.id", name("group")).set("auto.offset.reset", "earliest").set("enable.auto.commit", "false");
        config
    }

    /// A new topic.
    pub(crate) async fn topic(&self, partitions: i32) -> String {
        let topic = name("topic");
        match &self.mock {
            Some(mock) => mock.create_topic(&topic, partitions, 1).unwrap(),
            None => {
                let admin: AdminClient<DefaultClientContext> = self.config().create().unwrap();
                let new = NewTopic::new(&topic, partitions, TopicReplication::Fixed(1));
                let created = admin.create_topics([&new], &AdminOptions::new()).await.unwrap();
                assert!(created.iter().all(Result::is_ok), "{created:?}");
                // It is there when its leaders are.
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

    /// A consumer of the first partition, which does not wait for others of its group.
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

/// The first partitions of a topic, from their beginnings.
pub(crate) fn from_beginning(topic: &str, partitions: i32) -> TopicPartitionList {
    let mut list = TopicPartitionList::new();
    for partition in 0..partitions {
        list.add_partition_offset(topic, partition, Offset::Beginning).unwrap();
    }
    list
}

/// A name that nobody else has on a cluster that others use as well.
pub(crate) fn name(what: &str) -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!("test-{what}-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

/// Time for what must come.
pub(crate) fn patience() -> Timeout {
    Timeout::After(PATIENCE)
}

/// Waits for what must come.
pub(crate) async fn soon<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(PATIENCE, future).await.expect("should have come by now")
}

/// Makes two tests of each function: on the mock cluster, and on the real broker.
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

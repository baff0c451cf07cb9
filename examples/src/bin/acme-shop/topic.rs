//! Publishes placed orders to Kafka.

use std::time::Duration;

use axum::http::StatusCode;
use opentracing_core::Tracer;
use opentracing_kafka::{KafkaTracing, TracingProducer};
use rdkafka::ClientConfig;
use rdkafka::error::KafkaResult;
use rdkafka::producer::{FutureProducer, FutureRecord, Producer};

use crate::failure::Failure;
use crate::in_flight::InFlight;
use crate::model::PlacedOrder;

/// The topic of placed orders.
pub(crate) const ORDERS: &str = "orders";

/// A producer for the topic, on librdkafka's mock cluster unless there is a real one.
#[derive(Clone)]
pub(crate) struct Topic {
    producer: TracingProducer<FutureProducer>,
    in_flight: InFlight,
    /// The bootstrap servers for consumers.
    pub(crate) brokers: String,
}

impl Topic {
    pub(crate) fn open(brokers: Option<&str>, tracer: Tracer, in_flight: InFlight) -> KafkaResult<Topic> {
        let mut config = ClientConfig::new();
        match brokers {
            Some(brokers) => config.set("bootstrap.servers", brokers),
            None => config.set("test.mock.num.brokers", "1"),
        };
        config.set("linger.ms", "0").set("message.timeout.ms", "5000");
        // The only line that tracing adds: a traced producer.
        let producer: TracingProducer<FutureProducer> = KafkaTracing::with_tracer(tracer).producer(&config)?;
        let mock = producer.client().mock_cluster().map(|cluster| cluster.bootstrap_servers());
        let brokers = brokers.map(str::to_owned).or(mock).unwrap_or_default();
        Ok(Topic { producer, in_flight, brokers })
    }

    /// Returns when the brokers have the order. Consumers may read it later.
    pub(crate) async fn publish(&self, order: &PlacedOrder) -> Result<(), Failure> {
        let failure = || Failure::new(StatusCode::BAD_GATEWAY, "the order cannot be published");
        let payload = serde_json::to_vec(order).map_err(|_| failure())?;
        let key = order.number.to_string();
        self.in_flight.add();
        let record = FutureRecord::to(ORDERS).key(&key).payload(&payload);
        if self.producer.send(record, Duration::from_secs(1)).await.is_err() {
            self.in_flight.remove();
            return Err(failure());
        }
        Ok(())
    }
}

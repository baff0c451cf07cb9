//! What the order service tells whoever wants to know, over Kafka.

use std::time::Duration;

use axum::http::StatusCode;
use opentracing_core::Tracer;
use opentracing_kafka::{KafkaTracing, TracingProducer};
use rdkafka::ClientConfig;
use rdkafka::error::KafkaResult;
use rdkafka::producer::{FutureProducer, FutureRecord, Producer};

use crate::failure::Failure;
use crate::model::PlacedOrder;
use crate::under_way::UnderWay;

/// The topic of orders that are placed.
pub(crate) const ORDERS: &str = "orders";

/// The way to the topic: a cluster that the client brings along, unless there is a real one.
#[derive(Clone)]
pub(crate) struct Topic {
    producer: TracingProducer<FutureProducer>,
    under_way: UnderWay,
    /// Where consumers find it.
    pub(crate) brokers: String,
}

impl Topic {
    pub(crate) fn open(brokers: Option<&str>, tracer: Tracer, under_way: UnderWay) -> KafkaResult<Topic> {
        let mut config = ClientConfig::new();
        match brokers {
            Some(brokers) => config.set("bootstrap.servers", brokers),
            None => config.set("test.mock.num.brokers", "1"),
        };
        config.set("linger.ms", "0").set("message.timeout.ms", "5000");
        // All that it takes to trace what a service sends: one producer.
        let producer: TracingProducer<FutureProducer> = KafkaTracing::with_tracer(tracer).producer(&config)?;
        let mock = producer.client().mock_cluster().map(|cluster| cluster.bootstrap_servers());
        let brokers = brokers.map(str::to_owned).or(mock).unwrap_or_default();
        Ok(Topic { producer, under_way, brokers })
    }

    /// Returns when the brokers have the message, which may be before anybody has read it.
    pub(crate) async fn tell(&self, order: &PlacedOrder) -> Result<(), Failure> {
        let cannot = || Failure::new(StatusCode::BAD_GATEWAY, "nobody can be told of the order");
        let payload = serde_json::to_vec(order).map_err(|_| cannot())?;
        let key = order.number.to_string();
        self.under_way.add();
        let record = FutureRecord::to(ORDERS).key(&key).payload(&payload);
        if self.producer.send(record, Duration::from_secs(1)).await.is_err() {
            self.under_way.remove();
            return Err(cannot());
        }
        Ok(())
    }
}

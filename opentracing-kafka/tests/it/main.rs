//! Tests of the public API, one module per topic, on librdkafka's mock cluster and on the broker at `KAFKA_BROKERS`.

#[macro_use]
mod cluster;

mod attempts;
mod batches;
mod commits;
mod consumers;
mod decorators;
mod errors;
mod fit;
mod headers;
mod load;
mod loops;
mod memory;
mod messages;
mod outages;
mod producers;
mod python;
mod rebalance;
mod settings;
mod settling;
mod size;
mod support;
mod transactions;
mod types;
mod vectors;
mod wire;

//! Tests of the public interface on the client's mock cluster, and on the broker where `KAFKA_BROKERS` says, one module a topic.

#[macro_use]
mod cluster;

mod batches;
mod consumers;
mod decorators;
mod errors;
mod headers;
mod load;
mod memory;
mod messages;
mod options;
mod outages;
mod producers;
mod python;
mod rebalance;
mod support;
mod transactions;
mod types;
mod vectors;
mod wire;

//! Measures the recorder and encoders next to fastrace and OpenTelemetry, in the same run.
//!
//! `cargo bench -p opentracing-bench` runs each [`Case`] for each [`Library`] in its own process, and prints one table. The processes run
//! the two programs of this package: `measure`, and `measure_allocations`, which is the same with a counting allocator. Separate benches
//! measure a unary gRPC call, an SQL query, and a message over RabbitMQ or Kafka, untraced and traced, and the layers for
//! `tracing-subscriber`.
//!
//! [`http`] compares our HTTP adapters with others.

mod adapter;
mod amqp;
mod callgrind;
mod case;
mod child;
mod encoder;
mod grpc;
pub mod http;
mod kafka;
mod library;
mod measure;
mod peers;
mod sql;
mod subject;
mod system;
mod table;
mod tracing_layers;

pub use crate::amqp::main as amqp;
pub use crate::case::Case;
pub use crate::encoder::{Encoder, EncoderOptions, main as encoders};
pub use crate::grpc::main as grpc;
pub use crate::kafka::main as kafka;
pub use crate::library::Library;
pub use crate::measure::{Allocations, main as measure};
pub use crate::peers::{Options, Programs, main as peers};
pub use crate::sql::main as sql;
pub use crate::tracing_layers::{Bridge, BridgeCase, main as tracing_layers};

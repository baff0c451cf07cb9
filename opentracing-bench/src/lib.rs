//! Measures recorder and encoders beside fastrace and OpenTelemetry, in the same run.
//!
//! `cargo bench -p opentracing-bench` runs every [`Case`] for every [`Library`] in a process of its own and prints one table. The
//! processes are the two programs of this package: `measure`, and `measure_allocations`, which is the same with an allocator that
//! counts. A unary call of gRPC, a query of SQL and a message over RabbitMQ or Kafka, bare and traced, are benches of their own.
//!
//! [`http`] has what tells adapters of HTTP apart, ours and others'.

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

pub use crate::amqp::main as amqp;
pub use crate::case::Case;
pub use crate::encoder::{Encoder, EncoderOptions, main as encoders};
pub use crate::grpc::main as grpc;
pub use crate::kafka::main as kafka;
pub use crate::library::Library;
pub use crate::measure::{Allocations, main as measure};
pub use crate::peers::{Options, Programs, main as peers};
pub use crate::sql::main as sql;

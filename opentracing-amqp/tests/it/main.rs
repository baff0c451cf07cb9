//! Tests of the public interface, one module a topic, against the broker at `AMQP_URL`.

mod deliveries;
mod headers;
mod publishing;
mod settling;
mod support;
mod types;

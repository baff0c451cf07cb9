//! Tests of the public interface, one module a topic, against the broker at `AMQP_URL`.

mod decorators;
mod deliveries;
mod foreign;
mod headers;
mod poisoned;
mod publishing;
mod recovery;
mod settling;
mod support;
mod types;
mod volume;

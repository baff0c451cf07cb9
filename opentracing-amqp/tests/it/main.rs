//! Tests of the public API, one module per topic, on the broker at `AMQP_URL`.

mod dead_letters;
mod decorators;
mod deliveries;
mod handling;
mod headers;
mod malformed_headers;
mod publishing;
mod python;
mod recovery;
mod settings;
mod settling;
mod support;
mod types;
mod volume;

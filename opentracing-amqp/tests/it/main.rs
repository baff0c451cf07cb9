//! Tests of the public API, one module per topic, on the broker at `AMQP_URL`.

mod attempts;
mod batches;
mod confirms;
mod connections;
mod current_message;
mod dead_letters;
mod decorators;
mod deliveries;
mod handling;
mod headers;
mod host_methods;
mod malformed_headers;
mod policies;
mod programs;
mod publishing;
mod python;
mod recovery;
mod settings;
mod settling;
mod support;
mod transactions;
mod types;
mod volume;

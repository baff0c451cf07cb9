//! The viewer from outside.

mod analysis;
mod hostile;
mod otlp_json;
mod received;
mod served;
mod store;
mod support;

//! The viewer from outside.

mod analysis;
#[cfg(feature = "sqlite")]
mod file;
mod health;
mod hostile;
mod otlp_json;
mod program;
mod received;
mod served;
mod store;
mod support;

//! The viewer from outside.

mod analysis;
mod browser;
#[cfg(feature = "sqlite")]
mod file;
mod health;
mod hostile;
mod otlp_json;
mod pages;
mod program;
mod received;
mod sample;
mod served;
mod store;
mod support;

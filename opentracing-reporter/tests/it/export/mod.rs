//! Retries, limits and the spool, over OTLP.

mod bad_batch;
pub(crate) mod faults;
mod pace;
mod spool;

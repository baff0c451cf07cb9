//! Retries, limits and the spool, over OTLP.

pub(crate) mod bad_batch;
pub(crate) mod faults;
mod operation;
mod pace;
mod spool;
mod spool_first;

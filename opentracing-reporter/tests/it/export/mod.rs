//! Retries, limits and the spool, over OTLP.

pub(crate) mod faults;
mod pace;
mod spool;

//! The tracer and its builder.

pub(crate) mod builder;
pub(crate) mod connection_trace;
pub(crate) mod metrics;
mod of_span;
pub(crate) mod tracer;

//! The tracer and its builder.

pub(crate) mod builder;
mod of_span;
pub(crate) mod tracer;

//! The tracer and its builder.

pub(crate) mod builder;
pub(crate) mod tracer;

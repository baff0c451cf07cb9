//! Spans: how they start, who owns them, what is written to them.

pub(crate) mod builder;
pub(crate) mod finish_options;
pub(crate) mod operations;
pub(crate) mod span;
pub(crate) mod span_ref;
mod start;

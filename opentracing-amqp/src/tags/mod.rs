//! Operation names, tags and errors of spans.

pub(crate) mod destination;
pub(crate) mod error;
pub(crate) mod message;

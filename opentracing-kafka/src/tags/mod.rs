//! Operation names, tags and errors of spans.

pub(crate) mod error;
pub(crate) mod name;
pub(crate) mod record;

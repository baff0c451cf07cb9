//! Takes secrets out of text before it leaves the process.

pub(crate) mod redact;
pub(crate) mod secrets;

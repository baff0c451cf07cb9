//! The memory of one span while it is recorded.

pub(crate) mod record;
pub(crate) mod tag_store;
mod write;

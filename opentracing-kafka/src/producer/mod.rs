//! The traced producers, with the span of each record.

pub(crate) mod base_producer;
pub(crate) mod context;
pub(crate) mod delivery_future;
pub(crate) mod foreign_producer;
pub(crate) mod future_producer;
pub(crate) mod producer;
pub(crate) mod queue_wait;
pub(crate) mod send;
pub(crate) mod sending;
pub(crate) mod transaction;
pub(crate) mod wrap_producer;

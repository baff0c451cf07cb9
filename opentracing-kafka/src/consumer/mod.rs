//! The traced consumers and split-off partitions.

pub(crate) mod base_consumer;
pub(crate) mod committing;
pub(crate) mod consumer;
pub(crate) mod events;
pub(crate) mod partition_queue;
pub(crate) mod receive;
pub(crate) mod stream_consumer;

//! Received messages and batches, with the spans of their handling.

pub(crate) mod attempt;
pub(crate) mod batch;
pub(crate) mod message;
pub(crate) mod process;
pub(crate) mod received_message;
pub(crate) mod receiving;
pub(crate) mod work;

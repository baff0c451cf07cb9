//! The traced consumer, and the ways to handle its deliveries.

pub(crate) mod consumer;
pub(crate) mod delegate;
pub(crate) mod process;

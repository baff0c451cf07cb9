//! The batch reporter: batches, shutdown, statistics, log lines.

mod batching;
pub(crate) mod logging;
mod shutdown;
mod statistics;

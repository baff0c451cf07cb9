//! The batch reporter: batches, shutdown, statistics, log lines.

mod batching;
#[cfg(all(feature = "jaeger", feature = "otlp", feature = "zipkin", target_os = "linux"))]
mod idle;
pub(crate) mod logging;
mod shutdown;
mod statistics;

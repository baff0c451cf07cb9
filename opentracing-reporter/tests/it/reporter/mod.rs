//! The batch reporter: batches, shutdown, statistics, log lines.

#[cfg(all(
    feature = "console",
    feature = "datadog",
    feature = "instana",
    feature = "jaeger",
    feature = "otlp",
    feature = "zipkin"
))]
mod backends;
mod batching;
#[cfg(all(feature = "jaeger", feature = "otlp", feature = "zipkin", target_os = "linux"))]
mod idle;
pub(crate) mod logging;
mod shutdown;
mod statistics;

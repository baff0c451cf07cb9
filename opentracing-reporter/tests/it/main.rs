//! Tests of the public interface, one module a topic.

#[cfg(feature = "otlp")]
mod collector;
#[cfg(feature = "console")]
mod console;
#[cfg(feature = "console")]
mod drawing;
#[cfg(feature = "instana")]
mod instana;
mod logging;
#[cfg(feature = "otlp")]
mod otlp_faults;
#[cfg(feature = "otlp")]
mod otlp_spans;
#[cfg(all(feature = "remote-sampling", feature = "otlp"))]
mod remote_sampling;
mod reporting;
#[cfg(feature = "console")]
mod scene;
mod shutdown;
#[cfg(feature = "otlp")]
mod spool;
mod statistics;
mod transports;
mod types;

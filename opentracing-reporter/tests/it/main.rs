//! Tests of the public interface, one module a topic.

#[cfg(feature = "otlp")]
mod collector;
#[cfg(feature = "console")]
mod console;
#[cfg(feature = "console")]
mod drawing;
#[cfg(feature = "otlp")]
mod endpoints;
#[cfg(feature = "instana")]
mod instana;
mod logging;
#[cfg(feature = "otlp")]
mod otlp_faults;
#[cfg(feature = "otlp")]
mod otlp_grpc;
#[cfg(feature = "otlp")]
mod otlp_spans;
#[cfg(all(feature = "otlp", feature = "tls"))]
mod otlp_tls;
#[cfg(all(feature = "remote-sampling", feature = "otlp"))]
mod remote_sampling;
mod reporting;
#[cfg(feature = "console")]
mod scene;
#[cfg(feature = "otlp")]
mod service;
mod shutdown;
#[cfg(feature = "otlp")]
mod spool;
mod statistics;
#[cfg(feature = "otlp")]
mod terms;
mod transports;
mod types;

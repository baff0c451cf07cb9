//! Tests of the public interface, one module a topic.

#[cfg(all(feature = "jaeger", feature = "otlp", feature = "zipkin"))]
mod backends;
#[cfg(feature = "network")]
mod collector;
#[cfg(feature = "console")]
mod console;
#[cfg(feature = "console")]
mod drawing;
#[cfg(feature = "otlp")]
mod endpoints;
#[cfg(feature = "env")]
mod env;
#[cfg(feature = "instana")]
mod instana;
#[cfg(feature = "jaeger")]
mod jaeger;
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
#[cfg(feature = "network")]
mod terms;
#[cfg(feature = "jaeger")]
mod thrift;
mod transports;
mod types;
#[cfg(feature = "zipkin")]
mod zipkin;

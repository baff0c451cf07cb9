//! Tests of the public interface, one module a topic.

#[cfg(all(feature = "http", feature = "mock"))]
mod http_client;
#[cfg(feature = "http")]
mod http_rules;
#[cfg(feature = "mock")]
mod new_trace;
#[cfg(feature = "mock")]
mod recorder;
mod reporting;
mod secrets;

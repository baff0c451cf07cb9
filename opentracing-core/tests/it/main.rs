//! Tests of the public interface, one module a topic.

#[cfg(feature = "http")]
mod http_rules;
#[cfg(feature = "mock")]
mod new_trace;
#[cfg(feature = "mock")]
mod recorder;
mod reporting;
mod secrets;

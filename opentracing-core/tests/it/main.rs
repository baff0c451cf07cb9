//! Tests of the public interface, one module a topic.

#[cfg(feature = "http")]
mod http_rules;
mod secrets;

//! Scripted servers and transports for the tests.

#[cfg(feature = "network")]
pub(crate) mod collector;
#[cfg(any(feature = "datadog", all(feature = "jaeger", feature = "otlp", feature = "zipkin")))]
pub(crate) mod net;
#[cfg(feature = "network")]
pub(crate) mod relay;
#[cfg(feature = "otlp")]
pub(crate) mod service;
pub(crate) mod transports;

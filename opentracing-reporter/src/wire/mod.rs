//! Byte formats that several transports write or read: JSON and Protocol Buffers.

#[cfg(any(feature = "instana", feature = "zipkin"))]
pub(crate) mod json;
#[cfg(feature = "otlp")]
pub(crate) mod protobuf;

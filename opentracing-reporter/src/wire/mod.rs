//! Byte formats that several transports write or read: JSON, Protocol Buffers, Base64, percent-encoding.

#[cfg(feature = "network")]
pub(crate) mod base64;
#[cfg(any(feature = "instana", feature = "zipkin"))]
pub(crate) mod json;
#[cfg(feature = "network")]
pub(crate) mod percent;
#[cfg(feature = "otlp")]
pub(crate) mod protobuf;

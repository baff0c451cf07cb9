//! OTLP over HTTP and gRPC.

pub(crate) mod conventions;
mod file;
mod grpc;
mod json;
pub(crate) mod spans;

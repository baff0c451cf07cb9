//! OTLP over HTTP and gRPC.

pub(crate) mod conventions;
mod grpc;
pub(crate) mod spans;

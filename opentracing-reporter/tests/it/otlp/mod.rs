//! OTLP over HTTP and gRPC.

mod grpc;
pub(crate) mod spans;

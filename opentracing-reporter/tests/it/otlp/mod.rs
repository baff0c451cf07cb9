//! OTLP over HTTP and gRPC.

pub(crate) mod conventions;
mod file;
mod grpc;
mod json;
#[cfg(feature = "env")]
mod opt_in;
pub(crate) mod spans;

//! The formats on the wire, one per file, and what several of them share.

pub(crate) mod b3;
pub(crate) mod binary;
pub(crate) mod datadog;
pub(crate) mod gcp;
pub(crate) mod grpc_trace_bin;
pub(crate) mod instana;
pub(crate) mod jaeger;
pub(crate) mod ot;
pub(crate) mod prefixed_baggage;
pub(crate) mod sentry;
pub(crate) mod text_format;
pub(crate) mod trace_context;
pub(crate) mod tracestate;
pub(crate) mod w3c_baggage;
pub(crate) mod wavefront;
pub(crate) mod xray;

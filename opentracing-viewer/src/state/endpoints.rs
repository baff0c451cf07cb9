//! Where the viewer listens.

use std::net::SocketAddr;

/// Where the viewer listens.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Endpoints {
    /// Pages, OTLP over HTTP, Zipkin and Jaeger. The first is the address of the page.
    pub http: Vec<SocketAddr>,
    /// OTLP over gRPC.
    pub grpc: Vec<SocketAddr>,
}

//! Connections and routes.

mod connections;
mod first_bytes;
mod grpc;
mod http;
mod router;

pub(crate) use self::connections::Connections;
pub(crate) use self::grpc::serve as serve_grpc;
pub(crate) use self::http::serve as serve_http;
pub(crate) use self::router::router;

//! The side that calls.

mod extensions;
mod layer;
mod request;
mod service;

pub use self::extensions::{OperationName, PeerServiceName, ResendCounter};
pub use self::layer::TracingClientLayer;
pub(crate) use self::request::ClientConfig;
pub use self::service::TracingClient;

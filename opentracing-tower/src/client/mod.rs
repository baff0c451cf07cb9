//! The side that calls.

mod extensions;
#[cfg(feature = "hyper-util")]
mod hyper_util;
mod layer;
mod request;
mod resends;
mod service;

pub use self::extensions::{OperationName, PeerServiceName, Untraced, WithoutPropagation};
pub use self::layer::TracingClientLayer;
pub(crate) use self::request::ClientExchange;
pub use self::resends::{CountResends, CountResendsFuture, CountResendsLayer};
pub use self::service::TracingClient;

//! Clients.

#[cfg(feature = "hyper-util")]
mod hyper_util;
mod layer;
mod request;
mod resends;
mod service;

pub use self::layer::TracingClientLayer;
pub(crate) use self::request::ClientExchange;
pub use self::resends::{CountResends, CountResendsFuture, CountResendsLayer};
pub use self::service::TracingClientService;

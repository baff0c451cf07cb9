//! Clients.

#[cfg(feature = "hyper-util")]
mod hyper_util;
mod layer;
mod request;
mod request_ext;
mod resends;
mod service;

pub use self::layer::TracingClientLayer;
pub(crate) use self::request::ClientExchange;
pub use self::request_ext::TracingRequestExt;
pub use self::resends::{CountResends, CountResendsFuture, CountResendsLayer};
pub use self::service::TracingClientService;

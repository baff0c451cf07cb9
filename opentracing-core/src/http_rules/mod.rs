//! The rules of HTTP that adapters share: methods, errors, peers, the span of an outgoing request, hosts that may see trace headers,
//! headers that become tags, why there is no connection, percent-encoding, and `Server-Timing`.
//!
//! For those who write an adapter; a service that uses one meets only the configuration types: [`ErrorStatuses`],
//! [`HostAllowList`], [`TrustedProxies`] and [`PeerServices`], and a [`ResendCounter`] where it sends requests again.

mod captured;
mod client;
mod connect_failure;
mod error_text;
mod exchange;
mod failure;
mod forwarded;
mod hosts;
mod method;
mod peer;
mod peer_service;
mod percent;
mod proxies;
mod resend_counter;
mod server_timing;
mod status;

pub use self::captured::CapturedHeaders;
pub use self::client::{ClientRequest, inject, remove_trace_headers, set_status};
pub use self::connect_failure::{ConnectFailure, is_timeout};
pub use self::error_text::ErrorText;
pub use self::exchange::{Exchange, ExchangeBody, ExchangeEnd, ExchangeFuture};
pub use self::failure::HttpFailure;
pub use self::forwarded::Forwarded;
pub use self::hosts::{HostAllowList, HostPattern, InvalidHostPattern};
pub use self::method::{OTHER_METHOD, known_method, method_name};
pub use self::peer::{Peer, default_port, effective_port};
pub use self::peer_service::{PeerService, PeerServices};
pub use self::percent::decode_percent;
pub use self::proxies::{InvalidProxies, TrustedProxies};
pub use self::resend_counter::{ResendAttempt, ResendCounter};
pub use self::server_timing::{append_server_timing, append_trace_timing};
pub use self::status::ErrorStatuses;

//! The rules of HTTP that adapters share. A service that uses an adapter meets only the configuration types: [`ErrorStatuses`],
//! [`HeaderTags`], [`HostAllowList`], [`TrustedProxies`] and [`PeerServices`], and a [`ResendCounter`] where it retries requests.
//!
//! To write an adapter, implement [`Exchange`], start spans by [`ServerRules`] or [`ClientRequest`], and write headers by [`inject`].

mod caller;
mod client;
mod connect_failure;
mod describe;
mod error_text;
mod exchange;
mod extensions;
mod failure;
mod forwarded;
mod header_tags;
mod hosts;
mod method;
mod peer;
mod peer_service;
mod peer_source;
mod predicates;
mod progress;
mod proxies;
mod resend_counter;
mod send_failure;
mod served;
mod server;
mod server_timing;
mod status;

pub use self::caller::CallerContext;
pub use self::client::{ClientRequest, inject, remove_trace_headers, set_status};
pub use self::connect_failure::{ConnectFailure, is_timeout};
pub use self::describe::{set_protocol_version, set_request_tags, set_time_to_head};
pub use self::error_text::ErrorText;
pub use self::exchange::{Exchange, ExchangeBody, ExchangeEnd, ExchangeFuture};
pub use self::extensions::{OperationName, PeerServiceName, Untraced, WithoutPropagation};
pub use self::failure::HttpFailure;
pub use self::forwarded::{Forwarded, ForwardedPrefix};
pub use self::header_tags::HeaderTags;
pub use self::hosts::{HostAllowList, HostPattern, InvalidHostPattern};
pub use self::method::{OTHER_METHOD, known_method, method_name};
pub use self::peer::{Peer, default_port, effective_port};
pub use self::peer_service::{PeerService, PeerServices};
pub use self::predicates::Predicates;
pub use self::progress::{ProgressLogs, is_event_stream};
pub use self::proxies::{InvalidProxies, TrustedProxies};
pub use self::resend_counter::{ResendAttempt, ResendCounter};
pub use self::send_failure::SendFailure;
pub use self::served::ServedRequest;
pub use self::server::{IncomingRequest, ServerRules};
pub use self::server_timing::{append_server_timing, append_trace_timing};
pub use self::status::ErrorStatuses;

//! The layer for clients, and its settings.

use std::sync::Arc;

use http::request;
use opentracing_core::Tracer;
use opentracing_core::http_rules::{HostAllowList, PeerServices};
use tonic::transport::Endpoint;
use tower_layer::Layer;

use crate::client::config::ClientConfig;
use crate::client::service::TracingChannel;
use crate::codes::ErrorCodes;
use crate::settings::setters;

/// Traces the calls that a client makes: one span for each call of the wrapped service. A layer that retries belongs outside, so that
/// each attempt is a span. The [crate's page](crate) lists the tags of a span.
///
/// ```
/// use opentracing_core::Tracer;
/// use opentracing_tonic::{TracingChannel, TracingClientLayer};
/// use tonic::transport::Error;
///
/// fn channel(tracer: Tracer) -> Result<TracingChannel, Error> {
///     TracingClientLayer::with_tracer(tracer)
///         .peer_service("user")
///         .connect_lazy("http://users.acme.example:50051")
/// }
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct TracingClientLayer {
    pub(crate) config: Arc<ClientConfig>,
}

impl TracingClientLayer {
    /// Traces with the [global tracer](Tracer::global), which may be registered later. Until then, calls are not traced, and the first
    /// one writes a warning to `log`.
    pub fn new() -> Self {
        Self::with_tracer(Tracer::global())
    }

    /// Traces with this tracer.
    pub fn with_tracer(tracer: Tracer) -> Self {
        TracingClientLayer { config: Arc::new(ClientConfig::new(tracer)) }
    }

    /// Sets the tags `peer.hostname` or `peer.ipv4`, `peer.ipv6`, and `peer.port` to the target of the channel. The default is the URI
    /// of the request, which has no host behind a plain channel: tonic adds host and port after all layers.
    /// [`connect`](Self::connect) sets the peer itself.
    ///
    /// An endpoint does not show the path of a Unix socket, so it has no peer here; nor has an endpoint with the address `[::]` or `0.0.0.0`,
    /// which stands in for a connector of your own. Use [`peer_socket`](Self::peer_socket) there.
    pub fn peer(mut self, endpoint: &Endpoint) -> Self {
        self.config_mut().peer = Some(endpoint.into());
        self
    }

    /// Sets the tag `peer.service` of all calls, for a client of one service. The default is the name of the host, if it is known.
    pub fn peer_service(mut self, name: &str) -> Self {
        let settings = self.config_mut().settings_mut();
        settings.peer_services = std::mem::take(&mut settings.peer_services).with_name(name);
        self
    }

    /// Sets the tag `peer.service` by host. The default is the name of the host, if it is known.
    pub fn peer_services(mut self, services: PeerServices) -> Self {
        self.config_mut().settings_mut().peer_services = services;
        self
    }

    /// Which hosts get trace headers and baggage. All by default. Calls to other hosts, and to unknown ones, lose the trace headers that
    /// they have, which were copied from another request.
    pub fn propagate_to(mut self, hosts: HostAllowList) -> Self {
        self.config_mut().propagate_to = hosts;
        self
    }

    /// Writes `grpc-trace-bin` as well, for peers that read only `OpenCensus`. Off by default; always on if the tracer writes that format.
    pub fn grpc_trace_bin(mut self) -> Self {
        self.config_mut().grpc_trace_bin = true;
        self
    }

    /// Does not record the calls for which the closure returns true, and sends the called service the same decision. Request
    /// figures ([`RedFigures`](opentracing_core::RedFigures)) count these calls all the same. No calls by default. If several closures are
    /// added, one that returns true is enough.
    pub fn skip(mut self, skip: impl Fn(&request::Parts) -> bool + Send + Sync + 'static) -> Self {
        self.config_mut().skip.add(skip);
        self
    }

    /// Which codes are errors. The default is [`ErrorCodes::CLIENT`].
    pub fn error_codes(mut self, codes: ErrorCodes) -> Self {
        self.config_mut().settings_mut().error_codes = codes;
        self
    }

    /// Whether a call that the program itself drops is an error: a stream of which it reads only the first messages, the loser of a hedge, a
    /// call in a `select!`. Such a call is `CANCELLED` and has the tag `grpc.outcome`. The default is `false`. A `CANCELLED` that the server
    /// sends is an error all the same; see [`error_codes`](Self::error_codes).
    pub fn local_cancel_is_error(mut self, is_error: bool) -> Self {
        self.config_mut().settings_mut().local_cancel_is_error = is_error;
        self
    }

    /// The largest message that the client accepts, as in the method of generated clients. A response that is dropped at a larger one is an
    /// error, `OUT_OF_RANGE`. The default is tonic's, 4 MiB.
    pub fn max_decoding_message_size(mut self, bytes: usize) -> Self {
        self.config_mut().settings_mut().max_decoding_message_size = bytes;
        self
    }

    setters!();

    /// Wraps a channel, or any other service of calls, as [`Layer::layer`] does.
    pub fn wrap<S>(&self, inner: S) -> TracingChannel<S> {
        TracingChannel::with_config(inner, self.config.clone())
    }

    pub(super) fn config_mut(&mut self) -> &mut ClientConfig {
        Arc::make_mut(&mut self.config)
    }
}

/// As [`TracingClientLayer::new`].
impl Default for TracingClientLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl<S> Layer<S> for TracingClientLayer {
    type Service = TracingChannel<S>;

    fn layer(&self, inner: S) -> TracingChannel<S> {
        self.wrap(inner)
    }
}

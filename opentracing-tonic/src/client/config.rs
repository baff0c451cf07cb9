//! The span of a call that is made.

use std::borrow::Cow;
use std::sync::Arc;

use http::{Uri, request};
use opentracing_core::http_rules::{HostAllowList, Peer, PeerService, PeerServices, effective_port};
use opentracing_core::{AsSpanContext, SpanKind, Tracer, tags};
use tonic::body::Body;

use crate::call::Call;
use crate::carrier;
use crate::codes::ErrorCodes;
use crate::settings::Settings;

/// The name of the service that a call goes to: the tag `peer.service`. Put into the extensions of a request; goes before what
/// [`TracingClientLayer::peer_service`](crate::TracingClientLayer::peer_service) says.
///
/// ```
/// use opentracing_tonic::PeerServiceName;
/// use tonic::Request;
///
/// let mut request = Request::new("ada");
/// request.extensions_mut().insert(PeerServiceName("users".into()));
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PeerServiceName(pub Cow<'static, str>);

/// Where all calls go. Of a URI that is all, and the rest, a password perhaps, is not for `Debug` to show.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    host: Box<str>,
    port: Option<u16>,
}

impl From<&Uri> for Target {
    fn from(uri: &Uri) -> Self {
        Target { host: uri.host().unwrap_or_default().into(), port: effective_port(uri) }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct ClientConfig {
    pub(crate) settings: Arc<Settings>,
    pub(crate) peer: Option<Target>,
    pub(crate) peer_services: PeerServices,
    pub(crate) propagate_to: HostAllowList,
    pub(crate) grpc_trace_bin: bool,
}

impl ClientConfig {
    pub(crate) fn new(tracer: Tracer) -> Self {
        ClientConfig {
            settings: Arc::new(Settings::new(tracer, SpanKind::Client, ErrorCodes::CLIENT)),
            peer: None,
            peer_services: PeerServices::new(),
            propagate_to: HostAllowList::all(),
            grpc_trace_bin: false,
        }
    }

    pub(crate) fn settings_mut(&mut self) -> &mut Settings {
        Arc::make_mut(&mut self.settings)
    }

    /// Starts the span and writes the metadata; no call if nothing is to be traced.
    pub(crate) fn begin(&self, parts: &mut request::Parts, body: Body) -> (Option<Call>, Body) {
        if !self.settings.is_on() {
            return (None, body);
        }
        // A request for a channel names no host: that is added behind every layer.
        let (host, port) = match &self.peer {
            Some(target) => (&*target.host, target.port),
            None => (parts.uri.host().unwrap_or_default(), effective_port(&parts.uri)),
        };
        let peer = Peer::from_host(host, port);
        let given = parts.extensions.get::<PeerServiceName>().map(|name| &*name.0);
        let service = self.peer_services.resolve(given, &peer);
        let mut span = self.settings.start(parts, |builder| {
            if let Some(PeerService::Given(name)) = service {
                // Before the decision, so that a sampler may go by it.
                builder.set(tags::PEER_SERVICE, name);
            }
        });
        if let Some(derived @ PeerService::Derived(_)) = service {
            derived.set_tag(&mut span);
        }
        peer.set_tags(&mut span);
        let admitted = self.propagate_to.admits(host, port);
        let (call, body) = self.settings.call(span, parts, body);
        match call.span.as_span_context() {
            Some(context) if admitted => {
                carrier::write(&self.settings.tracer, &context, &mut parts.headers, self.grpc_trace_bin);
            }
            _ => carrier::remove(&self.settings.tracer, &mut parts.headers),
        }
        (Some(call), body)
    }
}

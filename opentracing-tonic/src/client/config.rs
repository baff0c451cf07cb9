//! The span of a call that a client makes.

use std::sync::Arc;

use http::request;
use opentracing_core::http_rules::{
    HostAllowList, PeerService, PeerServiceName, Predicates, ServedRequest, Untraced, WithoutPropagation,
};
use opentracing_core::{AsSpanContext, SpanKind, Tracer, tags};
use tonic::body::Body;

use crate::call::{Call, LatePeer};
use crate::carrier;
use crate::client::target::Target;
use crate::codes::ErrorCodes;
use crate::settings::Settings;

#[derive(Clone, Debug)]
pub(crate) struct ClientConfig {
    pub(crate) settings: Arc<Settings>,
    pub(crate) skip: Predicates<request::Parts>,
    pub(crate) peer: Option<Target>,
    pub(crate) propagate_to: HostAllowList,
    pub(crate) grpc_trace_bin: bool,
}

impl ClientConfig {
    pub(crate) fn new(tracer: Tracer) -> Self {
        ClientConfig {
            settings: Arc::new(Settings::new(tracer, SpanKind::Client, ErrorCodes::CLIENT)),
            skip: Predicates::default(),
            peer: None,
            propagate_to: HostAllowList::all(),
            grpc_trace_bin: false,
        }
    }

    pub(crate) fn settings_mut(&mut self) -> &mut Settings {
        Arc::make_mut(&mut self.settings)
    }

    /// Starts the span and writes the metadata. There is no call if the request is not traced.
    pub(crate) fn begin(&self, parts: &mut request::Parts, body: Body) -> (Option<Call>, Body) {
        if !self.settings.is_on() || parts.extensions.get::<Untraced>().is_some() {
            return (None, body);
        }
        // tonic adds the host of a channel after all layers.
        let of_request;
        let target = match &self.peer {
            Some(target) => target,
            None => {
                of_request = Target::from(&parts.uri);
                &of_request
            }
        };
        let given = parts.extensions.get::<PeerServiceName>().map(|name| &*name.0);
        let peer = target.peer();
        let service = self.settings.peer_services.resolve(given, &peer);
        let mut span = self.settings.start(parts, self.skip.any(parts), |builder| {
            if let Some(PeerService::Given(name)) = service {
                // Before the decision, so that a sampler may go by it.
                builder.set(tags::PEER_SERVICE, name);
            }
        });
        if let Some(derived @ PeerService::Derived(_)) = service {
            derived.set_tag(&mut span);
        }
        target.set_tags(&mut span);
        let admitted = target.is_allowed(&self.propagate_to);
        let late_peer = match (target, service) {
            (Target::Unknown, None) => LatePeer::WithService,
            (Target::Unknown, Some(_)) => LatePeer::Expected,
            _ => LatePeer::Known,
        };
        ServedRequest::remove(&mut parts.extensions);
        let (call, body) = self.settings.call(span, parts, body, late_peer);
        if parts.extensions.get::<WithoutPropagation>().is_some() {
            // The headers stay as they are.
        } else if admitted && let Some(context) = call.span.as_span_context() {
            carrier::write(&self.settings.tracer, &context, &mut parts.headers, self.grpc_trace_bin);
        } else {
            carrier::remove(&self.settings.tracer, &mut parts.headers);
        }
        (Some(call), body)
    }
}

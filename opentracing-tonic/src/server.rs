//! The span of a call that a server handles.

use std::net::SocketAddr;
use std::sync::Arc;

#[cfg(feature = "axum")]
use axum::extract::ConnectInfo;
use http::{Extensions, request};
use opentracing_core::http_rules::{ServedRequest, ServerRules};
use opentracing_core::{Span, SpanKind, Tracer, tags};
use tonic::body::Body;
use tonic::transport::server::TcpConnectInfo;
#[cfg(unix)]
use tonic::transport::server::UdsConnectInfo;

use crate::call::{Call, LatePeer};
use crate::carrier;
use crate::codes::ErrorCodes;
use crate::framing::Framing;
use crate::settings::Settings;

#[derive(Clone, Debug)]
pub(crate) struct ServerConfig {
    pub(crate) settings: Arc<Settings>,
    pub(crate) rules: ServerRules,
}

impl ServerConfig {
    pub(crate) fn new(tracer: Tracer) -> Self {
        let settings = Settings::new(tracer, SpanKind::Server, ErrorCodes::SERVER);
        ServerConfig { settings: Arc::new(settings), rules: ServerRules::default() }
    }

    pub(crate) fn settings_mut(&mut self) -> &mut Settings {
        Arc::make_mut(&mut self.settings)
    }

    /// Starts the span. There is no call if the request is not traced, because it is not gRPC for example.
    pub(crate) fn begin(&self, parts: &mut request::Parts, body: Body) -> (Option<Call>, Body) {
        if !self.settings.is_on() || Framing::of(&parts.headers).is_none() {
            return (None, body);
        }
        if let Some(span) = ServedRequest::join(&parts.extensions, &self.settings.tracer) {
            return self.join(span, parts, body);
        }
        let caller = carrier::read(&self.settings.tracer, &parts.headers);
        let incoming = self.rules.apply(parts, remote_address(&parts.extensions));
        if incoming.lacks_peer() {
            self.settings.tracer.count_missing_peer();
        }
        let mut span = self.settings.start(parts, incoming.is_skipped(), |builder| incoming.prepare(builder, &caller));
        incoming.set_peer_tags(&mut span);
        if incoming.peer().is_none() {
            set_socket(&mut span, &parts.extensions);
        }
        ServedRequest::insert(&mut parts.extensions, &span);
        let (call, body) = self.settings.call(span, parts, body, LatePeer::Known);
        (Some(call.requested(parts.uri.path_and_query())), body)
    }

    /// The request has a server span of a layer outside, which is lent. It is recorded as a call.
    fn join(&self, mut span: Span, parts: &request::Parts, body: Body) -> (Option<Call>, Body) {
        let incoming = self.rules.apply(parts, None);
        self.settings.describe(&mut span, parts, incoming.is_skipped());
        let (call, body) = self.settings.call(span, parts, body, LatePeer::Known);
        (Some(call.requested(parts.uri.path_and_query())), body)
    }
}

/// tonic leaves the address of a connection there, with and without TLS. A server of axum's has it if it is made with
/// `into_make_service_with_connect_info`.
fn remote_address(extensions: &Extensions) -> Option<SocketAddr> {
    let connected = extensions.get::<TcpConnectInfo>().and_then(TcpConnectInfo::remote_addr);
    let connected = connected.or_else(|| extensions.get::<SocketAddr>().copied());
    #[cfg(feature = "axum")]
    let connected = connected.or_else(|| extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0));
    connected
}

/// The client at the other end of a Unix socket, which has a name only if it has bound its end to a path.
#[cfg(unix)]
fn set_socket(span: &mut Span, extensions: &Extensions) {
    let Some(connected) = extensions.get::<UdsConnectInfo>() else { return };
    let path = connected.peer_addr.as_ref().and_then(|address| address.as_pathname());
    match path {
        Some(path) => span.set(tags::PEER_ADDRESS, format!("unix:{}", path.display())),
        None => span.set(tags::PEER_ADDRESS, "unix:(unnamed)"),
    };
}

#[cfg(not(unix))]
fn set_socket(_: &mut Span, _: &Extensions) {}

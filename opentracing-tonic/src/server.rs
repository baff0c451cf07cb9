//! The span of a call that is served.

use std::net::SocketAddr;
use std::sync::Arc;

use http::{Extensions, request};
use opentracing_core::http_rules::Peer;
use opentracing_core::{SpanKind, Tracer};
use tonic::body::Body;
use tonic::transport::server::TcpConnectInfo;

use crate::call::Call;
use crate::carrier;
use crate::codes::ErrorCodes;
use crate::framing::Framing;
use crate::settings::Settings;

#[derive(Clone, Debug)]
pub(crate) struct ServerConfig {
    pub(crate) settings: Arc<Settings>,
    pub(crate) public_edge: bool,
}

impl ServerConfig {
    pub(crate) fn new(tracer: Tracer) -> Self {
        let settings = Settings::new(tracer, SpanKind::Server, ErrorCodes::SERVER);
        ServerConfig { settings: Arc::new(settings), public_edge: false }
    }

    pub(crate) fn settings_mut(&mut self) -> &mut Settings {
        Arc::make_mut(&mut self.settings)
    }

    /// Starts the span; no call if nothing is to be traced, among that what is not gRPC.
    pub(crate) fn begin(&self, parts: &request::Parts, body: Body) -> (Option<Call>, Body) {
        if !self.settings.is_on() || Framing::of(&parts.headers).is_none() {
            return (None, body);
        }
        let caller = carrier::read(&self.settings.tracer, &parts.headers);
        let (parent, stranger) = match self.public_edge {
            false => (caller.as_ref(), None),
            true => (None, caller.as_ref().filter(|caller| caller.is_valid())),
        };
        let mut span = self.settings.start(parts, |builder| {
            // What is active here is at most the span of whoever accepted the connection.
            builder.ignore_active_span().child_of(&parent).follows_from(&stranger);
            if self.public_edge {
                builder.new_trace();
            }
        });
        if let Some(address) = peer_address(&parts.extensions) {
            Peer::from(address).set_tags(&mut span);
        }
        let (call, body) = self.settings.call(span, parts, body);
        (Some(call), body)
    }
}

/// tonic leaves the address of a connection there, with and without TLS.
fn peer_address(extensions: &Extensions) -> Option<SocketAddr> {
    let connected = extensions.get::<TcpConnectInfo>().and_then(TcpConnectInfo::remote_addr);
    connected.or_else(|| extensions.get::<SocketAddr>().copied())
}

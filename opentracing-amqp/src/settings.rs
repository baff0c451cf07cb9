//! What a connection, its channels and their consumers have in common.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use lapin::types::FrameSize;
use opentracing_core::{ReferenceKind, Span, Text, Tracer, Value, tags};

use crate::decorator::SpanDecorator;
use crate::size::USUAL_FRAME;

#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) tracer: Tracer,
    pub(crate) peer: Option<Peer>,
    pub(crate) peer_service: Option<Box<str>>,
    /// What was agreed with the broker.
    pub(crate) frame_max: FrameSize,
    /// Of a delivery to the span that published it.
    pub(crate) reference: ReferenceKind,
    pub(crate) captured: Vec<CapturedHeader>,
    pub(crate) decorators: Vec<Arc<dyn SpanDecorator>>,
}

impl Settings {
    pub(crate) fn new(tracer: Tracer) -> Arc<Self> {
        Arc::new(Settings {
            tracer,
            peer: None,
            peer_service: None,
            frame_max: USUAL_FRAME,
            reference: ReferenceKind::FollowsFrom,
            captured: Vec::new(),
            decorators: Vec::new(),
        })
    }

    /// The tag `peer.service` of what is published.
    pub(crate) fn peer_service(&self) -> Value<'_> {
        self.peer_service.as_ref().map_or(Value::Static("rabbitmq"), Value::from)
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("tracer", &self.tracer)
            .field("peer", &self.peer)
            .field("peer_service", &self.peer_service)
            .field("reference", &self.reference)
            .field("captured", &self.captured)
            .finish_non_exhaustive()
    }
}

/// The broker's host.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    host: Host,
    port: u16,
}

#[derive(Clone, Debug)]
enum Host {
    Name(Box<str>),
    V4(Box<str>),
    V6(Box<str>),
}

impl Peer {
    /// A host by name or address.
    pub(crate) fn new(host: &str, port: u16) -> Option<Self> {
        let host = host.trim_matches(['[', ']']);
        let host = match host.parse::<IpAddr>().map(|ip| ip.to_canonical()) {
            Ok(ip @ IpAddr::V4(_)) => Host::V4(ip.to_string().into()),
            Ok(ip @ IpAddr::V6(_)) => Host::V6(ip.to_string().into()),
            Err(_) if host.is_empty() => return None,
            Err(_) => Host::Name(host.into()),
        };
        Some(Peer { host, port })
    }

    pub(crate) fn set_tags(&self, span: &mut Span) {
        match &self.host {
            Host::Name(name) => span.set(tags::PEER_HOSTNAME, name),
            Host::V4(ip) => span.set(tags::PEER_IPV4, ip),
            Host::V6(ip) => span.set(tags::PEER_IPV6, ip),
        };
        span.set(tags::PEER_PORT, self.port.into());
    }
}

/// A header of messages that becomes a tag.
#[derive(Clone, Debug)]
pub(crate) struct CapturedHeader {
    pub(crate) name: Box<str>,
    tag: Box<str>,
}

impl CapturedHeader {
    pub(crate) fn new(name: &str) -> Self {
        CapturedHeader { name: name.into(), tag: format!("messaging.header.{}", name.to_ascii_lowercase()).into() }
    }

    pub(crate) fn tag(&self) -> Text<'_> {
        Text::Copied(&self.tag)
    }
}

/// The setters of whatever has `settings: Arc<Settings>`.
macro_rules! setters {
    () => {
        /// Tells spans which host and port the broker has, in the tags `peer.hostname`, or `peer.ipv4` and `peer.ipv6`, and `peer.port`.
        /// Known of connections that were made by [`TracingConnection::connect`](crate::TracingConnection::connect), else unknown by
        /// default: lapin does not tell.
        pub fn peer(mut self, host: &str, port: u16) -> Self {
            Arc::make_mut(&mut self.settings).peer = $crate::settings::Peer::new(host, port);
            self
        }

        /// Names the service that the broker is, in the tag `peer.service` of what is published. `rabbitmq` by default.
        pub fn peer_service(mut self, name: &str) -> Self {
            Arc::make_mut(&mut self.settings).peer_service = Some(name.into());
            self
        }

        /// How the span of a delivery refers to the span that published the message. By
        /// [`FollowsFrom`](opentracing_core::ReferenceKind::FollowsFrom) by default: whoever published did not wait. Either way the
        /// delivery is part of the same trace, below that span.
        pub fn reference(mut self, kind: opentracing_core::ReferenceKind) -> Self {
            Arc::make_mut(&mut self.settings).reference = kind;
            self
        }

        /// Makes a header of messages, in any letter case, the tag `messaging.header.` and its name in lower case. Texts, numbers and
        /// truth values are told. No header by default, as they may hold what nobody should see.
        pub fn capture_header(mut self, name: &str) -> Self {
            Arc::make_mut(&mut self.settings).captured.push($crate::settings::CapturedHeader::new(name));
            self
        }

        /// Adds a decorator, behind those that were added before. None by default.
        pub fn decorator(mut self, decorator: impl $crate::SpanDecorator) -> Self {
            Arc::make_mut(&mut self.settings).decorators.push(Arc::new(decorator));
            self
        }
    };
}

pub(crate) use setters;

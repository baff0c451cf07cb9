//! The settings that a connection shares with its channels and consumers.

use std::fmt;
use std::sync::Arc;

use lapin::types::FrameSize;
use opentracing_core::message_rules::{Destinations, MessageHeaderTags, Receiver};
use opentracing_core::{MessageEvent, ReferenceKind, Tracer, Value};

use crate::decorator::AmqpDecorator;
use crate::headers::size::DEFAULT_FRAME_MAX;
use crate::settings::peer::Peer;

#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) tracer: Tracer,
    pub(crate) component: &'static str,
    pub(crate) peer: Option<Peer>,
    pub(crate) peer_service: Option<Box<str>>,
    /// The largest frame that was negotiated with the broker.
    pub(crate) frame_max: FrameSize,
    /// The destinations that are not recorded, and those whose messages carry no contexts.
    pub(crate) destinations: Destinations,
    /// Whether a delivery is the parent of what the task that received it starts.
    pub(crate) has_current_message: bool,
    /// How the span of a delivery refers to the span that published the message.
    pub(crate) producer_reference: ReferenceKind,
    pub(crate) captured: MessageHeaderTags,
    pub(crate) decorators: Vec<Arc<dyn AmqpDecorator>>,
}

impl Settings {
    pub(crate) fn new(tracer: Tracer) -> Arc<Self> {
        Arc::new(Settings {
            tracer,
            component: "lapin",
            peer: None,
            peer_service: None,
            frame_max: DEFAULT_FRAME_MAX,
            destinations: Destinations::new(),
            has_current_message: true,
            producer_reference: ReferenceKind::FollowsFrom,
            captured: MessageHeaderTags::new(),
            decorators: Vec::new(),
        })
    }

    /// The tag `peer.service` of published messages.
    pub(crate) fn peer_service(&self) -> Value<'_> {
        self.peer_service.as_ref().map_or(Value::Static("rabbitmq"), Value::from)
    }

    /// Counts that lapin's own type was taken out of a traced one, by dereferencing it.
    pub(crate) fn count_bypass(&self) {
        if self.tracer.count_messages(MessageEvent::Bypassed, 1) {
            log::warn!(
                "a function takes lapin's own type, so that its messages are not traced: make it generic over AmqpChannel. Further uses are \
                 only counted, see Tracer::report"
            );
        }
    }

    /// The task that is polled now, as the receiver of a delivery.
    pub(crate) fn receiver(&self) -> Option<Receiver> {
        self.has_current_message.then(Receiver::of_future)
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("tracer", &self.tracer)
            .field("component", &self.component)
            .field("peer", &self.peer)
            .field("peer_service", &self.peer_service)
            .field("destinations", &self.destinations)
            .field("has_current_message", &self.has_current_message)
            .field("producer_reference", &self.producer_reference)
            .field("captured", &self.captured)
            .finish_non_exhaustive()
    }
}

/// Defines the setters of a type with a field `settings: Arc<Settings>`.
macro_rules! setters {
    () => {
        /// Sets the tag `component` of all spans. `lapin` by default.
        pub fn component(mut self, component: &'static str) -> Self {
            Arc::make_mut(&mut self.settings).component = component;
            self
        }

        /// Sets the host and port of the broker, for the tags `peer.hostname`, `peer.ipv4`, `peer.ipv6` and `peer.port`.
        ///
        /// [`TracingConnection::connect`](crate::TracingConnection::connect) takes them from its address. By default they are unknown
        /// for every other connection and channel, because lapin does not expose them.
        pub fn peer(mut self, host: &str, port: u16) -> Self {
            Arc::make_mut(&mut self.settings).peer = $crate::settings::peer::Peer::new(host, port);
            self
        }

        /// Names the broker in the tag `peer.service` of published messages. `rabbitmq` by default.
        pub fn peer_service(mut self, name: &str) -> Self {
            Arc::make_mut(&mut self.settings).peer_service = Some(name.into());
            self
        }

        /// Keeps contexts out of message headers: published messages carry none, and each delivery starts a new trace. By default,
        /// contexts are written to published messages and read from deliveries.
        ///
        /// Use it where a consumer does not accept additional headers, or where publishers are untrusted.
        pub fn without_propagation(mut self) -> Self {
            Arc::make_mut(&mut self.settings).destinations.without_propagation();
            self
        }

        /// Keeps contexts out of the headers of some messages, as [`without_propagation`](Self::without_propagation) does for all. The closure
        /// receives the queue, the exchange and the routing key of a message, one after the other, if they are known, and returns
        /// `true` for those without contexts. Several closures add up. None by default.
        ///
        /// [`TracerBuilder::without_message_context`](opentracing_core::TracerBuilder::without_message_context) and the environment set
        /// patterns for all clients of a tracer.
        pub fn without_propagation_for(mut self, matches: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
            Arc::make_mut(&mut self.settings).destinations.without_propagation_for(matches);
            self
        }

        /// Does not make a delivery the parent of spans that its task starts without a parent. By default, what a task of Tokio does between
        /// the receipt of a delivery and its drop is below the span of the delivery, even outside of
        /// [`handle`](crate::TracingDelivery::handle), unless the task has received further deliveries or waits for one.
        ///
        /// Use it where a task keeps a delivery while it does unrelated work.
        pub fn without_current_message(mut self) -> Self {
            Arc::make_mut(&mut self.settings).has_current_message = false;
            self
        }

        /// Sets how the span of a delivery refers to the span that published the message.
        /// [`FollowsFrom`](opentracing_core::ReferenceKind::FollowsFrom) by default, because the publisher does not wait for the
        /// consumer. With either kind the delivery belongs to the trace of the publisher and is shown below its span.
        pub fn producer_reference(mut self, kind: opentracing_core::ReferenceKind) -> Self {
            Arc::make_mut(&mut self.settings).producer_reference = kind;
            self
        }

        /// Records a message header as the tag `messaging.header.` followed by its name in lower case. No header is recorded by
        /// default, because headers may hold personal data or secrets.
        ///
        /// Names match in any letter case. Text, numbers and booleans are recorded; other values are left out.
        pub fn capture_header(mut self, name: &str) -> Self {
            Arc::make_mut(&mut self.settings).captured.add(name);
            self
        }

        /// Does not record the messages of destinations for which the closure returns `true`, nor the work that is done for them here and
        /// in other services. The closure receives the value of the tag `message_bus.destination`. Several closures add up. None by
        /// default.
        pub fn skip(mut self, skip: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
            Arc::make_mut(&mut self.settings).destinations.skip(skip);
            self
        }

        /// Adds a decorator. Decorators run in the order in which they were added; there are none by default.
        pub fn decorator(mut self, decorator: impl $crate::AmqpDecorator) -> Self {
            Arc::make_mut(&mut self.settings).decorators.push(Arc::new(decorator));
            self
        }
    };
}

pub(crate) use setters;

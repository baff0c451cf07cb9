//! The settings that producers and consumers share.

use std::fmt;
use std::sync::Arc;

use opentracing_core::message_rules::MessageHeaderTags;
use opentracing_core::{ReferenceKind, Tracer};
use rdkafka::ClientConfig;

use crate::decorator::KafkaDecorator;
use crate::options::{PollSpan, RecordKey};

/// Whether the messages of a destination are not recorded.
pub(crate) type Skip = dyn Fn(&str) -> bool + Send + Sync;

/// The settings of a [`KafkaTracing`](crate::KafkaTracing).
#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) tracer: Tracer,
    pub(crate) component: &'static str,
    pub(crate) peer_service: Option<Box<str>>,
    pub(crate) record_key: RecordKey,
    pub(crate) poll_span: PollSpan,
    /// Whether contexts travel in the headers of records.
    pub(crate) propagates: bool,
    /// How the span of a received message refers to the span that sent it.
    pub(crate) producer_reference: ReferenceKind,
    pub(crate) captured: MessageHeaderTags,
    pub(crate) skip: Vec<Arc<Skip>>,
    pub(crate) decorators: Vec<Arc<dyn KafkaDecorator>>,
}

impl Settings {
    pub(crate) fn new(tracer: Tracer) -> Self {
        Settings {
            tracer,
            component: "rdkafka",
            peer_service: None,
            record_key: RecordKey::default(),
            poll_span: PollSpan::default(),
            propagates: true,
            producer_reference: ReferenceKind::FollowsFrom,
            captured: MessageHeaderTags::new(),
            skip: Vec::new(),
            decorators: Vec::new(),
        }
    }

    /// Whether the messages of this destination are not recorded.
    pub(crate) fn skips(&self, destination: &str) -> bool {
        self.skip.iter().any(|skip| skip(destination))
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("tracer", &self.tracer)
            .field("component", &self.component)
            .field("peer_service", &self.peer_service)
            .field("record_key", &self.record_key)
            .field("poll_span", &self.poll_span)
            .field("propagates", &self.propagates)
            .field("producer_reference", &self.producer_reference)
            .field("captured", &self.captured)
            .field("skip", &self.skip.len())
            .finish_non_exhaustive()
    }
}

/// The settings, together with what the configuration of a client says. A client does not expose its configuration later.
#[derive(Debug)]
pub struct ClientSettings {
    pub(crate) settings: Settings,
    pub(crate) client_id: Option<Box<str>>,
    pub(crate) group: Option<Box<str>>,
    pub(crate) brokers: Option<Box<str>>,
    /// Whether the brokers do not acknowledge records (`acks=0`).
    pub(crate) is_unacknowledged: bool,
}

impl ClientSettings {
    pub(crate) fn new(settings: &Settings, config: &ClientConfig) -> Arc<Self> {
        let first = |names: &[&str]| names.iter().find_map(|name| config.get(name)).filter(|text| !text.is_empty());
        Arc::new(ClientSettings {
            settings: settings.clone(),
            client_id: first(&["client.id"]).map(Box::from),
            group: first(&["group.id"]).map(Box::from),
            // librdkafka has an alias for some settings.
            brokers: first(&["bootstrap.servers", "metadata.broker.list"]).map(Box::from),
            is_unacknowledged: first(&["acks", "request.required.acks"]) == Some("0"),
        })
    }
}

//! The settings that producers and consumers share.

use std::fmt;
use std::sync::Arc;

use opentracing_core::message_rules::{Destinations, MessageHeaderTags};
use opentracing_core::{ReferenceKind, SpanBuilder, Tracer, Value, tags};
use rdkafka::ClientConfig;

use crate::decorator::KafkaDecorator;
use crate::headers::size::DEFAULT_MAX_BYTES;
use crate::options::{CommitSpan, PollSpan, RecordKey};
use crate::state::failures::Failures;
use crate::state::lags::Lags;
use crate::state::refusals::Refusals;
use crate::state::transaction::Transaction;

/// The settings of a [`KafkaTracing`](crate::KafkaTracing).
#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) tracer: Tracer,
    pub(crate) component: &'static str,
    pub(crate) peer_service: Option<Box<str>>,
    pub(crate) record_key: RecordKey,
    pub(crate) poll_span: PollSpan,
    pub(crate) commit_span: CommitSpan,
    /// The topics that are not recorded, and those whose records carry no contexts.
    pub(crate) topics: Destinations,
    /// Whether the message that a loop handles is the parent of spans that start without one.
    pub(crate) has_current_message: bool,
    pub(crate) lags: Arc<Lags>,
    /// How the span of a received message refers to the span that sent it.
    pub(crate) producer_reference: ReferenceKind,
    pub(crate) captured: MessageHeaderTags,
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
            commit_span: CommitSpan::default(),
            topics: Destinations::new(),
            has_current_message: true,
            lags: Arc::default(),
            producer_reference: ReferenceKind::FollowsFrom,
            captured: MessageHeaderTags::new(),
            decorators: Vec::new(),
        }
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
            .field("commit_span", &self.commit_span)
            .field("topics", &self.topics)
            .field("has_current_message", &self.has_current_message)
            .field("producer_reference", &self.producer_reference)
            .field("captured", &self.captured)
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
    pub(crate) transactional_id: Option<Box<str>>,
    /// Whether the brokers do not acknowledge records (`acks=0`).
    pub(crate) is_unacknowledged: bool,
    /// `message.max.bytes`.
    pub(crate) max_bytes: usize,
    /// Topics whose records get no contexts any more.
    pub(crate) refusals: Refusals,
    /// Messages whose handler failed, in case that they are received again.
    pub(crate) failures: Failures,
    /// Records of the transaction that is open.
    pub(crate) transaction: Transaction,
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
            transactional_id: first(&["transactional.id"]).map(Box::from),
            is_unacknowledged: first(&["acks", "request.required.acks"]) == Some("0"),
            max_bytes: first(&["message.max.bytes"]).and_then(|max| max.parse().ok()).unwrap_or(DEFAULT_MAX_BYTES),
            refusals: Refusals::default(),
            failures: Failures::default(),
            transaction: Transaction::default(),
        })
    }
}

impl ClientSettings {
    /// Sets the tags that name the brokers.
    pub(crate) fn add_peer<'a>(&'a self, builder: &mut SpanBuilder<'a>) {
        match &self.settings.peer_service {
            Some(name) => builder.set(tags::PEER_SERVICE, name),
            None => builder.tag(tags::PEER_SERVICE, Value::Static("kafka")),
        };
        if let Some(brokers) = &self.brokers {
            builder.set(tags::PEER_ADDRESS, brokers);
        }
    }
}

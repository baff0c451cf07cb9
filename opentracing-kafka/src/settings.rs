//! What producers and consumers go by.

use std::fmt;
use std::sync::Arc;

use opentracing_core::Tracer;
use rdkafka::ClientConfig;

use crate::decorator::SpanDecorator;
use crate::options::{PollSpan, ProducerReference, Propagation, RecordKey};

/// What the user has chosen.
#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) tracer: Tracer,
    pub(crate) peer_service: Option<Box<str>>,
    pub(crate) record_key: RecordKey,
    pub(crate) poll_span: PollSpan,
    pub(crate) producer_reference: ProducerReference,
    pub(crate) propagation: Propagation,
    pub(crate) decorators: Vec<Arc<dyn SpanDecorator>>,
}

impl Settings {
    pub(crate) fn new(tracer: Tracer) -> Self {
        Settings {
            tracer,
            peer_service: None,
            record_key: RecordKey::default(),
            poll_span: PollSpan::default(),
            producer_reference: ProducerReference::default(),
            propagation: Propagation::default(),
            decorators: Vec::new(),
        }
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("tracer", &self.tracer)
            .field("peer_service", &self.peer_service)
            .field("record_key", &self.record_key)
            .field("poll_span", &self.poll_span)
            .field("producer_reference", &self.producer_reference)
            .field("propagation", &self.propagation)
            .finish_non_exhaustive()
    }
}

/// The same with what a client's configuration says of it. A client does not tell that later.
#[derive(Debug)]
pub struct ClientSettings {
    pub(crate) settings: Settings,
    pub(crate) client_id: Option<Box<str>>,
    pub(crate) group: Option<Box<str>>,
    pub(crate) brokers: Option<Box<str>>,
    /// The brokers do not say whether they have a record.
    pub(crate) is_unacknowledged: bool,
}

impl ClientSettings {
    pub(crate) fn new(settings: &Settings, config: &ClientConfig) -> Arc<Self> {
        let first = |names: &[&str]| names.iter().find_map(|name| config.get(name)).filter(|text| !text.is_empty());
        Arc::new(ClientSettings {
            settings: settings.clone(),
            client_id: first(&["client.id"]).map(Box::from),
            group: first(&["group.id"]).map(Box::from),
            // librdkafka has two names for it, too.
            brokers: first(&["bootstrap.servers", "metadata.broker.list"]).map(Box::from),
            is_unacknowledged: first(&["acks", "request.required.acks"]) == Some("0"),
        })
    }
}

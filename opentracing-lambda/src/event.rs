//! What the body of an event says of its source. Only the fields of AWS's own events are read, and a field of another form counts as
//! absent, since the events of a direct invocation are up to the user.

mod http;
mod records;

use opentracing_core::Span;
use serde::Deserialize;
use serde_json::value::RawValue;

use self::http::HttpEvent;
use self::records::Records;
use crate::settings::Trigger;

/// Names and values, of headers or of the attributes of a message.
pub(crate) type Headers = Vec<(String, String)>;

pub(crate) enum Event {
    Http(HttpEvent),
    Records(Records),
    Bus(Trigger),
    Unknown,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Fields<'a> {
    #[serde(borrow)]
    headers: Option<&'a RawValue>,
    multi_value_headers: Option<&'a RawValue>,
    request_context: Option<&'a RawValue>,
    http_method: Option<&'a RawValue>,
    resource: Option<&'a RawValue>,
    path: Option<&'a RawValue>,
    raw_path: Option<&'a RawValue>,
    route_key: Option<&'a RawValue>,
    #[serde(rename = "Records")]
    records: Option<&'a RawValue>,
    event_source: Option<&'a RawValue>,
    source: Option<&'a RawValue>,
    #[serde(rename = "detail-type")]
    detail_type: Option<&'a RawValue>,
}

impl Event {
    pub(crate) fn parse(body: &[u8]) -> Self {
        let fields: Fields<'_> = serde_json::from_slice(body).unwrap_or_default();
        if let Some(http) = HttpEvent::new(&fields) {
            return Event::Http(http);
        }
        if let Some(records) = fields.records.and_then(Records::parse) {
            return Event::Records(records);
        }
        // Kafka and Amazon MQ name themselves for all records at once.
        if value::<String>(fields.event_source).is_some() {
            return Event::Bus(Trigger::PubSub);
        }
        match (value::<String>(fields.source).as_deref(), fields.detail_type) {
            (Some("aws.events" | "aws.scheduler"), _) => Event::Bus(Trigger::Timer),
            (Some(_), Some(_)) => Event::Bus(Trigger::PubSub),
            _ => Event::Unknown,
        }
    }

    pub(crate) fn trigger(&self) -> Trigger {
        match self {
            Event::Http(_) => Trigger::Http,
            Event::Records(records) => records.trigger(),
            Event::Bus(trigger) => *trigger,
            Event::Unknown => Trigger::Other,
        }
    }

    /// The operation name, if it is not that of the function.
    pub(crate) fn name(&self) -> Option<String> {
        match self {
            Event::Http(http) => http.name(),
            Event::Records(records) => records.name(),
            Event::Bus(_) | Event::Unknown => None,
        }
    }

    pub(crate) fn headers(&self) -> Option<&Headers> {
        match self {
            Event::Http(http) => Some(&http.headers),
            _ => None,
        }
    }

    /// The attributes of each message.
    pub(crate) fn messages(&self) -> &[Headers] {
        match self {
            Event::Records(records) => &records.attributes,
            _ => &[],
        }
    }

    pub(crate) fn set_tags(&self, span: &mut Span) {
        match self {
            Event::Http(http) => http.set_tags(span),
            Event::Records(records) => records.set_tags(span),
            Event::Bus(_) | Event::Unknown => {}
        }
    }
}

/// The value of a field, if it has the type.
fn value<'a, T: Deserialize<'a>>(field: Option<&'a RawValue>) -> Option<T> {
    serde_json::from_str(field?.get()).ok()
}

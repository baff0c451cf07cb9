//! The tags that sent records and received messages share.

use opentracing_core::{Span, Value, tags};
use rdkafka::message::BorrowedHeaders;

use crate::headers::raw;
use crate::options::RecordKey;
use crate::settings::Settings;

/// Sets the tags for key, size and tombstone.
pub(crate) fn set_content(span: &mut Span, settings: &Settings, key: Option<&[u8]>, payload: Option<&[u8]>) {
    if settings.record_key == RecordKey::Text
        && let Some(key) = key
    {
        span.set(tags::MESSAGING_KAFKA_MESSAGE_KEY, String::from_utf8_lossy(key));
    }
    match payload {
        Some(payload) => {
            span.set(tags::MESSAGING_MESSAGE_BODY_SIZE, i64::try_from(payload.len()).unwrap_or(i64::MAX));
        }
        None => {
            span.set(tags::MESSAGING_KAFKA_MESSAGE_TOMBSTONE, true);
        }
    }
}

/// Records the captured headers. Of several values of a header, the last one remains.
pub(crate) fn capture(span: &mut Span, settings: &Settings, headers: Option<&BorrowedHeaders>) {
    let Some(headers) = headers.filter(|_| !settings.captured.is_empty()) else { return };
    raw::for_each(headers, |name, value| {
        let value = value.and_then(|value| std::str::from_utf8(value).ok());
        if let (Some(tag), Some(value)) = (settings.captured.tag(name), value) {
            span.set_tag(tag, Value::Str(value));
        }
    });
}

pub(crate) fn set_partition(span: &mut Span, partition: i32) {
    span.set(tags::MESSAGING_DESTINATION_PARTITION_ID, partition.to_string());
}

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
    for (name, value) in raw::iter(headers) {
        let value = value.and_then(|value| std::str::from_utf8(value).ok());
        if let (Some(tag), Some(value)) = (settings.captured.tag(name), value) {
            span.set_tag(tag, Value::Str(value));
        }
    }
}

pub(crate) fn set_partition(span: &mut Span, partition: i32) {
    let mut digits = [0; MAX_DIGITS];
    span.set(tags::MESSAGING_DESTINATION_PARTITION_ID, decimal(partition, &mut digits));
}

/// The digits of the largest partition.
const MAX_DIGITS: usize = 10;

/// Writes a number without an allocation. Negative numbers do not occur as partitions of a message.
fn decimal(number: i32, digits: &mut [u8; MAX_DIGITS]) -> &str {
    let mut rest = number.unsigned_abs();
    let mut start = MAX_DIGITS;
    for place in digits.iter_mut().rev() {
        *place = b'0' + (rest % 10) as u8;
        rest /= 10;
        start -= 1;
        if rest == 0 {
            break;
        }
    }
    std::str::from_utf8(&digits[start..]).unwrap_or_default()
}

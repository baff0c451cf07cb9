//! The headers of a record that was moved to a retry topic or a dead-letter topic.

use rdkafka::Message;
use rdkafka::message::{BorrowedHeaders, Header, OwnedHeaders};

use crate::headers::raw;

/// How often the message was handled.
pub(crate) const ATTEMPTS: &str = "x-attempts";
const TOPIC: &str = "x-original-topic";
const PARTITION: &str = "x-original-partition";
const OFFSET: &str = "x-original-offset";

/// The number of attempts, from the value of its header.
pub(crate) fn parse_attempts(value: &[u8]) -> Option<u32> {
    std::str::from_utf8(value).ok()?.parse().ok()
}

/// Returns the headers of a copy of the message: its own ones, the number of attempts, and where it was received first.
pub(crate) fn add(message: &impl Message, headers: Option<&BorrowedHeaders>, attempts: u32) -> OwnedHeaders {
    let mut all = headers.map_or_else(OwnedHeaders::new, BorrowedHeaders::detach);
    let was_moved = raw::iter(all.as_borrowed()).any(|(name, _)| name == TOPIC.as_bytes());
    raw::remove(&mut all, |name| name == ATTEMPTS.as_bytes());
    all = insert(all, ATTEMPTS, &attempts.to_string());
    if was_moved {
        return all;
    }
    all = insert(all, TOPIC, message.topic());
    all = insert(all, PARTITION, &message.partition().to_string());
    insert(all, OFFSET, &message.offset().to_string())
}

fn insert(headers: OwnedHeaders, key: &str, value: &str) -> OwnedHeaders {
    headers.insert(Header { key, value: Some(value) })
}

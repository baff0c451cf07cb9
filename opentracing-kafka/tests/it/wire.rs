//! Sends records over the Kafka protocol, with headers that no client sends: names that are not UTF-8.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::cluster::PATIENCE;

/// A header whose name and value are arbitrary bytes.
pub(crate) type AnyHeader<'a> = (&'a [u8], Option<&'a [u8]>);

/// Sends one record to the first partition of a topic, on a cluster of one broker (Kafka protocol, "Produce API", version 3).
pub(crate) fn produce(brokers: &str, topic: &str, headers: &[AnyHeader<'_>], payload: &[u8]) {
    let mut request = Vec::new();
    let (api, version, correlation) = (0_i16, 3_i16, 42_i32);
    request.extend(api.to_be_bytes());
    request.extend(version.to_be_bytes());
    request.extend(correlation.to_be_bytes());
    text(&mut request, "test");
    let (no_transaction, acks, timeout_ms) = (-1_i16, -1_i16, 10_000_i32);
    request.extend(no_transaction.to_be_bytes());
    request.extend(acks.to_be_bytes());
    request.extend(timeout_ms.to_be_bytes());
    let batch = batch(headers, payload);
    request.extend(1_i32.to_be_bytes());
    text(&mut request, topic);
    request.extend(1_i32.to_be_bytes());
    request.extend(0_i32.to_be_bytes());
    request.extend((batch.len() as i32).to_be_bytes());
    request.extend(batch);

    let mut connection = TcpStream::connect(brokers).unwrap();
    connection.set_read_timeout(Some(PATIENCE)).unwrap();
    connection.write_all(&(request.len() as i32).to_be_bytes()).unwrap();
    connection.write_all(&request).unwrap();
    let mut size = [0; 4];
    connection.read_exact(&mut size).unwrap();
    let mut answer = vec![0; i32::from_be_bytes(size) as usize];
    connection.read_exact(&mut answer).unwrap();
    // After the correlation id, the numbers of topics and partitions, the topic and the partition.
    let at = 4 + 4 + 2 + topic.len() + 4 + 4;
    assert_eq!(answer[at..at + 2], [0, 0], "the broker rejected the record");
}

fn text(out: &mut Vec<u8>, text: &str) {
    out.extend((text.len() as i16).to_be_bytes());
    out.extend(text.as_bytes());
}

/// A record batch of one record (Kafka documentation, "Record Batch").
fn batch(headers: &[AnyHeader<'_>], payload: &[u8]) -> Vec<u8> {
    let mut record = vec![0];
    for (delta, value) in [(0, None), (0, None), (-1, None), (payload.len() as i64, Some(payload))] {
        varint(&mut record, delta);
        record.extend(value.unwrap_or_default());
    }
    varint(&mut record, headers.len() as i64);
    for (name, value) in headers {
        varint(&mut record, name.len() as i64);
        record.extend(*name);
        varint(&mut record, value.map_or(-1, |value| value.len() as i64));
        record.extend(value.unwrap_or_default());
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as i64;
    // Attributes, last offset delta, first and last timestamp, producer id, epoch and sequence, number of records.
    let mut summed = Vec::new();
    summed.extend(0_i16.to_be_bytes());
    summed.extend(0_i32.to_be_bytes());
    summed.extend(now.to_be_bytes());
    summed.extend(now.to_be_bytes());
    summed.extend((-1_i64).to_be_bytes());
    summed.extend((-1_i16).to_be_bytes());
    summed.extend((-1_i32).to_be_bytes());
    summed.extend(1_i32.to_be_bytes());
    varint(&mut summed, record.len() as i64);
    summed.extend(record);
    // First offset, length of what follows, leader epoch, format 2, checksum.
    let mut batch = Vec::new();
    batch.extend(0_i64.to_be_bytes());
    batch.extend((summed.len() as i32 + 4 + 1 + 4).to_be_bytes());
    batch.extend((-1_i32).to_be_bytes());
    batch.push(2);
    batch.extend(crc32c(&summed).to_be_bytes());
    batch.extend(summed);
    batch
}

/// Writes a signed variable-length integer, like Protocol Buffers.
fn varint(out: &mut Vec<u8>, number: i64) {
    let mut rest = ((number << 1) ^ (number >> 63)) as u64;
    while rest >= 0x80 {
        out.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    out.push(rest as u8);
}

/// The checksum of RFC 3720, appendix B.4.
fn crc32c(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum: u32, _| (sum >> 1) ^ if sum & 1 == 1 { 0x82f6_3b78 } else { 0 })
    })
}

#[test]
fn checksums_match_the_standard() {
    assert_eq!(crc32c(b"123456789"), 0xe306_9283);
}

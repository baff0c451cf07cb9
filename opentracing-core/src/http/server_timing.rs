//! Tells a browser which trace its request belongs to.

use http::header::{HeaderMap, HeaderName, HeaderValue};

use crate::ids::TraceId;

/// Adds `Server-Timing: intid;desc=<16 digits>`, the lower half of the trace id, by which Instana's end-user monitoring
/// connects a page load with its trace.
///
/// Adds a header line beside those that are there, and nothing if one of them has an `intid` already, as the Instana tracers do.
/// To be called for recorded entry spans only. One allocation.
pub fn append_server_timing(headers: &mut HeaderMap, trace_id: TraceId) {
    let has_intid = |value: &HeaderValue| value.as_bytes().windows(PREFIX.len()).any(|part| part == PREFIX);
    if headers.get_all(SERVER_TIMING).iter().any(has_intid) {
        return;
    }
    let mut value = *b"intid;desc=0000000000000000";
    for (place, digit) in value.iter_mut().rev().zip(0..16) {
        *place = b"0123456789abcdef"[(trace_id.low() >> (4 * digit) & 15) as usize];
    }
    if let Ok(value) = HeaderValue::from_bytes(&value) {
        // The map refuses to grow beyond 32,768 entries.
        let _ = headers.try_append(SERVER_TIMING, value);
    }
}

const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");

const PREFIX: &[u8] = b"intid;";

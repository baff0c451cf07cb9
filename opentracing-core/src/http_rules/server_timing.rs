//! `Server-Timing`, from which a browser learns the trace of its request.

use http::header::{HeaderMap, HeaderName, HeaderValue};

use crate::model::context::SpanContext;
use crate::model::ids::TraceId;

/// Adds `Server-Timing: intid;desc=<16 digits>`, the lower half of the trace id, by which Instana's end-user monitoring
/// connects a page load with its trace.
///
/// Keeps other lines of the header, and does nothing if one of them has an `intid`, as the Instana tracers do. Call it for sampled server
/// spans only. Allocates once.
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

/// Adds `Server-Timing: trace;desc=00-…`, the span's context as in `traceparent`: the form of the editor's draft of W3C Trace Context,
/// which is in no published level.
///
/// Keeps other lines of the header, and does nothing if one of them has such an entry. Call it for sampled server spans only. Allocates.
pub fn append_trace_timing(headers: &mut HeaderMap, context: &SpanContext) {
    let has_trace = |value: &HeaderValue| value.as_bytes().windows(TRACE.len()).any(|part| part == TRACE);
    if headers.get_all(SERVER_TIMING).iter().any(has_trace) {
        return;
    }
    let (trace, span, sampled) = (context.trace_id(), context.span_id(), u8::from(context.is_sampled()));
    if let Ok(value) = HeaderValue::try_from(format!("trace;desc=00-{trace}-{span}-{sampled:02}")) {
        // The map refuses to grow beyond 32,768 entries.
        let _ = headers.try_append(SERVER_TIMING, value);
    }
}

const TRACE: &[u8] = b"trace;";

const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");

const PREFIX: &[u8] = b"intid;";

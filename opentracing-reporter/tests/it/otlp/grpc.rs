//! OTLP over gRPC: the prefix, the trailers, and what statuses mean for the spans.

use std::io::Read;
use std::time::Duration;

use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentracing_core::{FlushError, Tracer};
use opentracing_reporter::{BatchReporter, Otlp};
use prost::Message;

use crate::otlp::spans::{TestResult, spans};
use crate::support::collector::Hand;
use crate::support::service::{Answer, Call, Service, Version};
use crate::support::transports::{NEVER, PATIENCE, finish_spans, names};

fn tracer(service: &Service, set: impl FnOnce(Otlp) -> Otlp) -> Result<(Tracer, Hand), Box<dyn std::error::Error>> {
    let hand = Hand::new();
    let otlp = set(Otlp::grpc(&format!("http://{}", service.address))?.clock(hand.shared()));
    Ok((Tracer::builder("shop").build_inline(BatchReporter::new(otlp).batch_delay(NEVER)), hand))
}

fn names_in(call: &Call) -> Vec<String> {
    let (frame, message) = call.body.split_at(5);
    let mut plain = Vec::new();
    match frame[0] {
        0 => plain.extend_from_slice(message),
        _ => {
            assert_eq!(call.headers["grpc-encoding"], "gzip");
            flate2::read::GzDecoder::new(message).read_to_end(&mut plain).expect("that is gzip");
        }
    }
    assert_eq!(frame[1..], (message.len() as u32).to_be_bytes());
    let request = ExportTraceServiceRequest::decode(&*plain).expect("that is a request");
    request.resource_spans.iter().flat_map(spans).map(|span| span.name.clone()).collect()
}

fn failure(code: u32, message: &str) -> Answer {
    let trailers = vec![("grpc-status", code.to_string()), ("grpc-message", message.to_owned())];
    Answer { status: 200, trailers, ..Answer::default() }
}

/// `google.rpc.Status` with a `RetryInfo` of 7.5 seconds, after a detail of another type.
const RETRY_INFO: &str =
    "CAgSBGJ1c3kaEQoLZS5vL3gvT3RoZXISAggBGjYKKHR5cGUuZ29vZ2xlYXBpcy5jb20vZ29vZ2xlLnJwYy5SZXRyeUluZm8SCgoICAcQgMq17gE";

#[test]
fn sends_a_length_prefixed_message() -> TestResult {
    let service = Service::start(Version::Http2, None, [])?;
    let (tracer, _) = tracer(&service, |otlp| otlp)?;
    for _ in 0..2 {
        finish_spans(&tracer, 3);
        assert_eq!(tracer.flush(PATIENCE), Ok(()));
        let call = service.next();
        assert_eq!(call.path, "/opentelemetry.proto.collector.trace.v1.TraceService/Export");
        assert_eq!(
            (&call.headers["content-type"], &call.headers["te"]),
            (&"application/grpc".parse()?, &"trailers".parse()?)
        );
        assert_eq!(names_in(&call), names(3));
    }
    Ok(())
}

#[test]
fn compresses_the_message_but_not_its_prefix() -> TestResult {
    let service = Service::start(Version::Http2, None, [])?;
    let (tracer, _) = tracer(&service, Otlp::gzip)?;
    finish_spans(&tracer, 300);
    assert_eq!(tracer.flush(PATIENCE), Ok(()));
    let call = service.next();
    assert_eq!(names_in(&call), names(300));
    assert_eq!(call.body[0], 1, "the frame says that its message is compressed");
    assert_eq!(tracer.stats().transports[0].bytes, call.body.len() as u64);
    Ok(())
}

/// `google.rpc.Status` with a `RetryInfo` of zero.
const RETRY_AT_ONCE: &str = "CAgSBGJ1c3kaLgoodHlwZS5nb29nbGVhcGlzLmNvbS9nb29nbGUucnBjLlJldHJ5SW5mbxICCgA";

#[test]
fn retries_by_status() -> TestResult {
    let details = |code| Answer {
        trailers: [failure(code, "busy").trailers, vec![("grpc-status-details-bin", RETRY_INFO.to_owned())]].concat(),
        ..failure(code, "")
    };
    let in_head = Answer { status: 200, headers: failure(14, "no body").trailers, ..Answer::default() };
    let by_proxy = |status| Answer { status, ..Answer::default() };
    let rows = [
        ("cancelled", failure(1, "x"), Some(1000)),
        ("deadline exceeded", failure(4, "x"), Some(1000)),
        ("aborted", failure(10, "x"), Some(1000)),
        ("out of range", failure(11, "x"), Some(1000)),
        ("unavailable", failure(14, "x"), Some(1000)),
        ("unavailable, in the head", in_head, Some(1000)),
        ("data loss", failure(15, "x"), Some(1000)),
        ("unavailable, with a delay", details(14), Some(7500)),
        ("exhausted, with a delay", details(8), Some(7500)),
        ("exhausted, without one", failure(8, "quota"), None),
        ("unknown", failure(2, "x"), None),
        ("invalid argument", failure(3, "x"), None),
        ("unauthenticated", failure(16, "x"), None),
        ("from a proxy, 503", by_proxy(503), Some(1000)),
        ("from a proxy, 401", by_proxy(401), None),
        ("neither status nor trailers", by_proxy(200), None),
    ];
    for (name, answer, again_after_ms) in rows {
        let service = Service::start(Version::Http2, None, [answer])?;
        let (tracer, hand) = tracer(&service, |otlp| otlp)?;
        finish_spans(&tracer, 3);
        let flushed = tracer.flush(Duration::from_millis(100));
        assert_eq!(names_in(&service.next()), names(3), "{name}");
        let Some(again_after_ms) = again_after_ms else {
            assert_eq!(flushed, Err(FlushError::Failed), "{name}");
            assert_eq!(tracer.stats().reporter.dropped_failed, 3, "{name}");
            continue;
        };
        assert_eq!(flushed, Err(FlushError::Timeout), "{name}");
        if again_after_ms > 1000 {
            hand.advance(Duration::from_millis(again_after_ms - 1));
            assert_eq!(tracer.flush(Duration::from_millis(20)), Err(FlushError::Timeout), "{name}");
            assert_eq!(service.count(), 0, "{name}");
            hand.advance(Duration::from_millis(1));
        } else {
            hand.advance(Duration::from_millis(again_after_ms));
        }
        assert_eq!(tracer.flush(PATIENCE), Ok(()), "{name}");
        assert_eq!(names_in(&service.next()), names(3), "{name}");
    }
    Ok(())
}

#[test]
fn reports_the_message_of_the_server() -> TestResult {
    let service = Service::start(Version::Http2, None, [failure(13, "no room: 50%25 f%C3%BCr %zz")])?;
    let (tracer, _) = tracer(&service, |otlp| otlp)?;
    finish_spans(&tracer, 1);
    assert_eq!(tracer.flush(PATIENCE), Err(FlushError::Failed));
    let error = tracer.stats().transports.remove(0).last_error.ok_or("it has failed")?;
    assert!(error.contains("no room: 50% für %zz"), "{error}");
    Ok(())
}

#[test]
fn splits_messages_that_are_too_large() -> TestResult {
    let rows = [
        ("Go", 8, "grpc: received message larger than max (5000000 vs. 4194304)"),
        ("Go, compressed", 8, "grpc: received message after decompression larger than max 4194304"),
        ("C++", 8, "CLIENT: Received message larger than max (5000000 vs. 4194304)"),
        ("Java", 8, "gRPC message exceeds maximum size 4194304: 5000000"),
        (".NET", 8, "Received message exceeds the maximum configured message size."),
        ("tonic", 11, "Error, decoded message length too large: found 5000000 bytes, the limit is: 4194304 bytes"),
    ];
    for (name, code, message) in rows {
        let service = Service::start(Version::Http2, None, [failure(code, message)])?;
        let (tracer, _) = tracer(&service, |otlp| otlp)?;
        finish_spans(&tracer, 4);
        assert_eq!(tracer.flush(PATIENCE), Ok(()), "{name}");
        let sizes: Vec<_> = (0..3).map(|_| names_in(&service.next()).len()).collect();
        assert_eq!(sizes, [4, 2, 2], "{name}");
    }
    Ok(())
}

#[test]
fn a_delay_of_zero_is_no_shorter_than_the_backoff() -> TestResult {
    let trailers = vec![("grpc-status", "8".to_owned()), ("grpc-status-details-bin", RETRY_AT_ONCE.to_owned())];
    let service = Service::start(Version::Http2, None, [Answer { status: 200, trailers, ..Answer::default() }])?;
    let (tracer, hand) = tracer(&service, |otlp| otlp)?;
    finish_spans(&tracer, 3);
    assert_eq!(tracer.flush(Duration::from_millis(100)), Err(FlushError::Timeout));
    assert_eq!(names_in(&service.next()), names(3));
    hand.advance(Duration::from_millis(249));
    assert_eq!(tracer.flush(Duration::from_millis(50)), Err(FlushError::Timeout));
    assert_eq!(service.count(), 0);
    hand.advance(Duration::from_millis(1));
    assert_eq!(tracer.flush(PATIENCE), Ok(()));
    assert_eq!(service.count(), 1);
    Ok(())
}

#[test]
fn counts_spans_rejected_by_a_partial_success() -> TestResult {
    let response = ExportTraceServiceResponse {
        partial_success: Some(ExportTracePartialSuccess { rejected_spans: 2, error_message: "too old".into() }),
    };
    let message = response.encode_to_vec();
    let body = [&[0][..], &(message.len() as u32).to_be_bytes(), &message].concat();
    let service = Service::start(Version::Http2, None, [Answer { body, ..failure(0, "") }])?;
    let (tracer, _) = tracer(&service, |otlp| otlp)?;
    finish_spans(&tracer, 5);
    assert_eq!(tracer.flush(PATIENCE), Err(FlushError::Failed));
    let stats = &tracer.stats().transports[0];
    assert_eq!((stats.sent, stats.dropped_failed, stats.rejected, stats.requests), (3, 2, 2, 1));
    Ok(())
}

#[cfg(feature = "env")]
#[test]
fn the_environment_selects_the_protocol() -> TestResult {
    for scheme in ["http://", ""] {
        let service = Service::start(Version::Http2, None, [])?;
        let address = format!("{scheme}{}", service.address);
        let read = opentracing_reporter::EnvConfig::new(&|name| match name {
            "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL" => Some("grpc".to_owned()),
            "OTEL_EXPORTER_OTLP_ENDPOINT" => Some(address.clone()),
            "OTEL_EXPORTER_OTLP_INSECURE" => Some("true".to_owned()),
            _ => None,
        });
        assert_eq!(read.warnings(), [], "{address}");
        let (tracer, guard) = read.start()?;
        finish_spans(&tracer, 3);
        assert_eq!(guard.close(PATIENCE), Ok(()), "{address}");
        assert_eq!(names_in(&service.next()), names(3), "{address}");
    }
    Ok(())
}

//! The span of an outgoing request.

use http::{HeaderMap, Method, StatusCode};
use opentracing_core::http_rules::{
    ClientRequest, ErrorStatuses, HttpFailure, Peer, PeerService, remove_trace_headers, set_status,
};
use opentracing_core::mock::MockTracer;
use opentracing_core::propagation::{ExtractError, HttpHeaders, InjectError, Propagator, TextMapReader, TextMapWriter};
use opentracing_core::{ConstSampler, OwnedSpan, SpanContext, SpanKind};

fn finished(request: &ClientRequest<'_>) -> OwnedSpan {
    let mock = MockTracer::new();
    request.start(mock.tracer()).finish();
    mock.finished_spans().remove(0)
}

fn request<'a>(method: &'a Method, peer: Peer<'a>) -> ClientRequest<'a> {
    let url = &["http://", "me:pw@catalog.example", "/books?q=rust&api_key=sesame"];
    ClientRequest::new("tests", method, url, peer)
}

#[track_caller]
fn check_tags(span: &OwnedSpan, expected: &[(&str, &str)]) {
    let tags: Vec<_> = span.tags.iter().map(|(key, value)| (&**key, value.as_value().to_string())).collect();
    let tags: Vec<_> = tags.iter().map(|(key, value)| (*key, &**value)).collect();
    assert_eq!(tags, expected);
}

#[test]
fn starts_the_span_of_a_request() {
    let span = finished(&request(&Method::GET, Peer::from_host("catalog.example", Some(80))));
    assert_eq!((&*span.operation_name, span.kind), ("GET", SpanKind::Client));
    let tags = [
        ("component", "tests"),
        ("http.method", "GET"),
        ("http.url", "http://catalog.example/books?q=rust&api_key=<redacted>"),
        ("peer.hostname", "catalog.example"),
        ("peer.port", "80"),
    ];
    check_tags(&span, &tags);
}

#[test]
fn names_an_unknown_method_apart() {
    let method = Method::from_bytes(b"PROPFIND").unwrap();
    let span = finished(&request(&method, Peer::default()));
    assert_eq!(&*span.operation_name, "_OTHER");
    assert_eq!(span.tag("http.method"), Some("_OTHER".into()));
    assert_eq!(span.tag("http.request.method_original"), Some("PROPFIND".into()));
}

#[test]
fn knows_the_methods_of_its_list() {
    let method = Method::from_bytes(b"PURGE").unwrap();
    let mut purge = request(&method, Peer::default());
    purge.known_methods = &["PURGE"];
    let span = finished(&purge);
    assert_eq!((&*span.operation_name, span.tag("http.request.method_original")), ("PURGE", None));
}

#[test]
fn does_not_record_a_request_that_is_skipped() {
    let mock = MockTracer::new();
    let mut skipped = request(&Method::GET, Peer::default());
    skipped.is_skipped = true;
    let span = skipped.start(mock.tracer());
    assert!(!span.is_recording());
    assert_eq!(span.context().map(|context| context.is_sampled()), Some(false));
}

#[test]
fn takes_the_name_that_is_given() {
    let mut named = request(&Method::GET, Peer::default());
    named.operation_name = Some("GET /books".into());
    assert_eq!(&*finished(&named).operation_name, "GET /books");
}

#[test]
fn tells_the_peer() {
    #[track_caller]
    fn check(host: &str, key: &str, value: &str) {
        let span = finished(&request(&Method::GET, Peer::from_host(host, None)));
        let tags: Vec<_> = span.tags.iter().filter(|(name, _)| name.starts_with("peer.")).collect();
        assert_eq!(tags.len(), 1, "{tags:?}");
        assert_eq!(span.tag(key), Some(value.into()));
    }
    check("catalog", "peer.hostname", "catalog");
    check("127.0.0.1", "peer.ipv4", "127.0.0.1");
    check("[::1]", "peer.ipv6", "::1");
    check("[::ffff:10.0.0.1]", "peer.ipv4", "10.0.0.1");
    let longest = "1111:2222:3333:4444:5555:6666:7777:8888";
    check(longest, "peer.ipv6", longest);
}

#[test]
fn tells_a_given_service_from_a_derived_one() {
    let mut call = request(&Method::GET, Peer::default());
    call.peer_service = Some(PeerService::Given("catalog"));
    let given = finished(&call);
    assert_eq!((given.tag("peer.service"), given.is_peer_service_derived), (Some("catalog".into()), false));
    call.peer_service = Some(PeerService::Derived("host"));
    let derived = finished(&call);
    assert_eq!((derived.tag("peer.service"), derived.is_peer_service_derived), (Some("host".into()), true));
}

#[test]
fn keeps_a_span_that_is_not_recorded_cheap() {
    let mock = MockTracer::with(|builder| builder.sampler(ConstSampler::off()));
    let span = request(&Method::GET, Peer::default()).start(mock.tracer());
    assert!(!span.is_recording());
    assert_eq!(span.context().map(|context| context.is_sampled()), Some(false));
}

#[test]
fn sets_status_and_error() {
    #[track_caller]
    fn check(status: StatusCode, errors: ErrorStatuses, failed: bool) {
        let mock = MockTracer::new();
        let mut span = mock.tracer().span("call").start();
        set_status(&mut span, status, errors);
        span.finish();
        let span = mock.span("call");
        assert_eq!(span.tag("http.status_code"), Some(status.as_u16().into()));
        assert_eq!(span.is_failed, failed);
        assert_eq!(span.tag("error").is_some(), failed, "error=false is never written");
    }
    check(StatusCode::OK, ErrorStatuses::default(), false);
    check(StatusCode::NOT_FOUND, ErrorStatuses::default(), false);
    check(StatusCode::NOT_FOUND, ErrorStatuses::ClientAndServerErrors, true);
    check(StatusCode::BAD_GATEWAY, ErrorStatuses::default(), true);
    check(StatusCode::BAD_GATEWAY, ErrorStatuses::None, false);
}

#[test]
fn tells_how_an_exchange_ended_early() {
    for (failure, outcome) in [(HttpFailure::Cancelled, "cancelled"), (HttpFailure::Aborted, "aborted")] {
        let mock = MockTracer::new();
        let mut span = mock.tracer().span("call").start();
        failure.record_outcome(&mut span);
        span.finish();
        let span = mock.span("call");
        assert_eq!(span.tag("http.outcome"), Some(outcome.into()));
        assert!(!span.is_failed);
        assert_eq!(span.logs.len(), 1);
        assert_eq!(span.logs[0].field("event"), Some(outcome.into()));
        assert!(span.logs[0].field("message").is_some());
    }
}

/// Writes one header, and removes it first, as propagators do.
#[derive(Debug)]
struct OneHeader;

impl Propagator<HttpHeaders> for OneHeader {
    fn inject(&self, context: &SpanContext, carrier: &mut (dyn TextMapWriter + '_)) -> Result<(), InjectError> {
        carrier.remove_key("trace");
        if !context.is_valid() {
            return Err(InjectError::InvalidSpanContext);
        }
        carrier.set_key("trace", "here");
        Ok(())
    }

    fn extract(&self, _: &(dyn TextMapReader + '_)) -> Result<Option<SpanContext>, ExtractError> {
        Ok(None)
    }
}

#[test]
fn writes_and_removes_trace_headers() {
    let mock = MockTracer::with(|builder| builder.propagator(HttpHeaders, OneHeader));
    let context = mock.tracer().span("call").start().context().unwrap();
    let mut headers = HeaderMap::new();
    headers.insert("accept", "*/*".parse().unwrap());
    headers.insert("trace", "stale".parse().unwrap());
    opentracing_core::http_rules::inject(mock.tracer(), &context, &mut headers);
    assert_eq!(headers.get("trace").unwrap(), "here");
    remove_trace_headers(mock.tracer(), &mut headers);
    assert_eq!(headers.keys().collect::<Vec<_>>(), ["accept"]);
}

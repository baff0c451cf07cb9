//! What is sent to Zipkin.

use std::sync::Mutex;
use std::time::{Duration, SystemTime};

use opentracing_core::mock::SequentialIds;
use opentracing_core::{
    IdGenerator, Limits, Sampling, SpanContext, SpanId, SpanKind, TraceId, TraceIdWidth, Tracer, TracerBuilder, Value,
    logs, tags,
};
use opentracing_reporter::{BatchReporter, Zipkin};
use serde_json::{Value as Json, json};

use crate::support::collector::{Collector, Reply};
use crate::support::transports::{NEVER, PATIENCE};

/// Records what the closure does, and returns the spans that a server received.
#[track_caller]
fn sent(settings: TracerBuilder, record: impl FnOnce(&Tracer)) -> Vec<Json> {
    let server = Collector::start([Reply::status("202 Accepted")]).expect("a port is free");
    let zipkin = Zipkin::new(&server.url()).expect("that is an address");
    let tracer = settings.build_inline(BatchReporter::new(zipkin).batch_delay(NEVER));
    record(&tracer);
    assert_eq!(tracer.flush(PATIENCE), Ok(()));
    let got = server.next();
    assert_eq!(got.line, "POST /api/v2/spans HTTP/1.1");
    assert_eq!(got.header("content-type"), Some("application/json"));
    match serde_json::from_slice(&got.body) {
        Ok(Json::Array(spans)) => spans,
        other => panic!("{other:?} is no array: {}", String::from_utf8_lossy(&got.body)),
    }
}

/// The one span that the closure records.
#[track_caller]
fn one(record: impl FnOnce(&Tracer)) -> Json {
    let mut spans = sent(shop(), record);
    assert_eq!(spans.len(), 1);
    spans.remove(0)
}

fn shop() -> TracerBuilder {
    Tracer::builder("shop").id_generator(SequentialIds::default())
}

fn at(us: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_micros(1_700_000_000_000_000 + us)
}

fn elsewhere(sampling: Sampling) -> SpanContext {
    SpanContext::new(TraceId::from_parts(0xabc, 7), SpanId::new(8)).with_sampling(sampling)
}

#[test]
fn writes_zipkin_json() {
    let spans = sent(shop().tag("zone", "a").tag("host", "h"), |tracer| {
        let mut server = tracer.span("GET /Cart").kind(SpanKind::Server).start_time(at(0)).start();
        server.set(tags::HTTP_STATUS_CODE, 200).set_tag("host", "own").set_tag("amount", 9.5).set_tag("paid", true);
        let mut call = tracer.span("charge").child_of(&server).kind(SpanKind::Client).start_time(at(10)).start();
        call.set(tags::PEER_SERVICE, "Bank").set(tags::PEER_PORT, 443).log_kv_at(at(15), &[("event", "sent".into())]);
        call.finish_at(at(30));
        server.finish_at(at(100));
    });
    let expected = json!([
        {
            "traceId": "0000000000000001", "parentId": "0000000000000001", "id": "0000000000000002",
            "kind": "CLIENT", "name": "charge", "timestamp": 1_700_000_000_000_010_u64, "duration": 20,
            "localEndpoint": {"serviceName": "shop"}, "remoteEndpoint": {"serviceName": "Bank", "port": 443},
            "tags": {"peer.service": "Bank", "peer.port": "443"},
            "annotations": [{"timestamp": 1_700_000_000_000_015_u64, "value": "sent"}],
        },
        {
            "traceId": "0000000000000001", "id": "0000000000000001",
            "kind": "SERVER", "name": "GET /Cart", "timestamp": 1_700_000_000_000_000_u64, "duration": 100,
            "localEndpoint": {"serviceName": "shop"},
            "tags": {"http.status_code": "200", "host": "own", "amount": "9.5", "paid": "true", "zone": "a"},
        },
    ]);
    assert_eq!(Json::Array(spans), expected);
}

#[test]
fn omits_empty_fields() {
    let span = one(|tracer| tracer.span("x").start_time(at(0)).start().finish_at(at(0)));
    let expected = json!({
        "traceId": "0000000000000001", "id": "0000000000000001", "name": "x",
        "timestamp": 1_700_000_000_000_000_u64, "duration": 1, "localEndpoint": {"serviceName": "shop"},
    });
    assert_eq!(span, expected);
}

#[test]
fn writes_trace_ids_in_their_width() {
    #[track_caller]
    fn check(width: TraceIdWidth, high: u64, expected: &str) {
        let context = SpanContext::new(TraceId::from_parts(high, 7), SpanId::new(8)).with_sampling(Sampling::Sampled);
        let spans = sent(Tracer::builder("shop").trace_id_width(width), |tracer| {
            tracer.span("continued").child_of(&context).start().finish();
            tracer.span("new").start().finish();
        });
        assert_eq!(spans[0]["traceId"], expected);
        let digits = if width == TraceIdWidth::Bits64 { 16 } else { 32 };
        assert_eq!(spans[1]["traceId"].as_str().map(str::len), Some(digits));
    }
    check(TraceIdWidth::Bits128, 0xabc, "0000000000000abc0000000000000007");
    check(TraceIdWidth::Bits128, 0, "0000000000000007");
    check(TraceIdWidth::Bits64, 0xabc, "0000000000000abc0000000000000007");
    check(TraceIdWidth::Bits64, 0, "0000000000000007");
}

#[test]
fn names_kinds() {
    #[track_caller]
    fn check(kind: SpanKind, expected: Json) {
        assert_eq!(one(|tracer| tracer.span("x").kind(kind).start().finish())["kind"], expected, "{kind}");
    }
    check(SpanKind::Internal, Json::Null);
    check(SpanKind::Server, "SERVER".into());
    check(SpanKind::Client, "CLIENT".into());
    check(SpanKind::Producer, "PRODUCER".into());
    check(SpanKind::Consumer, "CONSUMER".into());
}

#[test]
fn derives_the_remote_endpoint_from_tags() {
    #[track_caller]
    fn check(kind: SpanKind, tags: &[(&'static str, Value<'static>)], expected: Json) {
        let span = one(|tracer| {
            let mut span = tracer.span("x").kind(kind).start();
            tags.iter().for_each(|&(key, value)| _ = span.set_tag(key, value));
        });
        assert_eq!(span["remoteEndpoint"], expected, "{tags:?}");
        let tag = |key| span["tags"][key].as_str().map(str::to_owned);
        assert!(tags.iter().all(|(key, value)| tag(*key) == Some(value.to_string())), "the tags stay: {span}");
    }
    let service = ("peer.service", "catalog".into());
    let host = ("peer.hostname", "c1".into());
    let client = SpanKind::Client;
    check(client, &[], Json::Null);
    check(client, &[service], json!({"serviceName": "catalog"}));
    check(client, &[host], json!({"serviceName": "c1"}));
    check(client, &[host, service], json!({"serviceName": "catalog"}));
    check(client, &[("peer.service", "".into())], Json::Null);
    check(client, &[("peer.ipv4", "10.1.2.3".into())], json!({"ipv4": "10.1.2.3"}));
    check(client, &[("peer.ipv4", "10.1.2".into())], Json::Null);
    check(client, &[("peer.ipv6", "2001:DB8::7".into())], json!({"ipv6": "2001:db8::7"}));
    check(client, &[service, ("peer.port", 80.into())], json!({"serviceName": "catalog", "port": 80}));
    check(client, &[service, ("peer.port", "80".into())], json!({"serviceName": "catalog", "port": 80}));
    check(client, &[service, ("peer.port", 0.into())], json!({"serviceName": "catalog"}));
    check(client, &[service, ("peer.port", 65_536.into())], json!({"serviceName": "catalog"}));
    check(client, &[service, ("peer.port", "http".into())], json!({"serviceName": "catalog"}));
    check(client, &[("peer.port", 80.into())], Json::Null);
    check(client, &[("peer.address", "broker:9092".into())], json!({"serviceName": "broker", "port": 9092}));
    check(client, &[("peer.address", "broker".into())], json!({"serviceName": "broker"}));
    check(client, &[("peer.address", "10.1.2.3:80".into())], json!({"ipv4": "10.1.2.3", "port": 80}));
    check(client, &[("peer.address", "[2001:db8::7]:80".into())], json!({"ipv6": "2001:db8::7", "port": 80}));
    check(client, &[("peer.address", "2001:db8::7".into())], json!({"ipv6": "2001:db8::7"}));
    check(
        client,
        &[("peer.address", "10.1.2.3:80".into()), host],
        json!({"serviceName": "c1", "ipv4": "10.1.2.3", "port": 80}),
    );
    check(client, &[("db.instance", "shop".into())], json!({"serviceName": "shop"}));
    check(client, &[("db.instance", "shop".into()), service], json!({"serviceName": "catalog"}));
    check(SpanKind::Internal, &[("db.instance", "shop".into())], Json::Null);
    check(
        SpanKind::Server,
        &[("peer.ipv4", "10.1.2.3".into()), ("peer.port", 40_000.into())],
        json!({"ipv4": "10.1.2.3", "port": 40_000}),
    );
}

#[test]
fn writes_errors_as_the_tag() {
    #[track_caller]
    fn check(tag: Option<Value<'static>>, log: &[(&'static str, Value<'static>)], expected: Json) {
        let span = one(|tracer| {
            let mut span = tracer.span("x").start();
            span.set_tag("other", 1);
            if let Some(value) = tag {
                span.set_tag("error", value);
            }
            if !log.is_empty() {
                span.log_kv(&[(logs::EVENT, "error".into()), (logs::MESSAGE, "an earlier one".into())]).log_kv(log);
            }
        });
        assert_eq!(span["tags"]["error"], expected, "{tag:?} {log:?}");
    }
    let event = (logs::EVENT, Value::Static("error"));
    let (kind, message) = ((logs::ERROR_KIND, "timeout".into()), (logs::MESSAGE, "took too long".into()));
    let truth = Some(Value::Bool(true));
    check(None, &[], Json::Null);
    check(None, &[event, message], Json::Null);
    check(truth, &[], "true".into());
    check(truth, &[event, kind, message], "took too long".into());
    check(truth, &[event, kind], "timeout".into());
    check(truth, &[event], "true".into());
    check(truth, &[("event", "retry".into())], "an earlier one".into());
    check(Some(Value::Bool(false)), &[event, message], Json::Null);
    check(Some(Value::Static("true")), &[], "true".into());
    check(Some(Value::Static("false")), &[], Json::Null);
    check(Some(Value::Static("no route")), &[], "no route".into());
}

#[test]
fn writes_logs_as_annotations() {
    #[track_caller]
    fn check(log: &[(&'static str, Value<'static>)], expected: &str) {
        let span = one(|tracer| _ = tracer.span("x").start().log_kv_at(at(1), log));
        assert_eq!(span["annotations"], json!([{"timestamp": 1_700_000_000_000_001_u64, "value": expected}]));
    }
    check(&[("event", "retry".into())], "retry");
    check(&[("message", "once more".into())], "once more");
    check(&[("event", "a \"b\" \\".into())], r#"a "b" \"#);
    check(&[("event", "a|b".into())], r#""a\u007cb": {}"#);
    check(&[("event", 1.into())], r#""log": {"event":1}"#);
    check(&[("key", "v".into())], r#""log": {"key":"v"}"#);
    check(&[], r#""log": {}"#);
    check(
        &[("event", "e".into()), ("max", f64::MAX.into()), ("tiny", 5e-324.into()), ("none", f64::NAN.into())],
        r#""e": {"max":1.7976931348623157e308,"tiny":5e-324,"none":"NaN"}"#,
    );
    check(
        &[("event", "e".into()), ("n", 1.into()), ("x", 0.5.into()), ("b", false.into())],
        r#""e": {"n":1,"x":0.5,"b":false}"#,
    );
    check(&[("event", "e".into()), ("nan", f64::NAN.into())], r#""e": {"nan":"NaN"}"#);
    check(&[("event", "q\"".into()), ("k|", "\"\\\n|ü".into())], r#""q\"": {"k\u007c":"\"\\\n\u007cü"}"#);
}

#[test]
fn escapes_every_character() {
    let all: String = (0..0x300)
        .chain([0x2028, 0x2029, 0xd7ff, 0xe000, 0xffff, 0x1f980, 0x10ffff])
        .filter_map(char::from_u32)
        .collect();
    let span = one(|tracer| {
        let mut span = tracer.span(&all).start();
        span.set_tag(&all, &all).log_kv(&[("message", (&all[1..]).into()), ("event", "e".into())]);
        span.finish();
    });
    assert_eq!(span["name"], *all);
    assert_eq!(span["tags"][&all], *all);
    let annotation = span["annotations"][0]["value"].as_str().expect("there is one");
    let fields: Json = serde_json::from_str(annotation.strip_prefix("\"e\": ").expect("the event stands first"))
        .expect("that is JSON");
    assert_eq!(fields, json!({"message": &all[1..]}));
}

#[test]
fn writes_tracestate_and_debug() {
    let debug = elsewhere(Sampling::Debug).with_tracestate("vendor=a,b=1");
    let span = one(|tracer| tracer.span("x").child_of(&debug).start().finish());
    assert_eq!(span["debug"], true);
    assert_eq!(span["tags"], json!({"w3c.tracestate": "vendor=a,b=1"}));
    let span = one(|tracer| tracer.span("x").child_of(&elsewhere(Sampling::Sampled)).start().finish());
    assert_eq!((&span["debug"], &span["tags"]), (&Json::Null, &Json::Null));
}

#[test]
fn writes_other_references_as_tags() {
    #[track_caller]
    fn check(record: fn(&Tracer, &SpanContext, &SpanContext), parent: Json, expected: Json) {
        let (one_context, other) =
            (elsewhere(Sampling::Sampled), SpanContext::new(TraceId::from_parts(0, 5), SpanId::new(6)));
        let span = one(|tracer| record(tracer, &one_context, &other));
        assert_eq!((&span["parentId"], &span["tags"]), (&parent, &expected));
    }
    let child_of = |ids: &str| format!("{ids}||{{\"opentracing.ref_type\":\"child_of\"}}|0");
    let follows = |ids: &str| format!("{ids}||{{\"opentracing.ref_type\":\"follows_from\"}}|0");
    let (first, second) =
        ("0000000000000abc0000000000000007|0000000000000008", "00000000000000000000000000000005|0000000000000006");
    let parent = || Json::from("0000000000000008");
    check(|tracer, a, _| tracer.span("x").child_of(a).start().finish(), parent(), Json::Null);
    check(
        |tracer, a, _| tracer.span("x").follows_from(a).start().finish(),
        parent(),
        json!({"otlp.link.0": follows(first)}),
    );
    check(
        |tracer, a, b| tracer.span("x").child_of(a).follows_from(b).start().finish(),
        parent(),
        json!({"otlp.link.0": follows(second)}),
    );
    check(
        |tracer, a, b| tracer.span("x").follows_from(b).child_of(a).child_of(b).start().finish(),
        parent(),
        json!({"otlp.link.0": follows(second), "otlp.link.1": child_of(second)}),
    );
    check(
        |tracer, a, _| tracer.span("x").follows_from(a).new_trace().start().finish(),
        Json::Null,
        json!({"otlp.link.0": follows(first)}),
    );
}

/// Generates the given id for the next span.
#[derive(Debug)]
struct Joins(Mutex<SpanId>);

impl IdGenerator for Joins {
    fn trace_id(&self) -> TraceId {
        TraceId::from_parts(0, 1)
    }

    fn span_id(&self) -> SpanId {
        *self.0.lock().expect("nothing panics under this lock")
    }
}

#[test]
fn marks_a_shared_server_span() {
    #[track_caller]
    fn check(kind: SpanKind, id: u64, parent: Json, shared: Json) {
        let caller = elsewhere(Sampling::Sampled);
        let ids = Joins(Mutex::new(SpanId::new(id)));
        let spans = sent(Tracer::builder("shop").id_generator(ids), |tracer| {
            tracer.span("x").child_of(&caller).kind(kind).start().finish();
        });
        assert_eq!((&spans[0]["parentId"], &spans[0]["shared"]), (&parent, &shared));
    }
    check(SpanKind::Server, 8, Json::Null, true.into());
    check(SpanKind::Server, 9, "0000000000000008".into(), Json::Null);
    check(SpanKind::Internal, 9, "0000000000000008".into(), Json::Null);
}

#[test]
fn truncates_an_oversized_span() {
    let mut limits = Limits::default();
    limits.value_bytes = 1 << 20;
    let spans = sent(shop().limits(limits), |tracer| {
        let mut span = tracer.span("large").start();
        span.set_tag("long", "\u{1}".repeat(1 << 20)).set_tag("short", "s").log("one").log("two");
    });
    let tags = json!({"long": "\u{1}".repeat(256), "short": "s", "otel.dropped_events_count": "2"});
    assert_eq!((&spans[0]["tags"], &spans[0]["annotations"]), (&tags, &Json::Null));
}

#[test]
fn compresses_on_request() {
    let server = Collector::start([]).expect("a port is free");
    let zipkin = Zipkin::new(&format!("{}/spans", server.url())).expect("that is an address").gzip();
    let tracer = shop().build_inline(BatchReporter::new(zipkin).batch_delay(NEVER));
    tracer.span("x").start().finish();
    assert_eq!(tracer.flush(PATIENCE), Ok(()));
    let got = server.next();
    assert_eq!(got.line, "POST /spans HTTP/1.1");
    assert_eq!(got.header("content-encoding"), Some("gzip"));
    assert_eq!(got.body[..2], [0x1f, 0x8b]);
}

//! How spans are written.

use std::time::{Duration, SystemTime};

use opentracing_core::propagation::{Composite, TextMap};
use opentracing_core::{Limits, Sampling, SpanContext, SpanId, SpanKind, TraceId, Tracer, Value, logs, tags};
use serde_json::{Value as Json, json};

use super::{chunks, one, remote, request, shop};

type Tag = (&'static str, Value<'static>);

fn at(us: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_micros(1_700_000_000_000_000 + us)
}

/// A span of this kind with these tags.
fn tagged(kind: SpanKind, tags: &[Tag]) -> Json {
    one(shop(), |tracer| {
        let mut span = tracer.span("work").kind(kind).start();
        tags.iter().for_each(|&(key, value)| _ = span.set_tag(key, value));
    })
}

/// Takes the entries out of a span that differ between processes.
#[track_caller]
fn take_process(span: &mut Json) {
    let meta = span["meta"].as_object_mut().expect("it has meta");
    assert_eq!(meta.remove("language"), Some("rust".into()));
    let id = meta.remove("runtime-id").expect("the first span has one");
    let groups: Vec<_> = id.as_str().unwrap_or_default().split('-').map(str::len).collect();
    assert_eq!(groups, [8, 4, 4, 4, 12], "{id}");
    let metrics = span["metrics"].as_object_mut().expect("it has metrics");
    assert_eq!(metrics.remove("process_id"), Some(f64::from(std::process::id()).into()));
}

#[test]
fn writes_a_trace() {
    let builder = shop().tag("zone", "a").tag("deployment.environment.name", "prod").tag("service.version", "1.2");
    let got = request(builder, |tracer| {
        let mut server = tracer.span("GET /cart/{id}").kind(SpanKind::Server).start_time(at(0)).start();
        server.set(tags::HTTP_METHOD, "GET").set(tags::HTTP_STATUS_CODE, 200).set_tag("zone", "own");
        let mut call = tracer.span("charge").child_of(&server).kind(SpanKind::Client).start_time(at(10)).start();
        call.set(tags::PEER_SERVICE, "bank").set(tags::PEER_HOSTNAME, "b1").set(tags::PEER_PORT, 443);
        call.finish_at(at(30));
        server.finish_at(at(100));
    });
    let mut chunks = chunks(&got);
    assert_eq!(chunks.len(), 1);
    take_process(&mut chunks[0][0]);
    let expected = json!([
        {
            "service": "shop", "name": "http.server.request", "resource": "GET /cart/{id}", "type": "web",
            "trace_id": 1, "span_id": 1, "parent_id": 0, "error": 0,
            "start": 1_700_000_000_000_000_000_u64, "duration": 100_000,
            "meta": {
                "span.kind": "server", "http.method": "GET", "http.status_code": "200", "zone": "own", "env": "prod",
                "version": "1.2", "_dd.p.dm": "-0",
            },
            "metrics": {"_dd.top_level": 1.0, "_sampling_priority_v1": 1.0},
        },
        {
            "service": "shop", "name": "client.request", "resource": "charge", "type": "custom",
            "trace_id": 1, "span_id": 2, "parent_id": 1, "error": 0,
            "start": 1_700_000_000_000_010_000_u64, "duration": 20_000,
            "meta": {
                "span.kind": "client", "peer.service": "bank", "_dd.peer.service.source": "peer.service",
                "out.host": "b1", "zone": "a", "env": "prod", "version": "1.2",
            },
            "metrics": {"network.destination.port": 443.0},
        },
    ]);
    assert_eq!(json!(chunks[0]), expected);
}

#[test]
fn names_and_types_follow_from_kind_and_tags() {
    #[track_caller]
    fn check(kind: SpanKind, tags: &[Tag], expected: [&str; 3]) {
        let span = tagged(kind, tags);
        let found = [&span["name"], &span["type"], &span["resource"]];
        assert_eq!(found.map(|text| text.as_str().unwrap_or_default()), expected, "{kind} {tags:?}");
        assert_eq!(span["meta"]["span.kind"], kind.as_str());
    }
    use SpanKind::{Client, Consumer, Internal, Producer, Server};
    let http = ("http.method", "GET".into());
    check(Server, &[http], ["http.server.request", "web", "work"]);
    check(Client, &[http], ["http.client.request", "http", "work"]);
    check(Internal, &[http], ["work", "custom", "work"]);
    let grpc = ("rpc.system.name", "grpc".into());
    check(Server, &[grpc, http], ["grpc.server.request", "grpc", "work"]);
    check(Client, &[("rpc.method", "a.B/C".into())], ["grpc.client.request", "grpc", "work"]);
    check(Client, &[("rpc.system", "dubbo".into())], ["dubbo.client.request", "rpc", "work"]);
    let statement = ("db.statement", "SELECT 1".into());
    let system = |name: &'static str| ("db.system.name", name.into());
    check(Client, &[system("postgresql"), statement], ["postgresql.query", "sql", "SELECT 1"]);
    check(Client, &[("db.type", "sql".into()), ("component", "sqlx-mysql".into())], ["mysql.query", "sql", "work"]);
    check(Client, &[("db.type", "sql".into()), statement], ["sql.query", "sql", "SELECT 1"]);
    check(Client, &[("db.type", "redis".into()), statement], ["redis.query", "redis", "work"]);
    check(Client, &[system("mongodb"), statement], ["mongodb.query", "mongodb", "work"]);
    check(Client, &[system("neo4j"), statement], ["neo4j.query", "db", "work"]);
    check(Internal, &[system("sqlite"), statement], ["sqlite.query", "sql", "SELECT 1"]);
    let topic = ("message_bus.destination", "orders".into());
    let kafka = ("component", "rdkafka".into());
    check(Producer, &[topic, kafka], ["kafka.send", "queue", "work"]);
    check(Consumer, &[topic, kafka], ["kafka.process", "queue", "work"]);
    check(Consumer, &[topic, ("component", "lapin".into())], ["rabbitmq.process", "queue", "work"]);
    check(Consumer, &[], ["messaging.process", "queue", "work"]);
    let operation = ("messaging.operation.name", "poll".into());
    check(Client, &[("messaging.system", "nats".into()), topic, operation], ["nats.poll", "queue", "work"]);
    check(Server, &[], ["server.request", "web", "work"]);
    check(Client, &[], ["client.request", "custom", "work"]);
    check(Internal, &[], ["work", "custom", "work"]);
    let own: [Tag; 3] =
        [("operation.name", "cart.load".into()), ("resource.name", "Cart".into()), ("span.type", "cache".into())];
    check(Server, &[http, own[0], own[1], own[2]], ["cart.load", "cache", "Cart"]);
    check(Client, &[statement, own[1]], ["sql.query", "sql", "Cart"]);
}

#[test]
fn renames_tags() {
    #[track_caller]
    fn check(kind: SpanKind, tag: Tag, expected: &str) {
        let span = tagged(kind, &[tag]);
        let (meta, metrics) = (&span["meta"], &span["metrics"]);
        let found = meta.get(expected).map(ToString::to_string).or(metrics.get(expected).map(ToString::to_string));
        let value = found.unwrap_or_else(|| panic!("{expected} is missing in {span}"));
        let value = value.trim_matches('"').trim_end_matches(".0");
        assert_eq!(value, tag.1.to_string());
        assert!(tag.0 == expected || meta.get(tag.0).or(metrics.get(tag.0)).is_none(), "{span}");
    }
    use SpanKind::{Client, Internal, Producer, Server};
    check(Client, ("peer.hostname", "a".into()), "out.host");
    check(Producer, ("peer.hostname", "a".into()), "out.host");
    check(Server, ("peer.hostname", "a".into()), "peer.hostname");
    check(Internal, ("peer.hostname", "a".into()), "peer.hostname");
    check(Client, ("peer.port", 80.into()), "network.destination.port");
    check(Server, ("peer.port", 80.into()), "peer.port");
    check(Client, ("peer.ipv4", "10.0.0.1".into()), "network.destination.ip");
    check(Client, ("peer.ipv6", "::1".into()), "network.destination.ip");
    check(Server, ("peer.ipv4", "10.0.0.1".into()), "network.client.ip");
    check(Client, ("db.instance", "shop".into()), "db.name");
    check(Client, ("db.type", "redis".into()), "db.system");
    check(Client, ("db.system.name", "mysql".into()), "db.system");
    check(Client, ("rpc.status_code", "NOT_FOUND".into()), "rpc.grpc.status_code");
    check(Server, ("message_bus.destination", "q".into()), "messaging.destination.name");
    check(Server, ("http.status_code", 404.into()), "http.status_code");
    check(Server, ("amount", 9.5.into()), "amount");
    check(Server, ("paid", true.into()), "paid");
    check(Server, ("env", "test".into()), "env");
}

#[test]
fn an_own_tag_wins_over_a_translated_one() {
    let pairs: [Tag; 2] = [("peer.hostname", "a".into()), ("out.host", "b".into())];
    assert_eq!(tagged(SpanKind::Client, &pairs)["meta"]["out.host"], "b");
    let pairs: [Tag; 2] = [("db.type", "sql".into()), ("db.system.name", "mysql".into())];
    assert_eq!(tagged(SpanKind::Client, &pairs)["meta"]["db.system"], "mysql");
    let span = one(shop().tag("env", "a").tag("deployment.environment", "b"), |tracer| {
        tracer.span("x").start().finish();
    });
    assert_eq!(span["meta"]["env"], "a");
    let addresses: [Tag; 2] = [("peer.ipv4", "10.0.0.1".into()), ("peer.ipv6", "::1".into())];
    let span = tagged(SpanKind::Client, &addresses);
    assert_eq!(
        (&span["meta"]["network.destination.ip"], &span["meta"]["peer.ipv6"]),
        (&"10.0.0.1".into(), &"::1".into())
    );
}

#[test]
fn a_number_is_a_metric_if_it_fits() {
    #[track_caller]
    fn check(value: Value<'static>, metric: Option<f64>, meta: Option<&str>) {
        let span = tagged(SpanKind::Internal, &[("n", value)]);
        assert_eq!((span["metrics"]["n"].as_f64(), span["meta"]["n"].as_str()), (metric, meta), "{value}");
    }
    check(0.into(), Some(0.0), None);
    check((-3).into(), Some(-3.0), None);
    check(0.25.into(), Some(0.25), None);
    check(Value::U64(1 << 53), Some(9_007_199_254_740_992.0), None);
    check(Value::U64((1 << 53) + 1), None, Some("9007199254740993"));
    check(Value::I64(i64::MIN), None, Some("-9223372036854775808"));
    check(f64::NAN.into(), None, Some("NaN"));
    check(f64::INFINITY.into(), None, Some("inf"));
    check("7".into(), None, Some("7"));
    check(false.into(), None, Some("false"));
}

#[test]
fn writes_the_reason_of_a_failure() {
    #[track_caller]
    fn check(tags: &[Tag], log: &[Tag], expected: Json) {
        let span = one(shop(), |tracer| {
            let mut span = tracer.span("x").start();
            tags.iter().for_each(|&(key, value)| _ = span.set_tag(key, value));
            if !log.is_empty() {
                span.log_kv(&[(logs::EVENT, "error".into()), (logs::MESSAGE, "an earlier one".into())]).log_kv(log);
            }
        });
        let meta = &span["meta"];
        let found =
            json!([span["error"], meta["error.message"], meta["error.type"], meta["error.stack"], meta["error"]]);
        assert_eq!(found, expected, "{tags:?} {log:?}");
    }
    let event = (logs::EVENT, Value::Static("error"));
    let (kind, message) = ((logs::ERROR_KIND, "timeout".into()), (logs::MESSAGE, "took too long".into()));
    let (stack, failed) = ((logs::STACK, "at main".into()), ("error", true.into()));
    check(&[], &[event, message], json!([0, null, null, null, null]));
    check(&[failed], &[], json!([1, null, null, null, null]));
    check(&[failed], &[event, kind, message, stack], json!([1, "took too long", "timeout", "at main", null]));
    check(&[failed], &[event, (logs::ERROR_OBJECT, "io".into())], json!([1, "io", null, null, null]));
    check(&[failed], &[("event", "retry".into())], json!([1, "an earlier one", null, null, null]));
    check(&[failed, ("http.status_code", 503.into())], &[], json!([1, null, "503", null, null]));
    check(
        &[failed, ("rpc.status_code", "INTERNAL".into())],
        &[event, message],
        json!([1, "took too long", "INTERNAL", null, null]),
    );
    check(&[failed, ("error.message", "own".into())], &[event, message], json!([1, "own", null, null, null]));
    check(&[("error", false.into())], &[], json!([0, null, null, null, null]));
    check(&[("error", "no route".into())], &[], json!([0, null, null, null, "no route"]));
}

#[test]
fn writes_logs_as_events() {
    #[track_caller]
    fn check(log: &[Tag], expected: Json) {
        let span = one(shop(), |tracer| _ = tracer.span("x").tag("error", true).start().log_kv_at(at(1), log));
        let events = span["meta"]["events"].as_str().expect("there are events");
        assert_eq!(serde_json::from_str::<Json>(events).expect("that is JSON"), json!([expected]), "{log:?}");
    }
    let time = 1_700_000_000_000_001_000_u64;
    check(&[("event", "retry".into())], json!({"name": "retry", "time_unix_nano": time}));
    check(&[], json!({"name": "log", "time_unix_nano": time}));
    check(
        &[("event", "q\"".into()), ("n", 1.into()), ("x", 0.5.into()), ("b", false.into()), ("t", "\n".into())],
        json!({"name": "q\"", "time_unix_nano": time, "attributes": {"n": 1, "x": 0.5, "b": false, "t": "\n"}}),
    );
    check(&[("event", 7.into())], json!({"name": "log", "time_unix_nano": time, "attributes": {"event": 7}}));
    check(&[("stack", "s".into())], json!({"name": "log", "time_unix_nano": time, "attributes": {"stack": "s"}}));
    // The stack of an error has a tag of its own.
    check(
        &[("event", "error".into()), ("message", "m".into()), ("stack", "s".into())],
        json!({"name": "error", "time_unix_nano": time, "attributes": {"message": "m"}}),
    );
}

#[test]
fn writes_other_references_as_links() {
    let other = SpanContext::new(TraceId::from_parts(5, 6), SpanId::new(9)).with_tracestate("a=1");
    let span = one(shop(), |tracer| {
        tracer.span("x").child_of(&remote(Sampling::Sampled)).follows_from(&other).start().finish();
    });
    let flags = 1_u64 << 31;
    let expected = json!([{
        "trace_id": 6, "trace_id_high": 5, "span_id": 9, "flags": flags, "tracestate": "a=1",
        "attributes": {"opentracing.ref_type": "follows_from"},
    }]);
    assert_eq!((&span["parent_id"], &span["span_links"]), (&8.into(), &expected));
    let span = one(shop(), |tracer| tracer.span("x").child_of(&remote(Sampling::Sampled)).start().finish());
    assert_eq!(span["span_links"], Json::Null);
}

/// The local root of a trace that came with these headers.
fn continued(headers: &[(&str, &str)]) -> Json {
    let composite: Composite = "datadog,tracecontext".parse().expect("known formats");
    one(shop().composite(composite), |tracer| {
        let map: Vec<_> = headers.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
        let parent = tracer.extract(TextMap, &map).ok().flatten().expect("a context");
        tracer.span("x").child_of(&parent).start().finish();
    })
}

#[test]
fn writes_what_came_from_datadog() {
    let ids = [("x-datadog-trace-id", "18446744073709551615"), ("x-datadog-parent-id", "9223372036854775808")];
    let tags = ("x-datadog-tags", "_dd.p.dm=-3,_dd.p.tid=0af7651916cd43dd,_dd.p.usr.id=x=");
    let span = continued(&[ids[0], ids[1], ("x-datadog-sampling-priority", "2"), ("x-datadog-origin", "rum"), tags]);
    assert_eq!((&span["trace_id"], &span["parent_id"]), (&u64::MAX.into(), &(1_u64 << 63).into()));
    let meta = ["_dd.p.dm", "_dd.p.tid", "_dd.p.usr.id", "_dd.origin"].map(|key| span["meta"][key].clone());
    assert_eq!(meta, ["-3", "0af7651916cd43dd", "x=", "rum"]);
    assert_eq!(
        (&span["metrics"]["_sampling_priority_v1"], &span["metrics"]["_dd.top_level"]),
        (&2.0.into(), &1.0.into())
    );

    let span = continued(&[ids[0], ids[1], ("x-datadog-sampling-priority", "1")]);
    let absent = ["_dd.p.dm", "_dd.p.tid", "_dd.origin"].map(|key| span["meta"][key].clone());
    assert_eq!(absent, [Json::Null, Json::Null, Json::Null]);
    assert_eq!(span["metrics"]["_sampling_priority_v1"], 1.0);

    let parent = ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01");
    let span = continued(&[parent, ("tracestate", "dd=s:2;o:synthetics;t.dm:-4")]);
    assert_eq!(
        (&span["trace_id"], &span["meta"]["_dd.p.tid"]),
        (&0x8448_eb21_1c80_319c_u64.into(), &"0af7651916cd43dd".into())
    );
    assert_eq!((&span["meta"]["_dd.origin"], &span["meta"]["_dd.p.dm"]), (&"synthetics".into(), &"-4".into()));
}

#[test]
fn truncates_an_oversized_span() {
    let mut limits = Limits::default();
    limits.value_bytes = 1 << 20;
    let span = one(shop().limits(limits), |tracer: &Tracer| {
        let mut span = tracer.span("large").start();
        span.set_tag("short", "s").set_tag("long", "x".repeat(1000));
        // As JSON it is six times as long.
        span.log(&"\u{1}".repeat(1 << 20));
    });
    assert_eq!((&span["meta"]["long"], &span["meta"]["short"]), (&"x".repeat(256).into(), &"s".into()));
    assert_eq!(span["meta"]["events"], Json::Null);
}

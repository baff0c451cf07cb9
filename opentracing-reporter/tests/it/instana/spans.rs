//! Every span type and its rules.

use std::io;
use std::time::{Duration, SystemTime};

use opentracing_core::{Span, SpanContext, SpanId, SpanKind, TraceId, Tracer, Value as Tag, tags};
use opentracing_reporter::{InstanaRootExits, InstanaSpanFormat};
use serde_json::{Value, json};

use super::reported;

/// The context of a remote caller.
fn caller() -> SpanContext {
    SpanContext::new(
        TraceId::from_parts(0x0123_4567_89ab_cdef, 0xfa23_75d7_11a4_ca0f),
        SpanId::new(0x0246_8ace_fdb9_7531),
    )
}

const CHANGING: [&str; 12] =
    ["t", "s", "p", "ts", "d", "f", "lt", "spanId", "parentId", "traceId", "timestamp", "duration"];

/// One span with a parent in this format, without the fields that differ each time.
#[track_caller]
fn span_in(form: InstanaSpanFormat, kind: SpanKind, fill: impl FnOnce(&mut Span)) -> Vec<Value> {
    let mut spans = reported(form, InstanaRootExits::Suppressed, Tracer::builder("shop"), |tracer| {
        let mut span = tracer.span("operation").kind(kind).child_of(&caller()).start();
        fill(&mut span);
    })
    .expect("a stand-in");
    for span in &mut spans {
        let members = span.as_object_mut().expect("an object");
        members.retain(|name, _| !CHANGING.contains(&&**name));
    }
    spans
}

#[track_caller]
fn check(name: &str, kind: SpanKind, given: &[(&'static str, Tag<'_>)], expected: Value) {
    let spans = span_in(InstanaSpanFormat::Native, kind, |span| {
        given.iter().for_each(|(key, value)| {
            span.set_tag(*key, *value);
        });
    });
    assert_eq!(spans, [expected], "{name}");
}

#[test]
fn http() {
    check(
        "entry",
        SpanKind::Server,
        &[
            ("component", "axum".into()),
            ("http.method", "GET".into()),
            ("http.url", Tag::Url(&["https://me:pw@shop.example:8443", "/users/7?page=2&api_key=41#top"])),
            ("http.status_code", 404.into()),
            ("http.route", "/users/{id}".into()),
            ("http.request.header.x-tenant", "blue".into()),
            ("http.response.header.x-cache", "hit".into()),
            ("peer.ipv4", "10.0.0.1".into()),
        ],
        json!({
            "n": "g.http", "k": 1, "ec": 0,
            "data": {
                "service": "shop",
                "http": {
                    "method": "GET", "host": "shop.example:8443", "url": "/users/7", "protocol": "https",
                    "params": "page=2&api_key=<redacted>", "status": 404, "path_tpl": "/users/{id}",
                    "header": { "x-tenant": "blue", "x-cache": "hit" },
                },
                "sdk": { "custom": { "tags": { "component": "axum", "peer.ipv4": "10.0.0.1" } } },
            },
        }),
    );
    check(
        "exit",
        SpanKind::Client,
        &[
            ("http.method", "POST".into()),
            ("http.url", Tag::Url(&["http://me:pw@catalog/items?token=1"])),
            ("http.status_code", "201".into()),
        ],
        json!({
            "n": "http", "k": 2, "ec": 0,
            "data": {
                "service": "shop",
                "http": { "method": "POST", "url": "http://catalog/items", "params": "token=<redacted>", "status": 201 },
            },
        }),
    );
    check(
        "without a path",
        SpanKind::Server,
        &[("http.url", "http://shop".into())],
        json!({
            "n": "g.http", "k": 1, "ec": 0,
            "data": { "service": "shop", "http": { "host": "shop", "url": "/", "protocol": "http" } },
        }),
    );
    check(
        "nothing but a path",
        SpanKind::Server,
        &[("http.url", "/a://b?c".into()), ("http.status_code", "none".into())],
        json!({
            "n": "g.http", "k": 1, "ec": 0,
            "data": { "service": "shop", "http": { "url": "/a://b", "params": "c" } },
        }),
    );
}

#[test]
fn http_errors() {
    for (kind, status, failed, expected) in [
        (SpanKind::Server, 400, false, 0),
        (SpanKind::Server, 499, false, 0),
        (SpanKind::Server, 500, false, 1),
        (SpanKind::Server, 503, true, 1),
        (SpanKind::Client, 404, false, 0),
        (SpanKind::Client, 404, true, 1),
        (SpanKind::Client, 503, false, 1),
    ] {
        let spans = span_in(InstanaSpanFormat::Native, kind, |span| {
            span.set(tags::HTTP_STATUS_CODE, status);
            if failed {
                span.set(tags::ERROR, true);
            }
        });
        assert_eq!(spans[0]["ec"], expected, "{kind} {status}");
    }
    let spans = span_in(InstanaSpanFormat::Native, SpanKind::Server, |span| {
        span.set(tags::HTTP_STATUS_CODE, 503);
    });
    assert_eq!(spans[0]["data"]["http"], json!({ "status": 503, "error": "Service Unavailable" }));
    let text = "ö".repeat(300);
    let spans = span_in(InstanaSpanFormat::Native, SpanKind::Client, |span| {
        span.set(tags::HTTP_METHOD, "GET").mark_error(&io::Error::other(text));
    });
    assert_eq!(spans[0]["data"]["http"], json!({ "method": "GET", "error": "ö".repeat(200) }));
}

#[test]
fn grpc() {
    check(
        "entry",
        SpanKind::Server,
        &[
            ("rpc.method", "shop.Prices/Quote".into()),
            ("rpc.status_code", "OK".into()),
            ("peer.ipv4", "10.0.0.1".into()),
            ("peer.port", 50123.into()),
        ],
        json!({
            "n": "rpc-server", "k": 1, "ec": 0,
            "data": {
                "service": "shop", "rpc": { "flavor": "grpc", "call": "shop.Prices/Quote" },
                "sdk": { "custom": { "tags": { "rpc.status_code": "OK", "peer.ipv4": "10.0.0.1", "peer.port": 50123 } } },
            },
        }),
    );
    check(
        "exit with an error tag",
        SpanKind::Client,
        &[
            ("rpc.method", "/shop.Prices/Quote".into()),
            ("rpc.status_code", "NOT_FOUND".into()),
            ("http.method", "POST".into()),
            ("peer.hostname", "prices".into()),
            ("peer.port", 50051.into()),
        ],
        json!({
            "n": "rpc-client", "k": 2, "ec": 1,
            "data": {
                "service": "shop",
                "rpc": { "flavor": "grpc", "call": "shop.Prices/Quote", "host": "prices", "port": "50051", "error": "NOT_FOUND" },
                "sdk": { "custom": { "tags": { "rpc.status_code": "NOT_FOUND", "http.method": "POST" } } },
            },
        }),
    );
    for (status, expected) in [
        (Tag::I64(0), 0),
        (Tag::I64(5), 1),
        (Tag::U64(14), 1),
        ("0".into(), 0),
        ("ok".into(), 0),
        ("5".into(), 1),
        ("CANCELLED".into(), 1),
    ] {
        let spans = span_in(InstanaSpanFormat::Native, SpanKind::Server, |span| {
            span.set_tag("rpc.status_code", status);
        });
        assert_eq!((&spans[0]["n"], &spans[0]["ec"]), (&json!("rpc-server"), &json!(expected)), "{status}");
    }
    // Dropped by who asked: no error, unless the tag says so.
    for (error, expected) in [(None, 0), (Some(true), 1)] {
        let spans = span_in(InstanaSpanFormat::Native, SpanKind::Client, |span| {
            let span = span.set(tags::RPC_STATUS_CODE, "CANCELLED").set(tags::GRPC_OUTCOME, "aborted");
            span.set(tags::ERROR, error);
        });
        assert_eq!((&spans[0]["n"], &spans[0]["ec"]), (&json!("rpc-client"), &json!(expected)), "{error:?}");
    }
}

#[test]
fn other_rpc_systems_are_not_grpc() {
    check(
        "a cloud's API, over HTTP",
        SpanKind::Client,
        &[
            ("rpc.system", "aws-api".into()),
            ("rpc.method", "ListBuckets".into()),
            ("http.method", "GET".into()),
            ("http.status_code", 200.into()),
        ],
        json!({
            "n": "http", "k": 2, "ec": 0,
            "data": {
                "service": "shop", "http": { "method": "GET", "status": 200 },
                "sdk": { "custom": { "tags": { "rpc.system": "aws-api", "rpc.method": "ListBuckets" } } },
            },
        }),
    );
    check(
        "a system whose success is 20",
        SpanKind::Server,
        &[
            ("rpc.system.name", "dubbo".into()),
            ("rpc.method", "shop.Prices/Quote".into()),
            ("rpc.status_code", 20.into()),
        ],
        json!({
            "n": "sdk", "k": 1, "ec": 0,
            "data": {
                "service": "shop",
                "sdk": {
                    "name": "operation", "type": "entry",
                    "custom": {
                        "tags": { "rpc.system.name": "dubbo", "rpc.method": "shop.Prices/Quote", "rpc.status_code": 20 },
                    },
                },
            },
        }),
    );
}

#[test]
fn messages() {
    check(
        "Kafka, sent",
        SpanKind::Producer,
        &[
            ("component", "rdkafka".into()),
            ("message_bus.destination", "orders".into()),
            ("peer.service", "kafka".into()),
        ],
        json!({
            "n": "kafka", "k": 2, "ec": 0,
            "data": {
                "service": "shop", "kafka": { "service": "orders", "access": "send" },
                "sdk": { "custom": { "tags": { "component": "rdkafka" } } },
            },
        }),
    );
    check(
        "Kafka, consumed, several at once",
        SpanKind::Consumer,
        &[
            ("message_bus.destination", "orders".into()),
            ("messaging.kafka.offset", 7.into()),
            ("batch_size", 3.into()),
            ("error", true.into()),
        ],
        json!({
            "n": "kafka", "k": 1, "ec": 1, "b": { "s": 3 },
            "data": {
                "service": "shop", "kafka": { "service": "orders", "access": "consume" },
                "sdk": { "custom": { "tags": { "messaging.kafka.offset": 7 } } },
            },
        }),
    );
    check(
        "RabbitMQ, published",
        SpanKind::Producer,
        &[
            ("component", "lapin".into()),
            ("message_bus.destination", "events".into()),
            ("messaging.rabbitmq.destination.routing_key", "order.new".into()),
            ("peer.hostname", "broker".into()),
            ("peer.port", 5672.into()),
        ],
        json!({
            "n": "rabbitmq", "k": 2, "ec": 0,
            "data": {
                "service": "shop",
                "rabbitmq": { "sort": "publish", "exchange": "events", "key": "order.new", "address": "amqp://broker:5672" },
                "sdk": { "custom": { "tags": { "component": "lapin" } } },
            },
        }),
    );
    check(
        "RabbitMQ, published to a queue by the default exchange",
        SpanKind::Producer,
        &[
            ("component", "lapin".into()),
            ("message_bus.destination", "mail".into()),
            ("messaging.rabbitmq.destination.routing_key", "mail".into()),
        ],
        json!({
            "n": "rabbitmq", "k": 2, "ec": 0,
            "data": {
                "service": "shop", "rabbitmq": { "sort": "publish", "key": "mail" },
                "sdk": { "custom": { "tags": { "component": "lapin" } } },
            },
        }),
    );
    check(
        "RabbitMQ, published to a queue whose name the broker made",
        SpanKind::Producer,
        &[
            ("messaging.system", "rabbitmq".into()),
            ("message_bus.destination", "(temporary)".into()),
            ("messaging.rabbitmq.destination.routing_key", "amq.gen-1".into()),
        ],
        json!({
            "n": "rabbitmq", "k": 2, "ec": 0,
            "data": { "service": "shop", "rabbitmq": { "sort": "publish", "key": "amq.gen-1" } },
        }),
    );
    check(
        "RabbitMQ, published to an exchange by a key of its name",
        SpanKind::Producer,
        &[
            ("messaging.system", "rabbitmq".into()),
            ("message_bus.destination", "mail".into()),
            ("messaging.rabbitmq.exchange", "mail".into()),
            ("messaging.rabbitmq.destination.routing_key", "mail".into()),
        ],
        json!({
            "n": "rabbitmq", "k": 2, "ec": 0,
            "data": { "service": "shop", "rabbitmq": { "sort": "publish", "exchange": "mail", "key": "mail" } },
        }),
    );
    check(
        "RabbitMQ, consumed",
        SpanKind::Consumer,
        &[
            ("messaging.system", "rabbitmq".into()),
            ("message_bus.destination", "mail".into()),
            ("peer.ipv6", "::1".into()),
        ],
        json!({
            "n": "rabbitmq", "k": 1, "ec": 0,
            "data": { "service": "shop", "rabbitmq": { "sort": "consume", "queue": "mail", "address": "amqp://[::1]" } },
        }),
    );
    check(
        "another system",
        SpanKind::Producer,
        &[("component", "nats".into()), ("message_bus.destination", "orders".into())],
        json!({
            "n": "sdk", "k": 2, "ec": 0,
            "data": {
                "service": "shop",
                "sdk": {
                    "name": "operation", "type": "exit",
                    "custom": { "tags": { "component": "nats", "message_bus.destination": "orders" } },
                },
            },
        }),
    );
}

#[test]
fn databases() {
    let statement = "é".repeat(4100);
    let cut = "é".repeat(2048);
    check(
        "PostgreSQL",
        SpanKind::Client,
        &[
            ("db.type", "sql".into()),
            ("db.statement", "SELECT * FROM users WHERE id = ?".into()),
            ("db.instance", "shop".into()),
            ("db.user", "me".into()),
            ("peer.service", "postgresql".into()),
            ("peer.hostname", "db".into()),
            ("peer.ipv4", "10.0.0.1".into()),
            ("peer.port", 5432.into()),
            ("db.response.returned_rows", 3.into()),
        ],
        json!({
            "n": "postgres", "k": 2, "ec": 0,
            "data": {
                "service": "shop",
                "pg": { "stmt": "SELECT * FROM users WHERE id = ?", "host": "db", "port": "5432", "user": "me", "db": "shop" },
                "sdk": { "custom": { "tags": { "db.response.returned_rows": 3, "peer.ipv4": "10.0.0.1" } } },
            },
        }),
    );
    check(
        "one host with two addresses",
        SpanKind::Client,
        &[("db.system", "mysql".into()), ("peer.ipv4", "10.0.0.1".into()), ("peer.ipv6", "::1".into())],
        json!({
            "n": "mysql", "k": 2, "ec": 0,
            "data": {
                "service": "shop", "mysql": { "stmt": "operation", "host": "10.0.0.1" },
                "sdk": { "custom": { "tags": { "peer.ipv6": "::1" } } },
            },
        }),
    );
    check(
        "MariaDB; the core cuts to 4,096 bytes",
        SpanKind::Client,
        &[("db.system", "mariadb".into()), ("db.statement", (&statement).into())],
        json!({ "n": "mysql", "k": 2, "ec": 0, "data": { "service": "shop", "mysql": { "stmt": cut } } }),
    );
    check(
        "no statement",
        SpanKind::Client,
        &[("db.type", "sql".into()), ("component", "PostgreSQL".into()), ("error", true.into())],
        json!({
            "n": "postgres", "k": 2, "ec": 1,
            "data": {
                "service": "shop", "pg": { "stmt": "operation" },
                "sdk": { "custom": { "tags": { "component": "PostgreSQL" } } },
            },
        }),
    );
    check(
        "another database",
        SpanKind::Client,
        &[("db.type", "sql".into()), ("peer.service", "sqlite".into())],
        json!({
            "n": "sdk", "k": 2, "ec": 0,
            "data": {
                "service": "shop",
                "sdk": { "name": "operation", "type": "exit", "custom": { "tags": { "db.type": "sql", "peer.service": "sqlite" } } },
            },
        }),
    );
}

#[test]
fn statements_are_truncated_to_four_thousand_characters() {
    let statement = "x".repeat(4090);
    let spans = span_in(InstanaSpanFormat::Native, SpanKind::Client, |span| {
        span.set(tags::DB_STATEMENT, &statement).set_tag("db.system", "mysql");
    });
    assert_eq!(spans[0]["data"]["mysql"]["stmt"], "x".repeat(4000));
}

#[test]
fn other_spans() -> io::Result<()> {
    check(
        "a user's own, of the name of a registered one",
        SpanKind::Internal,
        &[
            ("arguments", "7".into()),
            ("return", "42".into()),
            ("a\"b\u{1}", "\n\\é".into()),
            ("share", 0.5.into()),
            ("nothing", f64::NAN.into()),
            ("large", u64::MAX.into()),
            ("http.method", "GET".into()),
        ],
        json!({
            "n": "sdk", "k": 3, "ec": 0,
            "data": {
                "service": "shop",
                "sdk": {
                    "name": "operation", "type": "intermediate", "arguments": "7", "return": "42",
                    "custom": {
                        "tags": { "a\"b\u{1}": "\n\\é", "share": 0.5, "nothing": "NaN", "large": u64::MAX, "http.method": "GET" },
                    },
                },
            },
        }),
    );
    let builder = Tracer::builder("shop").tag("version", "1.2").tag("pod", "p7");
    let spans = reported(InstanaSpanFormat::Native, InstanaRootExits::Suppressed, builder, |tracer| {
        let entry = tracer.span("entry").kind(SpanKind::Consumer).tag("pod", "own").start();
        tracer.span("inner").child_of(&entry).start().finish();
    })?;
    let custom: Vec<_> = spans.iter().map(|span| &span["data"]["sdk"]["custom"]).collect();
    assert_eq!(custom, [&Value::Null, &json!({ "tags": { "pod": "own", "version": "1.2" } })], "process tags");
    Ok(())
}

#[test]
fn times_and_ids() -> io::Result<()> {
    let at = SystemTime::UNIX_EPOCH + Duration::from_nanos(1_700_000_000_123_999_999);
    let mut ids = None;
    let spans = reported(InstanaSpanFormat::Native, InstanaRootExits::Suppressed, Tracer::builder("shop"), |tracer| {
        let span = tracer.span("work").kind(SpanKind::Server).child_of(&caller()).start_time(at).start();
        ids = span.context().map(|context| context.span_id().to_string());
        span.finish_at(at + Duration::from_micros(2999));
    })?;
    let span = &spans[0];
    assert_eq!((&span["ts"], &span["d"]), (&json!(1_700_000_000_123_u64), &json!(2)));
    assert_eq!((span["t"].as_str(), span["p"].as_str()), (Some("fa2375d711a4ca0f"), Some("02468acefdb97531")));
    assert_eq!(span["s"].as_str(), ids.as_deref());
    assert_eq!(span["lt"], "0123456789abcdeffa2375d711a4ca0f");
    assert_eq!(span["f"], json!({ "e": std::process::id().to_string() }));
    Ok(())
}

#[test]
fn a_new_trace_has_no_parent_in_the_trace_it_follows() -> io::Result<()> {
    let spans = reported(InstanaSpanFormat::Native, InstanaRootExits::Suppressed, Tracer::builder("shop"), |tracer| {
        tracer.span("edge").kind(SpanKind::Server).child_of(&caller()).new_trace().start().finish();
        tracer.span("call").kind(SpanKind::Client).child_of(&caller()).new_trace().start().finish();
    })?;
    let [span] = &spans[..] else { panic!("an exit without a parent was reported: {spans:?}") };
    assert_eq!((&span["p"], &span["lt"], &span["tp"]), (&Value::Null, &Value::Null, &Value::Null));
    assert_ne!(span["t"], "fa2375d711a4ca0f");
    Ok(())
}

#[test]
fn only_the_first_entry_span_of_a_service_has_the_fields_of_the_caller() -> io::Result<()> {
    let spans = reported(InstanaSpanFormat::Native, InstanaRootExits::Suppressed, Tracer::builder("shop"), |tracer| {
        let entry = tracer.span("first").kind(SpanKind::Server).child_of(&caller()).start();
        tracer.span("second").kind(SpanKind::Consumer).child_of(&entry).start().finish();
        tracer.span("exit").kind(SpanKind::Client).child_of(&entry).start().finish();
        tracer.span("marked").kind(SpanKind::Server).tag("synthetic_call", true).child_of(&entry).start().finish();
        tracer.span("marked exit").kind(SpanKind::Client).tag("synthetic_call", true).child_of(&entry).start().finish();
    })?;
    let of = |member: &str| -> Vec<_> {
        let with = spans.iter().filter(|span| !span[member].is_null());
        with.map(|span| span["data"]["sdk"]["name"].as_str().unwrap_or("?")).collect()
    };
    assert_eq!(of("lt"), ["first"]);
    assert_eq!(of("sy"), ["marked"]);
    Ok(())
}

#[test]
fn exit_spans_without_a_parent_are_suppressed_by_default() -> io::Result<()> {
    for form in [InstanaSpanFormat::Native, InstanaSpanFormat::TraceWebService] {
        for (root_exits, expected) in [(InstanaRootExits::Suppressed, 3), (InstanaRootExits::Reported, 5)] {
            let spans = reported(form, root_exits, Tracer::builder("shop"), |tracer| {
                for kind in [SpanKind::Client, SpanKind::Producer, SpanKind::Server, SpanKind::Internal] {
                    let mut span = tracer.span("root").kind(kind).start();
                    span.log_kv(&[("level", "info".into())]);
                }
                tracer.span("call").kind(SpanKind::Client).child_of(&caller()).start().finish();
            })?;
            assert_eq!(spans.len(), expected, "{form:?} {root_exits:?}");
        }
    }
    Ok(())
}

#[test]
fn derived_service_names_are_omitted() {
    for form in [InstanaSpanFormat::Native, InstanaSpanFormat::TraceWebService] {
        let derived = span_in(form, SpanKind::Client, |span| {
            span.set(tags::HTTP_METHOD, "GET").set_derived_peer_service("catalog");
        });
        assert!(!derived[0].to_string().contains("catalog"), "{}", derived[0]);
        let given = span_in(form, SpanKind::Client, |span| {
            span.set(tags::HTTP_METHOD, "GET").set(tags::PEER_SERVICE, "catalog");
        });
        assert!(given[0].to_string().contains(r#""peer.service":"catalog""#), "{}", given[0]);
    }
}

#[test]
fn warnings_and_errors_become_log_spans() -> io::Result<()> {
    let at = SystemTime::UNIX_EPOCH + Duration::from_millis(1_700_000_000_123);
    let log = |span: &mut Span| {
        span.log_kv_at(at, &[("level", "info".into()), ("message", "hello".into())]);
        span.log_kv_at(at, &[("level", "Warn".into()), ("message", "low".into()), ("logger", "disk".into())]);
        span.log_kv_at(at, &[("event", "error".into()), ("message", "full".into()), ("error.kind", "io".into())]);
        span.log_kv_at(at, &[("level", "fatal".into()), ("event", "gone".into()), ("left", 0.into())]);
        span.log_kv_at(at, &[("event", "cancelled".into())]);
        span.log_kv_at(at, &[("level", "5".into()), ("event", "error".into()), ("message", "of another scale".into())]);
    };
    for (kind, registered, expected) in [
        (SpanKind::Server, true, 4),
        (SpanKind::Client, true, 4),
        (SpanKind::Consumer, false, 4),
        (SpanKind::Internal, false, 0),
    ] {
        let spans =
            reported(InstanaSpanFormat::Native, InstanaRootExits::Suppressed, Tracer::builder("shop"), |tracer| {
                let mut span = tracer.span("work").kind(kind).child_of(&caller()).start();
                if registered {
                    span.set(tags::HTTP_METHOD, "GET");
                }
                log(&mut span);
            })?;
        let [span, logs @ ..] = &spans[..] else { panic!("no span") };
        assert_eq!(logs.len(), expected, "{kind}");
        let left = span["data"]["sdk"]["custom"]["logs"].as_object().map_or(0, serde_json::Map::len);
        assert_eq!(left, if registered { 2 } else { 6 }, "{kind}: an sdk span shows all its logs");
        let mut ids: Vec<_> = spans.iter().map(|span| span["s"].to_string()).collect();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), spans.len(), "each has an id");
        for log in logs {
            assert_eq!((&log["t"], &log["p"]), (&span["t"], &span["s"]), "{log}");
            assert_eq!((&log["n"], &log["k"]), (&json!("log"), &json!(2)));
            assert_eq!((&log["ts"], &log["d"]), (&json!(1_700_000_000_123_u64), &json!(0)));
        }
        let data: Vec<_> = logs.iter().map(|log| (&log["data"]["log"], &log["ec"])).collect();
        let warning = json!({ "level": "WARN", "message": "low", "logger": "disk" });
        let error = json!({ "level": "ERROR", "message": "full", "parameters": "event=error error.kind=io" });
        let fatal = json!({ "level": "FATAL", "message": "gone", "parameters": "left=0" });
        let other = json!({ "level": "ERROR", "message": "of another scale", "parameters": "event=error" });
        if expected > 0 {
            assert_eq!(data, [(&warning, &json!(0)), (&error, &json!(1)), (&fatal, &json!(1)), (&other, &json!(1))]);
        }
        assert_eq!(span["ec"], 0, "logs do not make a span fail");
    }
    Ok(())
}

#[test]
fn trace_web_service_data_is_text() {
    let spans = span_in(InstanaSpanFormat::TraceWebService, SpanKind::Server, |span| {
        span.set(tags::HTTP_METHOD, "GET").set(tags::HTTP_ROUTE, "/users/{id}").set(tags::HTTP_STATUS_CODE, 503);
        span.set_tag("arguments", "7").set_tag("service", "other");
        span.log_kv(&[("event", "error".into()), ("message", "no bread".into()), ("error.kind", "io".into())]);
        span.log_kv(&[("event", "tea".into())]);
    });
    let expected = json!({
        "name": "operation", "type": "ENTRY", "error": true,
        "data": {
            "service": "shop", "endpoint": "GET /users/{id}", "error.message": "no bread",
            "http.method": "GET", "http.route": "/users/{id}", "http.status_code": "503",
            "arguments": "7", "log.0": "ERROR no bread event=error error.kind=io",
        },
    });
    assert_eq!(spans, [expected]);
    for (kind, name) in [(SpanKind::Client, "EXIT"), (SpanKind::Producer, "EXIT"), (SpanKind::Internal, "INTERMEDIATE")]
    {
        let spans = span_in(InstanaSpanFormat::TraceWebService, kind, |_| {});
        let expected = json!({ "name": "operation", "type": name, "error": false, "data": { "service": "shop" } });
        assert_eq!(spans, [expected]);
    }
    let spans = span_in(InstanaSpanFormat::TraceWebService, SpanKind::Consumer, |span| {
        span.set(tags::MESSAGE_BUS_DESTINATION, "orders");
    });
    assert_eq!(spans[0]["data"]["endpoint"], "orders");
}

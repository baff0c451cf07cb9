//! The table of terms, in both directions.

#[cfg(feature = "otlp")]
use std::collections::BTreeMap;

use opentracing_core::{SpanKind, Value};
use opentracing_reporter::terms::{from_opentelemetry, to_opentelemetry};

const KINDS: [SpanKind; 5] =
    [SpanKind::Internal, SpanKind::Server, SpanKind::Client, SpanKind::Producer, SpanKind::Consumer];

#[test]
fn every_tag_is_recovered_from_its_attribute() {
    let tags = [
        "component",
        "db.instance",
        "db.statement",
        "db.type",
        "db.user",
        "error",
        "http.method",
        "http.status_code",
        "http.url",
        "http.route",
        "message_bus.destination",
        "peer.address",
        "peer.hostname",
        "peer.ipv4",
        "peer.ipv6",
        "peer.service",
        "peer.port",
        "sampling.priority",
        "span.kind",
        "rpc.method",
        "rpc.status_code",
        "http.outcome",
        "messaging.rabbitmq.exchange",
        "one of the user's own",
    ];
    for tag in tags {
        let value = Value::Static(match tag {
            "peer.ipv6" => "::1",
            "peer.hostname" => "c1",
            _ => "10.0.0.1",
        });
        for kind in KINDS {
            assert_eq!(from_opentelemetry(to_opentelemetry(tag, kind), kind, value), tag, "{kind}");
        }
    }
}

#[test]
fn every_attribute_is_recovered_from_its_tag() {
    #[track_caller]
    fn check(attribute: &str, kinds: &[SpanKind], tag: &str) {
        for &kind in kinds {
            assert_eq!(from_opentelemetry(attribute, kind, Value::I64(1)), tag, "{kind}");
            assert_eq!(to_opentelemetry(tag, kind), attribute, "{kind}");
        }
    }
    let (servers, others) =
        ([SpanKind::Server], [SpanKind::Client, SpanKind::Producer, SpanKind::Consumer, SpanKind::Internal]);
    check("http.request.method", &KINDS, "http.method");
    check("http.response.status_code", &KINDS, "http.status_code");
    check("url.full", &KINDS, "http.url");
    check("server.address", &others, "peer.hostname");
    check("client.address", &servers, "peer.hostname");
    check("server.address", &servers, "server.address");
    check("server.port", &others, "peer.port");
    check("server.port", &servers, "server.port");
    check("network.peer.port", &servers, "peer.port");
    check("network.peer.address", &KINDS, "peer.ipv4");
    check("db.system.name", &KINDS, "db.type");
    check("db.namespace", &KINDS, "db.instance");
    check("db.query.text", &KINDS, "db.statement");
    check("messaging.destination.name", &KINDS, "message_bus.destination");
    check("rpc.method", &KINDS, "rpc.method");
    check("", &KINDS, "");
}

#[test]
fn knows_the_names_of_older_conventions() {
    let rows = [
        ("net.peer.name", "peer.ipv4"),
        ("net.peer.port", "peer.port"),
        ("net.sock.peer.addr", "peer.ipv4"),
        ("net.peer.ip", "peer.ipv4"),
        ("service.peer.name", "peer.service"),
        ("db.system", "db.type"),
        ("db.name", "db.instance"),
        ("messaging.destination", "message_bus.destination"),
        ("http.resend_count", "http.request.resend_count"),
        ("rpc.system", "rpc.system.name"),
        ("rpc.response.status_code", "rpc.status_code"),
    ];
    for (old, tag) in rows {
        for kind in KINDS {
            assert_eq!(from_opentelemetry(old, kind, Value::Static("10.0.0.1")), tag, "{old}");
        }
    }
    assert_eq!(from_opentelemetry("net.peer.ip", SpanKind::Client, Value::Static("fe80::1")), "peer.ipv6");
    assert_eq!(from_opentelemetry("net.peer.name", SpanKind::Client, Value::Static("c1")), "peer.hostname");
    assert_eq!(from_opentelemetry("client.port", SpanKind::Server, Value::I64(7)), "peer.port");
    assert_eq!(from_opentelemetry("client.port", SpanKind::Client, Value::I64(7)), "client.port");
}

/// The tags that a reader of OTLP derives from a span's attributes, all values as text.
#[cfg(feature = "otlp")]
fn read_back(attributes: &[String], kind: SpanKind) -> BTreeMap<String, String> {
    let mut tags = BTreeMap::new();
    for (name, value) in attributes.iter().filter_map(|line| line.split_once('=')) {
        let value = ["int ", "double ", "bool "].iter().find_map(|of| value.strip_prefix(of)).unwrap_or(value);
        tags.insert(from_opentelemetry(name, kind, Value::Str(value)).to_owned(), value.to_owned());
    }
    let derived = ["messaging.system", "messaging.operation.name", "messaging.operation.type"];
    derived.iter().for_each(|name| _ = tags.remove(*name));
    if kind == SpanKind::Server {
        let mut part = |name| tags.remove(name).unwrap_or_else(|| panic!("{name} is missing"));
        let (scheme, host, port) = (part("url.scheme"), part("server.address"), part("server.port"));
        let url = format!("{scheme}://{host}:{port}{}?{}", part("url.path"), part("url.query"));
        tags.insert("http.url".to_owned(), url);
    }
    tags
}

#[cfg(feature = "otlp")]
#[test]
fn every_tag_is_recovered_from_the_request() {
    use opentracing_core::Tracer;

    use crate::otlp::spans::{sent, spans, written};

    let recorded: [(&str, Value<'static>); 17] = [
        ("component", "lapin".into()),
        ("db.instance", "shop".into()),
        ("db.statement", "SELECT 1".into()),
        ("db.type", "redis".into()),
        ("db.collection.name", "orders".into()),
        ("http.method", "GET".into()),
        ("http.route", "/cart/{id}".into()),
        ("http.status_code", 200.into()),
        ("http.url", "http://shop.example:8080/cart/7?of=me".into()),
        ("message_bus.destination", "orders".into()),
        ("peer.hostname", "c1".into()),
        ("peer.ipv4", "10.0.0.1".into()),
        ("peer.ipv6", "::1".into()),
        ("peer.port", 80.into()),
        ("peer.service", "catalog".into()),
        ("service", "of another name".into()),
        ("one of the user's own", 0.5.into()),
    ];
    let expected: BTreeMap<_, _> = recorded.iter().map(|(tag, value)| ((*tag).to_owned(), value.to_string())).collect();
    for kind in KINDS {
        let resource = sent(Tracer::builder("shop"), |tracer| {
            let mut span = tracer.span("x").kind(kind).start();
            recorded.iter().for_each(|&(tag, value)| _ = span.set_tag(tag, value));
        });
        let attributes = spans(&resource).flat_map(|span| written(&span.attributes)).collect::<Vec<_>>();
        assert_eq!(read_back(&attributes, kind), expected, "{kind}");
    }
}

//! Datadog's own test agent receives the spans, and its checks find nothing.

use std::sync::atomic::{AtomicU32, Ordering};

use opentracing_core::propagation::{Composite, TextMap};
use opentracing_core::{Sampling, SpanKind, Tracer, TracerBuilder, logs, tags};
use opentracing_reporter::{BatchReporter, Datadog, DatadogSampler, Endpoint};
use serde_json::{Value as Json, json};

use super::remote;
use crate::support::net::{addresses, get};
use crate::support::transports::PATIENCE;

/// A session of the test agent, which keeps apart what several tests send.
struct Session {
    url: String,
    token: String,
}

impl Session {
    /// Starts a session whose answers have this rate for the service `shop` in `prod`.
    fn start(url: &str, rate: f64) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let token = format!("{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let session = Session { url: url.to_owned(), token };
        let rates = format!("%7B%22service:shop,env:prod%22:{rate}%7D");
        assert_eq!(session.get(&format!("start?agent_sample_rate_by_service={rates}&")).0, 200);
        session
    }

    fn get(&self, path: &str) -> (u16, Vec<u8>) {
        get(&format!("{}/test/session/{path}test_session_token={}", self.url, self.token))
    }

    fn datadog(&self) -> Datadog {
        self.datadog_at(&self.url)
    }

    /// The agent at this address, with the configuration by which it checks names of services.
    fn datadog_at(&self, address: &str) -> Datadog {
        let endpoint: Endpoint = address.parse().expect("that is an address");
        let endpoint = endpoint.header("X-Datadog-Test-Session-Token", &self.token).and_then(|endpoint| {
            endpoint.header("X-Datadog-Trace-Env-Variables", "DD_SERVICE=shop,DD_TRACE_SPAN_ATTRIBUTE_SCHEMA=v1")
        });
        Datadog::agent(endpoint.expect("those are headers")).expect("it is valid")
    }

    /// Sends what the closure records.
    #[track_caller]
    fn send(&self, settings: TracerBuilder, record: impl FnOnce(&Tracer)) {
        let (tracer, guard) = BatchReporter::new(self.datadog()).start(settings).expect("a thread starts");
        record(&tracer);
        assert_eq!(guard.close(PATIENCE), Ok(()));
        let stats = tracer.stats();
        assert_eq!((stats.reporter.dropped_failed, &stats.transports[0].last_error), (0, &None));
    }

    /// The traces of the session. Fails if the agent's checks have found something.
    #[track_caller]
    fn traces(&self) -> Vec<Vec<Json>> {
        let check =
            |path: &str| get(&format!("{}/test/trace_check/{path}?test_session_token={}", self.url, self.token));
        let (status, body) = check("failures");
        assert_eq!(status, 200, "{}", String::from_utf8_lossy(&body));
        let summary: Json = serde_json::from_slice(&check("summary").1).expect("the summary is JSON");
        for name in ["trace_count_header", "meta_tracer_version_header", "trace_content_length", "trace_peer_service"] {
            assert!(summary[name]["Passed_Checks"].as_u64() > Some(0), "{name} did not run: {summary}");
        }
        let (status, body) = self.get("traces?");
        assert_eq!(status, 200);
        serde_json::from_slice(&body).expect("the traces are JSON")
    }
}

fn shop() -> TracerBuilder {
    Tracer::builder("shop").tag("deployment.environment.name", "prod").tag("service.version", "1.2")
}

/// The span with this resource.
#[track_caller]
fn find<'t>(traces: &'t [Vec<Json>], resource: &str) -> &'t Json {
    let found = traces.iter().flatten().find(|span| span["resource"] == resource);
    found.unwrap_or_else(|| panic!("{resource} is missing in {traces:?}"))
}

fn record_request(tracer: &Tracer) {
    let mut server = tracer.span("POST /orders").kind(SpanKind::Server).start();
    server.set(tags::COMPONENT, "axum").set(tags::HTTP_METHOD, "POST").set(tags::HTTP_STATUS_CODE, 500);
    server.set(tags::HTTP_ROUTE, "/orders").set(tags::HTTP_URL, "http://shop.example/orders?of=%C3%BC");
    server.set(tags::ERROR, true).log_kv(&[
        (logs::EVENT, "error".into()),
        (logs::MESSAGE, "no \"stock\"\u{1f980}".into()),
        (logs::ERROR_KIND, "stock".into()),
        (logs::STACK, "at order\nat main".into()),
    ]);
    let mut select = tracer.span("SELECT stock").child_of(&server).kind(SpanKind::Client).start();
    select.set(tags::COMPONENT, "sqlx").set(tags::DB_TYPE, "sql").set(tags::PEER_SERVICE, "postgresql");
    select.set(tags::DB_STATEMENT, "SELECT * FROM stock WHERE id = $1").set(tags::DB_INSTANCE, "shop");
    select.set(tags::PEER_HOSTNAME, "db1").set(tags::PEER_PORT, 5432);
    select.finish();
    let mut call = tracer.span("bank.Bank/Charge").child_of(&server).kind(SpanKind::Client).start();
    call.set(tags::COMPONENT, "tonic").set(tags::RPC_SYSTEM_NAME, "grpc").set(tags::RPC_STATUS_CODE, "OK");
    call.finish();
    let mut send = tracer.span("send orders").child_of(&server).kind(SpanKind::Producer).start();
    send.set(tags::COMPONENT, "rdkafka").set(tags::MESSAGE_BUS_DESTINATION, "orders").log("sent");
    send.finish();
    let mut work = tracer.span("price").child_of(&server).follows_from(&remote(Sampling::Sampled)).start();
    work.set_tag("amount", 9.5).set_tag("large", u64::MAX).set_tag("paid", false);
    work.finish();
    server.finish();
}

#[test]
fn the_agent_receives_a_request() {
    let Some([url]) = addresses(["DD_TEST_AGENT_URL"]) else { return };
    let session = Session::start(&url, 1.0);
    let checks = BatchReporter::new(session.datadog()).check(PATIENCE);
    assert!(checks.iter().all(|check| !check.has_failed()), "{checks:?}");
    session.send(shop(), record_request);
    let traces = session.traces();
    assert_eq!(traces.iter().map(Vec::len).collect::<Vec<_>>(), [5]);
    let rows = [
        ("POST /orders", "http.server.request", "web", 1),
        ("SELECT * FROM stock WHERE id = $1", "postgresql.query", "sql", 0),
        ("bank.Bank/Charge", "grpc.client.request", "grpc", 0),
        ("send orders", "kafka.send", "queue", 0),
        ("price", "price", "custom", 0),
    ];
    for (resource, name, span_type, error) in rows {
        let span = find(&traces, resource);
        let found = json!([span["name"], span["type"], span["error"], span["service"], span["meta"]["env"]]);
        assert_eq!(found, json!([name, span_type, error, "shop", "prod"]), "{resource}");
    }
    let root = find(&traces, "POST /orders");
    let meta = ["span.kind", "http.status_code", "error.message", "error.type", "error.stack", "language", "version"];
    let expected = ["server", "500", "no \"stock\"\u{1f980}", "stock", "at order\nat main", "rust", "1.2"];
    assert_eq!(meta.map(|key| root["meta"][key].as_str().unwrap_or_default()), expected);
    let metrics = ["_dd.top_level", "_sampling_priority_v1", "process_id"].map(|key| root["metrics"][key].as_f64());
    assert_eq!(metrics, [Some(1.0), Some(1.0), Some(std::process::id().into())]);
    assert!(root["meta"]["_dd.p.tid"].is_string() && root["meta"]["runtime-id"].is_string());
    let work = find(&traces, "price");
    let found = json!([work["metrics"]["amount"], work["meta"]["large"], work["meta"]["paid"]]);
    assert_eq!(found, json!([9.5, u64::MAX.to_string(), "false"]));
    let link = &work["span_links"][0];
    assert_eq!((&link["trace_id"], &link["trace_id_high"], &link["span_id"]), (&7.into(), &0xabc.into(), &8.into()));
    let events = find(&traces, "send orders")["meta"]["events"].as_str().unwrap_or_default();
    let events: Json = serde_json::from_str(events).expect("events are JSON");
    assert_eq!(events[0]["name"], "sent");
}

#[test]
fn the_agent_receives_a_trace_that_datadog_began() {
    let Some([url]) = addresses(["DD_TEST_AGENT_URL"]) else { return };
    let session = Session::start(&url, 1.0);
    let composite: Composite = "datadog".parse().expect("a known format");
    session.send(shop().composite(composite), |tracer| {
        let headers = [
            ("x-datadog-trace-id", "18446744073709551615"),
            ("x-datadog-parent-id", "9"),
            ("x-datadog-sampling-priority", "2"),
            ("x-datadog-origin", "rum"),
            ("x-datadog-tags", "_dd.p.dm=-3,_dd.p.tid=0af7651916cd43dd"),
        ];
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        let parent = tracer.extract(TextMap, &headers).ok().flatten().expect("a context");
        tracer.span("GET /").kind(SpanKind::Server).child_of(&parent).start().finish();
        record_peer(tracer);
    });
    let traces = session.traces();
    let span = find(&traces, "GET /");
    assert_eq!((&span["trace_id"], &span["parent_id"]), (&u64::MAX.into(), &9.into()));
    let meta = ["_dd.p.tid", "_dd.p.dm", "_dd.origin"].map(|key| span["meta"][key].as_str().unwrap_or_default());
    assert_eq!(meta, ["0af7651916cd43dd", "-3", "rum"]);
    assert_eq!(span["metrics"]["_sampling_priority_v1"], 2.0);
}

/// A span that the agent's check of peer services looks at.
fn record_peer(tracer: &Tracer) {
    let mut call = tracer.span("charge").kind(SpanKind::Client).start();
    call.set(tags::PEER_SERVICE, "bank");
    call.finish();
}

#[test]
fn the_agents_rate_is_followed() {
    let Some([url]) = addresses(["DD_TEST_AGENT_URL"]) else { return };
    let session = Session::start(&url, 0.0);
    let sampler = DatadogSampler::new();
    let reporter = BatchReporter::new(session.datadog().sampler(&sampler));
    let (tracer, guard) = reporter.start(shop().sampler(sampler.clone())).expect("a thread starts");
    record_peer(&tracer);
    assert_eq!(tracer.flush(PATIENCE), Ok(()));
    assert_eq!(sampler.rate(), Some(0.0));
    tracer.span("dropped").start().finish();
    tracer.span("kept").tag("sampling.priority", 1).start().finish();
    assert_eq!(guard.close(PATIENCE), Ok(()));
    let traces = session.traces();
    let mut resources: Vec<_> = traces.iter().flatten().filter_map(|span| span["resource"].as_str()).collect();
    resources.sort_unstable();
    assert_eq!(resources, ["charge", "kept"]);
    assert_eq!(find(&traces, "charge")["meta"]["_dd.p.dm"], "-0");
    assert_eq!(find(&traces, "kept")["meta"]["_dd.p.dm"], "-4");
}

#[cfg(unix)]
#[test]
fn the_agent_receives_spans_on_its_socket() {
    let Some([url, socket]) = addresses(["DD_TEST_AGENT_URL", "DD_TEST_AGENT_SOCKET"]) else { return };
    let session = Session::start(&url, 1.0);
    let reporter = BatchReporter::new(session.datadog_at(&format!("unix://{socket}")));
    let (tracer, guard) = reporter.start(shop()).expect("a thread starts");
    record_peer(&tracer);
    assert_eq!(guard.close(PATIENCE), Ok(()));
    assert_eq!(find(&session.traces(), "charge")["service"], "shop");
}

#[test]
fn the_agent_receives_several_thousand_spans() {
    const SPANS: usize = 3_000;
    let Some([url]) = addresses(["DD_TEST_AGENT_URL"]) else { return };
    let session = Session::start(&url, 1.0);
    let reporter = BatchReporter::new(session.datadog()).queue_size(2 * SPANS);
    let (tracer, guard) = reporter.start(shop()).expect("a thread starts");
    for number in 0..SPANS / 3 {
        let root = tracer.span(format!("root {number}")).kind(SpanKind::Server).start();
        tracer.span("child").child_of(&root).start().finish();
        tracer.span("child").child_of(&root).start().finish();
    }
    record_peer(&tracer);
    assert_eq!(guard.close(PATIENCE), Ok(()));
    let traces = session.traces();
    assert_eq!((traces.len(), traces.iter().map(Vec::len).sum::<usize>()), (SPANS / 3 + 1, SPANS + 1));
}

#[cfg(all(feature = "jaeger", feature = "otlp", feature = "zipkin"))]
#[test]
fn the_agent_receives_every_kind_of_span() {
    let Some([url]) = addresses(["DD_TEST_AGENT_URL"]) else { return };
    for row in crate::backends::traces::ROWS {
        let session = Session::start(&url, 1.0);
        session.send((row.settings)(shop()), |tracer| {
            (row.record)(tracer);
            record_peer(tracer);
        });
        let received: usize = session.traces().iter().map(Vec::len).sum();
        assert_eq!(received, row.spans + 1, "{}", row.name);
    }
}

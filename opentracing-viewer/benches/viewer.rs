//! Prints what the viewer takes in, what a million spans need, and how long questions about them take. Absolute figures: compare them on one
//! machine only.
//!
//! ```text
//! cargo bench -p opentracing-viewer
//! ```

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
use opentelemetry_proto::tonic::resource::v1::Resource as ProtoResource;
use opentelemetry_proto::tonic::trace::v1::span::Event;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span as ProtoSpan, Status as ProtoStatus};
use opentracing_core::{SpanId, SpanKind, TraceId};
use opentracing_viewer::{Log, Query, Resource, Scope, Span, Status, Store, TagTerm, Value, Viewer};
use prost::Message;

const SPANS: u64 = 1_000_000;
const SPANS_PER_TRACE: u64 = 10;
const REQUEST_SPANS: u64 = 1000;

fn main() {
    let store = Store::new(Store::DEFAULT_MAX_BYTES);
    let before = resident();
    let resources: Vec<Arc<Resource>> =
        (0..30).map(|number| Arc::new(Resource::new(service(number), process(number)))).collect();
    let mut inserting = Duration::ZERO;
    for first in (0..SPANS).step_by(REQUEST_SPANS as usize) {
        let spans = (first..first + REQUEST_SPANS).map(|number| span(number, &resources)).collect();
        let before = processor();
        store.insert(spans);
        inserting += processor() - before;
    }
    let stats = store.stats();
    println!(
        "insert                     {:>10.2} µs of processor a span",
        inserting.as_secs_f64() * 1e6 / SPANS as f64
    );
    println!("spans kept                 {:>10}", stats.spans);
    println!("counted bytes              {:>10.1} MiB", stats.bytes as f64 / f64::from(1 << 20));
    println!("resident, more than before {:>10.1} MiB", (resident() - before) as f64 / f64::from(1 << 20));

    let user = || vec![TagTerm::equals("user.id", "user-777")];
    let text = |text: &str| Query { text: Some(text.to_owned()), ..Query::default() };
    let shop = Some(service(3));
    ask(&store, "newest page", &Query::default());
    ask(&store, "service", &Query { service: shop.clone(), ..Query::default() });
    ask(
        &store,
        "service, failed, slow",
        &Query { service: shop, status: Status::Failed, min_duration_ns: Some(50_000_000), ..Query::default() },
    );
    ask(&store, "tag of few spans", &Query { tags: user(), ..Query::default() });
    ask(
        &store,
        "tag of many spans",
        &Query { tags: vec![TagTerm::equals("http.response.status_code", "503")], ..Query::default() },
    );
    ask(
        &store,
        "tag that no span has",
        &Query { tags: vec![TagTerm::equals("user.id", "nobody")], ..Query::default() },
    );
    ask(
        &store,
        "tag that spans must not have",
        &Query { tags: vec![TagTerm::exists("no.such").excluded()], ..Query::default() },
    );
    ask(&store, "text in values", &text("cart/77701"));
    ask(&store, "text of no span", &text("not to be found"));
    measure("figures of all operations", || store.figures(&Scope::default()).operations.len());
    measure("timeline", || store.timeline(&Scope::default(), 1_000_000_000).len());
    measure("rows of all traces", || {
        let mut rows = 0;
        store.for_each_trace(&Scope::default(), |trace| rows += trace.rows().len());
        rows
    });
    measure("one trace", || store.trace(trace_id(SPANS / 2)).map_or(0, |trace| trace.spans.len()));
    drop(store);

    for senders in [1, 2, 4] {
        receive(senders);
    }
}

fn ask(store: &Store, name: &str, query: &Query) {
    measure(name, || store.traces(query).total);
}

/// The median of eleven times on the clock, and of those that the processor spent.
fn measure(name: &str, question: impl Fn() -> usize) {
    let (mut times, mut spent) = (Vec::new(), Vec::new());
    let mut found = 0;
    for _ in 0..11 {
        let (start, before) = (Instant::now(), processor());
        found = question();
        times.push(start.elapsed());
        spent.push(processor() - before);
    }
    times.sort();
    spent.sort();
    let ms = |times: &[Duration]| times[5].as_secs_f64() * 1e3;
    println!("{name:<30} {:>6.1} ms, {:>6.1} ms of processor ({found} found)", ms(&times), ms(&spent));
}

/// The time that this process has had on all processors.
fn processor() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// Sends requests that are encoded already, over connections that stay open.
fn receive(senders: u64) {
    const REQUESTS: u64 = 200;
    let viewer = Viewer::bind("127.0.0.1:0").expect("a free port");
    let address = viewer.local_addr();
    let bodies: Vec<Vec<u8>> = (0..REQUESTS).map(|number| body(number * REQUEST_SPANS)).collect();
    let bytes: usize = bodies.iter().map(Vec::len).sum();
    let (start, before) = (Instant::now(), processor());
    std::thread::scope(|scope| {
        for sender in 0..senders {
            let bodies = &bodies;
            scope.spawn(move || send(address, bodies.iter().skip(sender as usize).step_by(senders as usize)));
        }
    });
    let (seconds, spent) = (start.elapsed().as_secs_f64(), processor() - before);
    let spans = viewer.store().stats().accepted;
    assert_eq!(spans, REQUESTS * REQUEST_SPANS);
    println!(
        "OTLP over HTTP, {senders} connections  {:>9.0} spans/s ({:.0} MB/s), {:.2} µs of processor a span with the sender",
        spans as f64 / seconds,
        bytes as f64 / seconds / 1e6,
        spent.as_secs_f64() * 1e6 / spans as f64
    );
}

fn send<'a>(address: SocketAddr, bodies: impl Iterator<Item = &'a Vec<u8>>) {
    let mut stream = TcpStream::connect(address).expect("the viewer listens");
    stream.set_nodelay(true).expect("a socket option");
    let mut answer = [0; 4096];
    for body in bodies {
        let head = format!(
            "POST /v1/traces HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/x-protobuf\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).expect("the viewer reads");
        stream.write_all(body).expect("the viewer reads");
        let length = stream.read(&mut answer).expect("the viewer answers");
        assert!(answer[..length].starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer[..length]));
    }
}

fn service(number: u64) -> String {
    format!("service-{number}")
}

fn process(number: u64) -> Vec<(opentracing_viewer::Text, Value)> {
    vec![
        ("service.version".into(), format!("1.{}", number % 3).into()),
        ("host.name".into(), format!("host-{}", number % 7).into()),
    ]
}

fn trace_id(number: u64) -> TraceId {
    let trace = number / SPANS_PER_TRACE + 1;
    TraceId::from_parts(mixed(trace), mixed(trace ^ 0xffff))
}

fn mixed(number: u64) -> u64 {
    let number = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let number = (number ^ number >> 29).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    number ^ number >> 32
}

/// Nine tags, a fifth with a log, a hundredth with a stack trace.
fn tags(number: u64) -> [(&'static str, Value); 9] {
    let random = mixed(number);
    [
        ("http.request.method", if random.is_multiple_of(3) { "POST" } else { "GET" }.into()),
        ("http.response.status_code", if random.is_multiple_of(50) { Value::I64(503) } else { Value::I64(200) }),
        ("url.path", format!("/cart/{}", number).into()),
        ("server.address", format!("host-{}.internal", random % 50).into()),
        ("server.port", Value::I64(8080)),
        ("user.id", format!("user-{}", random % 20_000).into()),
        ("network.protocol.version", "1.1".into()),
        ("thread.id", Value::I64((random % 64) as i64)),
        ("cache.hit", Value::Bool(random.is_multiple_of(2))),
    ]
}

fn span(number: u64, resources: &[Arc<Resource>]) -> Span {
    let random = mixed(number);
    let resource = resources[(random % 30) as usize].clone();
    let mut span =
        Span::new(trace_id(number), SpanId::new(mixed(number + 1) | 1), resource, format!("GET /op/{}", random % 120));
    if !number.is_multiple_of(SPANS_PER_TRACE) {
        span.parent_id = Some(SpanId::new(mixed(number) | 1));
    }
    span.kind = if random.is_multiple_of(2) { SpanKind::Server } else { SpanKind::Client };
    span.start_unix_ns = 1_700_000_000_000_000_000 + number * 100_000;
    span.duration_ns = random % 100_000_000;
    span.is_failed = random.is_multiple_of(50);
    span.tags = tags(number).into_iter().map(|(key, value)| (key.into(), value)).collect();
    if random.is_multiple_of(5) {
        span.logs = vec![Log::new(span.start_unix_ns + 5, vec![("event".into(), "retry".into())])];
    }
    if random.is_multiple_of(100) {
        span.logs = vec![Log::new(
            span.start_unix_ns + 5,
            vec![("event".into(), "error".into()), ("stack".into(), stack(number).into())],
        )];
    }
    span
}

fn stack(number: u64) -> String {
    format!("thread {number} panicked\n{}", "  at service::handler::call (src/handler.rs:123)\n".repeat(11))
}

fn body(first: u64) -> Vec<u8> {
    let spans = (first..first + REQUEST_SPANS).map(|number| {
        let random = mixed(number);
        let start = 1_700_000_000_000_000_000 + number * 100_000;
        ProtoSpan {
            trace_id: trace_id(number).to_bytes().to_vec(),
            span_id: (mixed(number + 1) | 1).to_be_bytes().to_vec(),
            parent_span_id: if number.is_multiple_of(SPANS_PER_TRACE) {
                Vec::new()
            } else {
                (mixed(number) | 1).to_be_bytes().to_vec()
            },
            name: format!("GET /op/{}", random % 120),
            kind: 2 + (random % 2) as i32,
            start_time_unix_nano: start,
            end_time_unix_nano: start + random % 100_000_000,
            attributes: tags(number).into_iter().map(|(key, value)| attribute(key, value)).collect(),
            events: if random.is_multiple_of(5) {
                vec![Event { time_unix_nano: start, name: "retry".to_owned(), ..Event::default() }]
            } else {
                Vec::new()
            },
            status: random.is_multiple_of(50).then(|| ProtoStatus { code: 2, ..ProtoStatus::default() }),
            ..ProtoSpan::default()
        }
    });
    let attributes =
        vec![attribute("service.name", service(first % 30).into()), attribute("service.version", "1.0".into())];
    let resource = Some(ProtoResource { attributes, ..ProtoResource::default() });
    let scope_spans = vec![ScopeSpans { spans: spans.collect(), ..ScopeSpans::default() }];
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans { resource, scope_spans, ..ResourceSpans::default() }],
    }
    .encode_to_vec()
}

fn attribute(key: &str, value: Value) -> KeyValue {
    let value = match value {
        Value::Bool(value) => any_value::Value::BoolValue(value),
        Value::I64(value) => any_value::Value::IntValue(value),
        other => any_value::Value::StringValue(other.to_string()),
    };
    KeyValue { key: key.to_owned(), value: Some(AnyValue { value: Some(value) }), ..KeyValue::default() }
}

/// Resident memory in bytes; zero where `/proc` does not tell.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap_or(0) * 1024
}

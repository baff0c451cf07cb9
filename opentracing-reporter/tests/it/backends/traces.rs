//! Traces that every backend must show as they were recorded.

use std::time::{Duration, SystemTime};

use opentracing_core::{
    FinishOptions, ReferenceKind, Sampling, Span, SpanContext, SpanKind, TraceId, TraceIdWidth, Tracer, TracerBuilder,
    Value, logs, tags,
};

/// A name, the tracer's settings, and what is recorded.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) settings: fn(TracerBuilder) -> TracerBuilder,
    pub(crate) record: fn(&Tracer),
    /// The number of spans.
    pub(crate) spans: usize,
}

/// A time-out that sending does not reach.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

const AS_IT_IS: fn(TracerBuilder) -> TracerBuilder = |builder| builder;

pub(crate) const ROWS: &[Row] = &[
    Row { name: "a request through three services", settings: AS_IT_IS, record: request, spans: 6 },
    Row { name: "every type of value", settings: AS_IT_IS, record: values, spans: 1 },
    Row { name: "errors", settings: AS_IT_IS, record: errors, spans: 4 },
    Row { name: "logs", settings: AS_IT_IS, record: logged, spans: 1 },
    Row { name: "text of all kinds", settings: AS_IT_IS, record: texts, spans: 3 },
    Row { name: "references", settings: AS_IT_IS, record: references, spans: 6 },
    Row { name: "times", settings: AS_IT_IS, record: times, spans: 3 },
    Row { name: "peers", settings: AS_IT_IS, record: peers, spans: 7 },
    Row { name: "a parent elsewhere", settings: AS_IT_IS, record: remote, spans: 2 },
    Row { name: "trace ids of 64 bits", settings: short_ids, record: request, spans: 6 },
    Row { name: "debug", settings: AS_IT_IS, record: debug, spans: 2 },
];

/// Enough spans for several requests of any transport.
pub(crate) const MANY: Row = Row { name: "several thousand spans", settings: AS_IT_IS, record: many, spans: 3_000 };

/// Traces that no backend should have. Their ids are known, so that a backend can be asked for them.
pub(crate) fn unsampled(tracer: &Tracer) -> TraceId {
    let context = elsewhere().with_sampling(Sampling::NotSampled);
    let parent = tracer.span("not sampled").child_of(&context).kind(SpanKind::Server).start();
    tracer.span("not sampled either").child_of(&parent).start().finish();
    context.trace_id()
}

fn short_ids(builder: TracerBuilder) -> TracerBuilder {
    builder.trace_id_width(TraceIdWidth::Bits64)
}

fn request(tracer: &Tracer) {
    let mut server = tracer.span("GET /cart/{id}").kind(SpanKind::Server).start();
    server.set(tags::COMPONENT, "axum").set(tags::HTTP_METHOD, "GET").set(tags::HTTP_STATUS_CODE, 200);
    server.set(tags::HTTP_ROUTE, "/cart/{id}").set(tags::HTTP_URL, "http://shop.example/cart/7?of=%C3%BC");
    server.in_scope(|| {
        let mut work = tracer.span("find the cart").start();
        let mut select = tracer.span("SELECT carts").child_of(&work).kind(SpanKind::Client).start();
        select.set(tags::DB_TYPE, "sql").set(tags::DB_INSTANCE, "shop").set(tags::DB_USER, "app");
        select.set(tags::DB_STATEMENT, "SELECT * FROM \"carts\" WHERE id = $1").set(tags::PEER_SERVICE, "postgresql");
        select.finish();
        work.log("found");
        work.finish();
        let send = tracer.span("send orders").kind(SpanKind::Producer).start();
        let mut handle = tracer.span("process orders").follows_from(&send).kind(SpanKind::Consumer).start();
        handle.set(tags::MESSAGE_BUS_DESTINATION, "orders").set(tags::COMPONENT, "rdkafka");
        tracer.span("render").child_of(&handle).start().finish();
    });
}

fn values(tracer: &Tracer) {
    let mut span = tracer.span("values").start();
    span.set_tag("text", "v").set_tag("empty", "").set_tag("yes", true).set_tag("no", false);
    span.set_tag("int", -3).set_tag("least", i64::MIN).set_tag("most", i64::MAX).set_tag("beyond", u64::MAX);
    span.set_tag("double", 1.5).set_tag("third", 1.0 / 3.0).set_tag("whole", 3.0).set_tag("tiny", -0.000_01);
    span.set_tag("overwritten", 1).set_tag("overwritten", 2);
}

fn errors(tracer: &Tracer) {
    let mut root = tracer.span("told by a log").start();
    root.set(tags::ERROR, true);
    root.log_kv(&[
        (logs::EVENT, "error".into()),
        (logs::ERROR_KIND, "timeout".into()),
        (logs::MESSAGE, "first".into()),
    ]);
    root.log_kv(&[
        (logs::EVENT, "error".into()),
        (logs::ERROR_KIND, "refused".into()),
        (logs::MESSAGE, "bank said \"no\" | twice | {\"code\":7}".into()),
        (logs::STACK, "a\n  at b\n  at c".into()),
        ("attempt", 2.into()),
    ]);
    let mut child = tracer.span("told by nothing").child_of(&root).kind(SpanKind::Client).start();
    child.set(tags::ERROR, true).set(tags::HTTP_STATUS_CODE, 503);
    let mut other = tracer.span("logged, not failed").child_of(&root).start();
    other.log_kv(&[(logs::EVENT, "error".into()), (logs::MESSAGE, "went on all the same".into())]);
    tracer.span("was not one after all").child_of(&root).start().set_tag("error", true).set_tag("error", false);
}

fn logged(tracer: &Tracer) {
    let begun = SystemTime::now();
    let at = |us| begun + Duration::from_micros(us);
    let span = tracer.span("logs").start_time(begun).start();
    let values: &[(&'static str, Value<'_>)] =
        &[("event", "values".into()), ("yes", true.into()), ("n", 1.into()), ("x", 0.25.into())];
    span.finish_with(FinishOptions::new().at(at(1000)).logs(&[
        (at(100), &[("event", "alone".into())]),
        (at(200), &[("message", "a message alone".into())]),
        (at(300), &[("event", "a|b|c".into())]),
        (at(400), values),
        (at(500), &[("no.event", "field".into())]),
        (at(600), &[("event", "quotes \" and \\ and |".into()), ("k\"e|y", "v\"a|l\\u|e".into())]),
        (at(700), &[("event", "日本 ü".into()), ("clé", "\u{1F980}\u{0007}\n".into())]),
    ]));
}

fn texts(tracer: &Tracer) {
    let mut span = tracer.span("größe 日本 \u{1F980}").start();
    span.set_tag("unicode_key_\u{200b}", "unicode value ü \u{2028} \u{1F980}");
    span.set_tag("quotes \" and \\", "\"\\/\u{0000}\u{0008}\u{0009}\u{000a}\u{000c}\u{000d}\u{001f}\u{007f}");
    span.set_tag("json", "{\"a\":[1,2,{\"b\":null}]}").set_tag("xml", "<a href='x'>&amp;</a>");
    let long = "long ".repeat(800);
    tracer.span(&long).child_of(&span).start().set_tag("long", &long).set_tag("longer", "ü".repeat(2_000));
    tracer.span("").child_of(&span).start().finish();
}

fn references(tracer: &Tracer) {
    let root = tracer.span("root").start();
    let first = tracer.span("first").child_of(&root).start();
    let (near, far) = (elsewhere(), elsewhere());
    tracer.span("follows").follows_from(&first).start().finish();
    tracer.span("joins two").follows_from(&root).child_of(&first).start().finish();
    tracer.span("joins traces").child_of(&first).child_of(&near).follows_from(&far).start().finish();
    tracer.span("another kind").reference(ReferenceKind::Other("causes"), &root).start().finish();
}

fn times(tracer: &Tracer) {
    let begun = SystemTime::now() - Duration::from_secs(3);
    let root = tracer.span("a second and a bit").start_time(begun).start();
    let child = tracer.span("no time").child_of(&root).start_time(begun + Duration::from_micros(7)).start();
    child.finish_at(begun + Duration::from_micros(7));
    let child = tracer.span("half a microsecond").child_of(&root).start_time(begun + Duration::from_micros(9)).start();
    child.finish_at(begun + Duration::from_nanos(9_500));
    root.finish_at(begun + Duration::from_micros(1_234_567));
}

fn peers(tracer: &Tracer) {
    let root = tracer.span("calls").start();
    let call = |name: &'static str, kind| tracer.span(name).child_of(&root).kind(kind).start();
    let set = |mut span: Span, tags: &[(&'static str, Value<'_>)]| {
        tags.iter().for_each(|&(key, value)| _ = span.set_tag(key, value));
    };
    set(call("service", SpanKind::Client), &[("peer.service", "catalog".into()), ("peer.hostname", "c1".into())]);
    set(call("hostname", SpanKind::Client), &[("peer.hostname", "c1".into()), ("peer.port", 80.into())]);
    set(call("ip", SpanKind::Server), &[("peer.ipv4", "10.1.2.3".into()), ("peer.port", 40_000.into())]);
    set(call("ipv6", SpanKind::Server), &[("peer.ipv6", "2001:db8::7".into())]);
    set(call("address", SpanKind::Producer), &[("peer.address", "broker.example:9092".into())]);
    set(call("nonsense", SpanKind::Client), &[("peer.ipv4", "10.1.2".into()), ("peer.port", 0.into())]);
}

fn remote(tracer: &Tracer) {
    let context = elsewhere().with_sampling(Sampling::Sampled).with_tracestate("vendor=a|b,other=1");
    let server = tracer.span("continues").child_of(&context).kind(SpanKind::Server).start();
    tracer.span("inside").child_of(&server).start().finish();
}

fn debug(tracer: &Tracer) {
    let context = elsewhere().with_sampling(Sampling::Debug);
    let server = tracer.span("debugged").child_of(&context).kind(SpanKind::Server).start();
    tracer.span("inside").child_of(&server).start().finish();
}

fn many(tracer: &Tracer) {
    let root = tracer.span("root").start();
    for number in 1..MANY.spans {
        let mut span = tracer.span(format!("span {number}")).child_of(&root).start();
        span.set_tag("number", number).set(tags::COMPONENT, "test").set_tag("text", "some text in each of the spans");
        span.finish();
        // Jaeger's collector accepts spans faster than it stores them, and then drops some.
        if number % 500 == 0 {
            assert_eq!(tracer.flush(PATIENCE), Ok(()));
        }
    }
}

/// A unique context.
fn elsewhere() -> SpanContext {
    let (ids, _) = Tracer::builder("elsewhere").build();
    let span = ids.span("").start();
    let context = span.context().expect("it has a tracer");
    SpanContext::new(context.trace_id(), context.span_id())
}

//! What is sent to Jaeger, read back by a small decoder.

pub(crate) mod thrift;

use std::fmt::Write;
use std::net::UdpSocket;
use std::time::{Duration, Instant, SystemTime};

use opentracing_core::mock::MockClock;
use opentracing_core::{
    FlushError, IdGenerator, Limits, Sampling, SpanContext, SpanId, SpanKind, TraceId, Tracer, TracerBuilder, Value,
    tags,
};
use opentracing_reporter::{BatchReporter, Jaeger};

use crate::jaeger::thrift::{Thrift, binary, compact_call};
use crate::support::collector::{Collector, Hand, Reply, stepped};
use crate::support::transports::{NEVER, PATIENCE, finish_spans, names};

/// A UDP socket in the place of an agent.
struct Agent(UdpSocket);

impl Agent {
    fn listen(address: &str) -> Self {
        let socket = UdpSocket::bind(address).expect("the port is free");
        socket.set_read_timeout(Some(PATIENCE)).expect("that is a time");
        Agent(socket)
    }

    fn address(&self) -> String {
        self.0.local_addr().expect("it is bound").to_string()
    }

    fn next(&self) -> Vec<u8> {
        let mut buffer = vec![0; 1 << 16];
        let length = self.0.recv(&mut buffer).expect("a datagram arrives");
        buffer.truncate(length);
        buffer
    }

    /// The batch of the next datagram.
    fn next_batch(&self) -> Thrift {
        let (name, _, batch) = compact_call(&self.next());
        assert_eq!(name, "emitBatch");
        batch
    }
}

/// Records what the closure does, and returns what an agent and a collector received.
#[track_caller]
fn sent(settings: impl Fn() -> TracerBuilder, record: impl Fn(&Tracer)) -> (Vec<u8>, Vec<u8>) {
    let agent = Agent::listen("127.0.0.1:0");
    let tracer = settings().build_inline(BatchReporter::new(to_agent(&agent)).batch_delay(NEVER));
    record(&tracer);
    assert_eq!(tracer.flush(PATIENCE), Ok(()));
    let datagram = agent.next();
    assert_eq!(tracer.stats().transports[0].bytes, datagram.len() as u64);

    let collector = Collector::start([Reply::status("202 Accepted")]).expect("a port is free");
    let jaeger = Jaeger::http(&collector.url()).expect("that is an address");
    let tracer = settings().build_inline(BatchReporter::new(jaeger).batch_delay(NEVER));
    record(&tracer);
    assert_eq!(tracer.flush(PATIENCE), Ok(()));
    let got = collector.next();
    assert_eq!(got.line, "POST /api/traces?format=jaeger.thrift HTTP/1.1");
    assert_eq!(got.header("content-type"), Some("application/x-thrift"));
    assert_eq!(tracer.stats().transports[0].bytes, got.body.len() as u64);
    (datagram, got.body)
}

/// The decoded batch, after checking that both received the same.
#[track_caller]
fn batch(settings: impl Fn() -> TracerBuilder, record: impl Fn(&Tracer)) -> Thrift {
    let (datagram, body) = sent(|| settings().id_generator(Known).clock(MockClock::default()), record);
    let (_, _, batch) = compact_call(&datagram);
    assert_eq!(batch, binary(&body));
    batch
}

fn to_agent(agent: &Agent) -> Jaeger {
    Jaeger::udp(&agent.address()).expect("that is an address")
}

/// The ids of the vector.
#[derive(Debug)]
struct Known;

impl IdGenerator for Known {
    fn trace_id(&self) -> TraceId {
        TraceId::from_parts(u64::MAX, 0x0123_4567_89ab_cdef)
    }

    fn span_id(&self) -> SpanId {
        SpanId::new(0x1122_3344_5566_7788)
    }
}

fn at(us: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_micros(1_500_000_000_000_000 + us)
}

/// The bytes of the named vector in the file.
fn vector(name: &str) -> Vec<u8> {
    let lines = include_str!("../../data/jaeger-thrift.txt").lines();
    let digits: String = lines.skip_while(|line| *line != name).skip(1).take_while(|line| !line.is_empty()).collect();
    let byte = |at| u8::from_str_radix(&digits[at..at + 2], 16).expect("the file has hexadecimal digits");
    (0..digits.len()).step_by(2).map(byte).collect()
}

/// `key=value`, with the name of the type unless it is text.
fn written(of: &[Thrift]) -> Vec<String> {
    let one = |tag: &Thrift| {
        let (kind, mut line) = (tag.number(2), format!("{}=", tag.text(1)));
        let _ = match kind {
            0 => write!(line, "{}", tag.text(3)),
            1 => write!(line, "double {:?}", tag.field(4)),
            2 => write!(line, "bool {:?}", tag.field(5)),
            3 => write!(line, "long {}", tag.number(6)),
            _ => write!(line, "type {kind}"),
        };
        line
    };
    of.iter().map(one).collect()
}

#[test]
fn writes_the_bytes_of_jaegers_own_client() {
    let (datagram, body) = sent(
        || Tracer::builder("svc").tag("hostname", "h1").id_generator(Known),
        |tracer| {
            let before = SpanContext::new(TraceId::from_parts(0, 1), SpanId::new(2)).with_sampling(Sampling::Sampled);
            let mut span = tracer.span("op").follows_from(&before).new_trace().start_time(at(0)).start();
            span.set_tag("s", "v").set_tag("b", true).set_tag("bf", false).set_tag("l", -3).set_tag("d", 1.5);
            span.log_kv_at(at(500), &[("event", "e".into())]);
            span.finish_at(at(1500));
        },
    );
    // Nothing was dropped here, which is the only difference: the statistics are 0, 0, 0 instead of 2, 0, 1.
    let (mut compact, mut whole) = (vector("compact"), vector("binary"));
    let lost = [0x16, 4, 0x16, 0, 0x16, 2];
    let stats = compact.windows(lost.len()).rposition(|window| window == lost).expect("the vector has statistics");
    compact[stats + 1] = 0;
    compact[stats + 5] = 0;
    let end = whole.len();
    whole[end - 25] = 0;
    whole[end - 3] = 0;
    assert_eq!(datagram, compact);
    assert_eq!(body, whole);
}

#[test]
fn keeps_the_types_of_tags() {
    let batch = batch(
        || Tracer::builder("shop").tag("version", "1.2").tag("cpus", 4).tag("arm", false),
        |tracer| {
            let mut span = tracer.span("values").kind(SpanKind::Client).start();
            span.set_tag("text", "ü").set_tag("yes", true).set_tag("int", i64::MIN).set_tag("double", -0.5);
            span.set_tag("most", i64::MAX as u64).set_tag("beyond", u64::MAX).set_tag("nan", f64::NAN);
            span.set_tag("infinite", f64::INFINITY);
        },
    );
    assert_eq!(batch.field(1).text(1), "shop");
    assert_eq!(written(batch.field(1).list(2)), ["version=1.2", "cpus=long 4", "arm=bool Bool(false)"]);
    assert_eq!(
        written(batch.list(2)[0].list(10)),
        [
            "span.kind=client",
            "text=ü",
            "yes=bool Bool(true)",
            "int=long -9223372036854775808",
            "double=double Double(-0.5)",
            "most=long 9223372036854775807",
            "beyond=18446744073709551615",
            "nan=NaN",
            "infinite=inf",
        ]
    );
}

#[test]
fn writes_error_only_on_failed_spans() {
    #[track_caller]
    fn check(value: Value<'static>, expected: &[&str]) {
        let batch = batch(|| Tracer::builder("shop"), |tracer| _ = tracer.span("x").start().set_tag("error", value));
        assert_eq!(written(batch.list(2)[0].list(10)), expected, "{value:?}");
    }
    check(Value::Bool(true), &["error=bool Bool(true)"]);
    check(Value::Static("true"), &["error=bool Bool(true)"]);
    check(Value::Bool(false), &[]);
    check(Value::Static("false"), &[]);
    check(Value::Static("no route"), &["error=no route"]);
}

#[test]
fn writes_flags_ids_and_references() {
    let parent = SpanContext::new(TraceId::from_parts(0, 7), SpanId::new(8));
    let other = SpanContext::new(TraceId::from_parts(5, 6), SpanId::new(9));
    let batch = batch(
        || Tracer::builder("shop"),
        |tracer| {
            let debug = parent.clone().with_sampling(Sampling::Debug).with_tracestate("a=1");
            let sampled = parent.clone().with_sampling(Sampling::Sampled);
            tracer.span("child").child_of(&debug).start().finish();
            tracer.span("follows").follows_from(&sampled).start().finish();
            tracer.span("several").follows_from(&other).child_of(&sampled).start().finish();
        },
    );
    let [child, follows, several] = batch.list(2) else { panic!("{batch:?}") };
    assert_eq!((child.number(1), child.number(2), child.number(4), child.number(7)), (7, 0, 8, 3));
    assert!(!child.has(6), "the parent's id says it");
    assert_eq!(written(child.list(10)), ["w3c.tracestate=a=1"]);
    let references = |span: &Thrift| {
        let one = |reference: &Thrift| [1, 2, 3, 4].map(|number| reference.number(number));
        span.list(6).iter().map(one).collect::<Vec<_>>()
    };
    assert_eq!((follows.number(4), follows.number(7)), (8, 1));
    assert_eq!(references(follows), [[1, 7, 0, 8]]);
    assert_eq!(several.number(4), 8);
    assert_eq!(references(several), [[1, 6, 5, 9], [0, 7, 0, 8]]);
}

#[test]
fn fits_datagrams() {
    #[track_caller]
    fn check(set: fn(Jaeger) -> Jaeger, bytes: usize, datagrams: std::ops::RangeInclusive<usize>) {
        const SPANS: usize = 700;
        let agent = Agent::listen("127.0.0.1:0");
        let reporter = BatchReporter::new(set(to_agent(&agent))).queue_size(SPANS).batch_delay(NEVER);
        let tracer = Tracer::builder("shop").build_inline(reporter);
        let (mut arrived, mut sizes) = (Vec::new(), Vec::new());
        for number in 0..SPANS {
            tracer.span(number.to_string()).start().set_tag("text", "x".repeat(150));
            // The socket's buffer holds only a few large datagrams.
            if number % 100 == 99 {
                assert_eq!(tracer.flush(PATIENCE), Ok(()));
                while arrived.len() <= number {
                    let datagram = agent.next();
                    sizes.push(datagram.len());
                    let (_, sequence, batch) = compact_call(&datagram);
                    assert_eq!((sequence, batch.number(3)), (sizes.len() as u64, sizes.len() as i64));
                    arrived.extend(batch.list(2).iter().map(|span| span.text(5).to_owned()));
                }
            }
        }
        assert_eq!(arrived, names(SPANS));
        assert!(sizes.iter().all(|&size| size <= bytes), "{sizes:?}");
        assert!(datagrams.contains(&sizes.len()), "{sizes:?}");
    }
    check(|jaeger| jaeger, 65_000, 7..=7);
    check(|jaeger| jaeger.max_packet_bytes(10_000), 10_000, 14..=21);
    check(|jaeger| jaeger.max_packet_bytes(1_400), 1_400, 100..=140);
    check(|jaeger| jaeger.max_packet_bytes(1 << 20), 65_000, 7..=7);
}

/// Spans that fill a datagram.
fn large() -> TracerBuilder {
    let mut limits = Limits::default();
    limits.value_bytes = 1 << 20;
    Tracer::builder("shop").limits(limits)
}

#[test]
fn truncates_a_span_that_is_larger_than_a_datagram() {
    let agent = Agent::listen("127.0.0.1:0");
    let tracer = large().build_inline(BatchReporter::new(to_agent(&agent)).batch_delay(NEVER));
    let mut span = tracer.span("large").start();
    span.set_tag("short", "s").set_tag("long", "ü".repeat(40_000)).log("one").log("two");
    span.finish();
    assert_eq!(tracer.flush(PATIENCE), Ok(()));
    let batch = agent.next_batch();
    let span = &batch.list(2)[0];
    assert_eq!(
        written(span.list(10)),
        ["otel.dropped_events_count=long 2", "short=s", &format!("long={}", "ü".repeat(128))]
    );
    assert!(!span.has(11));
}

#[test]
fn reports_the_number_of_dropped_spans() {
    let agent = Agent::listen("127.0.0.1:0");
    let tracer = large()
        .build_inline(BatchReporter::new(to_agent(&agent).max_packet_bytes(1000)).queue_size(3).batch_delay(NEVER));
    let mut span = tracer.span("too large").start();
    (0..20).for_each(|number| _ = span.set_tag(format!("key {number}").leak() as &'static str, "x".repeat(300)));
    span.finish();
    // Truncated or not, twenty values of 256 bytes do not fit.
    assert_eq!(tracer.flush(PATIENCE), Err(FlushError::Failed));
    assert_eq!(tracer.stats().reporter.dropped_failed, 1);
    finish_spans(&tracer, 1);
    assert_eq!(tracer.flush(PATIENCE), Ok(()));
    let batch = agent.next_batch();
    assert_eq!([1, 2, 3].map(|number| batch.field(4).number(number)), [0, 1, 0]);
}

#[test]
fn retries_until_an_agent_listens() {
    let agent = Agent::listen("127.0.0.1:0");
    let address = agent.address();
    let hand = Hand::new();
    let jaeger = to_agent(&agent).clock(hand.shared());
    drop(agent);
    let tracer = stepped(BatchReporter::new(jaeger).batch_size(1).batch_delay(NEVER));
    // The operating system reports the first datagram's failure with the second.
    finish_spans(&tracer, 1);
    assert_eq!(tracer.flush(Duration::ZERO), Ok(()));
    tracer.span("waits").start().finish();
    assert_eq!(tracer.flush(Duration::ZERO), Ok(()));
    assert_eq!(tracer.stats().reporter.sent, 1);
    let agent = Agent::listen(&address);
    hand.advance(Duration::from_secs(1));
    assert_eq!(tracer.flush(Duration::from_millis(1)), Ok(()));
    assert_eq!(agent.next_batch().list(2)[0].text(5), "waits");
    assert_eq!(tracer.stats().reporter.sent, 2);
    // Its last flush would take the full time-out.
    assert_eq!(tracer.close(Duration::ZERO), Ok(()));
}

#[test]
fn resolves_a_host_name() {
    let agent = Agent::listen("localhost:0");
    let address = format!("localhost:{}", agent.0.local_addr().expect("it is bound").port());
    let jaeger = Jaeger::udp(&address).expect("that is an address");
    let tracer = Tracer::builder("shop").build_inline(BatchReporter::new(jaeger).batch_delay(NEVER));
    finish_spans(&tracer, 2);
    assert_eq!(tracer.flush(PATIENCE), Ok(()));
    assert_eq!(agent.next_batch().list(2).len(), 2);
}

#[test]
fn waits_while_a_host_name_cannot_be_resolved() {
    // RFC 2606 reserves this name, so it never resolves.
    let jaeger = Jaeger::udp("agent.invalid").expect("that is an address");
    let tracer = Tracer::builder("shop").build_inline(BatchReporter::new(jaeger).batch_delay(NEVER));
    finish_spans(&tracer, 2);
    let begun = Instant::now();
    let error = loop {
        let _ = tracer.flush(Duration::ZERO);
        if let Some(error) = tracer.stats().transports.remove(0).last_error {
            break error;
        }
        assert!(begun.elapsed() < PATIENCE, "{:?}", tracer.stats());
        std::thread::yield_now();
    };
    assert!(error.contains("cannot send a datagram to agent.invalid port 6831"), "{error}");
    assert_eq!((tracer.stats().transports[0].queued, tracer.stats().lost()), (2, 0));
    assert_eq!(tracer.close(Duration::ZERO), Err(FlushError::Timeout));
    assert_eq!(tracer.stats().lost(), 2);
}

#[test]
fn refuses_invalid_addresses() {
    #[track_caller]
    fn check(address: &str, is_one: bool) {
        let jaeger = Jaeger::udp(address);
        assert_eq!(jaeger.is_ok(), is_one, "{jaeger:?}");
        if let Err(error) = jaeger {
            assert!(error.to_string().ends_with("expected host and port, such as 127.0.0.1:6831"), "{error}");
        }
    }
    check("127.0.0.1:6831", true);
    check("127.0.0.1", true);
    check("agent.example", true);
    check("agent.example:16831", true);
    check("[::1]:6831", true);
    check("[::1]", true);
    check("::1", true);
    check("", false);
    check(":6831", false);
    check("agent:0", false);
    check("agent:65536", false);
    check("agent:port", false);
    check("agent:", false);
    check("user@agent:6831", false);
    check("udp://agent:6831", false);
    check("agent:6831/path", false);
    check("two words", false);
}

#[test]
fn reports_a_failed_request() {
    let collector = Collector::start([Reply::status("400 Bad Request")]).expect("a port is free");
    let jaeger =
        Jaeger::http(&format!("{}/elsewhere?format=jaeger.thrift", collector.url())).expect("that is an address");
    let tracer = Tracer::builder("shop").build_inline(BatchReporter::new(jaeger).batch_delay(NEVER));
    finish_spans(&tracer, 2);
    assert_eq!(tracer.flush(PATIENCE), Err(FlushError::Failed));
    assert_eq!(collector.next().line, "POST /elsewhere?format=jaeger.thrift HTTP/1.1");
    // The next batch reports it.
    tracer.span("failed").start().set(tags::ERROR, true);
    assert_eq!(tracer.flush(PATIENCE), Ok(()));
    let batch = binary(&collector.next().body);
    assert_eq!(batch.number(3), 2);
    assert_eq!([1, 2, 3].map(|number| batch.field(4).number(number)), [0, 0, 2]);
}

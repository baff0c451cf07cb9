//! The transports of this workspace. `add` encodes a span; the first `send` adds the frame and hands the body over.

use std::time::{Duration, Instant};

use opentracing_core::{Batch, FlushError, Reporter, SpanKind, Tracer, TransportStats, Value};
use opentracing_reporter::{Instana, Jaeger, Otlp, SendReason, Transport, Zipkin};

use super::measure::{Encodes, Meter};
use super::sink::{self, Last};
use super::{Encoder, REQUESTS};
use crate::subject::number;

/// Longer than any measurement.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(20);
/// The pause between two requests to Instana's agent, which accepts at most 20 per second. Not measured.
const INSTANA_PAUSE: Duration = Duration::from_millis(65);

struct Ours {
    tracer: Tracer,
    last: Last,
}

/// # Errors
///
/// If no port is free.
pub(super) fn set_up(encoder: Encoder, meter: Meter) -> Result<Box<dyn Encodes>, String> {
    let last = Last::default();
    let text = |error: &dyn std::error::Error| error.to_string();
    let pause = if encoder == Encoder::Instana { INSTANA_PAUSE } else { Duration::ZERO };
    let transport: Box<dyn Transport> = if encoder == Encoder::JaegerCompact {
        let agent = sink::udp(last.clone()).map_err(|error| text(&error))?;
        Box::new(Jaeger::udp(&agent.to_string()).map_err(|error| text(&error))?)
    } else {
        let url = format!("http://{}", sink::http(last.clone()).map_err(|error| text(&error))?);
        let url = url.as_str();
        match encoder {
            Encoder::Zipkin => Box::new(Zipkin::new(url).map_err(|error| text(&error))?),
            Encoder::JaegerBinary => Box::new(Jaeger::http(url).map_err(|error| text(&error))?),
            Encoder::Instana => Box::new(Instana::agent(url).map_err(|error| text(&error))?),
            _ => Box::new(Otlp::http(url).map_err(|error| text(&error))?),
        }
    };
    let tracer = Tracer::builder("shop").tag("zone", "a").build_inline(Metered { transport, meter, pause });
    Ok(Box::new(Ours { tracer, last }))
}

impl Encodes for Ours {
    fn burst(&mut self) -> Result<(), String> {
        (0..REQUESTS).for_each(|_| request(&self.tracer));
        self.tracer.flush(FLUSH_TIMEOUT).map_err(|error| error.to_string())
    }

    fn bytes(&self) -> u64 {
        self.tracer.stats().transports.iter().map(|stats| stats.bytes).sum()
    }

    fn body(&self) -> Vec<u8> {
        self.last.get()
    }
}

/// The spans of a request to a shop.
fn request(tracer: &Tracer) {
    let mut server = tracer.span("GET /cart/{id}").kind(SpanKind::Server).start();
    server.set_tag("component", "axum").set_tag("http.method", Value::Static("GET"));
    server.set_tag("http.url", "https://shop.example/cart/7?of=me").set_tag("http.route", "/cart/{id}");
    server.set_tag("peer.ipv4", "10.1.2.3").set_tag("http.status_code", number(200));

    let mut select = tracer.span("SELECT items").child_of(&server).kind(SpanKind::Client).start();
    select.set_tag("component", "sqlx").set_tag("peer.service", "postgresql").set_tag("db.type", "sql");
    select.set_tag("db.instance", "shop").set_tag("db.statement", "SELECT id, price FROM items WHERE cart = $1");
    select.set_tag("peer.hostname", "db.example").set_tag("peer.port", number(5432));
    select.set_tag("db.response.returned_rows", number(3));
    select.finish();

    let mut price = tracer.span("price").child_of(&server).start();
    price.log_kv(&[("event", "cache.miss".into()), ("cache", "prices".into()), ("size", number(42).into())]);
    price.finish();

    let mut send = tracer.span("send orders").child_of(&server).kind(SpanKind::Producer).start();
    send.set_tag("component", "rdkafka").set_tag("peer.service", "kafka");
    send.set_tag("message_bus.destination", "orders").set_tag("messaging.destination.partition.id", "3");
    send.finish();
}

/// A reporter that encodes spans, and sends them on flush.
struct Metered {
    transport: Box<dyn Transport>,
    meter: Meter,
    pause: Duration,
}

impl Reporter for Metered {
    fn report(&mut self, batch: Batch<'_>) {
        self.meter.around(|| batch.iter().for_each(|span| self.transport.add(span)));
    }

    fn flush(&mut self, deadline: Instant) -> Result<(), FlushError> {
        // The statistics of the transport show lost spans.
        self.meter.around(|| drop(self.transport.send(SendReason::Due, Instant::now())));
        while self.transport.pending() > 0 {
            if Instant::now() > deadline {
                return Err(FlushError::Timeout);
            }
            drop(self.transport.send(SendReason::Flush, deadline));
        }
        std::thread::sleep(self.pause);
        if self.transport.stats().failed_requests > 0 { Err(FlushError::Failed) } else { Ok(()) }
    }

    fn transport_stats(&self, stats: &mut Vec<TransportStats>) {
        stats.push(self.transport.stats());
    }
}

//! The transport to Jaeger.

mod address;
mod binary;
mod channel;
mod compact;
mod encoding;
mod frame;
mod span;
mod thrift;
mod udp;

use std::time::Instant;

use opentracing_core::{FinishedSpan, TransportStats};

use self::address::HostPort;
use self::channel::JaegerChannel;
use self::encoding::{JaegerEncoding, Wire};
use self::udp::Udp;
use crate::connection::{Endpoint, HttpChannel, InvalidEndpoint};
use crate::export::{Exporter, export_settings};
use crate::transport::{SendOutcome, SendReason, Transport};

/// Sends spans to Jaeger as its own clients did: in Thrift, by UDP to an agent or by HTTP to a collector. Jaeger of version 2 and the
/// OpenTelemetry Collector take both as well; to new installations OTLP is the better way.
///
/// ```
/// use opentracing_core::Tracer;
/// use opentracing_reporter::{BatchReporter, Jaeger};
///
/// let jaeger = Jaeger::http("http://127.0.0.1:14268/api/traces")?; // or Jaeger::udp("127.0.0.1:6831")?
/// let (tracer, guard) = BatchReporter::new(jaeger).start(Tracer::builder("shop"))?;
/// # drop((tracer, guard));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// | what a span has | what Jaeger gets |
/// |---|---|
/// | kind | tag `span.kind`; none for internal work |
/// | tags, fields of logs | the same, typed. A whole number beyond 63 bits is a text, and so is what is no number or infinite |
/// | tag `error` | the same if it is true, else none |
/// | service and tags of the process | the process of the batch |
/// | parent | the parent's id |
/// | references beyond a parent by `child_of` | references; what is neither `child_of` nor `follows_from` counts as the latter |
/// | decision | flags 1 (sampled) and 2 (debug) |
/// | `sampler.type`, `sampler.param` | the same, on the span that was decided about |
/// | tracestate | tag `w3c.tracestate` |
///
/// Times are in microseconds, cut. Each batch has a number, and tells how many spans were lost before it; an agent makes metrics of
/// that for processes with a tag `client-uuid`. `internal.span.format` is left to Jaeger's collector, which sets it itself.
///
/// A span that is too large for a datagram, or has more than 4 MiB over HTTP, is sent without its logs and with values of at most 256
/// bytes, its tag `otel.dropped_events_count` telling how many logs there were. One that is still too large is lost and counted.
#[derive(Debug)]
#[must_use = "a transport does nothing until a reporter has it"]
pub struct Jaeger {
    exporter: Exporter<JaegerEncoding, JaegerChannel>,
}

impl Jaeger {
    /// Sends to the agent at that host and port, 6831 where none is given, in datagrams of Thrift's compact protocol.
    ///
    /// Nobody confirms a datagram, so what the network loses is counted as sent. When the operating system reports that nobody listens
    /// at the port, what is to be sent waits as it does for other transports. A host name is looked up again every 30 seconds, on a
    /// thread of its own.
    ///
    /// # Errors
    ///
    /// If the address cannot be used.
    pub fn udp(address: &str) -> Result<Self, InvalidEndpoint> {
        let HostPort { host, port } = HostPort::read(address, 6831)?;
        let channel = JaegerChannel::Udp(Udp::new(host, port));
        Ok(Jaeger { exporter: Exporter::new(JaegerEncoding::new(Wire::Compact), channel) })
    }

    /// Sends to a collector, in Thrift's binary protocol; to `/api/traces?format=jaeger.thrift` where the address has no path.
    ///
    /// # Errors
    ///
    /// If the address cannot be used. Whether somebody answers there is not looked at.
    pub fn http<E>(endpoint: E) -> Result<Self, InvalidEndpoint>
    where
        E: TryInto<Endpoint>,
        InvalidEndpoint: From<E::Error>,
    {
        let endpoint = endpoint.try_into()?.or_path("/api/traces?format=jaeger.thrift");
        let channel = JaegerChannel::Http(HttpChannel::new(endpoint));
        Ok(Jaeger { exporter: Exporter::new(JaegerEncoding::new(Wire::Binary), channel) })
    }

    /// How large a datagram may be: 65,000 bytes by default, which is what agents take, and at most. Less goes through networks that
    /// carry no large ones. Where the operating system refuses a datagram as too large, its spans go in smaller ones without being
    /// asked. Changes nothing over HTTP.
    pub fn max_packet_bytes(mut self, bytes: usize) -> Self {
        self.exporter.encoding.set_packet_bytes(bytes);
        self
    }
}

export_settings!(Jaeger);

impl Transport for Jaeger {
    /// A spool keeps spans as they are encoded, by name: the two ways have to have different ones.
    fn name(&self) -> &'static str {
        self.exporter.encoding.name()
    }

    fn add(&mut self, span: FinishedSpan<'_>) {
        self.exporter.add(span);
    }

    fn pending(&self) -> usize {
        self.exporter.pending()
    }

    fn send(&mut self, reason: SendReason, until: Instant) -> SendOutcome {
        let outcome = self.exporter.send(reason, until);
        self.exporter.encoding.dropped.total += outcome.dropped;
        outcome
    }

    fn spooled(&self) -> usize {
        self.exporter.spooled()
    }

    fn stats(&self) -> TransportStats {
        self.exporter.stats()
    }

    fn span_dropped(&mut self) {
        self.exporter.encoding.dropped.queue_full += 1;
    }
}

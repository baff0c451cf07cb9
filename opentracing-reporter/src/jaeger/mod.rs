//! The transport to Jaeger, in Thrift over UDP or HTTP.

mod address;
mod binary;
mod channel;
mod compact;
mod encoding;
mod frame;
mod span;
mod thrift;
mod udp;

use std::time::{Duration, Instant};

use opentracing_core::{FinishedSpan, TransportStats};

use self::address::HostPort;
use self::channel::JaegerChannel;
use self::encoding::{JaegerEncoding, Wire};
use self::udp::Udp;
use crate::connection::{Endpoint, HttpChannel, InvalidEndpoint};
use crate::export::{Exporter, export_settings};
use crate::transport::{SendOutcome, SendReason, Transport, TransportCheck};

/// Sends spans to Jaeger in the format of its own clients: Thrift, over UDP to an agent or over HTTP to a collector. Jaeger 2 and the
/// OpenTelemetry Collector accept both. For a new installation prefer OTLP.
///
/// ```
/// use opentracing_core::Tracer;
/// use opentracing_reporter::{BatchReporter, Jaeger};
///
/// // With an agent: Jaeger::udp("127.0.0.1:6831")?
/// let jaeger = Jaeger::http("http://127.0.0.1:14268/api/traces")?;
/// let (tracer, guard) = BatchReporter::new(jaeger).start(Tracer::builder("shop"))?;
/// # drop((tracer, guard));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// | span | in Jaeger |
/// |---|---|
/// | kind | tag `span.kind`; none for internal spans |
/// | tags, fields of logs | the same, typed. Integers beyond 63 bits, NaN and infinities become text |
/// | tag `error` | the same if true, omitted if false |
/// | service and tags of the process | the process of the batch |
/// | parent | the parent's id |
/// | references other than a parent by `child_of` | references; any kind but `child_of` becomes `follows_from` |
/// | sampling decision | flags 1 (sampled) and 2 (debug) |
/// | `sampler.type`, `sampler.param` | the same, on the span for which the decision was made |
/// | tracestate | tag `w3c.tracestate` |
///
/// Times are truncated to microseconds. Each batch has a sequence number and the number of spans dropped so far. An agent turns these into
/// metrics for processes with a tag `client-uuid`. Jaeger's collector sets `internal.span.format` itself.
///
/// A span that is too large for a datagram, or larger than 4 MiB over HTTP, is sent without logs and with values truncated to 256 bytes.
/// Its tag `otel.dropped_events_count` has the number of logs. A span that is still too large is dropped and counted.
#[derive(Debug)]
#[must_use = "does nothing until a reporter uses it"]
pub struct Jaeger {
    exporter: Exporter<JaegerEncoding, JaegerChannel>,
}

impl Jaeger {
    /// Sends to an agent in UDP datagrams, in Thrift's compact protocol. The address is host and port; the default port is 6831.
    ///
    /// Datagrams are not acknowledged, so spans that the network loses count as sent. If the operating system reports that nobody listens
    /// at the port, the datagram is retried. A host name is looked up again every 30 seconds, on a thread of its own.
    ///
    /// # Errors
    ///
    /// If the address is invalid.
    pub fn udp(address: &str) -> Result<Self, InvalidEndpoint> {
        let HostPort { host, port } = HostPort::parse(address, 6831)?;
        let channel = JaegerChannel::Udp(Udp::new(host, port));
        Ok(Jaeger { exporter: Exporter::new(JaegerEncoding::new(Wire::Compact), channel) })
    }

    /// Sends to a collector over HTTP, in Thrift's binary protocol. The default path is `/api/traces?format=jaeger.thrift`.
    ///
    /// # Errors
    ///
    /// If the address is invalid. Nothing connects to it yet.
    pub fn http<E>(endpoint: E) -> Result<Self, InvalidEndpoint>
    where
        E: TryInto<Endpoint>,
        InvalidEndpoint: From<E::Error>,
    {
        let endpoint = endpoint.try_into()?.or_path("/api/traces?format=jaeger.thrift");
        let channel = JaegerChannel::Http(HttpChannel::new(endpoint));
        Ok(Jaeger { exporter: Exporter::new(JaegerEncoding::new(Wire::Binary), channel) })
    }

    /// Sets the maximum size of a datagram. 65,000 bytes by default and at most, which agents accept. Use less for networks that do not
    /// carry large datagrams. If the operating system refuses a datagram as too large, its spans are sent in smaller ones. Has no effect
    /// over HTTP.
    pub fn max_packet_bytes(mut self, bytes: usize) -> Self {
        self.exporter.encoding.set_packet_bytes(bytes);
        self
    }
}

export_settings!(Jaeger);

impl Transport for Jaeger {
    /// A spool stores encoded spans by this name, so the two encodings have different names.
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

    fn max_pause(&self) -> Option<Duration> {
        self.exporter.max_pause()
    }

    fn stats(&self) -> TransportStats {
        self.exporter.stats()
    }

    fn check(&self) -> TransportCheck {
        self.exporter.check()
    }

    fn span_dropped(&mut self) {
        self.exporter.encoding.dropped.queue_full += 1;
    }
}

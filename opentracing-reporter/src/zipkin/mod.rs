//! The transport to Zipkin.

mod annotation;
mod encoding;
mod peer;

use self::encoding::ZipkinEncoding;
use crate::connection::{Endpoint, HttpChannel, InvalidEndpoint};
use crate::export::{Exporter, export_settings, export_transport};

/// Sends spans to Zipkin, as JSON of its version 2, and to whatever else takes that: the OpenTelemetry Collector, Jaeger.
///
/// ```
/// use opentracing_core::Tracer;
/// use opentracing_reporter::{BatchReporter, Zipkin};
///
/// let zipkin = Zipkin::new("http://127.0.0.1:9411/api/v2/spans")?;
/// let (tracer, guard) = BatchReporter::new(zipkin).start(Tracer::builder("shop"))?;
/// # drop((tracer, guard));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// | what a span has | what Zipkin gets |
/// |---|---|
/// | trace id | 32 digits, 16 where the upper half is zero |
/// | kind | `kind`; none for internal work |
/// | service | `localEndpoint` |
/// | `peer.service`, else `peer.hostname`, else the host of `peer.address`, else `db.instance` of a client; `peer.ipv4`, `peer.ipv6`, `peer.port` | `remoteEndpoint`, and the tags |
/// | tags | tags, all as text, under their own names |
/// | tags of the process | tags of the spans that have no parent in this process |
/// | tag `error` that is true | tag `error`: the `message` of the last log with `event=error`, else its `error.kind`, else `true`. No tag if it is false, since Zipkin takes any for a failure |
/// | log | annotation: the event alone, or `"event": {"field":"value"}` |
/// | references beyond the parent | tags `otlp.link.0` and so on, as the OpenTelemetry Collector writes and reads them |
/// | tracestate | tag `w3c.tracestate` |
/// | debug | `debug` |
/// | a server span with the id of the client's span, which an id generator has to bring about | `shared` |
///
/// Times are in microseconds, cut; what took less than one is told as one. Zipkin itself keeps names of services and operations in
/// lower case.
///
/// A span of more than 4 MiB is sent without its logs and with values of at most 256 bytes; its tag `otel.dropped_events_count` tells
/// how many logs there were.
#[derive(Debug)]
#[must_use = "a transport does nothing until a reporter has it"]
pub struct Zipkin {
    exporter: Exporter<ZipkinEncoding, HttpChannel>,
}

impl Zipkin {
    /// Sends to that address; `/api/v2/spans` where it has no path.
    ///
    /// # Errors
    ///
    /// If the address cannot be used. Whether somebody answers there is not looked at.
    pub fn new<E>(endpoint: E) -> Result<Self, InvalidEndpoint>
    where
        E: TryInto<Endpoint>,
        InvalidEndpoint: From<E::Error>,
    {
        let endpoint = endpoint.try_into()?.or_path("/api/v2/spans");
        Ok(Zipkin { exporter: Exporter::new(ZipkinEncoding::default(), HttpChannel::new(endpoint)) })
    }

    /// Compresses requests with gzip. Off by default: it costs time of the reporter's thread, and within a data centre there is room.
    pub fn gzip(mut self) -> Self {
        self.exporter.channel.gzip = true;
        self
    }
}

export_settings!(Zipkin);
export_transport!(Zipkin, "zipkin");

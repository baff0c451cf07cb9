//! The transport to Zipkin, in JSON of its version 2.

mod annotation;
mod encoding;
mod peer;

use self::encoding::ZipkinEncoding;
use crate::connection::{Endpoint, HttpChannel, InvalidEndpoint};
use crate::export::{Exporter, export_settings, export_transport};

/// Sends spans to Zipkin, as JSON of its version 2. The OpenTelemetry Collector and Jaeger accept it too.
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
/// | span | in Zipkin |
/// |---|---|
/// | trace id | 32 digits, or 16 if the upper half is zero |
/// | kind | `kind`; none for internal spans |
/// | service | `localEndpoint` |
/// | `peer.service`, else `peer.hostname`, else the host of `peer.address`, else `db.instance` of a client; `peer.ipv4`, `peer.ipv6`, `peer.port` | `remoteEndpoint`, and the tags |
/// | tags | tags, as text, under the same names |
/// | tags of the process | tags of spans without a parent in this process |
/// | tag `error` that is true | tag `error`: the `message` of the last log with `event=error`, else its `error.kind`, else `true`. Omitted if false, since Zipkin treats any value as a failure |
/// | log | annotation: only the event, or `"event": {"field":"value"}` |
/// | references other than the parent | tags `otlp.link.0` and so on, which the OpenTelemetry Collector writes and reads too |
/// | tracestate | tag `w3c.tracestate` |
/// | debug | `debug` |
/// | a server span with the id of the client's span, from an id generator that shares ids | `shared` |
///
/// Times are truncated to microseconds; a shorter duration becomes one. Zipkin itself converts names of services and operations to lower
/// case.
///
/// A span larger than 4 MiB is sent without logs and with values truncated to 256 bytes. Its tag `otel.dropped_events_count` has the number
/// of logs.
#[derive(Debug)]
#[must_use = "does nothing until a reporter uses it"]
pub struct Zipkin {
    exporter: Exporter<ZipkinEncoding, HttpChannel>,
}

impl Zipkin {
    /// Sends to this endpoint. The default path is `/api/v2/spans`.
    ///
    /// # Errors
    ///
    /// If the address is invalid. Nothing connects to it yet.
    pub fn new<E>(endpoint: E) -> Result<Self, InvalidEndpoint>
    where
        E: TryInto<Endpoint>,
        InvalidEndpoint: From<E::Error>,
    {
        let endpoint = endpoint.try_into()?.or_path("/api/v2/spans");
        Ok(Zipkin { exporter: Exporter::new(ZipkinEncoding::default(), HttpChannel::new(endpoint)) })
    }

    /// Compresses requests with gzip. Off by default: it takes time on the reporter's thread, and a data centre has the bandwidth.
    pub fn gzip(mut self) -> Self {
        self.exporter.channel.gzip = true;
        self
    }
}

export_settings!(Zipkin);
export_transport!(Zipkin, "zipkin");

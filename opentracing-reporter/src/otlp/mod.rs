//! OpenTelemetry's protocol.

mod attributes;
mod derived;
mod encoding;
mod value;

use std::fmt;

use self::encoding::{FRAME_BYTES, OtlpEncoding};
use crate::connection::{Endpoint, HttpChannel, InvalidEndpoint};
use crate::export::{Exporter, export_settings, export_transport};

/// Sends spans by OTLP: to an OpenTelemetry Collector, to Jaeger, to whatever else takes it.
///
/// ```no_run
/// use opentracing_core::Tracer;
/// use opentracing_reporter::{BatchReporter, Otlp};
///
/// let otlp = Otlp::http("http://127.0.0.1:4318")?;
/// let (tracer, _guard) = BatchReporter::new(otlp).start(Tracer::builder("shop"))?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "a transport sends nothing until a reporter has it"]
pub struct Otlp {
    exporter: Exporter<OtlpEncoding, HttpChannel>,
}

impl Otlp {
    /// By HTTP with protobuf bodies, to port 4318 as a rule. Where the address has no path, that is `/v1/traces`.
    ///
    /// # Errors
    ///
    /// If that is no address.
    pub fn http<E>(endpoint: E) -> Result<Self, InvalidEndpoint>
    where
        E: TryInto<Endpoint>,
        InvalidEndpoint: From<E::Error>,
    {
        let endpoint = endpoint.try_into()?.or_path("/v1/traces");
        Ok(Otlp { exporter: Exporter::new(OtlpEncoding::new(), HttpChannel::new(endpoint)) })
    }

    /// By gRPC, to port 4317 as a rule. The path of the address is left out, since gRPC has its own.
    ///
    /// # Errors
    ///
    /// If that is no address.
    pub fn grpc<E>(endpoint: E) -> Result<Self, InvalidEndpoint>
    where
        E: TryInto<Endpoint>,
        InvalidEndpoint: From<E::Error>,
    {
        let endpoint = endpoint.try_into()?.with_path("/opentelemetry.proto.collector.trace.v1.TraceService/Export");
        Ok(Otlp { exporter: Exporter::new(OtlpEncoding::new(), HttpChannel::grpc(endpoint)) })
    }

    /// How large a request may be, before it is compressed. 4 MiB by default, less a little for what stands around the spans: that is what
    /// gRPC servers take if they are not told otherwise.
    pub fn max_request_bytes(mut self, bytes: usize) -> Self {
        self.exporter.encoding.limits.bytes = bytes.saturating_sub(FRAME_BYTES);
        self
    }

    /// Compresses requests. Off by default: it costs the reporter's thread more time than everything else together.
    pub fn gzip(mut self) -> Self {
        self.exporter.channel.gzip = true;
        self
    }
}

export_settings!(Otlp);
export_transport!(Otlp, "otlp");

impl fmt::Debug for Otlp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Otlp").field(&self.exporter).finish()
    }
}

//! The transport over OTLP, OpenTelemetry's protocol.

mod attributes;
mod conventions;
mod derived;
mod encoding;
#[cfg(feature = "otlp-json")]
mod file;
mod instance;
#[cfg(feature = "otlp-json")]
mod json;
mod keys;
mod older;
mod status;
mod value;

use std::fmt;

pub use self::conventions::{AttributeNames, SemanticConventions};
use self::encoding::OtlpEncoding;
#[cfg(feature = "otlp-json")]
pub use self::file::OtlpFile;
use crate::connection::{Endpoint, HttpChannel, InvalidEndpoint};
use crate::export::{Exporter, export_settings, export_transport};

/// Sends spans over OTLP, OpenTelemetry's protocol: to an OpenTelemetry Collector, Jaeger, or any other backend that accepts it.
///
/// Tags are written under the names of OpenTelemetry's semantic conventions, by the table in [`terms`](crate::terms); older names are
/// available by [`semantic_conventions`](Self::semantic_conventions).
///
/// ```no_run
/// use opentracing_core::Tracer;
/// use opentracing_reporter::{BatchReporter, Otlp};
///
/// let otlp = Otlp::http("http://127.0.0.1:4318")?;
/// let (tracer, _guard) = BatchReporter::new(otlp).start(Tracer::builder("shop"))?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "does nothing until a reporter uses it"]
pub struct Otlp {
    exporter: Exporter<OtlpEncoding, HttpChannel>,
}

impl Otlp {
    /// Sends over HTTP with protobuf bodies. Collectors listen on port 4318. The default path is `/v1/traces`.
    ///
    /// # Errors
    ///
    /// If the address is invalid. Nothing connects to it yet.
    pub fn http<E>(endpoint: E) -> Result<Self, InvalidEndpoint>
    where
        E: TryInto<Endpoint>,
        InvalidEndpoint: From<E::Error>,
    {
        let endpoint = endpoint.try_into()?.or_path("/v1/traces");
        Ok(Otlp { exporter: Exporter::new(OtlpEncoding::new(), HttpChannel::new(endpoint)) })
    }

    /// Sends over HTTP to exactly this address, even if it has no path.
    #[cfg(feature = "env")]
    pub(crate) fn http_as_is(endpoint: Endpoint) -> Self {
        let endpoint = Endpoint { usual_path: "/v1/traces", ..endpoint };
        Otlp { exporter: Exporter::new(OtlpEncoding::new(), HttpChannel::new(endpoint)) }
    }

    /// Sends over HTTP with JSON bodies, for servers and proxies that accept nothing else. The address is as for [`http`](Self::http).
    /// Bodies are about twice as large as with protobuf, and take the reporter's thread more time.
    ///
    /// # Errors
    ///
    /// If the address is invalid. Nothing connects to it yet.
    #[cfg(feature = "otlp-json")]
    pub fn http_json<E>(endpoint: E) -> Result<Self, InvalidEndpoint>
    where
        E: TryInto<Endpoint>,
        InvalidEndpoint: From<E::Error>,
    {
        Ok(Otlp::http(endpoint)?.json())
    }

    /// Before any other setting, since it sets limits anew.
    #[cfg(feature = "otlp-json")]
    pub(crate) fn json(mut self) -> Self {
        self.exporter.encoding = OtlpEncoding::json();
        self
    }

    /// Sends over gRPC. Collectors listen on port 4317. A path in the address is ignored, since gRPC has its own.
    ///
    /// # Errors
    ///
    /// If the address is invalid. Nothing connects to it yet.
    pub fn grpc<E>(endpoint: E) -> Result<Self, InvalidEndpoint>
    where
        E: TryInto<Endpoint>,
        InvalidEndpoint: From<E::Error>,
    {
        let endpoint = endpoint.try_into()?.with_method("/opentelemetry.proto.collector.trace.v1.TraceService/Export");
        Ok(Otlp { exporter: Exporter::new(OtlpEncoding::new(), HttpChannel::grpc(endpoint)) })
    }

    /// Sets the maximum size of a request before compression. 4 MiB by default, which gRPC servers accept by default.
    pub fn max_request_bytes(mut self, bytes: usize) -> Self {
        let encoding = &mut self.exporter.encoding;
        encoding.limits.bytes = bytes.saturating_sub(encoding.frame_bytes());
        self
    }

    /// Sets which names attributes have, for backends that do not know today's. Today's by default.
    pub fn semantic_conventions(mut self, conventions: SemanticConventions) -> Self {
        self.exporter.encoding.conventions = conventions;
        self
    }

    /// Compresses requests with gzip. Off by default: it takes the reporter's thread more time than everything else together.
    pub fn gzip(mut self) -> Self {
        self.exporter.channel.gzip = true;
        self
    }
}

export_settings!(Otlp);
export_transport!(Otlp, |it| it.exporter.encoding.name());

impl fmt::Debug for Otlp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Otlp").field(&self.exporter).finish()
    }
}

//! The names of the formats, and lists of names.

use std::error::Error;
use std::fmt;
use std::str::FromStr;

use crate::propagation::composite::Composite;
use crate::propagation::formats::b3::B3;
use crate::propagation::formats::datadog::Datadog;
use crate::propagation::formats::gcp::GoogleCloud;
use crate::propagation::formats::grpc_trace_bin::GrpcTraceBin;
use crate::propagation::formats::instana::Instana;
use crate::propagation::formats::jaeger::Jaeger;
use crate::propagation::formats::ot::OtTrace;
use crate::propagation::formats::sentry::SentryTrace;
use crate::propagation::formats::trace_context::TraceContext;
use crate::propagation::formats::w3c_baggage::W3cBaggage;
use crate::propagation::formats::wavefront::Wavefront;
use crate::propagation::formats::xray::XRay;

/// The environment variable with the names of the formats.
const VARIABLE: &str = "OTEL_PROPAGATORS";
const DEFAULT: &str = "instana,tracecontext,b3,baggage";

/// `instana, tracecontext, b3, baggage`, read and written.
impl Default for Composite {
    fn default() -> Self {
        DEFAULT.parse().expect("the default formats are known")
    }
}

/// Parses a comma-separated list of names, for both reading and writing. `none` adds no format, and repeated names are ignored. An empty
/// text means the default. `b3` is [`B3::new`]; in `OTEL_PROPAGATORS` it is [`B3::single`].
impl FromStr for Composite {
    type Err = UnknownFormat;

    fn from_str(names: &str) -> Result<Self, UnknownFormat> {
        let (composite, unknown) = read(names, |name| name);
        unknown.into_iter().next().map_or(Ok(composite), Err)
    }
}

impl Composite {
    /// Creates a propagator that reads and writes the formats in the environment variable `OTEL_PROPAGATORS`. Uses the default formats if it is
    /// unset or empty.
    ///
    /// The variable has the form that a `Composite` is [parsed](str::parse) from, except that `b3` writes a single header, as OpenTelemetry
    /// defines it. Unknown names are ignored with a warning through `log`. If all names are unknown, the default formats are used
    /// (OpenTelemetry, "Environment Variable Specification").
    pub fn from_env() -> Self {
        Self::from_lookup(|name| std::env::var(name).ok())
    }

    /// As [`from_env`](Self::from_env), with a closure that returns the value of a variable.
    ///
    /// ```
    /// use opentracing_core::Tracer;
    /// use opentracing_core::propagation::Composite;
    ///
    /// let composite = Composite::from_lookup(|name| {
    ///     (name == "OTEL_PROPAGATORS").then(|| "tracecontext,jaeger".into())
    /// });
    /// let (tracer, _drain) = Tracer::builder("cart").composite(composite).build();
    /// # drop(tracer);
    /// ```
    pub fn from_lookup(lookup: impl FnOnce(&str) -> Option<String>) -> Self {
        let names = lookup(VARIABLE).unwrap_or_default();
        let (composite, unknown) = read(&names, |name| if name == "b3" { "b3single" } else { name });
        let known = names.split(',').filter(|name| !name.trim().is_empty()).count() - unknown.len();
        let composite = if known == 0 { Composite::default() } else { composite };
        for name in &unknown {
            let instead = if known == 0 { DEFAULT } else { "the others" };
            log::warn!("{VARIABLE} has an {name}: {instead} are used");
        }
        composite
    }
}

impl Composite {
    /// Appends the format of that name to both lists, unless the reading list already has it. `none` appends nothing.
    ///
    /// # Errors
    ///
    /// If no format has that name. Names are case-sensitive.
    pub fn with_named(self, name: &str) -> Result<Self, UnknownFormat> {
        if self.is_reading(name) {
            return Ok(self);
        }
        Ok(match name {
            "instana" => self.with(Instana::new()),
            "tracecontext" => self.with(TraceContext::new()),
            "b3" => self.with(B3::new()),
            "b3single" => self.with(B3::single()),
            "b3multi" => self.with(B3::multi()),
            "baggage" => self.with(W3cBaggage::new()),
            "jaeger" => self.with(Jaeger::new()),
            "datadog" => self.with(Datadog::new()),
            "ottrace" => self.with(OtTrace::new()),
            "wavefront" => self.with(Wavefront::new()),
            "xray" => self.with(XRay::new()),
            "gcp" => self.with(GoogleCloud::new()),
            "grpc-trace-bin" => self.with(GrpcTraceBin::new()),
            "sentry-trace" => self.with(SentryTrace::new()),
            "none" => self,
            _ => return Err(UnknownFormat(name.to_owned())),
        })
    }
}

/// Returns the formats of a list, by the meaning of its names there, and the unknown names in it.
fn read(names: &str, meaning: fn(&str) -> &str) -> (Composite, Vec<UnknownFormat>) {
    if names.split(',').all(|name| name.trim().is_empty()) {
        return (Composite::default(), Vec::new());
    }
    let (mut composite, mut unknown) = (Composite::empty(), Vec::new());
    for name in names.split(',').map(str::trim).filter(|name| !name.is_empty()) {
        match composite.clone().with_named(meaning(name)) {
            Ok(longer) => composite = longer,
            Err(error) => unknown.push(error),
        }
    }
    (composite, unknown)
}

/// The name of an unknown propagation format.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UnknownFormat(String);

impl UnknownFormat {
    /// The name.
    pub fn name(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UnknownFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unknown propagation format {:?}", self.0)
    }
}

impl Error for UnknownFormat {}

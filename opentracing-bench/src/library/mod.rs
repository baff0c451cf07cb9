//! The measured libraries.

mod fastrace;
mod opentelemetry;
mod opentracing;

use std::str::FromStr;

use ::http::{HeaderMap, HeaderValue};

pub(crate) use self::opentelemetry::Sink as OpenTelemetrySink;
use crate::case::Case;
use crate::subject::Subject;

/// A library that records spans.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Library {
    /// `opentracing-core`.
    OpenTracing,
    /// fastrace.
    Fastrace,
    /// The OpenTelemetry SDK with its batch span processor.
    OpenTelemetry,
}

impl Library {
    /// All libraries, in the order of the table.
    pub const ALL: [Library; 3] = [Library::OpenTracing, Library::Fastrace, Library::OpenTelemetry];

    /// The name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Library::OpenTracing => "opentracing",
            Library::Fastrace => "fastrace",
            Library::OpenTelemetry => "opentelemetry",
        }
    }

    /// Sets the library up for the case. Only once per process, because fastrace has one global reporter.
    pub(crate) fn subject(self, case: Case) -> Subject {
        match self {
            Library::OpenTracing => opentracing::subject(case),
            Library::Fastrace => fastrace::subject(case),
            Library::OpenTelemetry => opentelemetry::subject(case),
        }
    }
}

impl FromStr for Library {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Library::ALL.into_iter().find(|library| library.name() == name).ok_or_else(|| format!("unknown library {name}"))
    }
}

/// The headers of a request, with one member in its tracestate.
fn incoming_headers() -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert("host", HeaderValue::from_static("shop.example"));
    headers.insert("accept", HeaderValue::from_static("*/*"));
    headers.insert("traceparent", HeaderValue::from_static("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"));
    headers.insert("tracestate", HeaderValue::from_static("congo=t61rcWkgMzE"));
    headers
}

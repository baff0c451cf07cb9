//! Errors of injection and extraction.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;

/// A context was not written to a carrier.
#[derive(Debug)]
#[non_exhaustive]
pub enum InjectError {
    /// The tracer has no propagator for the format.
    UnsupportedFormat,
    /// The context has nothing to inject: no ids, no decision and no baggage.
    InvalidSpanContext,
    /// The carrier cannot hold a context.
    InvalidCarrier(Box<dyn Error + Send + Sync>),
}

/// No context was read from a carrier. A carrier without any context is not an error.
#[derive(Debug)]
#[non_exhaustive]
pub enum ExtractError {
    /// The tracer has no propagator for the format.
    UnsupportedFormat,
    /// The carrier cannot be read.
    InvalidCarrier(Box<dyn Error + Send + Sync>),
    /// A field has a malformed value.
    SpanContextCorrupted {
        /// The header or property.
        field: &'static str,
        /// What is wrong with the value. Never contains the value itself, which is untrusted.
        reason: Cow<'static, str>,
    },
}

impl ExtractError {
    /// Creates a [`SpanContextCorrupted`](Self::SpanContextCorrupted).
    pub fn corrupted(field: &'static str, reason: &'static str) -> Self {
        ExtractError::SpanContextCorrupted { field, reason: Cow::Borrowed(reason) }
    }
}

impl fmt::Display for InjectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            InjectError::UnsupportedFormat => "the tracer has no propagator for the format",
            InjectError::InvalidSpanContext => "the context has nothing to carry",
            InjectError::InvalidCarrier(_) => "the carrier cannot take a context",
        })
    }
}

impl fmt::Display for ExtractError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ExtractError::UnsupportedFormat => f.write_str("the tracer has no propagator for the format"),
            ExtractError::InvalidCarrier(_) => f.write_str("the carrier cannot be read"),
            ExtractError::SpanContextCorrupted { field, reason } => write!(f, "corrupt context in {field}: {reason}"),
        }
    }
}

impl Error for InjectError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            InjectError::InvalidCarrier(source) => Some(&**source),
            _ => None,
        }
    }
}

impl Error for ExtractError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            ExtractError::InvalidCarrier(source) => Some(&**source),
            _ => None,
        }
    }
}

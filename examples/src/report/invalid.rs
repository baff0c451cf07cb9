//! What is wrong with an option `--report`.

use std::error::Error;
use std::fmt;

use opentracing_reporter::InvalidEndpoint;

/// A place where spans cannot go.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidReport {
    /// No place has that name.
    Unknown(String),
    /// `none` stands beside other places.
    NotAlone,
    /// An address stands where none belongs.
    NoAddress(&'static str),
    /// An address that cannot be used, and where it stands: an option or a variable.
    Address(String, InvalidEndpoint),
    /// A value that cannot be used, where it stands, and what is expected.
    Value {
        /// The option or the variable.
        name: String,
        /// What it says.
        value: String,
        /// What it may say.
        expected: &'static str,
    },
    /// A variable that another one needs.
    Missing {
        /// The one that is not set.
        name: &'static str,
        /// The one that needs it.
        needed_by: &'static str,
    },
}

impl fmt::Display for InvalidReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            InvalidReport::Unknown(name) => {
                write!(f, "spans cannot go to {name:?}, only to console, otlp, zipkin, jaeger and instana, or to none")
            }
            InvalidReport::NotAlone => f.write_str("spans cannot go to none and to another place"),
            InvalidReport::NoAddress(name) => write!(f, "{name} takes no address"),
            InvalidReport::Address(name, error) => write!(f, "{name}: {error}"),
            InvalidReport::Value { name, value, expected } => write!(f, "{name} is {value:?}, expected {expected}"),
            InvalidReport::Missing { name, needed_by } => write!(f, "{needed_by} is set, but {name} is not"),
        }
    }
}

impl Error for InvalidReport {}

//! Errors in an option `--report`.

use std::error::Error;
use std::fmt;

use opentracing_reporter::InvalidEndpoint;

/// An invalid option `--report`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidReport {
    /// The destination does not exist.
    Unknown(String),
    /// `none` is combined with other destinations.
    NotAlone,
    /// The destination takes no address.
    NoAddress(&'static str),
    /// An invalid address, and the option or variable that holds it.
    Address(String, InvalidEndpoint),
    /// An invalid value of a variable.
    Value {
        /// The name of the variable.
        name: String,
        /// Its value.
        value: String,
        /// The valid values.
        expected: &'static str,
    },
    /// A variable is missing that another one needs.
    Missing {
        /// The missing variable.
        name: &'static str,
        /// The variable that needs it.
        needed_by: &'static str,
    },
}

impl fmt::Display for InvalidReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            InvalidReport::Unknown(name) => {
                write!(f, "unknown destination {name:?}, expected console, otlp, zipkin, jaeger, instana or none")
            }
            InvalidReport::NotAlone => f.write_str("none cannot be combined with another destination"),
            InvalidReport::NoAddress(name) => write!(f, "{name} takes no address"),
            InvalidReport::Address(name, error) => write!(f, "{name}: {error}"),
            InvalidReport::Value { name, value, expected } => write!(f, "{name} is {value:?}, expected {expected}"),
            InvalidReport::Missing { name, needed_by } => write!(f, "{needed_by} is set, but {name} is not"),
        }
    }
}

impl Error for InvalidReport {}

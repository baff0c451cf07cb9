//! Why an endpoint cannot be used.

use std::convert::Infallible;
use std::error::Error;
use std::fmt;

/// An address, header or credential that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidEndpoint {
    /// Absent where something else is wrong.
    address: Option<Box<str>>,
    reason: Reason,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    Syntax,
    NoScheme,
    Scheme(Box<str>),
    #[cfg(not(feature = "tls"))]
    NoTls,
    #[cfg(feature = "tls")]
    Tls(Box<str>),
    NoHost,
    Port,
    User,
    Header(Box<str>),
    #[cfg(feature = "jaeger")]
    HostAndPort,
}

impl InvalidEndpoint {
    pub(super) fn new(reason: Reason) -> Self {
        InvalidEndpoint { address: None, reason }
    }

    #[cfg(feature = "tls")]
    pub(crate) fn tls(problem: String) -> Self {
        Self::new(Reason::Tls(problem.into()))
    }

    /// An address that cannot be read.
    pub(super) fn address(address: &str, reason: Reason) -> Self {
        InvalidEndpoint { address: Some(without_user(address)), reason }
    }

    pub(super) fn into_reason(self) -> Reason {
        self.reason
    }

    /// Where nothing but host and port belongs.
    #[cfg(feature = "jaeger")]
    pub(crate) fn host_and_port(address: &str) -> Self {
        InvalidEndpoint::address(address, Reason::HostAndPort)
    }
}

/// For what cannot fail, where an [`Endpoint`](super::Endpoint) is given as it is.
impl From<Infallible> for InvalidEndpoint {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

impl fmt::Display for InvalidEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(address) = &self.address {
            write!(f, "{address:?} is no address to send spans to: ")?;
        }
        match &self.reason {
            Reason::Syntax => f.write_str("expected something like http://127.0.0.1:4318"),
            Reason::NoScheme => f.write_str("it has to begin with http:// or https://"),
            Reason::Scheme(scheme) => write!(f, "the scheme is {scheme}, expected http or https"),
            #[cfg(feature = "tls")]
            Reason::Tls(problem) => f.write_str(problem),
            #[cfg(not(feature = "tls"))]
            Reason::NoTls => f.write_str("https needs the feature tls of opentracing-reporter"),
            Reason::NoHost => f.write_str("the host is missing"),
            Reason::Port => f.write_str("the port is no number from 1 to 65535"),
            Reason::User => f.write_str("name and password cannot be used"),
            #[cfg(feature = "jaeger")]
            Reason::HostAndPort => f.write_str("expected something like 127.0.0.1:6831"),
            Reason::Header(name) => write!(f, "{name:?} and its value cannot stand in a header"),
        }
    }
}

impl Error for InvalidEndpoint {}

fn without_user(address: &str) -> Box<str> {
    match (address.find("://"), address.rfind('@')) {
        (Some(scheme), Some(at)) if at > scheme => [&address[..scheme + 3], &address[at + 1..]].concat().into(),
        (None, Some(at)) => address[at + 1..].into(),
        _ => address.into(),
    }
}

//! Why an endpoint is invalid.

use std::convert::Infallible;
use std::error::Error;
use std::fmt;

/// An invalid address, header, credential or certificate of an [`Endpoint`](super::Endpoint).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidEndpoint {
    /// `None` if something other than the address is invalid.
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
    /// A client key that cannot be read, or is another certificate's.
    #[cfg(feature = "tls")]
    ClientKey(Box<str>),
    NoHost,
    Socket,
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

    /// The same problem, of a client key.
    #[cfg(feature = "tls")]
    pub(super) fn of_key(self) -> Self {
        match self.reason {
            Reason::Tls(problem) => Self::new(Reason::ClientKey(problem)),
            _ => self,
        }
    }

    /// Whether a client key is the problem.
    #[cfg(all(feature = "env", feature = "tls"))]
    pub(crate) fn is_of_key(&self) -> bool {
        matches!(self.reason, Reason::ClientKey(_))
    }

    /// An address that cannot be parsed.
    pub(super) fn address(address: &str, reason: Reason) -> Self {
        InvalidEndpoint { address: Some(without_user(address)), reason }
    }

    pub(super) fn into_reason(self) -> Reason {
        self.reason
    }

    /// An address that must consist of host and port only.
    #[cfg(feature = "jaeger")]
    pub(crate) fn host_and_port(address: &str) -> Self {
        InvalidEndpoint::address(address, Reason::HostAndPort)
    }
}

/// Never happens: lets constructors take an [`Endpoint`](super::Endpoint) where they take an address.
impl From<Infallible> for InvalidEndpoint {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

impl fmt::Display for InvalidEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(address) = &self.address {
            write!(f, "{address:?} is not a valid endpoint: ")?;
        }
        match &self.reason {
            Reason::Syntax => f.write_str("expected an address such as http://127.0.0.1:4318"),
            Reason::NoScheme => f.write_str("it must start with http://, https:// or unix:"),
            Reason::Scheme(scheme) => write!(f, "the scheme is {scheme}, expected http, https or unix"),
            #[cfg(feature = "tls")]
            Reason::Tls(problem) | Reason::ClientKey(problem) => f.write_str(problem),
            #[cfg(not(feature = "tls"))]
            Reason::NoTls => f.write_str("https needs the feature tls of opentracing-reporter"),
            Reason::NoHost => f.write_str("the host is missing"),
            Reason::Socket if cfg!(unix) => {
                f.write_str("expected the absolute path of a socket, such as unix:///run/collector.sock")
            }
            Reason::Socket => f.write_str("this operating system has no Unix sockets"),
            Reason::Port => f.write_str("the port must be a number from 1 to 65535"),
            Reason::User => f.write_str("the user or password is invalid"),
            #[cfg(feature = "jaeger")]
            Reason::HostAndPort => f.write_str("expected host and port, such as 127.0.0.1:6831"),
            Reason::Header(name) => write!(f, "the header {name:?} has an invalid name or value"),
        }
    }
}

impl Error for InvalidEndpoint {}

fn without_user(address: &str) -> Box<str> {
    match (address.find("://"), address.rfind('@')) {
        (Some(scheme), Some(at)) if at > scheme && !address.starts_with("unix:") => {
            [&address[..scheme + 3], &address[at + 1..]].concat().into()
        }
        (None, Some(at)) if !address.starts_with("unix:") => address[at + 1..].into(),
        _ => address.into(),
    }
}

//! Why there is no connection.

use std::error::Error;
use std::io;

/// Why a connection to a server failed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum ConnectFailure {
    /// The time-out expired before there was a connection.
    Timeout,
    /// The name of the host could not be resolved.
    Dns,
    /// A proxy refused the connection.
    Proxy,
    /// The TLS handshake failed: the certificate is not trusted or has another name, or the server does not speak TLS.
    Tls,
    /// The server refused the connection or could not be reached.
    Connect,
}

impl ConnectFailure {
    /// The value of `error.kind`: `timeout`, `dns`, `proxy`, `tls` or `connect`.
    pub const fn name(self) -> &'static str {
        match self {
            ConnectFailure::Timeout => "timeout",
            ConnectFailure::Dns => "dns",
            ConnectFailure::Proxy => "proxy",
            ConnectFailure::Tls => "tls",
            ConnectFailure::Connect => "connect",
        }
    }

    /// Reads the error and its causes. `None` if they do not say that connecting failed, as the errors of hyper-util and of clients built
    /// on it do. Allocates.
    ///
    /// The types of the causes are private or belong to a TLS library, so their texts are compared. If none matches, it is
    /// [`Connect`](ConnectFailure::Connect).
    pub fn of(error: &(dyn Error + 'static)) -> Option<Self> {
        let mut causes = causes(error);
        causes.find(|error| error.to_string() == CONNECTING)?;
        Some(causes.find_map(Self::of_cause).unwrap_or(ConnectFailure::Connect))
    }

    fn of_cause(error: &(dyn Error + 'static)) -> Option<Self> {
        let text = error.to_string();
        let begins = |known: &[&str]| known.iter().any(|known| text.starts_with(known));
        let io = error.downcast_ref::<io::Error>();
        let kind = io.filter(|error| error.raw_os_error().is_none()).map(io::Error::kind);
        if is_timeout(error) {
            Some(ConnectFailure::Timeout)
        } else if begins(&LOOKING_UP) {
            Some(ConnectFailure::Dns)
        } else if begins(&TUNNELLING) {
            Some(ConnectFailure::Proxy)
        } else if matches!(kind, Some(io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof))
            || OF_TLS.iter().any(|word| text.contains(word))
        {
            // Before a request is sent, only TLS reads from a connection.
            Some(ConnectFailure::Tls)
        } else {
            None
        }
    }
}

/// Whether the error or one of its causes is a time-out of the operating system, tokio, tower or reqwest. Allocates.
pub fn is_timeout(error: &(dyn Error + 'static)) -> bool {
    causes(error).any(|error| {
        let io = error.downcast_ref::<io::Error>();
        io.is_some_and(|error| error.kind() == io::ErrorKind::TimedOut)
            || TIMED_OUT.iter().any(|known| error.to_string().starts_with(known))
    })
}

/// The error and its causes, to a limited depth.
pub(super) fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| cause(error)).take(MAX_CAUSES)
}

/// The cause. [`io::Error`] skips a level: its source is the source of the error that it wraps.
fn cause<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(inner) => Some(inner),
        None => error.source(),
    }
}

/// The text of hyper-util's error.
const CONNECTING: &str = "client error (Connect)";

/// Of reqwest, of tokio, of tower.
const TIMED_OUT: [&str; 3] = ["operation timed out", "deadline has elapsed", "request timed out"];

/// Of hyper-util, of reqwest.
const LOOKING_UP: [&str; 2] = ["dns error", "error resolving DNS"];

const TUNNELLING: [&str; 2] = ["tunnel error", "SOCKS error"];

/// Of rustls and of OpenSSL.
const OF_TLS: [&str; 4] = ["certificate", "handshake", "TLS", "SSL"];

/// An error may be its own source.
const MAX_CAUSES: usize = 16;

//! Which hosts get trace headers and baggage.

use std::error::Error;
use std::fmt;
use std::str::FromStr;

use http::Uri;

use crate::http_rules::peer::effective_port;

/// Which hosts get trace headers and baggage. All by default.
///
/// Parses patterns that are separated by commas or spaces; see [`HostPattern`]. An empty text allows no host.
///
/// ```
/// use opentracing_core::http_rules::HostAllowList;
///
/// let hosts: HostAllowList = "*.acme.example, partner.example:8443".parse()?;
/// assert!(hosts.allows("catalog.acme.example", Some(80)));
/// assert!(!hosts.allows("partner.example", Some(443)));
/// # Ok::<(), opentracing_core::http_rules::InvalidHostPattern>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HostAllowList {
    /// `None` allows all hosts, also an unknown one.
    patterns: Option<Box<[HostPattern]>>,
}

/// A host, or all hosts below a domain, with or without a port. Letter case and a trailing dot are ignored.
///
/// `shop.example` is that host at any port, `shop.example:8080` only at that port. `*.shop.example` is each host below
/// `shop.example`, at any depth, but not `shop.example` itself. `*` is every host. An IPv6 address with a port is written in brackets,
/// `[::1]:80`; without a port the brackets are optional. IPv6 addresses are compared as text.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct HostPattern {
    /// In lower case, without brackets. For `*.` the suffix, with its dot.
    host: Box<str>,
    kind: Kind,
    port: Option<u16>,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Kind {
    Every,
    Exact,
    Below,
}

/// A text is not a [`HostPattern`]: it is empty, is a URL, has a `*` that is not at the beginning, or has an invalid port.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InvalidHostPattern(String);

impl HostAllowList {
    /// Allows every host, also an unknown one.
    pub const fn all() -> Self {
        HostAllowList { patterns: None }
    }

    /// Allows no host.
    pub fn none() -> Self {
        HostAllowList { patterns: Some(Box::default()) }
    }

    /// Whether the host gets the headers. `host` has no port; brackets around an IPv6 address are optional. `port` is the effective port;
    /// `None` matches only patterns without a port. Allocates nothing.
    pub fn allows(&self, host: &str, port: Option<u16>) -> bool {
        self.patterns.as_ref().is_none_or(|patterns| patterns.iter().any(|pattern| pattern.matches(host, port)))
    }

    /// Whether the target of a request gets the headers. A relative URI has no host and is allowed only by [`all`](Self::all).
    pub fn allows_uri(&self, uri: &Uri) -> bool {
        self.patterns.is_none() || uri.host().is_some_and(|host| self.allows(host, effective_port(uri)))
    }
}

impl Default for HostAllowList {
    fn default() -> Self {
        Self::all()
    }
}

impl FromIterator<HostPattern> for HostAllowList {
    fn from_iter<I: IntoIterator<Item = HostPattern>>(patterns: I) -> Self {
        HostAllowList { patterns: Some(patterns.into_iter().collect()) }
    }
}

impl FromStr for HostAllowList {
    type Err = InvalidHostPattern;

    fn from_str(text: &str) -> Result<Self, InvalidHostPattern> {
        text.split([',', ' ']).filter(|pattern| !pattern.is_empty()).map(str::parse).collect()
    }
}

impl HostPattern {
    /// Whether the host matches, as [`HostAllowList::allows`] says.
    pub fn matches(&self, host: &str, port: Option<u16>) -> bool {
        if self.port.is_some() && self.port != port {
            return false;
        }
        let host = without_brackets(host).trim_end_matches('.').as_bytes();
        match self.kind {
            Kind::Every => true,
            Kind::Exact => host.eq_ignore_ascii_case(self.host.as_bytes()),
            Kind::Below => match host.len().checked_sub(self.host.len()) {
                Some(at) => at > 0 && host[at..].eq_ignore_ascii_case(self.host.as_bytes()),
                None => false,
            },
        }
    }
}

impl FromStr for HostPattern {
    type Err = InvalidHostPattern;

    fn from_str(text: &str) -> Result<Self, InvalidHostPattern> {
        let invalid = || InvalidHostPattern(text.to_owned());
        let text = text.trim();
        let (host, port) = match text.rsplit_once(':') {
            // An IPv6 address without port contains colons, too.
            Some((host, port)) if !host.contains(':') || host.ends_with(']') => {
                (host, Some(port.parse().ok().filter(|_| !port.starts_with('+')).ok_or_else(invalid)?))
            }
            _ => (text, None),
        };
        let host = without_brackets(host).to_ascii_lowercase();
        let (kind, host) = match host.strip_prefix('*') {
            None => (Kind::Exact, host.trim_end_matches('.')),
            Some("") => (Kind::Every, ""),
            Some(below) if below.starts_with('.') => (Kind::Below, below.trim_end_matches('.')),
            Some(_) => return Err(invalid()),
        };
        let name = host.trim_start_matches('.');
        if (name.is_empty() && kind != Kind::Every)
            || name.contains(['*', '/', '@', '[', ']', ','])
            || name.contains(char::is_whitespace)
        {
            return Err(invalid());
        }
        Ok(HostPattern { host: host.into(), kind, port })
    }
}

impl fmt::Display for InvalidHostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "invalid host pattern {:?}: expected for example shop.example, *.shop.example or shop.example:8080",
            self.0
        )
    }
}

impl Error for InvalidHostPattern {}

/// An IPv6 address as [`std::net::Ipv6Addr`] writes it; other hosts as they are.
pub(super) fn without_brackets(host: &str) -> &str {
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
}

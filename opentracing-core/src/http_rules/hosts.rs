//! Which hosts may see trace headers and baggage.

use std::error::Error;
use std::fmt;
use std::str::FromStr;

use http::Uri;

use crate::http_rules::peer::effective_port;

/// The hosts that get trace headers and baggage with outgoing requests. The default is all of them.
///
/// Reads patterns parted by commas or blanks; see [`HostPattern`]. An empty text admits nobody.
///
/// ```
/// use opentracing_core::http_rules::HostAllowList;
///
/// let hosts: HostAllowList = "*.acme.example, partner.example:8443".parse()?;
/// assert!(hosts.admits("catalog.acme.example", Some(80)));
/// assert!(!hosts.admits("partner.example", Some(443)));
/// # Ok::<(), opentracing_core::http_rules::InvalidHostPattern>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HostAllowList {
    /// `None` admits also a host that is not known.
    patterns: Option<Box<[HostPattern]>>,
}

/// A host, or all hosts below one, with or without a port. Letter case and a final dot do not count.
///
/// `shop.example` is that host at any port, `shop.example:8080` at that port only. `*.shop.example` is each host below
/// `shop.example`, at any depth, and not `shop.example` itself. `*` is every host. IPv6 addresses stand in brackets if a port
/// follows, `[::1]:80`, and may do so if none does; they are compared as text.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct HostPattern {
    /// In lower case, without brackets; after `*.` what the host must end with, dot included.
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

/// A text is no [`HostPattern`]: it is empty, a URL, has `*` elsewhere than at its beginning, or a port that is none.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InvalidHostPattern(String);

impl HostAllowList {
    /// Admits every host, also one that is not known.
    pub const fn all() -> Self {
        HostAllowList { patterns: None }
    }

    /// Admits no host.
    pub fn none() -> Self {
        HostAllowList { patterns: Some(Box::default()) }
    }

    /// Whether the host may see the headers. `host` is without port, an IPv6 address with or without brackets; `port` is the
    /// effective one, and `None` fits only patterns without. Allocates nothing.
    pub fn admits(&self, host: &str, port: Option<u16>) -> bool {
        self.patterns.as_ref().is_none_or(|patterns| patterns.iter().any(|pattern| pattern.matches(host, port)))
    }

    /// Whether the target of a request may see the headers. A relative URI names no host and is admitted only by [`all`](Self::all).
    pub fn admits_uri(&self, uri: &Uri) -> bool {
        self.patterns.is_none() || uri.host().is_some_and(|host| self.admits(host, effective_port(uri)))
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
    /// Whether the host fits, as [`HostAllowList::admits`] says.
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
            // An IPv6 address alone has colons of its own.
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
        write!(f, "{:?} is no host, such as shop.example, *.shop.example or shop.example:8080", self.0)
    }
}

impl Error for InvalidHostPattern {}

/// An IPv6 address as [`std::net::Ipv6Addr`] writes it; other hosts as they are.
pub(super) fn without_brackets(host: &str) -> &str {
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
}

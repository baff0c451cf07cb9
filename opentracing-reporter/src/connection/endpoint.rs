//! Where spans go: address, headers, credentials, TLS.

use std::fmt;
use std::str::FromStr;

use http::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use http::uri::{PathAndQuery, Uri};

use super::invalid_endpoint::{InvalidEndpoint, Reason};
use crate::wire::base64::base64;
use crate::wire::percent;

/// The address of a server, with what it wants to be told beside the spans.
///
/// Made from an address such as `http://127.0.0.1:4318` or `https://collector.example/v1/traces`. A name and a password in front of
/// the host are [basic credentials](Endpoint::basic). The port is that of the scheme where none is given.
///
/// ```
/// use opentracing_reporter::{Endpoint, Otlp};
///
/// let endpoint: Endpoint = "http://collector.internal:4318".parse()?;
/// let otlp = Otlp::http(endpoint.bearer("token")?.header("x-tenant", "shop")?)?;
/// # let _ = otlp;
/// # Ok::<(), opentracing_reporter::InvalidEndpoint>(())
/// ```
#[derive(Clone)]
pub struct Endpoint {
    pub(crate) is_tls: bool,
    /// An IPv6 address stands here without brackets.
    pub(crate) host: Box<str>,
    pub(crate) port: u16,
    /// As in the address: brackets, and the port if it was given.
    pub(crate) authority: Box<str>,
    /// Empty where the address ends behind the host.
    pub(crate) path: Box<str>,
    pub(crate) headers: HeaderMap,
    /// Without one, the operating system's roots.
    #[cfg(feature = "tls")]
    pub(crate) tls: Option<std::sync::Arc<rustls::ClientConfig>>,
}

impl Endpoint {
    /// Sends that header with each request, in the place of an earlier one of the same name.
    ///
    /// # Errors
    ///
    /// If a name or value cannot stand in a header.
    pub fn header(mut self, name: &str, value: &str) -> Result<Self, InvalidEndpoint> {
        let invalid = || InvalidEndpoint::new(Reason::Header(name.into()));
        let key = HeaderName::try_from(name).map_err(|_| invalid())?;
        let mut value = HeaderValue::try_from(value).map_err(|_| invalid())?;
        // Most of these are keys: they stay out of what is printed.
        value.set_sensitive(true);
        self.headers.insert(key, value);
        Ok(self)
    }

    /// Sends name and password with each request (RFC 7617).
    ///
    /// # Errors
    ///
    /// If the name has a colon.
    pub fn basic(self, user: &str, password: &str) -> Result<Self, InvalidEndpoint> {
        if user.contains(':') {
            return Err(InvalidEndpoint::new(Reason::User));
        }
        let credentials = base64(format!("{user}:{password}").as_bytes());
        self.header(AUTHORIZATION.as_str(), &format!("Basic {credentials}"))
    }

    /// Sends that token with each request (RFC 6750).
    ///
    /// # Errors
    ///
    /// If the token cannot stand in a header.
    pub fn bearer(self, token: &str) -> Result<Self, InvalidEndpoint> {
        self.header(AUTHORIZATION.as_str(), &format!("Bearer {token}"))
    }

    /// That port of this host, without encryption.
    pub(crate) fn local(port: u16) -> Self {
        let localhost = Endpoint {
            is_tls: false,
            host: "".into(),
            port,
            authority: "".into(),
            path: "".into(),
            headers: HeaderMap::new(),
            #[cfg(feature = "tls")]
            tls: None,
        };
        localhost.at_host("127.0.0.1")
    }

    /// The same endpoint on that host, which is no IPv6 address.
    pub(crate) fn at_host(mut self, host: &str) -> Self {
        self.host = host.into();
        self.authority = format!("{host}:{}", self.port).into();
        self
    }

    /// Trusts those certificates, and shows that one. Without this, an `https` endpoint trusts what the operating system trusts.
    ///
    /// # Errors
    ///
    /// If the certificates cannot be used, or the operating system has none where they are asked for.
    #[cfg(feature = "tls")]
    pub fn tls(mut self, tls: super::tls::Tls) -> Result<Self, InvalidEndpoint> {
        self.tls = Some(std::sync::Arc::new(tls.config()?));
        Ok(self)
    }

    /// The same endpoint, with that path where the address has none.
    pub(crate) fn or_path(mut self, path: &str) -> Self {
        if matches!(&*self.path, "" | "/") {
            self.path = path.into();
        }
        self
    }

    /// The same endpoint, with that path whatever the address says.
    #[cfg(feature = "otlp")]
    pub(crate) fn with_path(mut self, path: &str) -> Self {
        self.path = path.into();
        self
    }

    fn read(address: &str) -> Result<Self, Reason> {
        let uri: Uri = address.parse().map_err(|_| Reason::Syntax)?;
        let is_tls = match uri.scheme_str() {
            Some("http") => false,
            #[cfg(feature = "tls")]
            Some("https") => true,
            #[cfg(not(feature = "tls"))]
            Some("https") => return Err(Reason::NoTls),
            Some(other) => return Err(Reason::Scheme(other.into())),
            None => return Err(Reason::NoScheme),
        };
        let authority = uri.authority().ok_or(Reason::Syntax)?;
        let host = authority.host();
        if host.is_empty() {
            return Err(Reason::NoHost);
        }
        let (user, host_and_port) = match authority.as_str().rsplit_once('@') {
            Some((user, rest)) => (Some(user), rest),
            None => (None, authority.as_str()),
        };
        // `Uri` takes any digits for a port, and says that there is none where they are too many.
        let port = match host_and_port.strip_prefix(host).and_then(|rest| rest.strip_prefix(':')) {
            Some(port) if !port.bytes().all(|byte| byte.is_ascii_digit()) => return Err(Reason::Port),
            Some(port) => port.parse().ok().filter(|&port| port != 0).ok_or(Reason::Port)?,
            None if is_tls => 443,
            None => 80,
        };
        // `http` gives the path `/` where there is none.
        let path = uri.path_and_query().map_or("", PathAndQuery::as_str);
        let endpoint = Endpoint {
            is_tls,
            host: host.trim_start_matches('[').trim_end_matches(']').into(),
            port,
            authority: host_and_port.into(),
            path: path.into(),
            headers: HeaderMap::new(),
            #[cfg(feature = "tls")]
            tls: None,
        };
        match user {
            Some(user) => {
                let (user, password) = user.split_once(':').unwrap_or((user, ""));
                let decoded = |text| percent::decoded(text).ok_or(Reason::User);
                let (user, password) = (decoded(user)?, decoded(password)?);
                endpoint.basic(&user, &password).map_err(InvalidEndpoint::into_reason)
            }
            None => Ok(endpoint),
        }
    }
}

/// Reads an address.
impl FromStr for Endpoint {
    type Err = InvalidEndpoint;

    fn from_str(address: &str) -> Result<Self, InvalidEndpoint> {
        Endpoint::read(address).map_err(|reason| InvalidEndpoint::address(address, reason))
    }
}

/// Reads an address.
impl TryFrom<&str> for Endpoint {
    type Error = InvalidEndpoint;

    fn try_from(address: &str) -> Result<Self, InvalidEndpoint> {
        address.parse()
    }
}

/// Reads an address.
impl TryFrom<&String> for Endpoint {
    type Error = InvalidEndpoint;

    fn try_from(address: &String) -> Result<Self, InvalidEndpoint> {
        address.parse()
    }
}

/// Leaves out the values of headers, which may be private.
impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Endpoint({self}")?;
        self.headers.keys().try_for_each(|name| write!(f, ", {name}"))?;
        f.write_str(")")
    }
}

/// The address, without credentials.
impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.is_tls { "https" } else { "http" };
        write!(f, "{scheme}://{}{}", self.authority, self.path)
    }
}

//! Where spans are sent: address, headers, credentials, TLS.

use std::fmt;
use std::net::SocketAddr;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;

use http::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use http::uri::{PathAndQuery, Uri};
use opentracing_core::encoding::{decode_percent_strict, encode_base64};

use super::dial::Addresses;
use super::invalid_endpoint::{InvalidEndpoint, Reason};

/// The address of a server, with the headers, credentials and certificates for its requests.
///
/// Parsed from an address such as `http://127.0.0.1:4318` or `https://collector.example/v1/traces`. A user and a password before the host
/// are sent as [basic authentication](Endpoint::basic_auth). The default port is that of the scheme.
///
/// `unix:///run/collector.sock` is a Unix socket, for HTTP and gRPC alike, without TLS. A path for HTTP follows after another colon, as in
/// nginx: `unix:///run/collector.sock:/v1/traces`.
///
/// ```
/// use opentracing_reporter::{Endpoint, Otlp};
///
/// let endpoint: Endpoint = "http://collector.internal:4318".parse()?;
/// let otlp = Otlp::http(endpoint.bearer_auth("token")?.header("x-tenant", "shop")?)?;
/// # let _ = otlp;
/// # Ok::<(), opentracing_reporter::InvalidEndpoint>(())
/// ```
#[derive(Clone)]
pub struct Endpoint {
    pub(crate) is_tls: bool,
    /// The Unix socket to connect to instead of host and port.
    pub(crate) socket: Option<Box<Path>>,
    /// An IPv6 address has no brackets here.
    pub(crate) host: Box<str>,
    pub(crate) port: u16,
    /// As written in the address: with brackets, and with the port if it was given.
    pub(crate) authority: Box<str>,
    /// Empty if the address ends after the host.
    pub(crate) path: Box<str>,
    /// The path is a method of gRPC, which nobody configures.
    pub(crate) is_method: bool,
    /// The path that servers of this kind usually have. Empty if there is none.
    pub(crate) usual_path: &'static str,
    pub(crate) headers: HeaderMap,
    /// Connects to these addresses instead of looking up the host.
    pub(crate) addresses: Option<Addresses>,
    pub(crate) proxy: Option<Arc<Endpoint>>,
    /// `None` trusts the operating system's root certificates.
    #[cfg(feature = "tls")]
    pub(crate) tls: Option<Arc<super::tls::Tls>>,
}

impl Endpoint {
    /// Sends this header with each request. Replaces an earlier one of the same name.
    ///
    /// # Errors
    ///
    /// If the name or the value is not valid in a header.
    pub fn header(mut self, name: &str, value: &str) -> Result<Self, InvalidEndpoint> {
        let invalid = || InvalidEndpoint::new(Reason::Header(name.into()));
        let key = HeaderName::try_from(name).map_err(|_| invalid())?;
        let mut value = HeaderValue::try_from(value).map_err(|_| invalid())?;
        // Most of these are credentials, which must not be printed.
        value.set_sensitive(true);
        self.headers.insert(key, value);
        Ok(self)
    }

    /// Sends basic authentication with each request (RFC 7617).
    ///
    /// # Errors
    ///
    /// If the user contains a colon.
    pub fn basic_auth(self, user: &str, password: &str) -> Result<Self, InvalidEndpoint> {
        if user.contains(':') {
            return Err(InvalidEndpoint::new(Reason::User));
        }
        let credentials = encode_base64(format!("{user}:{password}").as_bytes());
        self.header(AUTHORIZATION.as_str(), &format!("Basic {credentials}"))
    }

    /// Sends a bearer token with each request (RFC 6750).
    ///
    /// # Errors
    ///
    /// If the token is not valid in a header.
    pub fn bearer_auth(self, token: &str) -> Result<Self, InvalidEndpoint> {
        self.header(AUTHORIZATION.as_str(), &format!("Bearer {token}"))
    }

    /// This port on the loopback address, without TLS.
    pub(crate) fn local(port: u16) -> Self {
        Endpoint::new(false, "", port).at_host("127.0.0.1")
    }

    /// The same endpoint on another host, which must not be an IPv6 address.
    pub(crate) fn at_host(mut self, host: &str) -> Self {
        self.host = host.into();
        self.authority = format!("{host}:{}", self.port).into();
        (self.socket, self.addresses) = (None, None);
        self
    }

    /// An endpoint without a path. The host and the authority are the same.
    fn new(is_tls: bool, host: &str, port: u16) -> Self {
        Endpoint {
            is_tls,
            socket: None,
            host: host.into(),
            port,
            authority: host.into(),
            path: "".into(),
            is_method: false,
            usual_path: "",
            headers: HeaderMap::new(),
            addresses: None,
            proxy: None,
            #[cfg(feature = "tls")]
            tls: None,
        }
    }

    /// The address as a URI: without a Unix socket, which no URI of HTTP has.
    pub(crate) fn uri(&self) -> String {
        let scheme = if self.is_tls { "https" } else { "http" };
        format!("{scheme}://{}{}", self.authority, self.path)
    }

    /// Sets the trusted root certificates and the client certificate. By default an `https` endpoint trusts the operating system's roots.
    ///
    /// # Errors
    ///
    /// If a certificate cannot be used, or the operating system has no root certificates although they are needed.
    #[cfg(feature = "tls")]
    pub fn tls(mut self, tls: super::tls::Tls) -> Result<Self, InvalidEndpoint> {
        tls.read().and_then(|certificates| tls.config(&certificates))?;
        self.tls = Some(Arc::new(tls));
        Ok(self)
    }

    /// Connects through this HTTP proxy. None by default; `from_env` reads `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY`.
    ///
    /// The proxy is an endpoint of its own, with [basic authentication](Endpoint::basic_auth) in `Proxy-Authorization`, and with TLS if
    /// its address starts with `https:`. `https` endpoints and gRPC use a tunnel (`CONNECT`); other requests are forwarded by the proxy.
    ///
    /// ```
    /// use opentracing_reporter::{Endpoint, Otlp};
    ///
    /// let proxy: Endpoint = "http://proxy.internal:3128".parse()?;
    /// let collector: Endpoint = "http://collector.example:4318".parse()?;
    /// let otlp = Otlp::http(collector.proxy(proxy.basic_auth("shop", "password")?)?)?;
    /// # let _ = otlp;
    /// # Ok::<(), opentracing_reporter::InvalidEndpoint>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If the proxy's address is invalid.
    pub fn proxy<E>(mut self, proxy: E) -> Result<Self, InvalidEndpoint>
    where
        E: TryInto<Endpoint>,
        InvalidEndpoint: From<E::Error>,
    {
        self.proxy = Some(Arc::new(proxy.try_into()?));
        Ok(self)
    }

    /// Connects to these addresses instead of looking up the host. The host still names the server in requests and in TLS.
    ///
    /// By default each new connection looks the host up, and every address is tried: IPv6 and IPv4 in turn, the next one after 250
    /// milliseconds or as soon as one fails (RFC 8305).
    pub fn resolve(mut self, addresses: impl IntoIterator<Item = SocketAddr>) -> Self {
        self.addresses = Some(addresses.into_iter().collect());
        self
    }

    /// The same endpoint, with this path if the address has none.
    pub(crate) fn or_path(mut self, path: &'static str) -> Self {
        if matches!(&*self.path, "" | "/") {
            self.path = path.into();
        }
        self.usual_path = path;
        self
    }

    /// Host and port, as the target of a tunnel.
    pub(crate) fn host_and_port(&self) -> String {
        let Endpoint { host, port, .. } = self;
        if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
    }

    /// The address without the path.
    pub(crate) fn origin(&self) -> String {
        match &self.socket {
            Some(socket) => format!("unix://{}", socket.display()),
            None => format!("{}://{}", if self.is_tls { "https" } else { "http" }, self.authority),
        }
    }

    /// The same endpoint, with a method of gRPC instead of a path.
    #[cfg(feature = "grpc")]
    pub(crate) fn with_method(mut self, method: &str) -> Self {
        self.path = method.into();
        self.is_method = true;
        self
    }

    fn parse(address: &str) -> Result<Self, Reason> {
        if let Some(socket) = after_unix(address) {
            return Endpoint::parse_unix(socket);
        }
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
        // `Uri` accepts any digits as a port, and returns no port if there are too many.
        let port = match host_and_port.strip_prefix(host).and_then(|rest| rest.strip_prefix(':')) {
            Some(port) if !port.bytes().all(|byte| byte.is_ascii_digit()) => return Err(Reason::Port),
            Some(port) => port.parse().ok().filter(|&port| port != 0).ok_or(Reason::Port)?,
            None if is_tls => 443,
            None => 80,
        };
        // `http` returns the path `/` for an empty one.
        let path = uri.path_and_query().map_or("", PathAndQuery::as_str);
        // A query without a path belongs to the root.
        let path = if path.starts_with('?') { format!("/{path}") } else { path.to_owned() };
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let endpoint =
            Endpoint { authority: host_and_port.into(), path: path.into(), ..Endpoint::new(is_tls, host, port) };
        match user {
            Some(user) => {
                let (user, password) = user.split_once(':').unwrap_or((user, ""));
                let decoded = |text| decode_percent_strict(text).ok_or(Reason::User);
                let (user, password) = (decoded(user)?, decoded(password)?);
                endpoint.basic_auth(&user, &password).map_err(InvalidEndpoint::into_reason)
            }
            None => Ok(endpoint),
        }
    }

    /// `///run/collector.sock` or `/run/collector.sock`, as in gRPC's names, each with a path of HTTP after a colon.
    fn parse_unix(address: &str) -> Result<Self, Reason> {
        let address = address.strip_prefix("//").unwrap_or(address);
        let (socket, path) = match address.find(":/") {
            Some(colon) => (&address[..colon], &address[colon + 1..]),
            None => (address, ""),
        };
        if !socket.starts_with('/') || !is_socket_path(socket) {
            return Err(Reason::Socket);
        }
        if !path.is_empty() && path.parse::<PathAndQuery>().is_err() {
            return Err(Reason::Syntax);
        }
        let localhost = Endpoint::new(false, "localhost", 80);
        Ok(Endpoint { socket: Some(Path::new(socket).into()), path: path.into(), ..localhost })
    }
}

/// What follows `unix:`.
fn after_unix(address: &str) -> Option<&str> {
    address.split_once(':').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("unix")).map(|(_, rest)| rest)
}

/// Whether the operating system has Unix sockets, and takes a path of this length.
fn is_socket_path(path: &str) -> bool {
    #[cfg(unix)]
    return std::os::unix::net::SocketAddr::from_pathname(path).is_ok();
    #[cfg(not(unix))]
    return false;
}

/// Parses an address.
impl FromStr for Endpoint {
    type Err = InvalidEndpoint;

    fn from_str(address: &str) -> Result<Self, InvalidEndpoint> {
        Endpoint::parse(address).map_err(|reason| InvalidEndpoint::address(address, reason))
    }
}

/// Parses an address.
impl TryFrom<&str> for Endpoint {
    type Error = InvalidEndpoint;

    fn try_from(address: &str) -> Result<Self, InvalidEndpoint> {
        address.parse()
    }
}

/// Parses an address.
impl TryFrom<&String> for Endpoint {
    type Error = InvalidEndpoint;

    fn try_from(address: &String) -> Result<Self, InvalidEndpoint> {
        address.parse()
    }
}

/// Omits the values of headers, which may be secret.
impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Endpoint({self}")?;
        self.headers.keys().try_for_each(|name| write!(f, ", {name}"))?;
        f.write_str(")")
    }
}

/// Writes the address without credentials, and without the method of a gRPC call.
impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.socket {
            _ if self.is_method => f.write_str(&self.origin()),
            Some(socket) if self.path.is_empty() => write!(f, "unix://{}", socket.display()),
            Some(socket) => write!(f, "unix://{}:{}", socket.display(), self.path),
            None => f.write_str(&self.uri()),
        }
    }
}

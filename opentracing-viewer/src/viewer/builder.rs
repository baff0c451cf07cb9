//! The settings of a viewer.

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, ToSocketAddrs};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::security::{Hosts, Token};
use crate::state::{AppState, Endpoints, Limits};
use crate::store::Store;
use crate::viewer::serve::{self, Listeners};
use crate::viewer::{Viewer, ViewerHandle};

/// The settings of a [`Viewer`].
#[must_use]
pub struct ViewerBuilder {
    http: Vec<io::Result<SocketAddr>>,
    grpc: Vec<io::Result<SocketAddr>>,
    max_bytes: usize,
    #[cfg(feature = "sqlite")]
    file: Option<std::path::PathBuf>,
    token: Option<String>,
    hosts: Vec<String>,
    origins: Vec<String>,
    limits: Limits,
}

impl ViewerBuilder {
    pub(super) fn new() -> Self {
        ViewerBuilder {
            http: Vec::new(),
            grpc: Vec::new(),
            max_bytes: Store::DEFAULT_MAX_BYTES,
            #[cfg(feature = "sqlite")]
            file: None,
            token: None,
            hosts: Vec::new(),
            origins: Vec::new(),
            limits: Limits::default(),
        }
    }

    /// Adds an address for pages, OTLP over HTTP, Zipkin and Jaeger; port 0 takes any free port. The first one is the address of the page.
    /// Without any, it is a free port of 127.0.0.1.
    pub fn listen(mut self, address: impl ToSocketAddrs) -> Self {
        add(&mut self.http, address);
        self
    }

    /// Adds an address for OTLP over gRPC. None by default.
    pub fn listen_grpc(mut self, address: impl ToSocketAddrs) -> Self {
        add(&mut self.grpc, address);
        self
    }

    /// Sets the bound of the store in bytes. [`Store::DEFAULT_MAX_BYTES`] by default, [`Store::MIN_MAX_BYTES`] at least.
    pub fn max_bytes(mut self, bytes: usize) -> Self {
        self.max_bytes = bytes;
        self
    }

    /// Keeps the spans in an SQLite file, too, and begins with those that it holds. What leaves the store leaves the file. The file is created
    /// for its owner alone, in the mode 0600. None by default.
    #[cfg(feature = "sqlite")]
    #[cfg_attr(docsrs, doc(cfg(feature = "sqlite")))]
    pub fn store_file(mut self, path: impl Into<std::path::PathBuf>) -> Self {
        self.file = Some(path.into());
        self
    }

    /// Requires a token, which addresses other than loopback need: at least 16 letters, digits, `-` and `_`. [`Viewer::url`] includes it. A
    /// browser that opens this link gets it as a cookie; senders send it as `Authorization: Bearer`. None by default.
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.token = Some(token.into());
        self
    }

    /// Requires a random token of 128 bits.
    ///
    /// # Errors
    ///
    /// If the operating system has no random numbers.
    pub fn random_token(self) -> io::Result<Self> {
        let token = Token::random().map_err(io::Error::other)?;
        Ok(self.token(token.as_str()))
    }

    /// Allows a further host name in requests, such as `host.docker.internal`, with the viewer's port, or `viewer.example:8080` behind a
    /// proxy. Without it the viewer answers to `localhost`, loopback addresses and its own address.
    pub fn allow_host(mut self, host: impl Into<String>) -> Self {
        self.hosts.push(host.into());
        self
    }

    /// Allows pages of an origin, such as `http://localhost:3000`, to send spans from a browser. None by default.
    pub fn allow_origin(mut self, origin: impl Into<String>) -> Self {
        self.origins.push(origin.into());
        self
    }

    /// Sets the time for the head of a request, for which an idle connection waits too. 10 seconds by default.
    pub fn head_timeout(mut self, timeout: Duration) -> Self {
        self.limits.head_timeout = timeout;
        self
    }

    /// Sets the time in which the body of a request must make progress. 30 seconds by default.
    pub fn body_timeout(mut self, timeout: Duration) -> Self {
        self.limits.body_timeout = timeout;
        self
    }

    /// Sets the greatest size of a request with spans, after decompression. 16 MiB by default.
    pub fn max_request_bytes(mut self, bytes: usize) -> Self {
        self.limits.max_body_bytes = bytes;
        self
    }

    /// Sets the bytes of all requests with spans that are being read. More are answered with 503. 64 MiB by default.
    pub fn max_open_bytes(mut self, bytes: usize) -> Self {
        self.limits.max_open_bytes = bytes;
        self
    }

    /// Sets the number of connections at the same time, of which each kind has its own. More wait to be accepted. 256 by default.
    pub fn max_connections(mut self, connections: usize) -> Self {
        self.limits.max_connections = connections;
        self
    }

    /// Listens, and serves on a thread of its own.
    ///
    /// # Errors
    ///
    /// If an address is invalid or taken, if an address is not loopback and there is no token, if the token is too short, or if the
    /// file cannot be used.
    pub fn start(mut self) -> io::Result<Viewer> {
        if self.http.is_empty() {
            self = self.listen((Ipv4Addr::LOCALHOST, 0));
        }
        let token = self.token.as_deref().map(Token::new).transpose().map_err(invalid)?;
        let http: Vec<SocketAddr> = self.http.into_iter().collect::<io::Result<_>>()?;
        let grpc: Vec<SocketAddr> = self.grpc.into_iter().collect::<io::Result<_>>()?;
        if let Some(open) = http.iter().chain(&grpc).find(|address| token.is_none() && !address.ip().is_loopback()) {
            return Err(invalid(format!("{open} is open to other machines, so it needs a token")));
        }
        let http: Vec<TcpListener> = http.into_iter().map(bind).collect::<io::Result<_>>()?;
        let grpc: Vec<TcpListener> = grpc.into_iter().map(bind).collect::<io::Result<_>>()?;
        let endpoints = Endpoints { http: addresses(&http)?, grpc: addresses(&grpc)? };
        let (close, closed) = watch::channel(false);
        let store = Arc::new(Store::new(self.max_bytes));
        #[cfg(feature = "sqlite")]
        if let Some(file) = &self.file {
            crate::file::open(file, &store)?;
        }
        let state = AppState::new(store, endpoints, self.limits, closed.clone());
        let hosts = Hosts::new(&self.hosts, &self.origins);
        let thread = serve::start(Listeners { http, grpc }, state.clone(), hosts, token.clone(), closed)?;
        Ok(Viewer::new(ViewerHandle::new(state, token), close, thread))
    }
}

fn add(list: &mut Vec<io::Result<SocketAddr>>, address: impl ToSocketAddrs) {
    match address.to_socket_addrs() {
        Ok(mut addresses) => list.push(addresses.next().ok_or_else(|| invalid("an address without an IP address"))),
        Err(error) => list.push(Err(error)),
    }
}

fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let listener = TcpListener::bind(address).map_err(|error| {
        let hint = if error.kind() == io::ErrorKind::AddrInUse { ": another program listens there" } else { "" };
        io::Error::new(error.kind(), format!("cannot listen at {address}{hint} ({error})"))
    })?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

fn addresses(listeners: &[TcpListener]) -> io::Result<Vec<SocketAddr>> {
    listeners.iter().map(TcpListener::local_addr).collect()
}

fn invalid(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, error)
}

impl fmt::Debug for ViewerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ViewerBuilder").field("http", &self.http).field("grpc", &self.grpc).finish_non_exhaustive()
    }
}

//! The way to a server: straight or through a proxy, with TLS or without.

use std::fmt;
use std::io;

use http::header::{AUTHORIZATION, HeaderValue};

#[cfg(feature = "tls")]
use super::connector::Connector;
use super::dial::{BoxStream, Dialer, Peer};
use super::endpoint::Endpoint;
use super::progress::{Progress, Step};
use super::protocol::Protocol;
use super::{BoxError, NoConnection, tunnel};

pub(super) struct Route {
    endpoint: Endpoint,
    protocol: Protocol,
    dialer: Dialer,
    #[cfg(feature = "tls")]
    tls: Option<Connector>,
    #[cfg(feature = "tls")]
    proxy_tls: Option<Connector>,
    pub(super) progress: Progress,
    /// Where the last connection leads.
    pub(super) last: Option<Opened>,
}

/// An open connection, described for people.
#[derive(Clone, Debug)]
pub(super) struct Opened {
    peer: Peer,
    proxy: Option<String>,
    tls: Option<&'static str>,
}

impl Route {
    pub(super) fn new(endpoint: &Endpoint, protocol: Protocol) -> Self {
        Route {
            endpoint: endpoint.clone(),
            protocol,
            dialer: Dialer::new(endpoint.proxy.as_deref().unwrap_or(endpoint)),
            #[cfg(feature = "tls")]
            tls: None,
            #[cfg(feature = "tls")]
            proxy_tls: None,
            progress: Progress::new(),
            last: None,
        }
    }

    pub(super) async fn open(&mut self) -> Result<BoxStream, BoxError> {
        self.last = None;
        let Some(proxy) = self.endpoint.proxy.clone() else {
            let (stream, peer) = self.dialer.dial(&self.progress).await.map_err(|error| self.no_connection(&error))?;
            return self.secured(stream, Opened { peer, proxy: None, tls: None }).await;
        };
        let proxied = |error: &dyn fmt::Display| -> BoxError {
            NoConnection(format!("no connection to {} through the proxy {}: {error}", self.endpoint, proxy.origin()))
                .into()
        };
        let (stream, peer) = self.dialer.dial(&self.progress).await.map_err(|error| proxied(&error))?;
        #[cfg(feature = "tls")]
        let stream = match proxy.is_tls {
            true => {
                self.progress.reach(Step::Handshake);
                let tls = connector(&mut self.proxy_tls, &proxy, Protocol::Http).map_err(|error| proxied(&error))?;
                tls.connect(stream).await.map_err(|error| proxied(&error))?.0
            }
            false => stream,
        };
        let stream = match self.forwards_requests() {
            true => stream,
            false => {
                self.progress.reach(Step::Tunnel);
                let target = self.endpoint.host_and_port();
                tunnel::open(stream, &target, proxy_credentials(&proxy)).await.map_err(|error| proxied(&error))?
            }
        };
        self.secured(stream, Opened { peer, proxy: Some(proxy.origin()), tls: None }).await
    }

    /// Whether a proxy forwards each request, instead of a tunnel. It can read such requests, so TLS always has a tunnel.
    fn forwards_requests(&self) -> bool {
        self.endpoint.proxy.is_some() && !self.endpoint.is_tls && !self.protocol.is_grpc()
    }

    /// The proxy that has to forward each request, and the credentials for it.
    pub(super) fn forwarder(&self) -> Option<(&Endpoint, Option<&HeaderValue>)> {
        let proxy = self.endpoint.proxy.as_deref().filter(|_| self.forwards_requests())?;
        Some((proxy, proxy_credentials(proxy)))
    }

    #[cfg(feature = "tls")]
    async fn secured(&mut self, stream: BoxStream, mut opened: Opened) -> Result<BoxStream, BoxError> {
        let mut stream = stream;
        if self.endpoint.is_tls {
            self.progress.reach(Step::Handshake);
            let tls = match connector(&mut self.tls, &self.endpoint, self.protocol) {
                Ok(tls) => tls,
                Err(error) => return Err(self.no_connection(&error)),
            };
            match tls.connect(stream).await {
                Ok((secured, version)) => {
                    stream = secured;
                    opened.tls = Some(version);
                }
                Err(error) => return Err(self.no_connection(&error)),
            }
        }
        self.last = Some(opened);
        self.progress.reach(Step::Exchange);
        Ok(stream)
    }

    #[cfg(not(feature = "tls"))]
    async fn secured(&mut self, stream: BoxStream, opened: Opened) -> Result<BoxStream, BoxError> {
        self.last = Some(opened);
        self.progress.reach(Step::Exchange);
        Ok(stream)
    }

    fn no_connection(&self, error: &io::Error) -> BoxError {
        #[cfg(feature = "tls")]
        if let Some(hint) = super::hint::about_tls(error, &self.endpoint) {
            return NoConnection::to(&self.endpoint, &format_args!("{error}; {hint}")).into();
        }
        NoConnection::to(&self.endpoint, error).into()
    }
}

/// The connector, created for the first connection, since it may have to read the operating system's certificates.
#[cfg(feature = "tls")]
fn connector<'a>(
    slot: &'a mut Option<Connector>,
    endpoint: &Endpoint,
    protocol: Protocol,
) -> io::Result<&'a mut Connector> {
    let connector = match slot.take() {
        Some(connector) => connector,
        None => Connector::new(endpoint, protocol)?,
    };
    Ok(slot.insert(connector))
}

/// The credentials of an endpoint that is a proxy.
fn proxy_credentials(proxy: &Endpoint) -> Option<&HeaderValue> {
    proxy.headers.get(AUTHORIZATION)
}

/// `127.0.0.1:4318, TLS 1.3`.
impl fmt::Display for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.proxy {
            Some(proxy) => write!(f, "the proxy {proxy} at {}", self.peer)?,
            None => self.peer.fmt(f)?,
        }
        self.tls.map_or(Ok(()), |version| write!(f, ", {version}"))
    }
}

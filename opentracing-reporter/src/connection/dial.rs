//! Opens a connection to a host, by any of its addresses.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::timeout;

use super::endpoint::Endpoint;
use super::progress::{Progress, Step};

/// Bytes in both directions: TCP, a Unix socket, a tunnel, TLS.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

pub(super) type BoxStream = Box<dyn Stream>;

/// The delay between the starts of two attempts (RFC 8305, section 5).
const ATTEMPT_DELAY: Duration = Duration::from_millis(250);

/// How long after its end a look-up that outlived its request is used.
const LOOKUP_AGE: Duration = Duration::from_secs(30);

/// Connects to the host of an endpoint.
pub(super) struct Dialer {
    endpoint: Endpoint,
    /// A look-up that outlived its request. The next attempt uses its result.
    lookup: Option<JoinHandle<(io::Result<Vec<SocketAddr>>, Instant)>>,
}

/// Where a connection leads.
#[derive(Clone, Debug)]
pub(super) enum Peer {
    Tcp(SocketAddr),
    Unix,
}

impl Dialer {
    pub(super) fn new(endpoint: &Endpoint) -> Self {
        Dialer { endpoint: endpoint.clone(), lookup: None }
    }

    pub(super) async fn dial(&mut self, progress: &Progress) -> io::Result<(BoxStream, Peer)> {
        #[cfg(unix)]
        if let Some(socket) = &self.endpoint.socket {
            progress.reach(Step::Connect);
            return Ok((Box::new(tokio::net::UnixStream::connect(socket).await?), Peer::Unix));
        }
        progress.reach(Step::LookUp);
        let addresses = self.addresses().await?;
        progress.reach(Step::Connect);
        let stream = connect_to_any(addresses).await?;
        stream.set_nodelay(true)?;
        let peer = stream.peer_addr()?;
        Ok((Box::new(stream), Peer::Tcp(peer)))
    }

    /// Looks the host up, unless it is an IP address or the addresses were set.
    async fn addresses(&mut self) -> io::Result<Vec<SocketAddr>> {
        let Endpoint { host, port, addresses, .. } = &self.endpoint;
        if let Some(addresses) = addresses {
            return Ok(addresses.to_vec());
        }
        if let Ok(ip) = host.parse::<IpAddr>() {
            return Ok(vec![SocketAddr::new(ip, *port)]);
        }
        loop {
            let lookup = self.lookup.get_or_insert_with(|| {
                let target = (host.to_string(), *port);
                // A task of its own, since a name server may need longer than a request may take.
                tokio::spawn(async move {
                    let found = lookup_host(target).await.map(Iterator::collect);
                    (found, Instant::now())
                })
            });
            let found = lookup.await;
            self.lookup = None;
            let (found, done) = found.map_err(io::Error::other)?;
            if done.elapsed() < LOOKUP_AGE {
                return found;
            }
        }
    }
}

/// Tries the addresses one after the other, without waiting for one that does not answer (RFC 8305, "Happy Eyeballs").
async fn connect_to_any(addresses: Vec<SocketAddr>) -> io::Result<TcpStream> {
    let mut remaining = interleaved(addresses);
    let (mut attempts, mut failures) = (JoinSet::new(), Vec::new());
    loop {
        if let Some(address) = remaining.pop_front() {
            attempts.spawn(async move { TcpStream::connect(address).await.map_err(|error| (address, error)) });
        }
        let next = attempts.join_next();
        let finished = match remaining.is_empty() {
            true => next.await,
            false => match timeout(ATTEMPT_DELAY, next).await {
                Ok(finished) => finished,
                Err(_) => continue,
            },
        };
        match finished {
            Some(Ok(Ok(stream))) => return Ok(stream),
            Some(Ok(Err(failure))) => failures.push(failure),
            Some(Err(panic)) => return Err(io::Error::other(panic)),
            None if remaining.is_empty() => return Err(all_failed(failures)),
            None => {}
        }
    }
}

/// Alternates between IPv6 and IPv4, in the operating system's order, which begins with the preferred family (RFC 8305, section 4).
fn interleaved(addresses: Vec<SocketAddr>) -> VecDeque<SocketAddr> {
    let begins_with_v6 = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (mut first, mut second): (VecDeque<_>, VecDeque<_>) =
        addresses.into_iter().partition(|address| address.is_ipv6() == begins_with_v6);
    let mut order = VecDeque::with_capacity(first.len() + second.len());
    while !first.is_empty() || !second.is_empty() {
        order.extend(first.pop_front().into_iter().chain(second.pop_front()));
    }
    order
}

/// The error of one address, or of several with the address of each.
fn all_failed(mut failures: Vec<(SocketAddr, io::Error)>) -> io::Error {
    match failures.len() {
        0 => io::Error::new(io::ErrorKind::NotFound, "the name has no address"),
        1 => failures.remove(0).1,
        _ => {
            let kind = failures[0].1.kind();
            let each: Vec<_> = failures.iter().map(|(address, error)| format!("{address}: {error}")).collect();
            io::Error::new(kind, each.join(", "))
        }
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Peer::Tcp(address) => address.fmt(f),
            Peer::Unix => f.write_str("the socket"),
        }
    }
}

/// The addresses that a user has set.
pub(crate) type Addresses = Arc<[SocketAddr]>;

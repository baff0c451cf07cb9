//! Accepting connections, up to a limit.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

/// The connections of one listener. A connection beyond the limit waits until another one ends.
pub(crate) struct Connections {
    listener: TcpListener,
    permits: Arc<Semaphore>,
    closed: watch::Receiver<bool>,
}

/// A connection. It counts as long as its permit lives.
pub(super) struct Connection {
    pub(super) stream: TcpStream,
    pub(super) local: SocketAddr,
    pub(super) permit: OwnedSemaphorePermit,
    pub(super) closed: watch::Receiver<bool>,
}

/// After an error that concerns more than one connection.
const PAUSE: Duration = Duration::from_millis(100);

impl Connections {
    pub(crate) fn new(listener: TcpListener, permits: Arc<Semaphore>, closed: watch::Receiver<bool>) -> Self {
        Connections { listener, permits, closed }
    }

    /// The next connection; `None` when the viewer closes.
    pub(super) async fn next(&mut self) -> Option<Connection> {
        loop {
            let permit = tokio::select! {
                permit = self.permits.clone().acquire_owned() => permit.ok()?,
                _ = self.closed.changed() => return None,
            };
            let accepted = tokio::select! {
                accepted = self.listener.accept() => accepted.and_then(|(stream, _)| Ok((stream.local_addr()?, stream))),
                _ = self.closed.changed() => return None,
            };
            match accepted {
                Ok((local, stream)) => return Some(Connection { stream, local, permit, closed: self.closed.clone() }),
                Err(error) if is_of_one_connection(&error) => {}
                Err(error) => {
                    log::warn!("cannot accept a connection: {error}");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }
}

fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::NotConnected
    )
}

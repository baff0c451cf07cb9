//! The viewer as a transport.

use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Instant;

use opentracing_core::FinishedSpan;
use opentracing_reporter::{SendOutcome, SendReason, Transport};
use tokio::sync::{Semaphore, watch};

use crate::model::{Resource, Span};
use crate::server;
use crate::state::{AppState, Endpoints};
use crate::store::Store;
use crate::viewer::convert;

/// Shows traces on a page of its own, on a thread of its own, until it is dropped.
///
/// As a [`Transport`] it takes the spans of this process.
pub struct Viewer {
    store: Arc<Store>,
    endpoints: Endpoints,
    pending: Vec<Span>,
    resource: Option<Arc<Resource>>,
    close: watch::Sender<bool>,
    thread: Option<JoinHandle<()>>,
}

/// Connections at the same time.
const MAX_CONNECTIONS: usize = 256;

impl Viewer {
    /// Listens at an address, such as `127.0.0.1:0` for any free port.
    ///
    /// # Errors
    ///
    /// If the address is invalid or taken.
    pub fn bind(address: impl ToSocketAddrs) -> io::Result<Viewer> {
        let listener = TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        let endpoints = Endpoints { http: vec![listener.local_addr()?], grpc: Vec::new() };
        let store = Arc::new(Store::new(Store::DEFAULT_MAX_BYTES));
        let (close, closed) = watch::channel(false);
        let state = AppState::new(store.clone(), endpoints.clone());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let thread = std::thread::Builder::new().name("opentracing-viewer".into()).spawn(move || {
            runtime.block_on(async {
                match tokio::net::TcpListener::from_std(listener) {
                    Ok(listener) => {
                        let permits = Arc::new(Semaphore::new(MAX_CONNECTIONS));
                        server::serve(listener, server::router(state), permits, closed).await;
                    }
                    Err(error) => log::error!("cannot serve pages: {error}"),
                }
            });
        })?;
        Ok(Viewer { store, endpoints, pending: Vec::new(), resource: None, close, thread: Some(thread) })
    }

    /// The address of the page.
    pub fn local_addr(&self) -> SocketAddr {
        self.endpoints.http[0]
    }

    /// The address of the page as a URL.
    pub fn url(&self) -> String {
        format!("http://{}/", self.local_addr())
    }

    /// The spans that the viewer has.
    pub fn store(&self) -> &Arc<Store> {
        &self.store
    }
}

impl Transport for Viewer {
    fn name(&self) -> &'static str {
        "viewer"
    }

    fn add(&mut self, span: FinishedSpan<'_>) {
        let process = span.process();
        let resource = self.resource.get_or_insert_with(|| Arc::new(convert::resource(process)));
        self.pending.push(convert::span(span, resource));
    }

    fn pending(&self) -> usize {
        self.pending.len()
    }

    fn send(&mut self, _: SendReason, _: Instant) -> SendOutcome {
        let inserted = self.store.insert(std::mem::take(&mut self.pending));
        SendOutcome::sent(inserted.accepted + inserted.repeated).and(if inserted.rejected > 0 {
            SendOutcome::dropped(inserted.rejected, "invalid id")
        } else {
            SendOutcome::none()
        })
    }
}

impl Drop for Viewer {
    fn drop(&mut self) {
        let _ = self.close.send(true);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for Viewer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Viewer").field("endpoints", &self.endpoints).finish_non_exhaustive()
    }
}

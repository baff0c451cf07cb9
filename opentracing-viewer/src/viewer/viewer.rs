//! The viewer as a transport.

use std::fmt;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use opentracing_core::FinishedSpan;
use opentracing_reporter::{SendOutcome, SendReason, Transport, TransportCheck};
use tokio::sync::watch;

use crate::model::{Resource, Span};
use crate::state::Endpoints;
use crate::store::Store;
use crate::viewer::{ViewerBuilder, ViewerHandle, convert};

/// Shows traces on a page of its own, on a thread of its own, until it is dropped.
///
/// As a [`Transport`] it takes the spans of this process. Other processes send theirs to its address: OTLP to `/v1/traces`, Zipkin to
/// `/api/v2/spans`, Jaeger to `/api/traces`, and OTLP over gRPC to a port of its own.
pub struct Viewer {
    handle: ViewerHandle,
    pending: Vec<Span>,
    resource: Option<Arc<Resource>>,
    close: watch::Sender<bool>,
    thread: Option<JoinHandle<()>>,
}

/// A live page should be live: spans wait this long for others.
const BATCH_DELAY: Duration = Duration::from_millis(200);

impl Viewer {
    /// Listens at an address, such as `127.0.0.1:0` for any free port.
    ///
    /// # Errors
    ///
    /// If the address is invalid or taken, or not loopback: that needs a [token](ViewerBuilder::token).
    pub fn bind(address: impl ToSocketAddrs) -> io::Result<Viewer> {
        Viewer::builder().listen(address).start()
    }

    /// The settings of a viewer.
    pub fn builder() -> ViewerBuilder {
        ViewerBuilder::new()
    }

    pub(super) fn new(handle: ViewerHandle, close: watch::Sender<bool>, thread: JoinHandle<()>) -> Self {
        Viewer { handle, pending: Vec::new(), resource: None, close, thread: Some(thread) }
    }

    /// A handle, which stays with you when the viewer goes to the reporter.
    pub fn handle(&self) -> ViewerHandle {
        self.handle.clone()
    }

    /// The address of the page.
    pub fn local_addr(&self) -> SocketAddr {
        self.handle.local_addr()
    }

    /// All addresses.
    pub fn endpoints(&self) -> &Endpoints {
        self.handle.endpoints()
    }

    /// The page as a link, with the token if there is one.
    pub fn url(&self) -> String {
        self.handle.url()
    }

    /// The spans that the viewer has.
    pub fn store(&self) -> &Arc<Store> {
        self.handle.store()
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
        let spans = std::mem::take(&mut self.pending);
        let inserted = self.store().insert(spans);
        let sent = SendOutcome::sent(inserted.accepted + inserted.repeated);
        if inserted.rejected > 0 { sent.and(SendOutcome::dropped(inserted.rejected, "invalid id")) } else { sent }
    }

    fn batch_delay(&self) -> Option<Duration> {
        Some(BATCH_DELAY)
    }

    fn check(&self) -> TransportCheck {
        let url = self.url();
        TransportCheck::new(move |_| Ok(format!("{url} shows the spans of this process")))
    }
}

impl Drop for Viewer {
    fn drop(&mut self) {
        let _ = self.close.send(true);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        self.handle.close();
    }
}

impl fmt::Debug for Viewer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Viewer").field("endpoints", self.endpoints()).finish_non_exhaustive()
    }
}

//! A handle of a running viewer.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use opentracing_core::Tracer;

use crate::health::TracerHealth;
use crate::security::Token;
use crate::state::{AppState, Endpoints, ReceiverStats};
use crate::store::Store;

/// A handle of a running [`Viewer`](crate::Viewer), which stays with you when the viewer goes to the reporter. Cloning it is cheap.
#[derive(Clone)]
pub struct ViewerHandle {
    state: AppState,
    token: Option<Token>,
}

impl ViewerHandle {
    pub(super) fn new(state: AppState, token: Option<Token>) -> Self {
        ViewerHandle { state, token }
    }

    pub(super) fn close(&self) {
        self.state.watched().clear();
        #[cfg(feature = "sqlite")]
        self.store().close_journal();
    }

    /// The address of the page.
    pub fn local_addr(&self) -> SocketAddr {
        self.endpoints().http[0]
    }

    /// All addresses.
    pub fn endpoints(&self) -> &Endpoints {
        self.state.endpoints()
    }

    /// The page as a link, with the token if there is one. An address for all interfaces is shown as loopback.
    pub fn url(&self) -> String {
        let mut address = self.local_addr();
        if address.ip().is_unspecified() {
            address.set_ip(std::net::Ipv4Addr::LOCALHOST.into());
        }
        match &self.token {
            Some(token) => format!("http://{address}/?token={}", token.as_str()),
            None => format!("http://{address}/"),
        }
    }

    /// Shows on the page what a tracer of this process says of itself: [`Tracer::report`] and its counters. The viewer holds the tracer until it
    /// is dropped, so close the tracer if it reports to this viewer, as the guard of its reporter does.
    pub fn watch(&self, tracer: &Tracer) {
        self.state.watched().add(tracer.clone());
    }

    /// What is known of all tracers: those that are [watched](ViewerHandle::watch), and the others by their spans. Takes about 10 ms for a
    /// million spans.
    pub fn health(&self) -> Vec<TracerHealth> {
        self.state.health()
    }

    /// What other processes sent.
    pub fn received(&self) -> ReceiverStats {
        self.state.counters().stats()
    }

    /// The spans that the viewer has.
    pub fn store(&self) -> &Arc<Store> {
        self.state.store()
    }
}

impl fmt::Debug for ViewerHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ViewerHandle").field("endpoints", self.endpoints()).finish_non_exhaustive()
    }
}

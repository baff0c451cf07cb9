//! What receivers and pages share.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use tokio::sync::{Semaphore, watch};

use crate::health::{self, TracerHealth, Watched};
use crate::state::{Budget, Counters, Endpoints, Limits};
use crate::store::Store;

/// What receivers and pages share. Cloning it shares it.
#[derive(Clone)]
pub(crate) struct AppState {
    inner: Arc<Inner>,
}

struct Inner {
    store: Arc<Store>,
    endpoints: Endpoints,
    limits: Limits,
    budget: Budget,
    counters: Counters,
    watched: Watched,
    started: SystemTime,
    queries: Semaphore,
    closed: watch::Receiver<bool>,
}

/// Questions to the store that may run at the same time.
const PARALLEL_QUERIES: usize = 2;

impl AppState {
    pub(crate) fn new(store: Arc<Store>, endpoints: Endpoints, limits: Limits, closed: watch::Receiver<bool>) -> Self {
        let inner = Inner {
            store,
            endpoints,
            limits,
            budget: Budget::new(limits.max_open_bytes),
            counters: Counters::default(),
            watched: Watched::default(),
            started: SystemTime::now(),
            queries: Semaphore::new(PARALLEL_QUERIES),
            closed,
        };
        AppState { inner: Arc::new(inner) }
    }

    /// The store.
    pub(crate) fn store(&self) -> &Arc<Store> {
        &self.inner.store
    }

    /// Where the viewer listens.
    pub(crate) fn endpoints(&self) -> &Endpoints {
        &self.inner.endpoints
    }

    /// The limits of connections and requests.
    pub(crate) fn limits(&self) -> &Limits {
        &self.inner.limits
    }

    /// The memory of requests that are being read.
    pub(crate) fn budget(&self) -> &Budget {
        &self.inner.budget
    }

    /// What receivers count.
    pub(crate) fn counters(&self) -> &Counters {
        &self.inner.counters
    }

    /// The tracers of this process that the viewer asks.
    pub(crate) fn watched(&self) -> &Watched {
        &self.inner.watched
    }

    /// What tracers say of themselves, and what their spans tell. Reads a column of all spans, so it may block.
    pub(crate) fn health(&self) -> Vec<TracerHealth> {
        health::health(self.store(), self.watched())
    }

    /// When the viewer was started.
    pub(crate) fn started(&self) -> SystemTime {
        self.inner.started
    }

    /// Becomes true when the viewer closes: streams must end then.
    pub(crate) fn closed(&self) -> watch::Receiver<bool> {
        self.inner.closed.clone()
    }

    /// Asks the store on a thread that may block. At most two questions run at the same time; others wait. A question whose page is gone
    /// before it is its turn does not run. `None` if `question` panics or the viewer closes.
    pub(crate) async fn ask<T, F>(&self, question: F) -> Option<T>
    where
        T: Send + 'static,
        F: FnOnce(&Store) -> T + Send + 'static,
    {
        let mut closed = self.closed();
        let _permit = tokio::select! {
            permit = self.inner.queries.acquire() => permit.ok()?,
            _ = closed.changed() => return None,
        };
        let store = self.store().clone();
        tokio::task::spawn_blocking(move || question(&store)).await.ok()
    }
}

impl fmt::Debug for AppState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AppState").field("endpoints", &self.inner.endpoints).finish_non_exhaustive()
    }
}

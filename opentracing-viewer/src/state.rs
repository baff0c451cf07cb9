//! What receivers and pages share.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::SystemTime;

use tokio::sync::Semaphore;

use crate::store::Store;

/// What receivers and pages share. Cloning it shares it.
#[derive(Clone)]
pub(crate) struct AppState {
    inner: Arc<Inner>,
}

struct Inner {
    store: Arc<Store>,
    endpoints: Endpoints,
    started: SystemTime,
    queries: Semaphore,
}

/// Where the viewer listens.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Endpoints {
    /// Pages, OTLP over HTTP, Zipkin and Jaeger.
    pub http: Vec<SocketAddr>,
    /// OTLP over gRPC.
    pub grpc: Vec<SocketAddr>,
}

/// Questions to the store that may run at the same time.
const PARALLEL_QUERIES: usize = 2;

impl AppState {
    pub(crate) fn new(store: Arc<Store>, endpoints: Endpoints) -> Self {
        let queries = Semaphore::new(PARALLEL_QUERIES);
        AppState { inner: Arc::new(Inner { store, endpoints, started: SystemTime::now(), queries }) }
    }

    /// The store.
    pub(crate) fn store(&self) -> &Arc<Store> {
        &self.inner.store
    }

    /// Where the viewer listens.
    pub(crate) fn endpoints(&self) -> &Endpoints {
        &self.inner.endpoints
    }

    /// When the viewer was started.
    pub(crate) fn started(&self) -> SystemTime {
        self.inner.started
    }

    /// Asks the store on a thread that may block. At most two questions run at the same time; others wait. A question whose page is gone
    /// before it is its turn does not run. `None` if `question` panics.
    pub(crate) async fn ask<T, F>(&self, question: F) -> Option<T>
    where
        T: Send + 'static,
        F: FnOnce(&Store) -> T + Send + 'static,
    {
        let _permit = self.inner.queries.acquire().await.ok()?;
        let store = self.store().clone();
        tokio::task::spawn_blocking(move || question(&store)).await.ok()
    }
}

impl fmt::Debug for AppState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AppState").field("endpoints", &self.inner.endpoints).finish_non_exhaustive()
    }
}

//! The thread of a viewer.

use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::runtime::Builder;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use crate::ingest::PATHS;
use crate::security::{Guard, Hosts, Token};
use crate::server::{Connections, router, serve_grpc, serve_http};
use crate::state::AppState;

/// Where to serve.
pub(super) struct Listeners {
    pub(super) http: Vec<TcpListener>,
    pub(super) grpc: Vec<TcpListener>,
}

/// How long requests that decode or ask the store may go on when the viewer closes.
const GRACE: Duration = Duration::from_secs(1);

/// Serves on a thread of its own, with its own runtime, until `closed` changes.
pub(super) fn start(
    listeners: Listeners,
    state: AppState,
    hosts: Hosts,
    token: Option<Token>,
    closed: watch::Receiver<bool>,
) -> io::Result<JoinHandle<()>> {
    let runtime = Builder::new_current_thread().enable_all().thread_name("opentracing-viewer-work").build()?;
    let limits = *state.limits();
    let permits = || Arc::new(Semaphore::new(limits.max_connections));
    let (http_permits, grpc_permits) = (permits(), permits());
    let guard = Guard { hosts: Arc::new(hosts), token: token.clone(), ingest: &PATHS };
    let router = router(state.clone(), guard);
    let mut tasks = JoinSet::new();
    {
        let _entered = runtime.enter();
        for listener in listeners.http {
            let listener = tokio::net::TcpListener::from_std(listener)?;
            let connections = Connections::new(listener, http_permits.clone(), closed.clone());
            tasks.spawn_on(serve_http(connections, router.clone(), limits), runtime.handle());
        }
        for listener in listeners.grpc {
            let listener = tokio::net::TcpListener::from_std(listener)?;
            let connections = Connections::new(listener, grpc_permits.clone(), closed.clone());
            tasks.spawn_on(serve_grpc(connections, state.clone(), token.clone()), runtime.handle());
        }
    }
    std::thread::Builder::new().name("opentracing-viewer".into()).spawn(move || {
        runtime.block_on(async move { while tasks.join_next().await.is_some() {} });
        runtime.shutdown_timeout(GRACE);
    })
}

//! Connections and routes.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};

use crate::pages;
use crate::state::AppState;

/// All routes of the HTTP port.
pub(crate) fn router(state: AppState) -> Router {
    pages::router(state)
}

/// The time for the head of a request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

/// Serves until `closed` changes. A connection beyond the limit waits to be accepted.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    permits: Arc<Semaphore>,
    mut closed: watch::Receiver<bool>,
) {
    loop {
        let Ok(permit) = permits.clone().acquire_owned().await else { return };
        let stream = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    log::warn!("cannot accept a connection: {error}");
                    pause(&error).await;
                    continue;
                }
            },
            _ = closed.changed() => return,
        };
        let service = TowerToHyperService::new(router.clone());
        let mut closed = closed.clone();
        tokio::spawn(async move {
            let _permit = permit;
            let connection = hyper::server::conn::http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEAD_TIMEOUT)
                .serve_connection(TokioIo::new(stream), service);
            let mut connection = std::pin::pin!(connection);
            tokio::select! {
                _ = connection.as_mut() => return,
                _ = closed.changed() => connection.as_mut().graceful_shutdown(),
            }
            let _ = connection.await;
        });
    }
}

/// Waits after an error that does not concern one connection only, such as too many open files.
async fn pause(error: &io::Error) {
    if !matches!(error.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset) {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

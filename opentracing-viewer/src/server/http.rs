//! HTTP/1.1 connections.

use axum::Router;
use hyper::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tower_service::Service;

use super::connections::Connections;
use crate::security::LocalAddress;
use crate::state::Limits;

/// Bytes of a request's head.
const MAX_HEAD_BYTES: usize = 64 << 10;

/// Serves until the viewer closes. axum's own server waits without end for the head of a request, so connections are served by hyper with
/// a time limit for it, which also ends idle connections.
pub(crate) async fn serve(mut connections: Connections, router: Router, limits: Limits) {
    while let Some(mut connection) = connections.next().await {
        let (router, local) = (router.clone(), LocalAddress(connection.local));
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(local);
            router.clone().call(request)
        });
        tokio::spawn(async move {
            let _permit = connection.permit;
            let served = hyper::server::conn::http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(limits.head_timeout)
                .max_buf_size(MAX_HEAD_BYTES)
                .serve_connection(TokioIo::new(connection.stream), service);
            let mut served = std::pin::pin!(served);
            tokio::select! {
                _ = served.as_mut() => return,
                _ = connection.closed.changed() => served.as_mut().graceful_shutdown(),
            }
            // An error is the peer's: it left, or did not speak HTTP.
            let _ = served.await;
        });
    }
}

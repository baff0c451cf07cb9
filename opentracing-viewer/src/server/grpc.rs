//! HTTP/2 connections with gRPC.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use hyper::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::sync::Semaphore;
use tonic::Status;
use tower_service::Service;

use super::connections::Connections;
use super::first_bytes::FirstBytes;
use crate::ingest;
use crate::security::Token;
use crate::state::AppState;

/// Calls of one connection at the same time.
const MAX_STREAMS: u32 = 16;

/// Calls of all connections that are being read. Each may need a message and its decompressed form.
const MAX_CALLS: usize = 8;

/// How often a silent peer is asked whether it is there, and how long it may take to answer.
const KEEP_ALIVE: Duration = Duration::from_secs(20);

/// Serves until the viewer closes. Browsers cannot speak HTTP/2 without TLS, so the checks of pages are not needed here.
pub(crate) async fn serve(mut connections: Connections, state: AppState, token: Option<Token>) {
    let limits = *state.limits();
    let (grpc, calls) = (ingest::grpc(state), Arc::new(Semaphore::new(MAX_CALLS)));
    while let Some(mut connection) = connections.next().await {
        let (grpc, calls, token) = (grpc.clone(), calls.clone(), token.clone());
        let service = service_fn(move |request: Request<Incoming>| {
            let (mut grpc, calls) = (grpc.clone(), calls.clone());
            let is_known = token.as_ref().is_none_or(|token| token.is_in(request.headers()));
            async move {
                if !is_known {
                    return Ok(
                        Status::unauthenticated("send the token of the viewer as authorization: Bearer").into_http()
                    );
                }
                let _call = calls.acquire_owned().await;
                match tokio::time::timeout(limits.body_timeout, grpc.call(request)).await {
                    Ok(response) => response,
                    Err(_) => {
                        Ok::<_, Infallible>(Status::deadline_exceeded("the message did not arrive in time").into_http())
                    }
                }
            }
        });
        tokio::spawn(async move {
            let _permit = connection.permit;
            let stream = FirstBytes::new(connection.stream, limits.head_timeout);
            let served = hyper::server::conn::http2::Builder::new(TokioExecutor::new())
                .timer(TokioTimer::new())
                .keep_alive_interval(KEEP_ALIVE)
                .keep_alive_timeout(KEEP_ALIVE)
                .max_concurrent_streams(MAX_STREAMS)
                .serve_connection(TokioIo::new(stream), service);
            let mut served = std::pin::pin!(served);
            tokio::select! {
                _ = served.as_mut() => return,
                _ = connection.closed.changed() => served.as_mut().graceful_shutdown(),
            }
            // An error is the peer's: it left, or did not speak HTTP/2.
            let _ = served.await;
        });
    }
}

//! The routes of the servers under test.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::header::{CONNECTION, CONTENT_LENGTH, UPGRADE};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use http::StatusCode;
use http_body::Frame;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Routes whose handlers and bodies wait for the test.
#[derive(Clone)]
pub(crate) struct Site {
    /// One permit lets one response end.
    pub(crate) gate: Arc<Semaphore>,
    /// Has one permit per waiting handler.
    pub(crate) entered: Arc<Semaphore>,
}

impl Site {
    pub(crate) fn new() -> Self {
        Site { gate: Arc::new(Semaphore::new(0)), entered: Arc::new(Semaphore::new(0)) }
    }

    pub(crate) fn router(&self) -> Router {
        let stream = |site: &Site, length: Option<u64>| {
            let site = site.clone();
            any(async move || {
                let body = Body::new(Held { left: vec!["two", "one"], gate: Permit::new(site.gate) });
                let mut response = Response::new(body);
                if let Some(length) = length {
                    response.headers_mut().insert(CONTENT_LENGTH, length.into());
                }
                response
            })
        };
        let entered = self.entered.clone();
        Router::new()
            .route("/users/{id}", any(async || "hello"))
            .route("/empty", get(async || StatusCode::NO_CONTENT))
            .route("/error", get(async || StatusCode::INTERNAL_SERVER_ERROR))
            .route("/stream", stream(self, None))
            .route("/sized", stream(self, Some(6)))
            .route(
                "/slow",
                get(async move || {
                    entered.add_permits(1);
                    std::future::pending::<()>().await;
                }),
            )
            .route("/trap", get(panics))
            .route("/noted", get(async || tracing::info!("out of stock")))
            .route(
                "/upgrade",
                get(async || {
                    (StatusCode::SWITCHING_PROTOCOLS, [(CONNECTION, "upgrade"), (UPGRADE, "echo")]).into_response()
                }),
            )
    }
}

/// Panics without the panic hook, so that nothing is printed.
async fn panics() {
    std::panic::resume_unwind(Box::new("the handler panics"));
}

type Permit = Pin<Box<dyn Future<Output = Option<OwnedSemaphorePermit>> + Send>>;

trait NewPermit {
    fn new(gate: Arc<Semaphore>) -> Self;
}

impl NewPermit for Permit {
    fn new(gate: Arc<Semaphore>) -> Self {
        Box::pin(async move { gate.acquire_owned().await.ok() })
    }
}

/// Two frames; the second waits for the gate.
struct Held {
    left: Vec<&'static str>,
    gate: Permit,
}

impl http_body::Body for Held {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.left.len() == 1
            && let Some(permit) = ready!(self.gate.as_mut().poll(cx))
        {
            permit.forget();
        }
        Poll::Ready(self.left.pop().map(|text| Ok(Frame::data(Bytes::from_static(text.as_bytes())))))
    }
}

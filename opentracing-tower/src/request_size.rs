//! The size of requests without `content-length`.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};

use bytes::Buf;
use http::Request;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

/// In which [`RequestSizeLayer`] counts for a layer outside of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cell(Arc<AtomicU64>);

impl Cell {
    pub(crate) fn bytes(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Counts the bytes that the handler reads of a request body without `content-length`, for a [`TracingLayer`](crate::TracingLayer)
/// outside of it with [`body_sizes`](crate::TracingLayer::body_sizes).
///
/// This is a layer of its own because it changes the type of the body: the service behind it must accept any body, as axum's router
/// does.
///
/// ```
/// use axum::{Router, routing::post};
/// use opentracing_tower::{RequestSizeLayer, TracingLayer};
///
/// let router: Router = Router::new()
///     .route("/photos", post(|photo: axum::body::Bytes| async move { photo.len().to_string() }))
///     .layer(RequestSizeLayer::new())
///     .layer(TracingLayer::new().body_sizes());
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[must_use]
pub struct RequestSizeLayer(());

/// The service of a [`RequestSizeLayer`].
#[derive(Clone, Copy, Debug, Default)]
pub struct RequestSizeService<S> {
    inner: S,
}

impl RequestSizeLayer {
    /// Makes the layer. It has no settings.
    pub fn new() -> Self {
        Self::default()
    }
}

impl<S> Layer<S> for RequestSizeLayer {
    type Service = RequestSizeService<S>;

    fn layer(&self, inner: S) -> RequestSizeService<S> {
        RequestSizeService { inner }
    }
}

impl<S, B> Service<Request<B>> for RequestSizeService<S>
where
    S: Service<Request<CountedBody<B>>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> S::Future {
        let cell = request.extensions().get::<Cell>().cloned();
        self.inner.call(request.map(|inner| CountedBody { inner, cell }))
    }
}

pin_project! {
    /// The body of a request behind a [`RequestSizeLayer`].
    pub struct CountedBody<B> {
        #[pin]
        inner: B,
        cell: Option<Cell>,
    }
}

impl<B: Body> Body for CountedBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let this = self.project();
        let frame = ready!(this.inner.poll_frame(cx));
        if let Some(cell) = this.cell
            && let Some(data) = frame.as_ref().and_then(|frame| frame.as_ref().ok()?.data_ref())
        {
            cell.0.fetch_add(data.remaining() as u64, Ordering::Relaxed);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// The default body, which is not counted.
impl<B: Default> Default for CountedBody<B> {
    fn default() -> Self {
        CountedBody { inner: B::default(), cell: None }
    }
}

impl<B> fmt::Debug for CountedBody<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CountedBody").finish_non_exhaustive()
    }
}

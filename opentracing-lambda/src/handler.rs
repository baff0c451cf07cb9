//! The wrapped handler, which sees errors and panics before the runtime turns them into responses.

use std::any::Any;
use std::fmt::Debug;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use lambda_runtime::{Diagnostic, Error, LambdaEvent};
use opentracing_core::{SpanRef, Value, logs, tags};
use pin_project_lite::pin_project;
use tower_service::Service;

/// A handler whose errors and panics are recorded in the span of the invocation.
///
/// The runtime turns both into an error response before a layer could see them. [`TracingLayer::run`](crate::TracingLayer::run) wraps its
/// handler; with a [`Runtime`](lambda_runtime::Runtime) of your own, wrap it yourself. Without the layer it does nothing.
///
/// A boxed [`Error`] is logged with its sources, a [`Diagnostic`] with its type and message, any other error by `Debug`, as the runtime logs it.
#[derive(Clone, Debug, Default)]
pub struct TracingHandler<S> {
    inner: S,
}

impl<S> TracingHandler<S> {
    /// Wraps a handler.
    pub fn new(inner: S) -> Self {
        TracingHandler { inner }
    }

    /// The handler.
    pub fn get_ref(&self) -> &S {
        &self.inner
    }

    /// The handler, to change it.
    pub fn get_mut(&mut self) -> &mut S {
        &mut self.inner
    }

    /// Returns the handler.
    pub fn into_inner(self) -> S {
        self.inner
    }
}

impl<S, P> Service<LambdaEvent<P>> for TracingHandler<S>
where
    S: Service<LambdaEvent<P>>,
    S::Error: Debug + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = HandlerFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, event: LambdaEvent<P>) -> HandlerFuture<S::Future> {
        // The scope notes a panic.
        HandlerFuture { inner: SpanRef::active().in_scope(|| self.inner.call(event)) }
    }
}

pin_project! {
    /// The future of a [`TracingHandler`].
    #[derive(Debug)]
    pub struct HandlerFuture<F> {
        #[pin]
        inner: F,
    }
}

impl<F> HandlerFuture<F> {
    pub(crate) fn new(inner: F) -> Self {
        HandlerFuture { inner }
    }
}

impl<F, T, E> Future for HandlerFuture<F>
where
    F: Future<Output = Result<T, E>>,
    E: Debug + 'static,
{
    type Output = Result<T, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<T, E>> {
        // The span may be another one than at the last poll: see `ResponseFuture`.
        let span = SpanRef::active();
        let result = ready!(span.in_scope(|| self.project().inner.poll(cx)));
        if let Err(error) = &result
            && span.is_recording()
        {
            record(&span, error);
        }
        Poll::Ready(result)
    }
}

fn record<E: Debug + 'static>(span: &SpanRef, error: &E) {
    let any: &dyn Any = error;
    if let Some(error) = any.downcast_ref::<Error>() {
        span.mark_error(&**error);
        return;
    }
    span.set(tags::ERROR, true);
    let event = (logs::EVENT, Value::Str("error"));
    match any.downcast_ref::<Diagnostic>() {
        Some(error) => {
            let kind = (logs::ERROR_KIND, Value::Str(&error.error_type));
            span.log_kv(&[event, kind, (logs::MESSAGE, Value::Str(&error.error_message))]);
        }
        None => {
            span.log_kv(&[event, (logs::MESSAGE, Value::Str(&format!("{error:?}")))]);
        }
    }
}

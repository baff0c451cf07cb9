//! The service around the runtime's own.

use std::sync::Arc;
use std::task::{Context, Poll};

use lambda_runtime::{Error, LambdaInvocation};
use opentracing_core::InSpan;
use tokio::runtime::Handle;
use tokio::time::sleep;
use tower_service::Service;

use crate::flush::until;
use crate::future::ResponseFuture;
use crate::handler::HandlerFuture;
use crate::init::Init;
use crate::invocation::Invocation;
use crate::settings::Settings;

/// A service whose invocations are traced. Made by [`TracingLayer`](crate::TracingLayer).
#[derive(Clone, Debug)]
pub struct Tracing<S> {
    inner: S,
    settings: Settings,
    init: Arc<Init>,
}

impl<S> Tracing<S> {
    pub(crate) fn new(inner: S, settings: Settings, init: Arc<Init>) -> Self {
        Tracing { inner, settings, init }
    }

    /// The service.
    pub fn get_ref(&self) -> &S {
        &self.inner
    }

    /// The service, to change it.
    pub fn get_mut(&mut self) -> &mut S {
        &mut self.inner
    }

    /// Returns the service.
    pub fn into_inner(self) -> S {
        self.inner
    }
}

impl<S> Service<LambdaInvocation> for Tracing<S>
where
    S: Service<LambdaInvocation, Response = (), Error = Error>,
{
    type Response = ();
    type Error = Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: LambdaInvocation) -> ResponseFuture<S::Future> {
        self.settings.tracer.warn_if_unregistered();
        let is_first = self.init.begin();
        let invocation = Invocation::new(&request, &self.settings);
        let mut span = invocation.start(&self.settings, is_first && self.init.is_on_demand());
        if is_first && span.is_recording() {
            let function = &request.context.env_config.function_name;
            self.init.record(&self.settings.tracer, span.context(), function);
        }
        let deadline = request.context.deadline();
        let left = until(deadline);
        // A function with a short time-out has at least half of it.
        let margin = self.settings.deadline_margin.min(left / 2);
        let is_watched = span.is_recording() && !margin.is_zero() && Handle::try_current().is_ok();
        let margin = is_watched.then(|| sleep(left - margin));
        let inner = span.in_scope(|| self.inner.call(request));
        ResponseFuture::new(HandlerFuture::new(inner).in_span(span), margin, deadline, &self.settings)
    }
}

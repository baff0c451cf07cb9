//! The layer, and its settings.

use std::error::Error as StdError;
use std::fmt::Debug;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use futures_core::Stream;
use lambda_runtime::{Diagnostic, Error, IntoFunctionResponse, LambdaEvent, Runtime};
use opentracing_core::Tracer;
use serde::{Deserialize, Serialize};
use tower_layer::Layer;
use tower_service::Service;

use crate::handler::TracingHandler;
use crate::init::{Init, kind_from_env};
use crate::service::Tracing;
use crate::settings::{Settings, Trigger, XRayContext};
use crate::tags;

/// A layer for a [`Runtime`] that traces each invocation. See the [front page](crate).
#[derive(Clone, Debug)]
#[must_use = "does nothing until it is added to a runtime"]
pub struct TracingLayer {
    settings: Settings,
    init_started: SystemTime,
}

impl TracingLayer {
    /// Creates a layer with the [global tracer](Tracer::global).
    pub fn new() -> Self {
        Self::with_tracer(Tracer::global())
    }

    /// Creates a layer with this tracer.
    pub fn with_tracer(tracer: Tracer) -> Self {
        let init_started = tracer.now();
        TracingLayer { settings: Settings::new(tracer), init_started }
    }

    /// Sets when the initialization started. The creation of the layer by default; take the time at the start of `main` to include what
    /// comes before.
    pub fn init_started(mut self, at: SystemTime) -> Self {
        self.init_started = at;
        self
    }

    /// Sets what becomes of the context of AWS X-Ray. [`XRayContext::Parent`] by default.
    pub fn xray(mut self, xray: XRayContext) -> Self {
        self.settings.xray = xray;
        self
    }

    /// Sets what invokes the function. By default it is derived from each event.
    pub fn trigger(mut self, trigger: Trigger) -> Self {
        self.settings.trigger = Some(trigger);
        self
    }

    /// Sets how long to wait for the reporter after an invocation. One second by default, and never beyond the deadline. With zero the layer
    /// does not flush: for Lambda Managed Instances, which are not frozen.
    pub fn flush_timeout(mut self, timeout: Duration) -> Self {
        self.settings.flush_timeout = timeout;
        self
    }

    /// Sets how long before the deadline a span ends, so that it can still be sent. 100 ms by default, and at most half of the time that a
    /// function has; with zero it does not end early, and is
    /// lost if Lambda kills the process.
    pub fn deadline_margin(mut self, margin: Duration) -> Self {
        self.settings.deadline_margin = margin;
        self
    }

    /// The tracer.
    pub fn tracer(&self) -> &Tracer {
        &self.settings.tracer
    }

    /// Runs the handler with this layer, as `lambda_runtime::run` does.
    ///
    /// # Errors
    ///
    /// If the API of the runtime does not answer as expected.
    ///
    /// # Panics
    ///
    /// If the environment variables of AWS Lambda are missing, as [`Runtime::new`] does.
    pub async fn run<P, S, R, B, T, I, E>(self, handler: S) -> Result<(), Error>
    where
        S: Service<LambdaEvent<P>, Response = R>,
        S::Future: Future<Output = Result<R, S::Error>>,
        S::Error: Into<Diagnostic> + Debug + 'static,
        P: for<'de> Deserialize<'de>,
        R: IntoFunctionResponse<B, T>,
        B: Serialize,
        T: Stream<Item = Result<I, E>> + Unpin + Send + 'static,
        I: Into<Bytes> + Send,
        E: Into<Error> + Send + Debug,
    {
        Runtime::new(TracingHandler::new(handler)).layer(self).run().await
    }

    /// Records that the initialization failed, in a span `init` of its own, and flushes. Call it where `main` returns the error, before the
    /// runtime has started.
    pub fn init_failed(self, error: &(dyn StdError + 'static)) {
        let mut builder = self.settings.tracer.span("init");
        builder.ignore_active_span().start_time(self.init_started);
        builder.set(opentracing_core::tags::COMPONENT, "lambda_runtime");
        builder.set(tags::FAAS_NAME, std::env::var("AWS_LAMBDA_FUNCTION_NAME").ok());
        builder.set(tags::AWS_LAMBDA_INITIALIZATION_TYPE, kind_from_env());
        let mut span = builder.start();
        span.mark_error(error);
        span.finish();
        // There is no later moment to send what is left.
        let _ = self.settings.tracer.flush(self.settings.flush_timeout);
    }
}

impl Default for TracingLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl<S> Layer<S> for TracingLayer {
    type Service = Tracing<S>;

    fn layer(&self, inner: S) -> Tracing<S> {
        let init = Init {
            started: self.init_started,
            ended: self.settings.tracer.now(),
            kind: kind_from_env(),
            is_over: AtomicBool::new(false),
        };
        Tracing::new(inner, self.settings.clone(), Arc::new(init))
    }
}

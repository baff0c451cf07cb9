//! Propagation by an interceptor.

use opentracing_core::Tracer;
use tonic::service::Interceptor;
use tonic::{Request, Status};

use crate::carrier;

/// Sends the context of the active span with each call, without a span of its own: for clients that can have an interceptor but no layer.
///
/// An interceptor sees the start of a call and not its end, so it knows neither status nor duration nor messages. The span of the called
/// service becomes a child of the active span. Prefer [`TracingClientLayer`](crate::TracingClientLayer). Without an active span, trace
/// headers that were copied from another request are removed.
///
/// ```
/// use opentracing_core::Tracer;
/// use opentracing_tonic::ContextInterceptor;
/// use tonic::{Request, service::Interceptor};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let (tracer, _drain) = Tracer::builder("shop").build();
/// let mut interceptor = ContextInterceptor::with_tracer(tracer.clone());
/// let _scope = tracer.span("order").start_active();
/// let request = interceptor.call(Request::new(()))?;
/// assert!(request.metadata().contains_key("traceparent"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct ContextInterceptor {
    tracer: Tracer,
}

impl ContextInterceptor {
    /// Uses the [global tracer](Tracer::global), which may be registered later.
    pub fn new() -> Self {
        Self::with_tracer(Tracer::global())
    }

    /// Uses this tracer.
    pub fn with_tracer(tracer: Tracer) -> Self {
        ContextInterceptor { tracer }
    }
}

/// As [`ContextInterceptor::new`].
impl Default for ContextInterceptor {
    fn default() -> Self {
        Self::new()
    }
}

impl Interceptor for ContextInterceptor {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        if self.tracer.is_noop() {
            self.tracer.warn_if_unregistered();
            return Ok(request);
        }
        match self.tracer.active_context() {
            Some(context) => carrier::write(&self.tracer, &context, request.metadata_mut().as_mut(), false),
            None => carrier::remove(&self.tracer, request.metadata_mut().as_mut()),
        }
        Ok(request)
    }
}

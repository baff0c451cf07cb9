//! The little that an interceptor can do.

use opentracing_core::Tracer;
use tonic::service::Interceptor;
use tonic::{Request, Status};

use crate::carrier;

/// Sends the context of the active span along with each call, and makes no span: for clients that can have an interceptor and no layer.
///
/// An interceptor sees the beginning of a call and nothing of its end, so it cannot know status, duration or messages, and the span
/// of the called service hangs below the one that was active here. Use [`TracingClientLayer`](crate::TracingClientLayer) where it is
/// possible. Without an active span the metadata lose what was copied from another request.
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
    /// Sends contexts of the [global tracer](Tracer::global), also of one that is registered later.
    pub fn new() -> Self {
        Self::with_tracer(Tracer::global())
    }

    /// Sends contexts of that tracer.
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

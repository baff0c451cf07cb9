//! All of it at once.

use opentelemetry::global;
use opentracing_core::{SetBridgeError, Tracer};

use crate::contexts::connect_contexts;
use crate::propagator::Propagator;
use crate::provider::Provider;

/// Makes this tracer serve OpenTelemetry's API in the whole process: its global provider, its global propagator, and its current context.
///
/// Call it at the start of the program. A library that asked for its tracer earlier keeps the one without effect that OpenTelemetry gave it.
///
/// ```
/// use opentelemetry::global;
/// use opentelemetry::trace::{Span, Tracer};
/// use opentracing_core::mock::MockTracer;
///
/// let early = global::tracer("driver");
/// let mock = MockTracer::new(); // your tracer
/// opentracing_opentelemetry::install(mock.tracer())?;
/// assert!(!early.start("lost").is_recording());
/// assert!(global::tracer("driver").start("recorded").is_recording());
/// # Ok::<(), opentracing_core::SetBridgeError>(())
/// ```
///
/// # Errors
///
/// If the process has another [`ContextBridge`](opentracing_core::ContextBridge) already. Then nothing is installed.
pub fn install(tracer: &Tracer) -> Result<(), SetBridgeError> {
    Provider::with_tracer(tracer.clone()).install()
}

impl Provider {
    /// Does what [`install`] does, with the settings of this provider.
    ///
    /// # Errors
    ///
    /// As [`install`].
    pub fn install(self) -> Result<(), SetBridgeError> {
        connect_contexts()?;
        global::set_text_map_propagator(Propagator::with_tracer(self.tracer.clone()));
        global::set_tracer_provider(self);
        Ok(())
    }
}

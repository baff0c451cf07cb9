//! The trace of a connection that outlives its request.

use crate::model::context::SpanContext;
use crate::model::span_name::SpanName;
use crate::scope::scope::ActiveSpan;
use crate::span::builder::SpanBuilder;
use crate::tracer::tracer::Tracer;

/// The trace of a connection that lives on after its request: a WebSocket, a tunnel, a stream of events. Take it in the handler, and start
/// a span for each message.
///
/// The span of the request ends with the response, before the first message. What happens on the connection later would start traces of
/// its own. The spans that start here belong to the trace of the request, with a `FollowsFrom` reference to its span.
///
/// ```
/// use opentracing_core::ConnectionTrace;
/// use opentracing_core::mock::MockTracer;
///
/// let mock = MockTracer::new();
/// // In the handler of the request:
/// let handler = mock.tracer().span("GET /chat").start_active();
/// let connection = ConnectionTrace::active();
/// handler.close();
/// // Later, in the task of the connection:
/// for message in ["hello", "world"] {
///     connection.span("receive").tag("message.size", message.len()).start().finish();
/// }
/// mock.assert_tree("GET /chat\n  receive\n  receive\n");
/// ```
#[derive(Clone, Debug, Default)]
pub struct ConnectionTrace {
    tracer: Tracer,
    context: Option<SpanContext>,
}

impl ConnectionTrace {
    /// The trace of this thread's active span, of any tracer. Without an active span, the spans of the connection are no-ops.
    pub fn active() -> Self {
        let Some(active) = ActiveSpan::of_any() else { return Self::default() };
        ConnectionTrace { tracer: active.tracer(), context: active.context() }
    }

    /// Returns the builder of a span for a message, or for the connection itself. It follows from the span of the request, whatever span
    /// is active. For a span around asynchronous work, start it and pass it to [`in_span`](crate::InSpan::in_span).
    pub fn span<'a>(&'a self, operation_name: impl Into<SpanName<'a>>) -> SpanBuilder<'a> {
        let mut builder = self.tracer.span(operation_name);
        builder.ignore_active_span().follows_from(&self.context);
        builder
    }

    /// The context of the request's span; `None` without an active span.
    pub fn context(&self) -> Option<&SpanContext> {
        self.context.as_ref()
    }
}

//! OpenTelemetry's tracers, served by ours.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use opentelemetry::trace::{SpanBuilder, TraceContextExt, Tracer as OtelTracer, TracerProvider};
use opentelemetry::{Context, InstrumentationScope, KeyValue};
use opentracing_core::{SpanBuilder as NativeBuilder, SpanKind, Tracer, Value, tags};

use crate::ask::parent_in;
use crate::contexts::are_connected;
use crate::convert::{AttributeNames, Given, Naming, to_core_kind, to_core_value, unless_now};
use crate::span::ProvidedSpan;

/// A provider of OpenTelemetry's API whose spans a [`Tracer`] of ours records.
///
/// [`install`](crate::install) makes it the global one. It can also be given to a library that takes a provider.
///
/// ```
/// use opentelemetry::trace::{Tracer, TracerProvider};
/// use opentracing_core::mock::MockTracer;
/// use opentracing_opentelemetry::Provider;
///
/// let mock = MockTracer::new(); // your tracer
/// let provider = Provider::with_tracer(mock.tracer().clone());
/// provider.tracer("driver").in_span("query", |_| {});
/// assert_eq!(mock.span("query").tag("component"), Some("driver".into()));
/// ```
#[derive(Clone)]
pub struct Provider {
    pub(crate) tracer: Tracer,
    names: Option<AttributeNames>,
}

impl Provider {
    /// Creates a provider with the [global tracer](Tracer::global), registered now or later.
    pub fn new() -> Self {
        Self::with_tracer(Tracer::global())
    }

    /// Creates a provider with this tracer.
    pub fn with_tracer(tracer: Tracer) -> Self {
        Provider { tracer, names: None }
    }

    /// Sets which tags attributes become. By default they keep their names.
    ///
    /// `opentracing_reporter::terms::from_opentelemetry` gives them the names of OpenTracing, by which Zipkin, Datadog and Instana know HTTP,
    /// SQL and messages. OTLP sends OpenTelemetry's names in any case. It costs a search in a table for each attribute.
    ///
    /// ```
    /// use opentelemetry::KeyValue;
    /// use opentelemetry::trace::{Span, SpanKind, Tracer, TracerProvider};
    /// use opentracing_core::mock::MockTracer;
    /// use opentracing_opentelemetry::Provider;
    /// use opentracing_reporter::terms::from_opentelemetry;
    ///
    /// let mock = MockTracer::new();
    /// let provider = Provider::with_tracer(mock.tracer().clone()).attribute_names(from_opentelemetry);
    /// let tracer = provider.tracer("client");
    /// let mut span = tracer.span_builder("GET").with_kind(SpanKind::Client).start(&tracer);
    /// span.set_attribute(KeyValue::new("http.request.method", "GET"));
    /// span.end();
    /// assert_eq!(mock.span("GET").tag("http.method"), Some("GET".into()));
    /// ```
    #[must_use]
    pub fn attribute_names(mut self, names: AttributeNames) -> Self {
        self.names = Some(names);
        self
    }
}

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Provider").field("tracer", &self.tracer).finish_non_exhaustive()
    }
}

impl Default for Provider {
    fn default() -> Self {
        Self::new()
    }
}

impl TracerProvider for Provider {
    type Tracer = ProvidedTracer;

    fn tracer_with_scope(&self, scope: InstrumentationScope) -> ProvidedTracer {
        ProvidedTracer { tracer: self.tracer.clone(), scope: Arc::new(scope), names: self.names }
    }
}

/// A tracer of a [`Provider`]. Its spans have name and version of the instrumentation scope as tags.
#[derive(Clone)]
pub struct ProvidedTracer {
    tracer: Tracer,
    scope: Arc<InstrumentationScope>,
    names: Option<AttributeNames>,
}

impl OtelTracer for ProvidedTracer {
    type Span = ProvidedSpan;

    /// Starts a child of the context's span; without one, a root. A context without telemetry gets no span.
    ///
    /// Kind, name and attributes are known to the sampler. Links are added afterwards, so they never become the parent.
    fn build_with_context(&self, builder: SpanBuilder, parent_cx: &Context) -> ProvidedSpan {
        if parent_cx.is_telemetry_suppressed() {
            return ProvidedSpan::none();
        }
        let parent = parent_in(parent_cx);
        let mut native = match &builder.name {
            Cow::Borrowed(name) => self.tracer.span(*name),
            Cow::Owned(name) => self.tracer.span(name),
        };
        let kind = builder.span_kind.as_ref().map_or(SpanKind::Internal, to_core_kind);
        let naming = Naming { names: self.names, kind };
        native.kind(kind);
        if let Some(at) = builder.start_time {
            native.start_time(at);
        }
        match &parent {
            Some(parent) => {
                native.child_of(parent);
            }
            None if self.is_detached(parent_cx) => {
                native.ignore_active_span();
            }
            None => {}
        }
        describe(&mut native, naming, &self.scope, builder.attributes.as_deref().unwrap_or_default());
        let span = native.start();
        drop(native);
        let records = span.is_recording();
        let mut span = ProvidedSpan::started(span, naming);
        if records {
            builder.links.iter().flatten().for_each(|link| span.link(link, None));
            for event in builder.events.iter().flatten() {
                span.log(&event.name, unless_now(event.timestamp), &event.attributes);
            }
        }
        span
    }
}

impl ProvidedTracer {
    /// Whether the context asks for a root although a span of ours is active. If there is no such span, a message that this task handles may
    /// still be the parent.
    fn is_detached(&self, context: &Context) -> bool {
        are_connected() && (context.has_active_span() || self.tracer.with_active(|_| ()).is_some())
    }
}

/// Gives a span the instrumentation scope and attributes as tags.
pub(crate) fn describe<'a>(
    native: &mut NativeBuilder<'a>,
    naming: Naming,
    scope: &'a InstrumentationScope,
    attributes: &'a [KeyValue],
) {
    if !scope.name().is_empty() {
        native.set(tags::COMPONENT, scope.name());
    }
    native.tag("otel.scope.version", scope.version());
    for attribute in attributes {
        match to_core_value(&attribute.value) {
            Given::Value(value) => native.tag(naming.of(attribute.key.as_str(), value), value),
            Given::Text(text) => native.tag(naming.of(attribute.key.as_str(), Value::Str(&text)), text),
        };
    }
}

impl fmt::Debug for ProvidedTracer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProvidedTracer").field("scope", &self.scope.name()).finish_non_exhaustive()
    }
}

//! The layer, and its settings.

use std::fmt;
use std::sync::Arc;

use opentracing_core::{ReferenceKind, SpanRef, Tracer};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::registry::LookupSpan;

use crate::event::Fields;
use crate::fields::{Start, Tags};
use crate::inside::Inside;
use crate::spans::Spans;

/// When a span ends that was made by `tracing`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub enum End {
    /// When it was last exited, or when it closed if it was never entered. A handle that is kept for long, by a spawned child for example,
    /// does not make the span longer. As `tracing-opentelemetry` does it.
    #[default]
    LastExit,
    /// When its last handle is dropped. For spans that stand for a resource and are rarely entered.
    Close,
}

/// What an event of the level `ERROR` does to its span, beyond being a log.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub enum ErrorEvents {
    /// Nothing: an error that is logged need not fail the operation.
    #[default]
    Log,
    /// Sets the tag `error`.
    MarkSpan,
}

/// Whether spans have the place of their code as tags.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub enum CodeTags {
    /// They do not.
    #[default]
    Off,
    /// `code.file.path`, `code.line.number` and `code.module.name`, as OpenTelemetry names them.
    On,
}

/// A layer for `tracing-subscriber` that records spans and events of `tracing` with a [`Tracer`].
///
/// Spans become spans: a child of whatever is active, active while they are entered. Events become logs of the active span. See the
/// [front page](crate) for the rules.
///
/// ```
/// use opentracing_core::mock::MockTracer;
/// use opentracing_tracing::TracerLayer;
/// use tracing_subscriber::layer::SubscriberExt;
///
/// let mock = MockTracer::new();
/// let subscriber = tracing_subscriber::registry().with(TracerLayer::with_tracer(mock.tracer().clone()));
/// tracing::subscriber::with_default(subscriber, || {
///     let _request = mock.tracer().span("request").start_active();
///     tracing::info_span!("load", rows = 3).in_scope(|| tracing::warn!("slow disk"));
/// });
/// mock.assert_tree("
///     request
///       load
/// ");
/// assert_eq!(mock.span("load").logs.len(), 1);
/// ```
#[derive(Clone)]
pub struct TracerLayer {
    tracer: Tracer,
    spans: Arc<Spans>,
    events: LevelFilter,
    by_target: Option<Targets>,
    error_events: ErrorEvents,
    end: End,
    code_tags: CodeTags,
}

impl TracerLayer {
    /// Creates a layer with the [global tracer](Tracer::global).
    pub fn new() -> Self {
        Self::with_tracer(Tracer::global())
    }

    /// Creates a layer with this tracer.
    pub fn with_tracer(tracer: Tracer) -> Self {
        TracerLayer {
            tracer,
            spans: Arc::new(Spans::new()),
            events: LevelFilter::WARN,
            by_target: None,
            error_events: ErrorEvents::default(),
            end: End::default(),
            code_tags: CodeTags::default(),
        }
    }

    /// Sets which events become logs: those of this level and more severe ones. `WARN` by default.
    #[must_use]
    pub fn events(mut self, level: impl Into<LevelFilter>) -> Self {
        (self.events, self.by_target) = (level.into(), None);
        self
    }

    /// Sets which events become logs, by target and level. Replaces [`events`](TracerLayer::events).
    #[must_use]
    pub fn events_by_target(mut self, targets: Targets) -> Self {
        self.by_target = Some(targets);
        self
    }

    /// Sets what an event of the level `ERROR` does to its span. By default it is only a log.
    #[must_use]
    pub fn error_events(mut self, error_events: ErrorEvents) -> Self {
        self.error_events = error_events;
        self
    }

    /// Sets when spans end. At their last exit by default.
    #[must_use]
    pub fn end(mut self, end: End) -> Self {
        self.end = end;
        self
    }

    /// Sets whether spans have the place of their code as tags. Off by default.
    #[must_use]
    pub fn code_tags(mut self, code_tags: CodeTags) -> Self {
        self.code_tags = code_tags;
        self
    }

    /// The tracer.
    pub fn tracer(&self) -> &Tracer {
        &self.tracer
    }

    /// The span of ours for a span of `tracing`; a no-op if there is none.
    pub(crate) fn span(&self, id: &Id) -> SpanRef {
        self.spans.get(id).unwrap_or_default()
    }

    fn takes(&self, metadata: &Metadata<'_>) -> bool {
        match &self.by_target {
            None => *metadata.level() <= self.events,
            Some(targets) => targets.would_enable(metadata.target(), metadata.level()),
        }
    }
}

impl Default for TracerLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for TracerLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TracerLayer")
            .field("events", &self.events)
            .field("by_target", &self.by_target)
            .field("error_events", &self.error_events)
            .field("end", &self.end)
            .field("code_tags", &self.code_tags)
            .field("open", &self.spans.len())
            .finish_non_exhaustive()
    }
}

impl<S: Subscriber + for<'l> LookupSpan<'l>> Layer<S> for TracerLayer {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(_inside) = Inside::enter() else { return };
        let metadata = attributes.metadata();
        let mut special = Start::default();
        if Start::is_needed(metadata.fields()) {
            attributes.record(&mut special);
        }
        // Asks for the parent of the new span, because that skips spans which a filter hides from this layer.
        let explicit = attributes
            .parent()
            .and_then(|_| context.span(id)?.parent())
            .and_then(|parent| self.spans.get(&parent.id()));
        let mut builder = match special.name {
            Some(name) => self.tracer.span(name),
            None => self.tracer.span(metadata.name()),
        };
        if let Some(kind) = special.kind {
            builder.kind(kind);
        }
        if !attributes.is_contextual() {
            builder.ignore_active_span();
        }
        if let Some(parent) = &explicit {
            builder.child_of(parent);
        }
        let mut span = builder.start();
        drop(builder);
        if span.is_recording() {
            if self.code_tags == CodeTags::On {
                span.set_tag("code.file.path", metadata.file())
                    .set_tag("code.line.number", metadata.line())
                    .set_tag("code.module.name", metadata.module_path());
            }
            if !metadata.fields().is_empty() {
                let mut tags = Tags { target: span };
                attributes.record(&mut tags);
                span = tags.target;
            }
        }
        self.spans.insert(id, span.detach());
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, _: Context<'_, S>) {
        let Some(_inside) = Inside::enter() else { return };
        if let Some(span) = self.spans.get(id)
            && span.is_recording()
        {
            values.record(&mut Tags { target: &span });
        }
    }

    fn on_follows_from(&self, id: &Id, follows: &Id, _: Context<'_, S>) {
        let Some(_inside) = Inside::enter() else { return };
        // A span that has closed gives no reference.
        if let (Some(span), Some(earlier)) = (self.spans.get(id), self.spans.get(follows)) {
            span.add_reference(ReferenceKind::FollowsFrom, &earlier);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let metadata = event.metadata();
        if !self.takes(metadata) {
            return;
        }
        let Some(_inside) = Inside::enter() else { return };
        let marks_span = self.error_events == ErrorEvents::MarkSpan && *metadata.level() == Level::ERROR;
        if event.is_contextual() {
            self.tracer.with_active(|span| {
                if span.is_recording() {
                    Fields::of(event, |fields| span.log_kv(fields));
                    if marks_span {
                        span.set_tag("error", true);
                    }
                }
            });
        } else if let Some(span) = context.event_span(event).and_then(|span| self.spans.get(&span.id()))
            && span.is_recording()
        {
            Fields::of(event, |fields| {
                span.log_kv(fields);
            });
            if marks_span {
                span.set_tag("error", true);
            }
        }
    }

    fn on_enter(&self, id: &Id, _: Context<'_, S>) {
        let Some(_inside) = Inside::enter() else { return };
        self.spans.with(id, SpanRef::enter);
    }

    fn on_exit(&self, id: &Id, _: Context<'_, S>) {
        let Some(_inside) = Inside::enter() else { return };
        self.spans.with(id, SpanRef::exit);
    }

    fn on_close(&self, id: Id, _: Context<'_, S>) {
        let Some(_inside) = Inside::enter() else { return };
        let Some(span) = self.spans.remove(&id) else { return };
        match self.end {
            End::LastExit => span.finish_at_last_exit(),
            End::Close => span.finish(),
        }
        span.release();
    }
}

/// The span that a span of `tracing` has become, to write to it what `tracing` has no words for.
///
/// ```
/// use opentracing_tracing::SpanExt;
///
/// # fn tenant() -> &'static str { "7" }
/// tracing::Span::current().opentracing().set_baggage_item("tenant", tenant());
/// ```
pub trait SpanExt {
    /// The span of ours; a no-op if the span is disabled, has no [`TracerLayer`], or a filter hides it from that layer.
    fn opentracing(&self) -> SpanRef;
}

impl SpanExt for tracing::Span {
    fn opentracing(&self) -> SpanRef {
        let of_layer =
            |(id, dispatch): (&Id, &tracing::Dispatch)| Some(dispatch.downcast_ref::<TracerLayer>()?.span(id));
        self.with_subscriber(of_layer).flatten().unwrap_or_default()
    }
}

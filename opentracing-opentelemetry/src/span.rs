//! Spans as OpenTelemetry sees them.

use std::borrow::Cow;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use opentelemetry::KeyValue;
use opentelemetry::trace::{Link, Span as OtelSpan, SpanContext as OtelContext, Status};
use opentracing_core::{AsSpanContext, ReferenceKind, Span, SpanContext, SpanRef, Text, Value};
use smallvec::SmallVec;

use crate::ask::{Answer, Busy, Question, answer, question};
use crate::convert::{Naming, to_core, to_core_value, to_otel, unless_now, with_fields};

/// A span of a [`Provider`](crate::Provider), or in a context the active span of native code. Made by OpenTelemetry's `Tracer`.
///
/// Ending or dropping it finishes the span. The active span of native code is not finished by it: its owner does that.
pub struct ProvidedSpan {
    inner: Inner,
    context: OtelContext,
    status: Level,
    naming: Naming,
}

enum Inner {
    /// A span of OpenTelemetry that has not ended. The lock is for contexts, which ask without exclusive access.
    Open(Mutex<Span>),
    /// The active span of native code, lent.
    Native(Mutex<Span>),
    /// A span that has ended, or that of a remote caller.
    Fixed(SpanContext),
    Nothing,
}

/// The level of a status. A lower one never replaces a higher one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Unset,
    Error,
    Ok,
}

impl ProvidedSpan {
    /// A span that was just started.
    pub(crate) fn started(span: Span, naming: Naming) -> Self {
        let context = of(span.as_span_context());
        Self::new(Inner::Open(Mutex::new(span)), context, naming)
    }

    /// The active span of native code.
    pub(crate) fn native(span: &SpanRef) -> Self {
        let context = of(span.as_span_context());
        Self::new(Inner::Native(Mutex::new(span.lend())), context, Naming::SAME)
    }

    /// The span of a remote caller.
    pub(crate) fn remote(context: SpanContext) -> Self {
        let otel = to_otel(&context);
        Self::new(Inner::Fixed(context), otel, Naming::SAME)
    }

    /// No span, in a context without telemetry.
    pub(crate) fn none() -> Self {
        Self::new(Inner::Nothing, OtelContext::NONE, Naming::SAME)
    }

    fn new(inner: Inner, context: OtelContext, naming: Naming) -> Self {
        ProvidedSpan { inner, context, status: Level::Unset, naming }
    }

    /// The span, if it takes writes.
    #[inline]
    fn span(&mut self) -> Option<&mut Span> {
        match &mut self.inner {
            Inner::Open(span) => Some(span.get_mut().unwrap_or_else(PoisonError::into_inner)),
            Inner::Native(span) => {
                Some(span.get_mut().unwrap_or_else(PoisonError::into_inner)).filter(|span| span.is_recording())
            }
            Inner::Fixed(_) | Inner::Nothing => None,
        }
    }

    #[cold]
    fn answer(&self, question: Question) {
        match &self.inner {
            Inner::Open(span) | Inner::Native(span) => {
                let mut span = lock(span);
                match question {
                    Question::Handle => answer(Answer::Handle(span.share())),
                    _ => span.context().into_iter().for_each(|context| answer(Answer::Context(context))),
                }
            }
            Inner::Fixed(context) => answer(Answer::Context(context.clone())),
            Inner::Nothing => {}
        }
    }

    /// Writes an event as a log. `None` is now.
    pub(crate) fn log(&mut self, name: &str, at: Option<SystemTime>, attributes: &[KeyValue]) {
        let Some(span) = self.span() else { return };
        let _busy = Busy::begin();
        if name == "exception" {
            return with_fields(&[(EVENT, Value::Static("error"))], attributes, |fields| {
                let mut fields: SmallVec<[_; 10]> = fields.into();
                fields.iter_mut().for_each(rename);
                write(span, at, &fields);
            });
        }
        with_fields(&[(EVENT, Value::Str(name))], attributes, |fields| write(span, at, fields));
    }

    pub(crate) fn link(&mut self, link: &Link, at: Option<SystemTime>) {
        self.refer(&link.span_context, &link.attributes, at);
    }

    /// A reference has no tags of its own, so the attributes of a link become a log.
    fn refer(&mut self, context: &OtelContext, attributes: &[KeyValue], at: Option<SystemTime>) {
        let Some(span) = self.span().filter(|_| context.is_valid()) else { return };
        let linked = to_core(context);
        if !attributes.is_empty() {
            let (trace_id, span_id) = (linked.trace_id().to_string(), linked.span_id().to_string());
            let fields = [
                (EVENT, Value::Static("link")),
                (Text::Static("trace_id"), Value::Str(&trace_id)),
                (Text::Static("span_id"), Value::Str(&span_id)),
            ];
            let _busy = Busy::begin();
            with_fields(&fields, attributes, |fields| write(span, at, fields));
        }
        span.add_reference(ReferenceKind::FollowsFrom, &linked);
    }

    /// Sets the status. The description of an error is logged at that time; `None` is now.
    pub(crate) fn set_status_at(&mut self, status: Status, at: Option<SystemTime>) {
        let level = match &status {
            Status::Unset => Level::Unset,
            Status::Error { .. } => Level::Error,
            Status::Ok => Level::Ok,
        };
        if level < self.status || level == Level::Unset || self.status == Level::Ok {
            return;
        }
        let Some(span) = self.span() else { return };
        match status {
            Status::Unset => {}
            Status::Error { description } => {
                span.set_tag("error", true);
                if !description.is_empty() {
                    let _busy = Busy::begin();
                    let message = Value::Message(&description);
                    write(span, at, &[(EVENT, Value::Static("error")), (Text::Static("message"), message)]);
                }
            }
            // OTLP has a status for it.
            Status::Ok => {
                span.set_tag("error", false);
            }
        }
        self.status = level;
    }

    /// Ends the span, once. `None` is now.
    pub(crate) fn end_at(&mut self, at: Option<SystemTime>) {
        if !matches!(self.inner, Inner::Open(_)) {
            return;
        }
        if let Inner::Open(span) = std::mem::replace(&mut self.inner, Inner::Nothing) {
            let span = span.into_inner().unwrap_or_else(PoisonError::into_inner);
            // Children may still start.
            self.inner = span.context().map_or(Inner::Nothing, Inner::Fixed);
            let _busy = Busy::begin();
            match at {
                None => span.finish(),
                Some(at) => span.finish_at(at),
            }
        }
    }
}

fn write(span: &mut Span, at: Option<SystemTime>, fields: &[(Text<'_>, Value<'_>)]) {
    match at {
        None => span.log_kv(fields),
        Some(at) => span.log_kv_at(at, fields),
    };
}

fn of(context: Option<Cow<'_, SpanContext>>) -> OtelContext {
    context.map_or(OtelContext::NONE, |context| to_otel(&context))
}

fn lock(span: &Mutex<Span>) -> MutexGuard<'_, Span> {
    span.lock().unwrap_or_else(PoisonError::into_inner)
}

const EVENT: Text<'static> = Text::Static("event");

/// The names of OpenTracing for the attributes of an exception.
fn rename(field: &mut (Text<'_>, Value<'_>)) {
    field.0 = match field.0.as_str() {
        "exception.type" => Text::Static("error.kind"),
        "exception.message" => Text::Static("message"),
        "exception.stacktrace" => Text::Static("stack"),
        _ => return,
    };
    if let Value::Str(text) = field.1 {
        field.1 = Value::Message(text);
    }
}

impl OtelSpan for ProvidedSpan {
    fn add_event<T: Into<Cow<'static, str>>>(&mut self, name: T, attributes: Vec<KeyValue>) {
        if self.is_recording() {
            self.log(&name.into(), None, &attributes);
        }
    }

    fn add_event_with_timestamp<T: Into<Cow<'static, str>>>(
        &mut self,
        name: T,
        timestamp: SystemTime,
        attributes: Vec<KeyValue>,
    ) {
        if self.is_recording() {
            self.log(&name.into(), unless_now(timestamp), &attributes);
        }
    }

    fn span_context(&self) -> &OtelContext {
        &self.context
    }

    fn is_recording(&self) -> bool {
        let question = question();
        if question != Question::Nothing {
            self.answer(question);
        }
        match &self.inner {
            Inner::Open(span) | Inner::Native(span) => lock(span).is_recording(),
            Inner::Fixed(_) | Inner::Nothing => false,
        }
    }

    fn set_attribute(&mut self, attribute: KeyValue) {
        let naming = self.naming;
        if let Some(span) = self.span() {
            let value = to_core_value(&attribute.value);
            span.set_tag(naming.of(attribute.key.as_str(), value.as_value()), value.as_value());
        }
    }

    /// `Ok` is final, and clears the error of an earlier status. `Unset` changes nothing.
    fn set_status(&mut self, status: Status) {
        self.set_status_at(status, None);
    }

    fn update_name<T: Into<Cow<'static, str>>>(&mut self, new_name: T) {
        if let Some(span) = self.span() {
            match new_name.into() {
                Cow::Borrowed(name) => span.set_operation_name(name),
                Cow::Owned(name) => span.set_operation_name(&name),
            };
        }
    }

    /// A `FollowsFrom` reference. Attributes of the link become a log `event=link`.
    fn add_link(&mut self, span_context: OtelContext, attributes: Vec<KeyValue>) {
        self.refer(&span_context, &attributes, None);
    }

    fn end(&mut self) {
        self.end_at(None);
    }

    fn end_with_timestamp(&mut self, timestamp: SystemTime) {
        if matches!(self.inner, Inner::Open(_)) {
            self.end_at(unless_now(timestamp));
        }
    }
}

/// Dropping a span without `end` ends it.
impl Drop for ProvidedSpan {
    fn drop(&mut self) {
        self.end_at(None);
    }
}

impl fmt::Debug for ProvidedSpan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProvidedSpan").field("context", &self.context).finish_non_exhaustive()
    }
}

//! Spans as OpenTelemetry sees them.

use std::borrow::Cow;
use std::fmt;
use std::time::SystemTime;

use opentelemetry::KeyValue;
use opentelemetry::trace::{Link, Span, SpanContext as OtelContext, Status};
use opentracing_core::{ReferenceKind, SpanRef, Text, Value};
use smallvec::SmallVec;

use crate::ask::{Busy, answer};
use crate::convert::{Given, to_core, to_core_value, to_otel, unless_now, with_fields};

/// A span of a [`Provider`](crate::Provider), or in a context the active span of native code. Made by OpenTelemetry's `Tracer`.
///
/// Ending or dropping it finishes the span. The active span of native code is not finished by it: its owner does that.
pub struct ProvidedSpan {
    span: SpanRef,
    context: OtelContext,
    status: Level,
    /// Whether this is a span of OpenTelemetry that has not ended.
    is_open: bool,
    is_native: bool,
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
    pub(crate) fn started(span: SpanRef) -> Self {
        Self::new(span, true, false)
    }

    /// The active span of native code.
    pub(crate) fn native(span: SpanRef) -> Self {
        Self::new(span, false, true)
    }

    /// The span of a remote caller.
    pub(crate) fn remote(span: SpanRef) -> Self {
        Self::new(span, false, false)
    }

    /// No span, in a context without telemetry.
    pub(crate) fn none() -> Self {
        ProvidedSpan {
            span: SpanRef::noop(),
            context: OtelContext::NONE,
            status: Level::Unset,
            is_open: false,
            is_native: false,
        }
    }

    fn new(span: SpanRef, is_open: bool, is_native: bool) -> Self {
        let context = span.context().map_or(OtelContext::NONE, |context| to_otel(&context));
        ProvidedSpan { span, context, status: Level::Unset, is_open, is_native }
    }

    fn takes_writes(&self) -> bool {
        self.is_open || self.is_native && !self.span.is_finished()
    }

    /// Writes an event as a log. `None` is now.
    pub(crate) fn log(&self, name: &str, at: Option<SystemTime>, attributes: &[KeyValue]) {
        let _busy = Busy::begin();
        if name == "exception" {
            return with_fields(&[(EVENT, Value::Static("error"))], attributes, |fields| {
                let mut fields: SmallVec<[_; 10]> = fields.into();
                fields.iter_mut().for_each(rename);
                self.write(at, &fields);
            });
        }
        with_fields(&[(EVENT, Value::Str(name))], attributes, |fields| self.write(at, fields));
    }

    fn write(&self, at: Option<SystemTime>, fields: &[(Text<'_>, Value<'_>)]) {
        match at {
            None => self.span.log_kv(fields),
            Some(at) => self.span.log_kv_at(at, fields),
        };
    }

    pub(crate) fn link(&self, link: &Link, at: Option<SystemTime>) {
        self.refer(&link.span_context, &link.attributes, at);
    }

    /// A reference has no tags of its own, so the attributes of a link become a log.
    fn refer(&self, context: &OtelContext, attributes: &[KeyValue], at: Option<SystemTime>) {
        if !context.is_valid() {
            return;
        }
        let linked = to_core(context);
        if !attributes.is_empty() {
            let (trace_id, span_id) = (linked.trace_id().to_string(), linked.span_id().to_string());
            let fields = [
                (EVENT, Value::Static("link")),
                (Text::Static("trace_id"), Value::Str(&trace_id)),
                (Text::Static("span_id"), Value::Str(&span_id)),
            ];
            let _busy = Busy::begin();
            with_fields(&fields, attributes, |fields| self.write(at, fields));
        }
        self.span.add_reference(ReferenceKind::FollowsFrom, &linked);
    }

    /// Sets the status. The description of an error is logged at that time; `None` is now.
    pub(crate) fn set_status_at(&mut self, status: Status, at: Option<SystemTime>) {
        let level = match &status {
            Status::Unset => Level::Unset,
            Status::Error { .. } => Level::Error,
            Status::Ok => Level::Ok,
        };
        if !self.takes_writes() || level < self.status || level == Level::Unset || self.status == Level::Ok {
            return;
        }
        match status {
            Status::Unset => {}
            Status::Error { description } => {
                self.span.set_tag("error", true);
                if !description.is_empty() {
                    let _busy = Busy::begin();
                    let message = Value::Message(&description);
                    self.write(at, &[(EVENT, Value::Static("error")), (Text::Static("message"), message)]);
                }
            }
            Status::Ok => {
                if self.status == Level::Error {
                    self.span.set_tag("error", false);
                }
                self.span.set_tag("otel.status_code", "OK");
            }
        }
        self.status = level;
    }

    /// Ends the span, once. `None` is now.
    pub(crate) fn end_at(&mut self, at: Option<SystemTime>) {
        if std::mem::take(&mut self.is_open) {
            let _busy = Busy::begin();
            match at {
                None => self.span.finish(),
                Some(at) => self.span.finish_at(at),
            }
        }
    }
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

impl Span for ProvidedSpan {
    fn add_event_with_timestamp<T: Into<Cow<'static, str>>>(
        &mut self,
        name: T,
        timestamp: SystemTime,
        attributes: Vec<KeyValue>,
    ) {
        if self.takes_writes() && self.span.is_recording() {
            self.log(&name.into(), unless_now(timestamp), &attributes);
        }
    }

    fn span_context(&self) -> &OtelContext {
        &self.context
    }

    fn is_recording(&self) -> bool {
        answer(&self.span);
        self.takes_writes() && self.span.is_recording()
    }

    fn set_attribute(&mut self, attribute: KeyValue) {
        if self.takes_writes() {
            let key = Text::Copied(attribute.key.as_str());
            match to_core_value(&attribute.value) {
                Given::Value(value) => self.span.set_tag(key, value),
                Given::Text(text) => self.span.set_tag(key, text),
            };
        }
    }

    /// `Ok` is final, and clears the error of an earlier status. `Unset` changes nothing.
    fn set_status(&mut self, status: Status) {
        self.set_status_at(status, None);
    }

    fn update_name<T: Into<Cow<'static, str>>>(&mut self, new_name: T) {
        if self.takes_writes() {
            match new_name.into() {
                Cow::Borrowed(name) => self.span.set_operation_name(name),
                Cow::Owned(name) => self.span.set_operation_name(&name),
            };
        }
    }

    /// A `FollowsFrom` reference. Attributes of the link become a log `event=link`.
    fn add_link(&mut self, span_context: OtelContext, attributes: Vec<KeyValue>) {
        if self.takes_writes() {
            self.refer(&span_context, &attributes, None);
        }
    }

    fn end_with_timestamp(&mut self, timestamp: SystemTime) {
        if self.is_open {
            self.end_at(unless_now(timestamp));
        }
    }
}

/// Dropping a span without `end` ends it.
impl Drop for ProvidedSpan {
    fn drop(&mut self) {
        let _busy = Busy::begin();
        if self.is_open {
            self.span.finish();
        }
        std::mem::take(&mut self.span).release();
    }
}

impl fmt::Debug for ProvidedSpan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProvidedSpan").field("context", &self.context).finish_non_exhaustive()
    }
}

//! What the expansion of `#[traced]` calls. Not part of the public interface.

#![allow(missing_docs, reason = "hidden")]

use std::error::Error;
use std::fmt::{Debug, Display};

use crate::model::error_texts::{bounded, error_texts};
pub use crate::model::kind::SpanKind;
use crate::model::span_name::SpanName;
use crate::model::tag_value::TagValue;
use crate::model::value::Value;
pub use crate::scope::in_span::InSpan;
use crate::scope::scope::ActiveSpan;
pub use crate::span::span::Span;
pub use crate::tracer::tracer::Tracer;

#[inline]
pub fn start<'a>(tracer: &'a Tracer, name: impl Into<SpanName<'a>>) -> Span {
    tracer.span(name).start()
}

#[inline]
pub fn start_kind<'a>(tracer: &'a Tracer, name: impl Into<SpanName<'a>>, kind: SpanKind) -> Span {
    tracer.span(name).kind(kind).start()
}

/// Calls a closure that is known to be called once only, so that it may move and give back what it has borrowed.
#[inline(always)]
pub fn call_once<R>(f: impl FnOnce() -> R) -> R {
    f()
}

pub fn set_display(span: &mut Span, key: &'static str, value: &(impl Display + ?Sized)) {
    span.set_tag(key, bounded(format_args!("{value}")));
}

pub fn set_debug(span: &mut Span, key: &'static str, value: &(impl Debug + ?Sized)) {
    span.set_tag(key, bounded(format_args!("{value:?}")));
}

/// Sets the tag `return` of the active span, which is that of the function.
pub fn record_return(value: &(impl Debug + ?Sized)) {
    if let Some(span) = ActiveSpan::of_any().filter(ActiveSpan::is_recording) {
        span.set_tag("return", bounded(format_args!("{value:?}")));
    }
}

/// A value that is to become a tag, by value if it is `Copy`, or else by reference.
#[derive(Debug)]
pub struct TagOf<'a, T: ?Sized>(pub &'a T);

pub trait ByValue<'a> {
    fn tag(&self) -> TagValue<'a>;
}

impl<'a, T: Copy + Into<TagValue<'a>>> ByValue<'a> for &TagOf<'_, T> {
    #[inline]
    fn tag(&self) -> TagValue<'a> {
        (*self.0).into()
    }
}

pub trait ByReference<'a> {
    fn tag(&self) -> TagValue<'a>;
}

impl<'a, T: ?Sized> ByReference<'a> for TagOf<'a, T>
where
    &'a T: Into<TagValue<'a>>,
{
    #[inline]
    fn tag(&self) -> TagValue<'a> {
        self.0.into()
    }
}

/// The error of a function, which is marked on the active span: as an `Error` if it is one, or else by its text.
#[derive(Debug)]
pub struct ErrorOf<'a, E: ?Sized>(pub &'a E);

pub trait AsError {
    fn mark(&self);
}

impl<E: Error> AsError for &&&ErrorOf<'_, E> {
    fn mark(&self) {
        mark(|| error_texts(&self.0));
    }
}

pub trait AsDisplay {
    fn mark(&self);
}

impl<E: Display + ?Sized> AsDisplay for &&ErrorOf<'_, E> {
    fn mark(&self) {
        mark(|| (bounded(format_args!("{}", self.0)), String::new()));
    }
}

pub trait AsDebug {
    fn mark(&self);
}

impl<E: Debug + ?Sized> AsDebug for &ErrorOf<'_, E> {
    fn mark(&self) {
        mark(|| (bounded(format_args!("{:?}", self.0)), String::new()));
    }
}

pub trait AsNothing {
    fn mark(&self);
}

impl<E: ?Sized> AsNothing for ErrorOf<'_, E> {
    fn mark(&self) {
        mark(|| (String::new(), String::new()));
    }
}

#[cold]
fn mark(texts: impl FnOnce() -> (String, String)) {
    let Some(span) = ActiveSpan::of_any().filter(ActiveSpan::is_recording) else { return };
    let (message, stack) = texts();
    span.set_tag("error", true);
    let fields =
        [("event", Value::Static("error")), ("message", Value::Message(&message)), ("stack", Value::Message(&stack))];
    let given = if message.is_empty() { 1 } else { 2 + usize::from(!stack.is_empty()) };
    span.log_kv(&fields[..given]);
}

//! Operation names as a tracer takes them.

use std::borrow::Cow;
use std::sync::Arc;

use crate::model::value::Text;

/// An operation name as [`Tracer::span`](crate::Tracer::span) takes it. You never name this type: literals, references to `&str`, `String`,
/// `Cow<str>`, `Box<str>` and `Arc<str>`, the owned types themselves, and [`Text`] convert to it.
///
/// ```
/// use opentracing_core::Tracer;
///
/// fn run(tracer: &Tracer, job: &str) {
///     tracer.span("run job").start().finish();
///     tracer.span(&job).start().finish();
///     tracer.span(format!("run {job}")).start().finish();
/// }
/// # run(&Tracer::noop(), "clean");
/// ```
#[derive(Clone, Debug)]
pub struct SpanName<'a>(pub(crate) GivenName<'a>);

/// What a tracer was given.
#[derive(Clone, Debug)]
pub(crate) enum GivenName<'a> {
    Borrowed(Text<'a>),
    Owned(Box<str>),
}

macro_rules! borrowed {
    ($($type:ty),+) => { $(
        impl<'a> From<$type> for SpanName<'a> {
            #[inline(always)]
            fn from(name: $type) -> Self {
                SpanName(GivenName::Borrowed(name.into()))
            }
        }
    )+ };
}
borrowed! { &'static str, Text<'a>, &'a &str, &'a String, &'a Cow<'_, str>, &'a Box<str>, &'a Arc<str> }

macro_rules! owned {
    ($($type:ty),+) => { $(
        impl From<$type> for SpanName<'_> {
            fn from(name: $type) -> Self {
                SpanName(GivenName::Owned(name.into()))
            }
        }
    )+ };
}
owned! { String, Box<str>, Cow<'_, str> }

impl From<Arc<str>> for SpanName<'_> {
    fn from(name: Arc<str>) -> Self {
        SpanName(GivenName::Owned(name.as_ref().into()))
    }
}

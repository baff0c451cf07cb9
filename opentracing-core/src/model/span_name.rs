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
pub struct SpanName<'a>(Given<'a>);

#[derive(Clone, Debug)]
enum Given<'a> {
    Lent(Text<'a>),
    Own(String),
}

impl SpanName<'_> {
    #[inline]
    pub(crate) fn text(&self) -> Text<'_> {
        match &self.0 {
            Given::Lent(text) => *text,
            Given::Own(text) => Text::Copied(text),
        }
    }
}

macro_rules! lent {
    ($($type:ty),+) => { $(
        impl<'a> From<$type> for SpanName<'a> {
            #[inline(always)]
            fn from(name: $type) -> Self {
                SpanName(Given::Lent(name.into()))
            }
        }
    )+ };
}
lent! { &'static str, Text<'a>, &'a &str, &'a String, &'a Cow<'_, str>, &'a Box<str>, &'a Arc<str> }

macro_rules! owned {
    ($($type:ty),+) => { $(
        impl From<$type> for SpanName<'_> {
            fn from(name: $type) -> Self {
                SpanName(Given::Own(name.into()))
            }
        }
    )+ };
}
owned! { String, Box<str>, Cow<'_, str> }

impl From<Arc<str>> for SpanName<'_> {
    fn from(name: Arc<str>) -> Self {
        SpanName(Given::Own(name.as_ref().to_owned()))
    }
}

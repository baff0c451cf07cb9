//! The settings of a span that is about to start.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use crate::model::context::{AsSpanContext, Reference, ReferenceKind, SpanContext};
use crate::model::kind::SpanKind;
use crate::model::span_name::{GivenName, SpanName};
use crate::model::start_tags::{MoreTag, StartTags, Stored};
use crate::model::tag_value::{Given, TagValue};
use crate::model::tags::{TagKey, TagValueOf};
use crate::model::value::{Text, Value};
use crate::recorder::recorder::Recorder;
use crate::recorder::state::SAMPLING_PRIORITY;
use crate::span::span::Span;

/// The settings of a span that is about to start. [`Tracer::span`](crate::Tracer::span) makes one.
///
/// Setters work in place, like those of `std::process::Command`. Without a reference, the span is a child of the thread's active span of the
/// same tracer; if there is none, it is the root of a new trace.
///
/// ```
/// use opentracing_core::{SpanKind, Tracer};
///
/// let tracer = Tracer::builder("shop").build_inline(Discard);
/// let order = tracer.span("order").start();
/// let mut builder = tracer.span("charge");
/// builder.kind(SpanKind::Client).child_of(&order);
/// builder.tag("amount", 12.5).tag("coupon", None::<&str>);
/// let charge = builder.start();
/// assert_eq!(charge.context().and_then(|c| c.parent_id()), order.context().map(|c| c.span_id()));
/// # struct Discard;
/// # impl opentracing_core::Reporter for Discard {
/// #     fn report(&mut self, _: opentracing_core::Batch<'_>) {}
/// # }
/// ```
#[must_use = "a builder does nothing until start() or start_active()"]
pub struct SpanBuilder<'a> {
    pub(super) recorder: Option<&'a Arc<Recorder>>,
    pub(super) name: Text<'a>,
    pub(super) kind: SpanKind,
    /// Whether a setting was used that the fast path of `start` does not handle.
    pub(super) special: bool,
    /// The tag `error` is true.
    pub(super) failed: bool,
    pub(super) ignore_active: bool,
    pub(super) new_trace: bool,
    /// The tag `sampling.priority`, which takes precedence over every other decision.
    pub(super) priority: Option<bool>,
    pub(super) parent: Parent<'a>,
    pub(super) start_time: Option<SystemTime>,
    /// Borrowed until the start, because the sampler may read them. Then copied into the record, if there is one.
    pub(super) tags: StartTags<'a>,
    owned: Option<Box<Owned<'a>>>,
}

/// The parent that was given, if it is borrowed.
#[derive(Clone, Copy)]
pub(super) enum Parent<'a> {
    None,
    ChildOf(&'a SpanContext),
    /// The sender of a message.
    FollowsFrom(&'a SpanContext),
    /// A context or references of the builder's own.
    Owned,
}

/// What a builder rarely has to own. In a box of its own, so that dropping a builder without it is one comparison.
#[derive(Default)]
struct Owned<'a> {
    name: Option<Box<str>>,
    references: Vec<Reference>,
    tags: Vec<MoreTag<'a>>,
    imported: Option<(SpanContext, ParentPlace)>,
}

/// Where the parent of an [imported](SpanBuilder::imported) span was recorded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum ParentPlace {
    /// By the process that recorded the span.
    ThisProcess,
    /// By another one: the span is the first of its trace in its process.
    OtherProcess,
}

impl Owned<'_> {
    #[cold]
    fn with_name(name: Box<str>) -> Box<Self> {
        Box::new(Owned { name: Some(name), ..Owned::default() })
    }
}

/// The references of a span: nearly always none or one parent.
pub(super) enum References<'s> {
    None,
    ChildOf(&'s SpanContext),
    FollowsFrom(&'s SpanContext),
    Several(&'s [Reference]),
}

impl<'a> SpanBuilder<'a> {
    #[inline]
    pub(crate) fn new(recorder: Option<&'a Arc<Recorder>>, name: SpanName<'a>) -> Self {
        let (name, owned) = match name.0 {
            GivenName::Borrowed(name) => (name, None),
            // Not `Static`, so that a literal is known to be the name without a look at what the builder owns.
            GivenName::Owned(name) => (Text::Copied(""), Some(Owned::with_name(name))),
        };
        // Built in one expression: a builder that is changed afterwards would be copied as a whole.
        SpanBuilder {
            recorder,
            name,
            kind: SpanKind::Internal,
            special: false,
            failed: false,
            ignore_active: false,
            new_trace: false,
            priority: None,
            parent: Parent::None,
            start_time: None,
            tags: StartTags::new(),
            owned,
        }
    }

    #[cold]
    fn owned(&mut self) -> &mut Owned<'a> {
        self.owned.get_or_insert_default()
    }

    #[inline]
    pub(super) fn name(&self) -> Text<'_> {
        match self.owned.as_ref().and_then(|owned| owned.name.as_deref()) {
            Some(name) => Text::Copied(name),
            None => self.name,
        }
    }

    #[inline]
    pub(super) fn more_tags(&self) -> &[MoreTag<'a>] {
        self.owned.as_ref().map_or(&[], |owned| &owned.tags)
    }

    #[inline]
    pub(super) fn references(&self) -> References<'_> {
        match self.parent {
            Parent::None => References::None,
            Parent::ChildOf(parent) => References::ChildOf(parent),
            Parent::FollowsFrom(parent) => References::FollowsFrom(parent),
            Parent::Owned => match self.owned.as_ref().map_or(&[][..], |owned| &owned.references) {
                [Reference { kind: ReferenceKind::ChildOf, context }] => References::ChildOf(context),
                several => References::Several(several),
            },
        }
    }

    /// Adds a `ChildOf` reference: the other span depends on this one. The first such reference is the parent.
    #[inline]
    pub fn child_of(&mut self, parent: &'a impl AsSpanContext) -> &mut Self {
        self.reference(ReferenceKind::ChildOf, parent)
    }

    /// Adds a `FollowsFrom` reference: the other span caused this one and does not depend on it. Without a
    /// [`child_of`](SpanBuilder::child_of), the first such reference is the parent, and the span joins its trace.
    #[inline]
    pub fn follows_from(&mut self, context: &'a impl AsSpanContext) -> &mut Self {
        self.reference(ReferenceKind::FollowsFrom, context)
    }

    /// Adds a reference to another span; `None` adds nothing. The span inherits the baggage of all references, and the later of two items
    /// with the same name.
    #[inline]
    pub fn reference(&mut self, kind: ReferenceKind, context: &'a impl AsSpanContext) -> &mut Self {
        if self.recorder.is_some()
            && let Some(context) = context.as_span_context()
        {
            match (self.parent, kind, context) {
                (Parent::None, ReferenceKind::ChildOf, Cow::Borrowed(parent)) => self.parent = Parent::ChildOf(parent),
                (Parent::None, ReferenceKind::FollowsFrom, Cow::Borrowed(parent)) => {
                    self.parent = Parent::FollowsFrom(parent);
                }
                (_, kind, context) => self.add_reference(Reference { kind, context: context.into_owned() }),
            }
        }
        self
    }

    #[cold]
    fn add_reference(&mut self, reference: Reference) {
        let first = match std::mem::replace(&mut self.parent, Parent::Owned) {
            Parent::ChildOf(parent) => Some((ReferenceKind::ChildOf, parent)),
            Parent::FollowsFrom(parent) => Some((ReferenceKind::FollowsFrom, parent)),
            Parent::None | Parent::Owned => None,
        };
        if let Some((kind, parent)) = first {
            self.owned().references.push(Reference { kind, context: parent.clone() });
        }
        self.owned().references.push(reference);
    }

    /// Ignores the thread's active span, which is the parent otherwise.
    pub fn ignore_active_span(&mut self) -> &mut Self {
        self.ignore_active = true;
        self
    }

    /// Starts a new trace. References are recorded, but the span inherits neither ids nor decision nor baggage from them. For untrusted
    /// requests, with a [`follows_from`](SpanBuilder::follows_from) to the context that they sent.
    pub fn new_trace(&mut self) -> &mut Self {
        (self.new_trace, self.special) = (true, true);
        self
    }

    /// Records a span that another tracer has made, under the ids of its own context and with its sampling decision: no sampler is asked, and
    /// references given before are ignored. Its parent is the context's [`parent_id`](SpanContext::parent_id); without one it is a root.
    /// For bridges, together with [`start_time`](SpanBuilder::start_time) and [`Span::finish_at`].
    ///
    /// ```
    /// use std::time::{Duration, SystemTime};
    ///
    /// use opentracing_core::mock::MockTracer;
    /// use opentracing_core::{ParentPlace, Sampling, SpanContext, SpanId, TraceId};
    ///
    /// let mock = MockTracer::new();
    /// let context = SpanContext::new(TraceId::from_parts(0, 7), SpanId::new(9)).with_sampling(Sampling::Sampled);
    /// let start = SystemTime::UNIX_EPOCH + Duration::from_secs(60);
    /// let span = mock.tracer().span("import").imported(context, ParentPlace::OtherProcess).start_time(start).start();
    /// span.finish_at(start + Duration::from_secs(2));
    /// assert_eq!(mock.span("import").context.span_id(), SpanId::new(9));
    /// assert_eq!(mock.span("import").duration().as_secs(), 2);
    /// ```
    pub fn imported(&mut self, context: SpanContext, parent: ParentPlace) -> &mut Self {
        self.special = true;
        self.owned().imported = Some((context, parent));
        self
    }

    pub(super) fn take_imported(&mut self) -> Option<(SpanContext, ParentPlace)> {
        self.owned.as_mut()?.imported.take()
    }

    /// Sets the start time. Now by default.
    pub fn start_time(&mut self, at: SystemTime) -> &mut Self {
        (self.start_time, self.special) = (Some(at), true);
        self
    }

    /// Sets the kind. [`SpanKind::Internal`] by default.
    #[inline]
    pub fn kind(&mut self, kind: SpanKind) -> &mut Self {
        self.kind = kind;
        self
    }

    /// Sets a tag, which the sampler may read. See [`Span::set_tag`] for the keys with a meaning.
    #[inline]
    pub fn tag(&mut self, key: impl Into<Text<'a>>, value: impl Into<TagValue<'a>>) -> &mut Self {
        if self.recorder.is_some() {
            let key = key.into();
            let value = match value.into().0 {
                Given::Value(value) => value,
                Given::Nothing => return self,
                Given::Text(text) => return self.tag_own(key, text),
            };
            match key.as_str() {
                SAMPLING_PRIORITY => (self.priority, self.special) = (Some(value.is_positive()), true),
                "error" => self.failed = value.is_true(),
                "span.kind" => {
                    if let Some(kind) = value.as_text().and_then(SpanKind::from_tag) {
                        self.kind = kind;
                        return self;
                    }
                }
                _ => {}
            }
            if !self.tags.push(key, value) {
                self.owned().tags.push((key, Stored::Borrowed(value)));
            }
        }
        self
    }

    #[cold]
    fn tag_own(&mut self, key: Text<'a>, text: String) -> &mut Self {
        let value = Value::Str(&text);
        match key.as_str() {
            SAMPLING_PRIORITY => (self.priority, self.special) = (Some(value.is_positive()), true),
            "error" => self.failed = value.is_true(),
            "span.kind" => {
                if let Some(kind) = SpanKind::from_tag(&text) {
                    self.kind = kind;
                    return self;
                }
            }
            _ => {}
        }
        self.tags.close();
        self.owned().tags.push((key, Stored::Owned(text)));
        self
    }

    /// Sets a standard tag; a value of another type than the tag has does not compile.
    #[inline]
    pub fn set<T: ?Sized>(&mut self, key: TagKey<T>, value: impl TagValueOf<'a, T>) -> &mut Self {
        self.tag(key, value)
    }

    /// Starts the span without activating it. [`Span::activate`] and [`InSpan::in_span`](crate::InSpan::in_span) activate it.
    #[inline]
    pub fn start(&mut self) -> Span {
        match self.recorder {
            Some(recorder) => self.start_with(recorder),
            None => Span::noop(),
        }
    }
}

impl fmt::Debug for SpanBuilder<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SpanBuilder").field("name", &self.name()).field("kind", &self.kind).finish_non_exhaustive()
    }
}

//! The shared handle of a span.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use crate::clock::wall::unix_ns;
use crate::model::context::{AsSpanContext, Reference, ReferenceKind, SpanContext};
use crate::model::kind::SpanKind;
use crate::model::tag_value::{Given, TagValue};
use crate::model::value::{Text, Value};
use crate::recorder::ending::End;
use crate::recorder::local;
use crate::recorder::shared::Shared;
use crate::recorder::state::{State, Unsampled};
use crate::span::finish_options::FinishOptions;
use crate::span::operations::write_operations;
use crate::span::span::Span;

/// A shared handle of a span, for callbacks and other threads. Each call takes a lock.
///
/// Dropping a handle does not finish the span, unless the span was [detached](Span::detach) and this is the last handle.
///
/// ```
/// use opentracing_core::mock::MockTracer;
///
/// let mock = MockTracer::new();
/// let mut span = mock.tracer().span("import").start();
/// let handle = span.share();
/// std::thread::spawn(move || {
///     handle.set_tag("rows", 12);
/// })
/// .join()
/// .expect("the thread does not panic");
/// span.finish();
/// assert_eq!(mock.span("import").tag("rows"), Some(12.into()));
/// ```
#[derive(Clone, Default)]
pub struct SpanRef {
    pub(crate) shared: Option<Arc<Shared>>,
}

impl SpanRef {
    pub(crate) fn new(shared: Option<Arc<Shared>>) -> Self {
        SpanRef { shared }
    }

    /// Returns a handle of no span.
    pub const fn noop() -> SpanRef {
        SpanRef { shared: None }
    }

    /// Returns a handle that stands for a context, for example that of a remote caller. It records nothing. While it is active, it is the
    /// parent of new spans; a remote context is that for all tracers.
    ///
    /// ```
    /// use opentracing_core::mock::MockTracer;
    /// use opentracing_core::{Sampling, SpanContext, SpanId, SpanRef, TraceId};
    ///
    /// let mock = MockTracer::new();
    /// let caller = SpanContext::new(TraceId::from_parts(0, 7), SpanId::new(9)).with_sampling(Sampling::Sampled);
    /// SpanRef::of_context(caller).in_scope(|| mock.tracer().span("work").start().finish());
    /// assert_eq!(mock.span("work").context.parent_id(), Some(SpanId::new(9)));
    /// ```
    pub fn of_context(context: SpanContext) -> SpanRef {
        SpanRef::new(Some(local::share(State::Unsampled(Unsampled { context, name: "" }))))
    }

    write_operations!(&Self);

    fn edit(&self, f: impl FnOnce(&mut State)) {
        if let Some(shared) = &self.shared {
            shared.with(f);
        }
    }

    fn ignores(&self, _key: &str) -> bool {
        self.shared.is_none()
    }

    /// Whether this is a handle of no span.
    pub fn is_noop(&self) -> bool {
        self.shared.is_none()
    }

    /// Whether the span records tags and logs.
    pub fn is_recording(&self) -> bool {
        self.shared.as_ref().is_some_and(|shared| shared.is_recording())
    }

    /// Whether the span has finished.
    pub fn is_finished(&self) -> bool {
        self.shared.as_ref().is_some_and(|shared| shared.is_finished())
    }

    /// The span's context, also after it has finished; `None` if there is no span.
    pub fn context(&self) -> Option<SpanContext> {
        self.shared.as_ref()?.lent_context().map(Cow::into_owned)
    }

    /// The baggage item of that name, including those inherited from the parent.
    pub fn baggage_item(&self, key: &str) -> Option<String> {
        self.context()?.baggage_item(key).map(str::to_owned)
    }

    /// Finishes the span now. Only the first call has an effect; later ones are counted as writes to a finished span.
    pub fn finish(&self) {
        if let Some(shared) = &self.shared {
            shared.finish(End::Now);
        }
    }

    /// Drops the span, as [`Span::discard`] does. Handles that are left write to a finished span.
    pub fn discard(&self) {
        if let Some(shared) = &self.shared {
            shared.with(State::mark_discarded);
            shared.finish(End::Now);
        }
    }

    /// Finishes the span at that time, as [`finish`](SpanRef::finish) does.
    pub fn finish_at(&self, at: SystemTime) {
        if let Some(shared) = &self.shared {
            shared.finish(End::Wall(unix_ns(at)));
        }
    }

    /// Finishes the span at the time of its last [`exit`](SpanRef::exit), or now if it was never left.
    pub fn finish_at_last_exit(&self) {
        if let Some(shared) = &self.shared {
            shared.finish_at_last_exit();
        }
    }

    /// Drops the handle. If the span has finished and this was its last handle, the next span that this thread shares takes its memory
    /// instead of allocating.
    pub fn release(self) {
        if let Some(shared) = self.shared {
            local::release(shared);
        }
    }

    /// Writes the logs of the options, and finishes the span, as [`finish`](SpanRef::finish) does.
    pub fn finish_with(&self, options: FinishOptions<'_>) {
        for &(at, fields) in options.logs {
            self.log_kv_at(at, fields);
        }
        match options.at {
            Some(at) => self.finish_at(at),
            None => self.finish(),
        }
    }

    /// Returns a `Span` that is this one to write to and to activate. Dropping or finishing it does not finish this one.
    pub fn lend(&self) -> Span {
        Span::new(self.shared.clone().map_or(State::Noop, State::Lent))
    }

    pub(crate) fn state(&self) -> State {
        self.shared.clone().map_or(State::Noop, State::Shared)
    }
}

impl AsSpanContext for SpanRef {
    fn as_span_context(&self) -> Option<Cow<'_, SpanContext>> {
        self.shared.as_ref()?.lent_context()
    }
}

impl fmt::Debug for SpanRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SpanRef").field("context", &self.context()).finish_non_exhaustive()
    }
}

//! A started span and its owner.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::mem::ManuallyDrop;
use std::time::{Duration, SystemTime};

use crate::clock::wall::unix_ns;
use crate::model::context::{AsSpanContext, Reference, ReferenceKind, SpanContext};
use crate::model::kind::SpanKind;
use crate::model::tag_value::{Given, TagValue};
use crate::model::value::{Text, Value};
#[cfg(feature = "http")]
use crate::record::record::Stamp;
use crate::recorder::ending::{End, finish_record};
use crate::recorder::state::{State, finish_other};
use crate::span::finish_options::FinishOptions;
use crate::span::operations::write_operations;
use crate::span::span_ref::SpanRef;

/// A started span. [`finish`](Span::finish) finishes it, and so does dropping it.
///
/// A span has one owner, which writes into the record without a lock, and may be held across an `.await`. For callbacks and other threads,
/// [`share`](Span::share) makes a [`SpanRef`].
///
/// ```
/// use opentracing_core::{SpanKind, Tracer, tags};
///
/// fn charge(tracer: &Tracer) -> Result<(), std::io::Error> {
///     let mut span = tracer.span("charge card").kind(SpanKind::Client).start();
///     span.set(tags::PEER_SERVICE, "bank").set_tag("attempt", 1).log("authorized");
///     let charged = Ok(()); // call the bank
///     if let Err(error) = &charged {
///         span.mark_error(error);
///     }
///     charged // the span finishes here
/// }
/// # charge(&Tracer::noop())?;
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// A span that is not recorded still has a context, so that ids, decision and baggage are propagated. Writing to it costs one comparison.
///
/// A finished span can no longer be written to (OpenTracing specification, "Finish the Span"):
///
/// ```compile_fail,E0382
/// let mut span = opentracing_core::Tracer::noop().span("done").start();
/// span.finish();
/// span.set_tag("too", "late");
/// ```
#[must_use = "a span finishes when it is dropped"]
pub struct Span {
    /// Dropped in `Drop`, which knows at once that there is nothing to do for most; what the compiler adds would look again.
    pub(crate) state: ManuallyDrop<State>,
}

impl Span {
    #[inline(always)]
    pub(crate) const fn new(state: State) -> Span {
        Span { state: ManuallyDrop::new(state) }
    }

    /// Returns a span without a tracer: it has no context and records nothing.
    pub const fn noop() -> Span {
        Span::new(State::Noop)
    }

    write_operations!(&mut Self);

    #[inline(always)]
    fn edit(&mut self, f: impl FnOnce(&mut State)) {
        f(&mut self.state);
    }

    #[inline(always)]
    fn ignores(&self, key: &str) -> bool {
        self.state.ignores(key)
    }

    /// Whether the span records tags and logs. `false` for a span that is not sampled, unless a later `sampling.priority` keeps it.
    pub fn is_recording(&self) -> bool {
        self.state.is_recording()
    }

    /// How long the span has lasted so far, by the tracer's clock; `None` unless it records.
    pub fn elapsed(&self) -> Option<Duration> {
        self.state.elapsed()
    }

    /// Whether the span has that operation name. For adapters that learn a better name late and must not replace one that the user has set.
    /// `false` unless the span records.
    pub fn is_named(&self, operation_name: &str) -> bool {
        self.state.is_named(operation_name)
    }

    /// The span's context; `None` if it has no tracer.
    pub fn context(&self) -> Option<SpanContext> {
        self.state.context()
    }

    /// The baggage item of that name, including those inherited from the parent.
    pub fn baggage_item(&self, key: &str) -> Option<String> {
        self.state.lent_context()?.baggage_item(key).map(str::to_owned)
    }

    /// Returns a handle for callbacks and other threads. The first one moves the record behind a lock, which allocates once.
    pub fn share(&mut self) -> SpanRef {
        SpanRef::new(self.state.share())
    }

    /// Turns the span into a handle. The span finishes by [`SpanRef::finish`], or when the last handle is dropped.
    pub fn detach(mut self) -> SpanRef {
        let handle = SpanRef::new(self.state.share());
        *self.state = State::Noop;
        handle
    }

    /// For wrappers of futures and streams that are not ready.
    #[inline]
    pub(crate) fn wait(&mut self) {
        self.state.wait();
    }

    /// For wrappers that hold a span in place: finishes an owned one, lets go of a lent one.
    #[inline]
    pub(crate) fn end(&mut self) {
        self.state.take().finish(End::Now);
    }

    /// This moment, by the clock of the span. `None` unless it records.
    #[cfg(feature = "http")]
    pub(crate) fn moment(&self) -> Option<Stamp> {
        self.state.moment()
    }

    /// Finishes the span at a moment that was noted earlier. Later logs are moved there.
    #[cfg(feature = "http")]
    pub(crate) fn end_at(&mut self, moment: Stamp) {
        self.state.take().finish_at(moment);
    }

    /// Finishes the span now.
    #[inline]
    pub fn finish(self) {}

    /// Drops the span: it is neither reported nor counted in RED figures. For a span that turns out to stand for nothing, such as that of a
    /// message which a batch handles. It counts as [`dropped_unsampled`](crate::Stats::dropped_unsampled).
    pub fn discard(mut self) {
        self.state.mark_discarded();
    }

    /// Finishes the span at that time. A time before the start gives a duration of zero and is counted.
    pub fn finish_at(mut self, at: SystemTime) {
        self.state.take().finish(End::Wall(unix_ns(at)));
    }

    /// Writes the logs of the options, and finishes the span.
    pub fn finish_with(mut self, options: FinishOptions<'_>) {
        for &(at, fields) in options.logs {
            self.log_kv_at(at, fields);
        }
        match options.at {
            Some(at) => self.finish_at(at),
            None => self.finish(),
        }
    }
}

/// A span of no tracer, for `std::mem::take`.
impl Default for Span {
    fn default() -> Self {
        Span::noop()
    }
}

impl Drop for Span {
    #[inline(always)]
    fn drop(&mut self) {
        match &*self.state {
            State::Recording(_) => {
                if let State::Recording(record) = self.state.take() {
                    finish_record(record, End::Now);
                }
            }
            State::Noop => {}
            State::Unsampled(unsampled) if unsampled.context.extra.is_none() => {}
            _ => finish_other(&mut self.state),
        }
    }
}

impl AsSpanContext for Span {
    #[inline]
    fn as_span_context(&self) -> Option<Cow<'_, SpanContext>> {
        self.state.lent_context()
    }
}

impl fmt::Debug for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Span").field("context", &self.context()).finish_non_exhaustive()
    }
}

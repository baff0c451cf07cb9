//! Conformance checks of the OpenTracing API for any configuration of a tracer. Use them to test a sampler, reporter, propagator, clock or
//! id generator of your own.
//!
//! The checks correspond to those of the harnesses of OpenTracing for Python (`api_check`, `scope_check`) and Go (`api_checkers`). Checks
//! that occur in both are one check here.
//!
//! ```
//! use opentracing_core::harness::{self, Capabilities};
//! use opentracing_core::mock::MockTracer;
//! use opentracing_core::{ProbabilisticSampler, Tracer};
//!
//! let make = || MockTracer::with(|builder| builder.sampler(ProbabilisticSampler::new(0.5)));
//! harness::run_all(make, Capabilities::all());
//!
//! // A no-op tracer has none of the capabilities, but must not panic.
//! harness::run_all(Tracer::noop, Capabilities::none());
//! ```
//!
//! | group | checks |
//! |---|---|
//! | starting | `start_span`, `start_span_with_parent`, `start_child_span`, `start_span_propagation`, `start_span_propagation_ignore_active_span` |
//! | spans | `set_operation_name`, `span_as_context_manager`, `span_tag_value_types`, `span_tags_with_chaining`, `span_logs`, `write_after_finish` |
//! | baggage | `span_baggage`, `context_baggage`, `multi_baggage` |
//! | active spans | `active_span`, `start_active_span` and its six variants, `tracer_start_active_span_scope`, `tracer_start_span_scope` |
//! | scopes | `missing_active`, `missing_active_external`, `activate` and its four variants, `close_wrong_order` |
//! | carriers | `text_propagation`, `http_propagation`, `binary_propagation`, `baggage_propagation`, `mandatory_formats`, `unknown_format`, `invalid_inject`, `invalid_extract` |

mod baggage;
mod carriers;
mod case;
mod scopes;
mod spans;
mod starting;

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::mock::MockTracer;
use crate::reporter::owned::OwnedSpan;
use crate::tracer::tracer::Tracer;

use self::case::{Case, Check};

/// A capability that some tracers do not have.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Capability {
    /// Spans have contexts with ids, and report whether they have finished.
    Contexts,
    /// An activated span is the active span of its thread.
    Scopes,
    /// Spans keep baggage and pass it on to their descendants in this process.
    Baggage,
    /// An injected context can be extracted, and formats without a propagator are rejected.
    Propagation,
    /// Baggage is injected and extracted in every built-in format.
    BaggagePropagation,
}

/// The set of capabilities that a tracer declares. Expectations that need any other capability are skipped, but no call may panic.
///
/// ```
/// use opentracing_core::harness::{Capabilities, Capability};
///
/// let capabilities = Capabilities::all().without(Capability::BaggagePropagation);
/// assert!(capabilities.has(Capability::Baggage));
/// assert!(!capabilities.has(Capability::BaggagePropagation));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Capabilities(u8);

impl Capabilities {
    /// All capabilities of the OpenTracing API.
    pub const fn all() -> Self {
        Capabilities(u8::MAX)
    }

    /// No capabilities, as of [`Tracer::noop`].
    pub const fn none() -> Self {
        Capabilities(0)
    }

    /// Adds a capability.
    #[must_use]
    pub const fn with(self, capability: Capability) -> Self {
        Capabilities(self.0 | 1 << capability as u8)
    }

    /// Removes a capability.
    #[must_use]
    pub const fn without(self, capability: Capability) -> Self {
        Capabilities(self.0 & !(1 << capability as u8))
    }

    /// Whether the set contains a capability.
    pub const fn has(self, capability: Capability) -> bool {
        self.0 & 1 << capability as u8 != 0
    }
}

/// The tracer under test, and access to its finished spans.
///
/// ```
/// use opentracing_core::harness::{self, Capabilities, Subject};
/// use opentracing_core::mock::MockTracer;
///
/// let make = || {
///     let mock = MockTracer::new();
///     Subject::new(mock.tracer().clone()).finished(move || mock.finished_spans())
/// };
/// assert_eq!(harness::failures(make, Capabilities::all()), []);
/// ```
pub struct Subject {
    tracer: Tracer,
    finished: Option<Box<dyn Fn() -> Vec<OwnedSpan>>>,
}

impl Subject {
    /// Creates a subject without access to finished spans. Whether spans reach the reporter is then not checked.
    pub fn new(tracer: Tracer) -> Self {
        Subject { tracer, finished: None }
    }

    /// Sets the function that returns all spans that the reporter has received. It must flush the tracer first.
    #[must_use]
    pub fn finished(mut self, read: impl Fn() -> Vec<OwnedSpan> + 'static) -> Self {
        self.finished = Some(Box::new(read));
        self
    }
}

impl From<Tracer> for Subject {
    fn from(tracer: Tracer) -> Self {
        Subject::new(tracer)
    }
}

impl From<MockTracer> for Subject {
    fn from(mock: MockTracer) -> Self {
        Subject::new(mock.tracer().clone()).finished(move || mock.finished_spans())
    }
}

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subject").field("tracer", &self.tracer).finish_non_exhaustive()
    }
}

/// A check that failed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Failure {
    check: &'static str,
    message: String,
}

impl Failure {
    /// The name of the check.
    pub fn check(&self) -> &'static str {
        self.check
    }

    /// The expectation that was not met, such as "a span that is dropped should finish".
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.check, self.message)
    }
}

/// Runs all checks, each with a new tracer.
///
/// # Panics
///
/// If any check fails. The message lists all failures.
#[track_caller]
pub fn run_all<S: Into<Subject>>(make: impl Fn() -> S, capabilities: Capabilities) {
    let failures = failures(make, capabilities);
    let lines: Vec<_> = failures.iter().map(Failure::to_string).collect();
    assert!(lines.is_empty(), "{} of {} checks failed:\n{}", lines.len(), checks().count(), lines.join("\n"));
}

/// Runs all checks, each with a new tracer, and returns the failures. A panic is a failure.
pub fn failures<S: Into<Subject>>(make: impl Fn() -> S, capabilities: Capabilities) -> Vec<Failure> {
    let run = |(check, body): Check| {
        let outcome = catch_unwind(AssertUnwindSafe(|| body(&Case::new(make().into(), capabilities))));
        let message = match outcome {
            Ok(outcome) => outcome.err()?,
            Err(panic) => format!("panicked: {}", panic_message(&*panic)),
        };
        Some(Failure { check, message })
    };
    all().filter_map(run).collect()
}

/// The names of all checks, in the order in which they run.
pub fn checks() -> impl Iterator<Item = &'static str> {
    all().map(|(name, _)| name)
}

fn all() -> impl Iterator<Item = Check> {
    [starting::CHECKS, spans::CHECKS, baggage::CHECKS, scopes::CHECKS, carriers::CHECKS].into_iter().flatten().copied()
}

fn panic_message(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<&'static str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("without a message")
}

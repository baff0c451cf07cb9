//! Checks of the OpenTracing API that any configuration of a tracer can be run through: samplers, reporters, propagators, clocks and
//! generators of ids of other crates.
//!
//! They are what the harnesses of OpenTracing for Python (`api_check`, `scope_check`) and Go (`api_checkers`) check, said for this
//! crate; where the two check the same it is one check here.
//!
//! ```
//! use opentracing_core::harness::{self, Capabilities};
//! use opentracing_core::mock::MockTracer;
//! use opentracing_core::{ProbabilisticSampler, Tracer};
//!
//! let make = || MockTracer::with(|builder| builder.sampler(ProbabilisticSampler::new(0.5)));
//! harness::run_all(make, Capabilities::all());
//!
//! // A tracer that does nothing cannot do much, but must not fail.
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

/// Something that a tracer may lack for good reason.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Capability {
    /// Spans have contexts with ids, and know whether they have finished.
    Contexts,
    /// A span that is activated is the active one.
    Scopes,
    /// Spans and their descendants in this process keep baggage.
    Baggage,
    /// What is injected can be extracted, and formats without a propagator are refused.
    Propagation,
    /// Baggage is part of what is injected, in every built-in format.
    BaggagePropagation,
}

/// What a tracer can do. What it cannot do must still not panic, and is not checked beyond that.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Capabilities(u8);

impl Capabilities {
    /// Everything that OpenTracing asks for.
    pub const fn all() -> Self {
        Capabilities(u8::MAX)
    }

    /// Nothing, as [`Tracer::noop`].
    pub const fn none() -> Self {
        Capabilities(0)
    }

    /// The same and that one.
    #[must_use]
    pub const fn with(self, capability: Capability) -> Self {
        Capabilities(self.0 | 1 << capability as u8)
    }

    /// The same but for that one.
    #[must_use]
    pub const fn without(self, capability: Capability) -> Self {
        Capabilities(self.0 & !(1 << capability as u8))
    }

    /// Whether that one is there.
    pub const fn has(self, capability: Capability) -> bool {
        self.0 & 1 << capability as u8 != 0
    }
}

/// A tracer that is checked, and how its finished spans can be seen.
pub struct Subject {
    tracer: Tracer,
    finished: Option<Box<dyn Fn() -> Vec<OwnedSpan>>>,
}

impl Subject {
    /// A tracer whose finished spans nobody sees. Then it is not checked that they arrive.
    pub fn new(tracer: Tracer) -> Self {
        Subject { tracer, finished: None }
    }

    /// Reads the spans that have gone through the reporter. The closure flushes first.
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

    /// What should have been.
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.check, self.message)
    }
}

/// Runs every check, each on a tracer of its own.
///
/// # Panics
///
/// If any fails. The message names all that do.
#[track_caller]
pub fn run_all<S: Into<Subject>>(make: impl Fn() -> S, capabilities: Capabilities) {
    let failures = failures(make, capabilities);
    let lines: Vec<_> = failures.iter().map(Failure::to_string).collect();
    assert!(lines.is_empty(), "{} of {} checks failed:\n{}", lines.len(), checks().count(), lines.join("\n"));
}

/// Runs every check, each on a tracer of its own, and returns those that fail. A panic is a failure.
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

//! Running checks and reporting failures.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

/// A boxed future.
pub(crate) type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The unmet expectation, if there is one.
pub(crate) type Outcome = Result<(), String>;

/// The time-out of a check. No check comes near it; without it a silent connection would block for ever.
const PATIENCE: Duration = Duration::from_secs(60);

/// The results of a suite.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Report {
    /// Checks that passed.
    pub passed: Vec<String>,
    /// Checks that were skipped, since the adapter does not declare a feature that they need.
    pub skipped: Vec<String>,
    /// Checks that failed.
    pub failures: Vec<FailedCheck>,
}

/// A check that failed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FailedCheck {
    check: String,
    message: String,
}

impl FailedCheck {
    /// The name of the check: a sentence in snake case, after the version of HTTP.
    pub fn check(&self) -> &str {
        &self.check
    }

    /// What was expected, and what happened. Usually several lines.
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for FailedCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.check, self.message)
    }
}

impl Report {
    /// Asserts that at least one check ran and none failed.
    ///
    /// # Panics
    ///
    /// If a check failed, or none ran. The message lists all failed checks.
    #[track_caller]
    pub fn assert_ok(&self) {
        assert!(self.failures.is_empty() && !self.passed.is_empty(), "{self}");
    }

    /// Runs one check with a time-out, and keeps its result. A panic is a failure.
    pub(crate) async fn run(&mut self, check: String, body: impl Future<Output = Outcome>) {
        let outcome = match tokio::time::timeout(PATIENCE, catch_panic(body)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(format!("should end within {} seconds", PATIENCE.as_secs())),
        };
        match outcome {
            Ok(()) => self.passed.push(check),
            Err(message) => self.failures.push(FailedCheck { check, message }),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Report { passed, skipped, failures } = self;
        write!(f, "{} checks passed, {} failed, {} skipped", passed.len(), failures.len(), skipped.len())?;
        failures.iter().try_for_each(|failure| write!(f, "\n- {failure}"))
    }
}

async fn catch_panic(body: impl Future<Output = Outcome>) -> Outcome {
    let mut body = std::pin::pin!(body);
    std::future::poll_fn(|cx| {
        let polled = catch_unwind(AssertUnwindSafe(|| body.as_mut().poll(cx)));
        polled.unwrap_or_else(|panic| {
            let text = panic.downcast_ref::<&'static str>().copied();
            let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
            Poll::Ready(Err(text.unwrap_or("panicked without a message").to_owned()))
        })
    })
    .await
}

/// Fails the check with the message unless the condition holds.
macro_rules! ensure {
    ($holds:expr, $($message:tt)+) => {
        if !$holds {
            return Err(format!($($message)+));
        }
    };
}

/// Fails the check unless both are equal.
macro_rules! ensure_eq {
    ($actual:expr, $expected:expr, $($what:tt)+) => {
        match (&$actual, &$expected) {
            (actual, expected) => if actual != expected {
                return Err(format!("{} should be {expected:?}, not {actual:?}", format_args!($($what)+)));
            }
        }
    };
}

/// Lists checks, named after their functions, with the features that they need.
macro_rules! checks {
    ($case:ty, $feature:ty; $($check:ident $([$($needs:ident),+])?),+ $(,)?) => {
        &[$(crate::suite::Check {
            name: stringify!($check),
            needs: &[$($(<$feature>::$needs),+)?],
            run: |case: &$case| Box::pin($check(case)),
        }),+]
    };
}

pub(crate) use {checks, ensure, ensure_eq};

/// A check with its name and the features that it needs.
pub(crate) struct Check<C, F: 'static> {
    pub(crate) name: &'static str,
    pub(crate) needs: &'static [F],
    pub(crate) run: fn(&C) -> BoxFuture<'_, Outcome>,
}

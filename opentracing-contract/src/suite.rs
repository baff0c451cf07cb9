//! Running named checks one after the other, and telling which of them failed.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

/// A future whose type is not written.
pub(crate) type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What should have been, if it is not.
pub(crate) type Outcome = Result<(), String>;

/// How long one check may take. None comes near it; a connection on which nothing comes any more would wait for ever.
const PATIENCE: Duration = Duration::from_secs(60);

/// What became of the checks of a suite.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Report {
    /// Those that hold.
    pub passed: Vec<String>,
    /// Those that ask for something that the adapter does not have.
    pub left_out: Vec<String>,
    /// Those that do not hold.
    pub failures: Vec<Failure>,
}

/// A check that does not hold.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Failure {
    check: String,
    message: String,
}

impl Failure {
    /// The name of the check: a sentence in snake case, with the version of HTTP in front.
    pub fn check(&self) -> &str {
        &self.check
    }

    /// What should have been, and what was: several lines as a rule.
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.check, self.message)
    }
}

impl Report {
    /// Asserts that every check holds that was run, and that some were.
    ///
    /// # Panics
    ///
    /// If not. The message names all that do not hold.
    #[track_caller]
    pub fn assert_ok(&self) {
        assert!(self.failures.is_empty() && !self.passed.is_empty(), "{self}");
    }

    /// Runs one check, with a time limit, and keeps what came of it. A panic is a failure.
    pub(crate) async fn run(&mut self, check: String, body: impl Future<Output = Outcome>) {
        let outcome = match tokio::time::timeout(PATIENCE, catch_panic(body)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(format!("should have come to its end within {} seconds", PATIENCE.as_secs())),
        };
        match outcome {
            Ok(()) => self.passed.push(check),
            Err(message) => self.failures.push(Failure { check, message }),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Report { passed, left_out, failures } = self;
        write!(f, "{} checks hold, {} fail, {} were left out", passed.len(), failures.len(), left_out.len())?;
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

/// Ends the check with that message unless the condition holds.
macro_rules! ensure {
    ($holds:expr, $($message:tt)+) => {
        if !$holds {
            return Err(format!($($message)+));
        }
    };
}

/// Ends the check unless both are equal.
macro_rules! ensure_eq {
    ($actual:expr, $expected:expr, $($what:tt)+) => {
        match (&$actual, &$expected) {
            (actual, expected) => if actual != expected {
                return Err(format!("{} should be {expected:?}, not {actual:?}", format_args!($($what)+)));
            }
        }
    };
}

/// Names checks after their functions, with what they ask for.
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

/// A check, its name, and what an adapter must have for it.
pub(crate) struct Check<C, F: 'static> {
    pub(crate) name: &'static str,
    pub(crate) needs: &'static [F],
    pub(crate) run: fn(&C) -> BoxFuture<'_, Outcome>,
}

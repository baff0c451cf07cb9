//! The check of a transport's connection.

use std::fmt;
use std::time::Duration;

/// A check that [`Transport::check`](crate::Transport::check) prepares: whether spans would arrive.
///
/// ```
/// use opentracing_reporter::TransportCheck;
///
/// // For a transport that writes to a file.
/// let check = TransportCheck::new(|_timeout| match std::fs::metadata("/var/log") {
///     Ok(_) => Ok("/var/log exists".to_owned()),
///     Err(error) => Err(format!("/var/log: {error}")),
/// });
/// # let _ = check;
/// ```
pub struct TransportCheck(pub(crate) Kind);

pub(crate) enum Kind {
    Work(Work),
    Unavailable(Box<str>),
}

type Work = Box<dyn FnOnce(Duration) -> Result<String, String> + Send>;

impl TransportCheck {
    /// A check by `work`, which is called once, on a thread of its own, and may block for as long as it is told. `Ok` says for people what
    /// answered, `Err` what is wrong. Both should name the address.
    pub fn new(work: impl FnOnce(Duration) -> Result<String, String> + Send + 'static) -> Self {
        TransportCheck(Kind::Work(Box::new(work)))
    }

    /// For a transport that cannot be checked, for this reason.
    pub fn unavailable(reason: impl Into<Box<str>>) -> Self {
        TransportCheck(Kind::Unavailable(reason.into()))
    }

    /// Runs `other` if this check fails. Each has half of the time.
    #[cfg(feature = "instana")]
    pub(crate) fn or(self, other: TransportCheck) -> Self {
        match (self.0, other.0) {
            (Kind::Work(first), Kind::Work(second)) => TransportCheck::new(move |timeout| {
                first(timeout / 2).or_else(|error| second(timeout / 2).map_err(|other| format!("{error}; {other}")))
            }),
            (first, _) => TransportCheck(first),
        }
    }
}

impl fmt::Debug for TransportCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Work(_) => f.write_str("TransportCheck"),
            Kind::Unavailable(reason) => f.debug_tuple("TransportCheck").field(reason).finish(),
        }
    }
}

/// What [`BatchReporter::check`](crate::BatchReporter::check) found out about one transport.
///
/// Writes one line:
///
/// ```text
/// otlp: http://127.0.0.1:4318/v1/traces accepts spans (127.0.0.1:4318, 3.1ms)
/// otlp: failed: no connection to http://127.0.0.1:4318/v1/traces: Connection refused (os error 111)
/// jaeger-udp: not checked: UDP has no answers
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckResult {
    pub(crate) transport: &'static str,
    pub(crate) outcome: CheckOutcome,
}

/// The outcome of a check.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CheckOutcome {
    /// The server answered as it should. Says what answered, and how fast.
    Passed(String),
    /// Spans would not arrive. Says why.
    Failed(String),
    /// The transport cannot be checked. Says why.
    NotChecked(String),
}

impl CheckResult {
    /// The name of the transport.
    pub fn transport(&self) -> &'static str {
        self.transport
    }

    /// The outcome.
    pub fn outcome(&self) -> &CheckOutcome {
        &self.outcome
    }

    /// Whether spans would not arrive.
    pub fn has_failed(&self) -> bool {
        matches!(self.outcome, CheckOutcome::Failed(_))
    }
}

impl fmt::Display for CheckResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (prefix, text) = match &self.outcome {
            CheckOutcome::Passed(text) => ("", text),
            CheckOutcome::Failed(text) => ("failed: ", text),
            CheckOutcome::NotChecked(text) => ("not checked: ", text),
        };
        let line: String = text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
        write!(f, "{}: {prefix}{line}", self.transport)
    }
}

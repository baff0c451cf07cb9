//! Where spans go.

use std::error::Error;
use std::fmt;
use std::str::FromStr;
use std::time::Instant;

use opentracing_core::FinishedSpan;
use opentracing_reporter::{BatchReporter, Console, Outcome, Reason, Transport};

/// Where the spans of a program go, as its option `--report` says.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Report {
    /// To the terminal, each trace as a tree. The default.
    Console(Console),
    /// Nowhere.
    None,
}

impl Report {
    /// A reporter that brings spans there. For several tracers take clones: the console draws their spans into the same trees.
    pub fn reporter(self) -> BatchReporter {
        match self {
            Report::Console(console) => BatchReporter::new(console),
            Report::None => BatchReporter::new(Nowhere),
        }
    }
}

impl Default for Report {
    fn default() -> Self {
        Report::Console(Console::stdout())
    }
}

/// Reads the name of a place: `console` or `none`.
impl FromStr for Report {
    type Err = InvalidReport;

    fn from_str(name: &str) -> Result<Self, InvalidReport> {
        match name {
            "console" => Ok(Report::default()),
            "none" => Ok(Report::None),
            _ => Err(InvalidReport(name.to_owned())),
        }
    }
}

/// A name that no place has where spans could go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidReport(String);

impl fmt::Display for InvalidReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "spans cannot go to {:?}, only to console or none", self.0)
    }
}

impl Error for InvalidReport {}

/// Forgets every span.
struct Nowhere;

impl Transport for Nowhere {
    fn name(&self) -> &'static str {
        "nowhere"
    }

    fn add(&mut self, _: FinishedSpan<'_>) {}

    fn pending(&self) -> usize {
        0
    }

    fn send(&mut self, _: Reason, _: Instant) -> Outcome {
        Outcome::none()
    }
}

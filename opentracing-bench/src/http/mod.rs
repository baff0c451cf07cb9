//! Compares HTTP tracing adapters by a list of rows, each a request and an expected span.
//!
//! The package in `peers` runs the newest versions of other adapters and generates the page. The tests of this package run our adapters,
//! and check that the page shows the same verdicts.

mod client;
mod ours;
mod page;
mod server;
mod site;
mod wire;

pub use self::client::{Call, ClientPeer, Pending, client_titles, judge_client};
pub use self::ours::{OurClient, OurMiddleware, OurServer};
pub use self::page::{Column, page, rows_of};
pub use self::server::{ServerPeer, judge_server, server_titles};

use std::fmt;
use std::time::Duration;

/// The parts of a finished span that the rows need.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// Its name.
    pub name: String,
    /// How long it lasted.
    pub duration: Duration,
    /// Whether it is marked as failed.
    pub is_failed: bool,
    /// Its trace id.
    pub trace_id: u128,
    /// All its text: tags or attributes, logs or events, and the status.
    pub text: String,
}

/// The result of one row for one adapter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// As expected.
    Good,
    /// Not as expected; holds what was seen instead.
    Bad(String),
    /// The adapter has no such setting.
    Missing,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Verdict::Good => f.write_str("yes"),
            Verdict::Bad(seen) => write!(f, "**no**: {seen}"),
            Verdict::Missing => f.write_str("–"),
        }
    }
}

impl Seen {
    /// Whether the span is marked as failed, cancelled or aborted.
    fn is_unsuccessful(&self) -> bool {
        let text = self.text.to_lowercase();
        self.is_failed
            || ["cancel", "abort", "early", "closed", "dropped", "failed"].iter().any(|word| text.contains(word))
    }

    fn mentions(&self, word: &str) -> bool {
        self.text.to_lowercase().contains(word)
    }
}

fn good_if(good: bool, seen: impl FnOnce() -> String) -> Verdict {
    if good { Verdict::Good } else { Verdict::Bad(seen()) }
}

fn successful(span: &Seen) -> Verdict {
    good_if(!span.is_unsuccessful(), || "marked as failed or aborted".to_owned())
}

/// Whether the span lasted at least as long as the request.
fn lasts(span: &Seen, at_least: Duration) -> Verdict {
    good_if(span.duration >= at_least, || {
        format!("{:.1} ms of {} ms", span.duration.as_secs_f64() * 1e3, at_least.as_millis())
    })
}

/// Waits up to [`REPORT_TIMEOUT`] for the spans of an adapter.
async fn spans(number: usize, mut take: impl FnMut() -> Vec<Seen>) -> Vec<Seen> {
    let (started, mut spans) = (std::time::Instant::now(), Vec::new());
    while spans.len() < number && started.elapsed() < REPORT_TIMEOUT {
        tokio::task::yield_now().await;
        spans.extend(take());
    }
    spans
}

/// How long a row waits for an adapter that records no span.
const REPORT_TIMEOUT: Duration = Duration::from_secs(2);

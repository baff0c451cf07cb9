//! What tracing adapters of HTTP get right and wrong: rows that any of them can be run through, ours and others'.
//!
//! The package in `peers` runs the newest of the others and writes the page; the tests of this one run ours, and check that the page
//! says the same of them.

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

/// A finished span, as far as the rows look at it.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// Its name.
    pub name: String,
    /// How long it lasted.
    pub duration: Duration,
    /// Whether it is marked as failed.
    pub is_failed: bool,
    /// The trace that it belongs to.
    pub trace_id: u128,
    /// All that it says: names and values of tags or attributes, logs or events, the text of its status.
    pub text: String,
}

/// What a row says of an adapter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// As it should be.
    Good,
    /// Not so; what was seen instead.
    Bad(String),
    /// The adapter has nothing of the kind: no such setting, or no span.
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
    /// Whether the span says that the exchange did not come to its end.
    fn complains(&self) -> bool {
        let text = self.text.to_lowercase();
        self.is_failed
            || ["cancel", "abort", "early", "closed", "dropped", "failed"].iter().any(|word| text.contains(word))
    }

    fn says(&self, word: &str) -> bool {
        self.text.to_lowercase().contains(word)
    }
}

fn good_if(good: bool, seen: impl FnOnce() -> String) -> Verdict {
    if good { Verdict::Good } else { Verdict::Bad(seen()) }
}

fn quiet(span: &Seen) -> Verdict {
    good_if(!span.complains(), || "marked as failed or aborted".to_owned())
}

/// How long something lasted, where the whole lasted at least so long.
fn lasts(span: &Seen, at_least: Duration) -> Verdict {
    good_if(span.duration >= at_least, || {
        format!("{:.1} ms of {} ms", span.duration.as_secs_f64() * 1e3, at_least.as_millis())
    })
}

/// Waits for what an adapter reports, some seconds at most.
async fn spans(number: usize, mut take: impl FnMut() -> Vec<Seen>) -> Vec<Seen> {
    let (begun, mut spans) = (std::time::Instant::now(), Vec::new());
    while spans.len() < number && begun.elapsed() < PATIENCE {
        tokio::task::yield_now().await;
        spans.extend(take());
    }
    spans
}

/// An adapter that makes no span of something keeps the row waiting for so long.
const PATIENCE: Duration = Duration::from_secs(2);

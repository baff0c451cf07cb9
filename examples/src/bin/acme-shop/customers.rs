//! The customers: ordinary users of a browser, whom nobody traces. They always want the same things in the same order.

use std::time::Duration;

use examples::{BoxError, say};
use reqwest::{Client, Url};
use tokio::task::JoinHandle;

use crate::errands::ERRANDS;
use crate::summary::Ms;
use crate::tracers::Tracers;

/// What they have to say about the shop.
#[derive(Default)]
pub(crate) struct Verdict {
    /// Requests that were sent.
    pub(crate) sent: usize,
    /// Those of them that had the answer that they should.
    pub(crate) as_expected: usize,
}

/// Sends that many requests, one after the other, until the program is interrupted.
pub(crate) async fn send(
    requests: usize,
    shop: &Url,
    tracers: &mut Tracers,
    interrupted: &JoinHandle<()>,
) -> Result<Verdict, BoxError> {
    // Ten seconds for a request is longer than any of them takes on the slowest of machines.
    let client = Client::builder().timeout(Duration::from_secs(10)).no_proxy().build()?;
    let mut verdict = Verdict::default();
    for errand in ERRANDS.iter().cycle().take(requests) {
        if interrupted.is_finished() {
            break;
        }
        let outcome = errand.run(&client, shop).await;
        verdict.sent += 1;
        verdict.as_expected += usize::from(outcome.as_expected);
        say(format_args!(
            "{}/{requests} {}: {} {} → {} in {}{}",
            verdict.sent,
            errand.what,
            errand.method(),
            errand.path(),
            outcome.status.map_or("no answer".to_owned(), |status| status.as_u16().to_string()),
            Ms(outcome.took),
            if outcome.as_expected { "" } else { ", WHICH IS WRONG" },
        ));
        tracers.flush(verdict.sent).await;
    }
    Ok(verdict)
}

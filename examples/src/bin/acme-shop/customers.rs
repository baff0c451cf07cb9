//! The customers: untraced browser users, who always send the same requests in the same order.

use std::time::Duration;

use examples::{BoxError, say};
use reqwest::{Client, Url};
use tokio::task::JoinHandle;

use crate::scenarios::SCENARIOS;
use crate::summary::Ms;
use crate::tracers::Tracers;

/// How the requests of the customers went.
#[derive(Default)]
pub(crate) struct CustomerResults {
    /// The number of requests sent.
    pub(crate) sent: usize,
    /// The number of expected responses.
    pub(crate) as_expected: usize,
}

/// Sends this number of requests, one after the other, or until the program is interrupted.
pub(crate) async fn send(
    requests: usize,
    shop: &Url,
    tracers: &mut Tracers,
    interrupted: &JoinHandle<()>,
) -> Result<CustomerResults, BoxError> {
    // Ten seconds are longer than any of these requests takes on a slow machine.
    let client = Client::builder().timeout(Duration::from_secs(10)).no_proxy().build()?;
    let mut results = CustomerResults::default();
    for scenario in SCENARIOS.iter().cycle().take(requests) {
        if interrupted.is_finished() {
            break;
        }
        let outcome = scenario.run(&client, shop).await;
        results.sent += 1;
        results.as_expected += usize::from(outcome.as_expected);
        say(format_args!(
            "{}/{requests} {}: {} {} → {} in {}{}",
            results.sent,
            scenario.name,
            scenario.method(),
            scenario.path(),
            outcome.status.map_or("no response".to_owned(), |status| status.as_u16().to_string()),
            Ms(outcome.took),
            if outcome.as_expected { "" } else { ", UNEXPECTED" },
        ));
        tracers.flush(results.sent).await;
    }
    Ok(results)
}

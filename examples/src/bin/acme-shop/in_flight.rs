//! Counts messages in flight. No service waits for them, but the output of a trace has to.

use std::sync::Arc;

use tokio::sync::watch;

/// The number of messages that were sent and not yet handled.
#[derive(Clone, Debug)]
pub(crate) struct InFlight(Arc<watch::Sender<usize>>);

impl InFlight {
    pub(crate) fn new() -> Self {
        InFlight(Arc::new(watch::Sender::new(0)))
    }

    /// Counts a sent message.
    pub(crate) fn add(&self) {
        self.0.send_modify(|count| *count += 1);
    }

    /// Counts a message that was handled or could not be sent.
    pub(crate) fn remove(&self) {
        self.0.send_modify(|count| *count = count.saturating_sub(1));
    }

    /// Waits until no message is in flight.
    pub(crate) async fn wait_until_empty(&self) {
        // Fails only if all senders are dropped.
        let _ = self.0.subscribe().wait_for(|count| *count == 0).await;
    }
}

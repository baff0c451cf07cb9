//! Messages between services: nobody waits for their answers, but for the drawing of a trace somebody has to.

use std::sync::Arc;

use tokio::sync::watch;

/// How many messages were sent and not handled yet.
#[derive(Clone, Debug)]
pub(crate) struct UnderWay(Arc<watch::Sender<usize>>);

impl UnderWay {
    pub(crate) fn new() -> Self {
        UnderWay(Arc::new(watch::Sender::new(0)))
    }

    /// One is sent.
    pub(crate) fn add(&self) {
        self.0.send_modify(|count| *count += 1);
    }

    /// One was handled, or could not be sent.
    pub(crate) fn remove(&self) {
        self.0.send_modify(|count| *count = count.saturating_sub(1));
    }

    /// Returns once there is none.
    pub(crate) async fn none(&self) {
        // Fails if nobody can send any more, which is as good.
        let _ = self.0.subscribe().wait_for(|count| *count == 0).await;
    }
}

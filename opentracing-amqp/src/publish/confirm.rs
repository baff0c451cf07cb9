//! The future of the broker's confirm.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use lapin::{Confirmation, PublisherConfirm, Result};

use crate::outcome::PublishOutcome;
use crate::publish::publish::Publish;

/// A future that resolves to the broker's confirm, like lapin's [`PublisherConfirm`]. The span of the message finishes when it resolves.
///
/// If the channel is not in confirm mode, the span has finished when the message was written, and the future resolves at once.
///
/// If the future is dropped before it resolves, the span finishes with the outcome `unconfirmed`. The confirm is then available from
/// [`Channel::wait_for_confirms`](lapin::Channel::wait_for_confirms), as without tracing.
///
/// ```
/// use lapin::options::BasicPublishOptions;
/// use lapin::{BasicProperties, Confirmation};
/// use opentracing_amqp::TracingChannel;
///
/// # async fn publish(channel: &TracingChannel) -> lapin::Result<()> {
/// let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
/// let properties = BasicProperties::default();
/// let confirm = channel.basic_publish("".into(), "orders".into(), options, b"42", properties).await?;
/// match confirm.await? {
///     Confirmation::Ack(None) | Confirmation::NotRequested => {}
///     other => println!("the order was not queued: {other:?}"),
/// }
/// # Ok(())
/// # }
/// ```
#[must_use = "this future resolves to the broker's answer"]
pub struct TracingPublisherConfirm {
    // Declared before `inner`, so that the span finishes before the confirm is dropped.
    publish: Option<Publish>,
    inner: PublisherConfirm,
}

impl TracingPublisherConfirm {
    pub(crate) fn new(inner: PublisherConfirm, publish: Option<Publish>) -> Self {
        TracingPublisherConfirm { publish, inner }
    }

    /// Unwraps lapin's confirm. The span finishes now, with the outcome `unconfirmed` if the broker has not answered.
    pub fn into_inner(self) -> PublisherConfirm {
        self.inner
    }
}

impl Future for TracingPublisherConfirm {
    type Output = Result<Confirmation>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let result = ready!(Pin::new(&mut self.inner).poll(cx));
        if let Some(publish) = self.publish.take() {
            publish.end(outcome(&result));
        }
        Poll::Ready(result)
    }
}

fn outcome(result: &Result<Confirmation>) -> PublishOutcome<'_> {
    match result {
        // The broker acknowledges an unroutable message as well as returning it.
        Ok(Confirmation::Ack(Some(message)) | Confirmation::Nack(Some(message))) => PublishOutcome::Returned(message),
        Ok(Confirmation::Ack(None)) => PublishOutcome::Ack,
        Ok(Confirmation::Nack(None)) => PublishOutcome::Nack,
        Ok(Confirmation::NotRequested) => PublishOutcome::Sent,
        Err(error) => PublishOutcome::Failed(error),
    }
}

impl fmt::Debug for TracingPublisherConfirm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TracingPublisherConfirm").field("inner", &self.inner).finish_non_exhaustive()
    }
}

//! The future of the broker's confirm.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};
use std::thread;

use lapin::{Confirmation, PublisherConfirm, Result};

use crate::publish::answer::Answer;
use crate::publish::publish::Publish;
use crate::publish::unconfirmed::{Unconfirmed, Waiting};

/// A future that resolves to the broker's confirm, like lapin's [`PublisherConfirm`].
///
/// The span of the message finishes at the time when the broker answered, no matter when the program polls or drops this future. If the
/// channel is not in confirm mode, the span has finished when the message was written, and the future resolves at once.
///
/// If the future is dropped before the broker answered, the message is left to
/// [`wait_for_confirms`](crate::TracingChannel::wait_for_confirms), as without tracing. Its span still finishes with the broker's answer.
/// If the last handle of the channel is dropped before, its outcome is `unconfirmed`.
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
pub struct TracingPublisherConfirm {
    /// The message whose span is open, and when the broker answers. `None` after the answer, and if the channel is not in confirm mode.
    // Declared before `inner`, so that the span finishes before the confirm is dropped.
    open: Option<(Publish, Arc<Answer>)>,
    /// Where the message goes if this future is dropped. `None` on lapin's own channel, whose `wait_for_confirms` has to find it.
    unconfirmed: Option<Arc<Unconfirmed>>,
    /// The answer, if it came before the caller got this future.
    early: Option<Result<Confirmation>>,
    /// `None` only while this value is dropped.
    inner: Option<PublisherConfirm>,
}

impl TracingPublisherConfirm {
    /// A confirm without a span, which has finished.
    pub(crate) fn finished(inner: PublisherConfirm) -> Self {
        TracingPublisherConfirm { open: None, unconfirmed: None, early: None, inner: Some(inner) }
    }

    /// Starts to wait for the answer.
    pub(crate) fn new(mut inner: PublisherConfirm, publish: Publish, unconfirmed: Option<Arc<Unconfirmed>>) -> Self {
        let answer = Answer::new(publish.tracer().clone());
        let mut early = None;
        // On lapin's own channel, the answer has to stay in lapin's confirm until the program takes it.
        if unconfirmed.is_some()
            && let Poll::Ready(result) = poll_answer(&mut inner, &mut Context::from_waker(&Waker::from(answer.clone())))
        {
            answer.note();
            early = Some(result);
        }
        TracingPublisherConfirm { open: Some((publish, answer)), unconfirmed, early, inner: Some(inner) }
    }

    fn end(&mut self, result: &Result<Confirmation>) {
        if let Some((publish, answer)) = self.open.take() {
            publish.answered(result, answer.at());
        }
    }
}

/// Polls lapin's confirm.
pub(crate) fn poll_answer(confirm: &mut PublisherConfirm, cx: &mut Context<'_>) -> Poll<Result<Confirmation>> {
    Pin::new(confirm).poll(cx)
}

impl Future for TracingPublisherConfirm {
    type Output = Result<Confirmation>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if let Some(result) = self.early.take() {
            self.end(&result);
            return Poll::Ready(result);
        }
        let this = &mut *self;
        let inner = this.inner.as_mut().expect("the confirm is taken only when it is dropped");
        let Some((_, answer)) = &this.open else { return poll_answer(inner, cx) };
        answer.wake_program(cx.waker());
        let result = ready!(poll_answer(inner, &mut Context::from_waker(&Waker::from(answer.clone()))));
        this.end(&result);
        Poll::Ready(result)
    }
}

impl Drop for TracingPublisherConfirm {
    /// Leaves the message to the table. While a panic unwinds, the span finishes now, and the tracer records the panic.
    fn drop(&mut self) {
        let Some(unconfirmed) = self.unconfirmed.take().filter(|_| !thread::panicking()) else { return };
        if let Some(result) = self.early.take() {
            self.end(&result);
            result
                .ok()
                .and_then(Confirmation::take_message)
                .into_iter()
                .for_each(|message| unconfirmed.add_returned(message));
        }
        if let (Some((publish, answer)), Some(confirm)) = (self.open.take(), self.inner.take()) {
            unconfirmed.add(Waiting { publish, confirm, answer });
        }
    }
}

impl fmt::Debug for TracingPublisherConfirm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TracingPublisherConfirm").field("inner", &self.inner).finish_non_exhaustive()
    }
}

//! The body of a request.

use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use tonic::{Code, Status};

use crate::client::balance;
use crate::client::target::Target;
use crate::frames::Frames;
use crate::framing::Framing;

/// What a request body knows: the number of messages that have passed, the peer if it had to find it, and how it failed. The body usually
/// moves to another task.
#[derive(Debug, Default)]
pub(crate) struct Counter {
    messages: AtomicU64,
    peer: OnceLock<Arc<Target>>,
    failure: OnceLock<(Code, Box<str>)>,
}

impl Counter {
    pub(crate) fn count(&self) -> u64 {
        self.messages.load(Ordering::Relaxed)
    }

    /// The endpoint of a balanced channel that sends the body.
    pub(crate) fn peer(&self) -> Option<&Target> {
        self.peer.get().map(|peer| &**peer)
    }

    /// The status with which the body failed: a message was too large to be sent, for example.
    pub(crate) fn failure(&self) -> Option<(Code, &str)> {
        self.failure.get().map(|(code, message)| (*code, &**message))
    }
}

pin_project! {
    /// Counts the messages of a request.
    pub(crate) struct RequestBody<B> {
        #[pin]
        inner: B,
        frames: Frames,
        counter: Arc<Counter>,
        seeks_peer: bool,
    }
}

impl<B> RequestBody<B> {
    pub(crate) fn new(inner: B, framing: Framing, counter: Arc<Counter>, seeks_peer: bool) -> Self {
        RequestBody { inner, frames: Frames::new(framing), counter, seeks_peer }
    }
}

impl<B: Body<Data = Bytes, Error = Status>> Body for RequestBody<B> {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = self.project();
        if *this.seeks_peer
            && let Some(peer) = balance::current()
        {
            *this.seeks_peer = false;
            // Nobody else sets it.
            let _ = this.counter.peer.set(peer);
        }
        let frame = ready!(this.inner.poll_frame(cx));
        match &frame {
            Some(Ok(frame)) => {
                if let Some(data) = frame.data_ref() {
                    this.frames.scan(data);
                    this.counter.messages.store(this.frames.messages(), Ordering::Relaxed);
                }
            }
            Some(Err(status)) => {
                // The first failure is the last frame.
                let _ = this.counter.failure.set((status.code(), status.message().into()));
            }
            None => {}
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

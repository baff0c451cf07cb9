//! The response bodies of a site.

use std::collections::VecDeque;
use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use http_body::{Body, Frame, SizeHint};
use opentracing_core::Tracer;
use tokio::sync::mpsc;

/// The body of a response of a [`Site`](crate::Site).
pub struct SiteBody {
    /// Each frame is made in a span of its own, which shows the active span.
    tracer: Option<Tracer>,
    frames: VecDeque<Bytes>,
    then: Then,
    announced: Option<u64>,
}

/// What follows the frames.
pub(crate) enum Then {
    End,
    Error,
    Panic,
    Trailers,
    Feed(mpsc::UnboundedReceiver<Fed>),
}

/// A frame that a check feeds into a body.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Fed {
    Data(&'static str),
    End,
}

/// The body broke, as it should.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct BrokenBody;

impl SiteBody {
    pub(crate) fn empty() -> Self {
        SiteBody { tracer: None, frames: VecDeque::new(), then: Then::End, announced: Some(0) }
    }

    pub(crate) fn full(text: String) -> Self {
        let announced = Some(text.len() as u64);
        SiteBody { tracer: None, frames: VecDeque::from([text.into()]), then: Then::End, announced }
    }

    pub(crate) fn frames(tracer: &Tracer, frames: &[&'static str], then: Then) -> Self {
        let frames = frames.iter().copied().map(Bytes::from).collect();
        SiteBody { tracer: Some(tracer.clone()), frames, then, announced: None }
    }

    /// The exact size that the body announces.
    pub(crate) fn announcing(mut self, bytes: u64) -> Self {
        self.announced = Some(bytes);
        self
    }

    fn data(&mut self, data: Bytes) -> Poll<Option<Result<Frame<Bytes>, BrokenBody>>> {
        self.announced = self.announced.map(|announced| announced.saturating_sub(data.len() as u64));
        if let Some(tracer) = &self.tracer {
            tracer.span("frame").start().finish();
        }
        Poll::Ready(Some(Ok(Frame::data(data))))
    }
}

impl Body for SiteBody {
    type Data = Bytes;
    type Error = BrokenBody;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BrokenBody>>> {
        if let Some(frame) = self.frames.pop_front() {
            return self.data(frame);
        }
        match &mut self.then {
            Then::End => Poll::Ready(None),
            Then::Error => {
                self.then = Then::End;
                Poll::Ready(Some(Err(BrokenBody)))
            }
            Then::Panic => panic!("the body panics, as it should"),
            Then::Trailers => {
                self.then = Then::End;
                let trailer = (HeaderName::from_static("x-checksum"), HeaderValue::from_static("41"));
                Poll::Ready(Some(Ok(Frame::trailers(HeaderMap::from_iter([trailer])))))
            }
            Then::Feed(feed) => match ready!(feed.poll_recv(cx)) {
                Some(Fed::Data(data)) => self.data(Bytes::from(data)),
                Some(Fed::End) | None => {
                    self.then = Then::End;
                    Poll::Ready(None)
                }
            },
        }
    }

    /// Known at once unless it is a stream.
    fn is_end_stream(&self) -> bool {
        self.tracer.is_none() && self.frames.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        self.announced.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

/// An empty body: for responses that an adapter makes itself.
impl Default for SiteBody {
    fn default() -> Self {
        SiteBody::empty()
    }
}

impl fmt::Debug for SiteBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SiteBody").field("announced", &self.announced).finish_non_exhaustive()
    }
}

impl fmt::Display for BrokenBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the body broke")
    }
}

impl Error for BrokenBody {}

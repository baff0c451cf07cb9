//! A client as the checks see it, whatever library it is made of.

use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body, Frame, SizeHint};

use crate::suite::BoxFuture;

/// Any error.
pub type BoxError = Box<dyn Error + Send + Sync>;

type SendFn = dyn Fn(Outgoing) -> BoxFuture<'static, Result<Answer, BoxError>> + Send + Sync;

/// A client: it sends requests.
pub struct Sender(Box<SendFn>);

/// A request, and what is said about its span.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Outgoing {
    /// The request. Its URI is absolute; of its body the length is known.
    pub request: Request<Bytes>,
    /// The name of the span, if not the client's own. `None` unless the adapter has
    /// [`OperationNames`](crate::ClientFeature::OperationNames).
    pub operation_name: Option<&'static str>,
    /// The service that is called. `None` unless the adapter has [`PeerServices`](crate::ClientFeature::PeerServices).
    pub peer_service: Option<&'static str>,
    /// How often the request was sent before. Zero unless the adapter has [`ResendCounts`](crate::ClientFeature::ResendCounts).
    pub resend_count: u32,
    /// Whether the request gets trace headers. True unless the adapter has [`OptOut`](crate::ClientFeature::OptOut).
    pub is_propagated: bool,
}

/// An answer whose head is there.
pub type Answer = Response<AnswerBody>;

/// The body of an answer, whatever its type was.
pub struct AnswerBody(Pin<Box<dyn Body<Data = Bytes, Error = BoxError> + Send>>);

impl Sender {
    /// A client that sends requests by the closure.
    pub fn new<F, A>(send: F) -> Self
    where
        F: Fn(Outgoing) -> A + Send + Sync + 'static,
        A: Future<Output = Result<Answer, BoxError>> + Send + 'static,
    {
        Sender(Box::new(move |outgoing| Box::pin(send(outgoing))))
    }

    /// Sends a request.
    pub(crate) fn send(&self, outgoing: Outgoing) -> BoxFuture<'static, Result<Answer, BoxError>> {
        (self.0)(outgoing)
    }
}

impl Outgoing {
    pub(crate) fn new(request: Request<Bytes>) -> Self {
        Outgoing { request, operation_name: None, peer_service: None, resend_count: 0, is_propagated: true }
    }
}

impl AnswerBody {
    /// Takes a body of any type.
    pub fn new<B>(body: B) -> Self
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        AnswerBody(Box::pin(Boxed(Box::pin(body))))
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        self.0.as_mut().poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.size_hint()
    }
}

/// Makes errors of a body the same as those of all others.
struct Boxed<B>(Pin<Box<B>>);

impl<B> Body for Boxed<B>
where
    B: Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        self.0.as_mut().poll_frame(cx).map_err(Into::into)
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.size_hint()
    }
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").finish_non_exhaustive()
    }
}

impl fmt::Debug for AnswerBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnswerBody").finish_non_exhaustive()
    }
}

//! The client as the checks see it.

use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body, Frame, SizeHint};
use opentracing_core::http_rules::CallerContext;

use crate::suite::BoxFuture;

/// Any error.
pub type BoxError = Box<dyn Error + Send + Sync>;

type SendFn = dyn Fn(Outgoing) -> BoxFuture<'static, Result<Answer, BoxError>> + Send + Sync;

/// A client of any library, as a function from requests to responses.
pub struct Sender(Box<SendFn>);

/// A request, with the settings of its span.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Outgoing {
    /// The request. Its URI is absolute, and the length of its body is known.
    pub request: Request<Bytes>,
    /// The operation name, if not the default. `None` unless the adapter declares
    /// [`OperationNames`](crate::ClientFeature::OperationNames).
    pub operation_name: Option<&'static str>,
    /// The name of the called service. `None` unless the adapter declares [`PeerServices`](crate::ClientFeature::PeerServices).
    pub peer_service: Option<&'static str>,
    /// How often the request was sent before. Zero unless the adapter declares [`ResendCounts`](crate::ClientFeature::ResendCounts).
    pub resend_count: u32,
    /// The span in which the request was made, if another task sends it. `None` unless the adapter declares
    /// [`Callers`](crate::ClientFeature::Callers).
    pub caller: Option<CallerContext>,
    /// Whether the request gets trace headers. True unless the adapter declares [`OptOut`](crate::ClientFeature::OptOut).
    pub is_propagated: bool,
}

/// A response whose head has arrived.
pub type Answer = Response<AnswerBody>;

/// The body of a response, of any type.
pub struct AnswerBody(Pin<Box<dyn Body<Data = Bytes, Error = BoxError> + Send>>);

impl Sender {
    /// Makes a client that sends requests with the closure.
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
        Outgoing {
            request,
            operation_name: None,
            peer_service: None,
            resend_count: 0,
            caller: None,
            is_propagated: true,
        }
    }
}

impl AnswerBody {
    /// Wraps a body of any type.
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

/// Boxes the errors of a body.
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

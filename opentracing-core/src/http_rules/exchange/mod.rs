//! The skeleton of an adapter for HTTP: a future and a body that keep the span of one exchange active, and end it once.

mod body;
mod future;
mod guard;

use std::ops::ControlFlow;

use http::{HeaderMap, response};
use http_body::Body;

pub use self::body::ExchangeBody;
pub use self::future::ExchangeFuture;
use crate::http_rules::failure::HttpFailure;
use crate::span::span::Span;

/// One request and its response, with the span that records them: what differs between adapters of HTTP. Dropping it finishes the
/// span.
///
/// [`ExchangeFuture`] and [`ExchangeBody`] do what all adapters need. They activate the span around each poll and while the wrapped
/// future or body is dropped, and remember a panic. They call this trait on the thread that polls or drops them, in this order:
/// `on_head` once if there is a response, `on_data` for each frame of data, `finish` once unless `on_head` returned `None`.
///
/// ```
/// use std::pin::Pin;
/// use std::task::{Context, Poll};
///
/// use http::{Response, response};
/// use http_body::Body;
/// use opentracing_core::http_rules::{Exchange, ExchangeBody, ExchangeEnd, ExchangeFuture};
/// use opentracing_core::mock::MockTracer;
/// use opentracing_core::{Span, tags};
///
/// struct Call(Span);
///
/// impl Exchange for Call {
///     fn span(&mut self) -> &mut Span {
///         &mut self.0
///     }
///
///     fn on_head<B: Body>(mut self, head: &mut response::Parts, _: &B) -> Option<Self> {
///         self.0.set(tags::HTTP_STATUS_CODE, head.status.as_u16());
///         Some(self)
///     }
///
///     fn finish(&mut self, end: ExchangeEnd<'_>) {
///         if let ExchangeEnd::Failed(_) = end {
///             self.0.set(tags::ERROR, true);
///         }
///     }
/// }
///
/// # fn main() {
/// let mock = MockTracer::new();
/// let call = Call(mock.tracer().span("GET").start());
/// let response = Ok::<_, String>(Response::new(String::new()));
/// let mut future = ExchangeFuture::new(Some(call), || std::future::ready(response));
/// let mut cx = Context::from_waker(std::task::Waker::noop());
/// let poll = Pin::new(&mut future).poll_response(&mut cx, |body| body);
/// let Poll::Ready(Ok(response)) = poll else { panic!("the response is ready") };
/// assert_eq!(mock.finished_spans().len(), 0);
/// drop::<Response<ExchangeBody<String, Call>>>(response); // nobody reads its body
/// mock.assert_tree("GET !");
/// # }
/// ```
pub trait Exchange: Sized {
    /// The span, to be activated around polls.
    fn span(&mut self) -> &mut Span;

    /// Whether the program that is traced reads the response, as a client does. By default it does not.
    ///
    /// If it drops the body before its end, the span finishes at the last moment at which the response gave something: its head or a
    /// frame. A body of which it has read nothing ends with [`ExchangeEnd::Unread`], which is no failure. While it waits for a frame, the
    /// call goes on until the body is dropped.
    fn reads_response(&self) -> bool {
        false
    }

    /// Records the head of the response. Returns the exchange if its span continues with the body, and `None` if it ends here. By default
    /// it continues. [`ExchangeFuture::poll_output`] does not call it.
    fn on_head<B: Body>(self, head: &mut response::Parts, body: &B) -> Option<Self> {
        let _ = (head, body);
        Some(self)
    }

    /// Records a frame of data. `rest` is the body behind it, `None` if this was the last frame. `Break` ends the exchange early, while
    /// the body continues: [`finish`](Self::finish) is called next, with [`ExchangeEnd::Complete`]. By default nothing happens.
    fn on_data<B: Body>(&mut self, data: &B::Data, rest: Option<&B>) -> ControlFlow<()> {
        let _ = (data, rest);
        ControlFlow::Continue(())
    }

    /// Records how the exchange ended. It is dropped next, and the span finishes with it.
    ///
    /// For [`ExchangeEnd::Panicked`] it must not run code of the user's: a second panic aborts the process.
    fn finish(&mut self, end: ExchangeEnd<'_>);
}

/// How an exchange ended.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum ExchangeEnd<'a> {
    /// The body came to its end, with these trailers if it had any.
    Complete(Option<&'a HeaderMap>),
    /// The body was dropped before anything was read of it, by a program that [reads the response](Exchange::reads_response): it wanted
    /// the head only.
    Unread,
    /// The service or the body returned an error, or was dropped before its end.
    Failed(HttpFailure<'a>),
    /// The service or the body panicked. The tracer has recorded the panic in the span.
    Panicked,
}

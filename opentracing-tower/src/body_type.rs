//! Which type the bodies of traced responses have.

use crate::body::ResponseBody;

/// Chooses the type of the bodies that a traced service responds with, given the type `B` of the bodies of the wrapped service.
///
/// By default this is [`WrappedBody`]. Where a stack demands a certain type, [`TracingLayer::body_type`](crate::TracingLayer::body_type)
/// takes another one: `axum::body::Body`, which implements the trait with the feature `axum`, or a type of your own.
///
/// ```
/// use bytes::Bytes;
/// use http_body_util::{BodyExt, combinators::UnsyncBoxBody};
/// use opentracing_tower::{BodyType, ResponseBody, TracingLayer};
///
/// /// Gives the responses the body that this service uses everywhere.
/// struct Boxed;
///
/// impl<B> BodyType<B> for Boxed
/// where
///     B: http_body::Body<Data = Bytes> + Send + 'static,
///     B::Error: std::fmt::Display + std::fmt::Debug + 'static,
/// {
///     type Body = UnsyncBoxBody<Bytes, B::Error>;
///
///     fn from_traced(body: ResponseBody<B>) -> Self::Body {
///         body.boxed_unsync()
///     }
/// }
///
/// let layer = TracingLayer::new().body_type::<Boxed>();
/// ```
pub trait BodyType<B> {
    /// The type of the bodies.
    type Body;

    /// Turns the body of a traced response into that type. Called once for each response. The span ends with the given body, so the result
    /// must hold it.
    fn from_traced(body: ResponseBody<B>) -> Self::Body;
}

/// Bodies are [`ResponseBody`]s around those of the wrapped service. The default, which allocates nothing.
#[derive(Clone, Copy, Debug)]
pub struct WrappedBody;

impl<B> BodyType<B> for WrappedBody {
    type Body = ResponseBody<B>;

    fn from_traced(body: ResponseBody<B>) -> Self::Body {
        body
    }
}

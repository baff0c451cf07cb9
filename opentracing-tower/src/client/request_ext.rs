//! Settings for the span of one request.

use std::borrow::Cow;

use http::{Request, request};
use opentracing_core::http_rules::{
    CallerContext, OperationName, PeerServiceName, ResendCounter, Untraced, WithoutPropagation,
};

/// Settings for the span of a request that a traced client sends. They are items of the request's extensions. Implemented for
/// [`http::Request`] and its builder.
///
/// ```
/// use opentracing_tower::TracingRequestExt;
///
/// let request = http::Request::get("http://10.0.0.7/users/42")
///     .operation_name("GET /users/{id}")
///     .peer_service("users")
///     .body(())?;
/// # Ok::<(), http::Error>(())
/// ```
pub trait TracingRequestExt: Sized + sealed::Extend {
    /// Sets the operation name. See [`OperationName`].
    fn operation_name(self, name: impl Into<Cow<'static, str>>) -> Self {
        self.extend(OperationName(name.into()))
    }

    /// Sets the tag `peer.service`. See [`PeerServiceName`].
    fn peer_service(self, name: impl Into<Cow<'static, str>>) -> Self {
        self.extend(PeerServiceName(name.into()))
    }

    /// Where the request is made, if another task or thread sends it. See [`CallerContext`].
    fn caller(self, caller: CallerContext) -> Self {
        self.extend(caller)
    }

    /// Counts the attempts of a loop that retries. See [`ResendCounter`].
    fn resend_counter(self, counter: &ResendCounter) -> Self {
        self.extend(counter.clone())
    }

    /// Sends no trace headers. See [`WithoutPropagation`].
    fn without_propagation(self) -> Self {
        self.extend(WithoutPropagation)
    }

    /// Sends the request without a span. See [`Untraced`].
    fn untraced(self) -> Self {
        self.extend(Untraced)
    }
}

impl<B> TracingRequestExt for Request<B> {}

impl TracingRequestExt for request::Builder {}

mod sealed {
    use http::{Request, request};

    pub trait Extend {
        fn extend<T: Clone + Send + Sync + 'static>(self, item: T) -> Self;
    }

    impl<B> Extend for Request<B> {
        fn extend<T: Clone + Send + Sync + 'static>(mut self, item: T) -> Self {
            self.extensions_mut().insert(item);
            self
        }
    }

    impl Extend for request::Builder {
        fn extend<T: Clone + Send + Sync + 'static>(self, item: T) -> Self {
            self.extension(item)
        }
    }
}

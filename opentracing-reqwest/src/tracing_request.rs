//! Requests that are ready to be sent, with settings for their spans.

use std::borrow::Cow;

use opentracing_core::http_rules::{CallerContext, ResendCounter};
use reqwest::Request;

use crate::options::RequestOptions;

/// A [`reqwest::Request`] with settings for its span, for [`TracingClient::execute`](crate::TracingClient::execute). [`RequestExt`] makes
/// it.
#[derive(Debug)]
pub struct TracingRequest {
    pub(crate) request: Request,
    pub(crate) options: RequestOptions,
}

impl TracingRequest {
    /// Adds settings to a request.
    pub fn new(request: Request, options: RequestOptions) -> Self {
        TracingRequest { request, options }
    }

    /// The request.
    pub fn get_ref(&self) -> &Request {
        &self.request
    }

    /// The request, mutably.
    pub fn get_mut(&mut self) -> &mut Request {
        &mut self.request
    }

    /// The request without the settings.
    pub fn into_inner(self) -> Request {
        self.request
    }

    /// A copy. `None` if the body is a stream.
    pub fn try_clone(&self) -> Option<Self> {
        Some(TracingRequest { request: self.request.try_clone()?, options: self.options.clone() })
    }
}

impl From<Request> for TracingRequest {
    fn from(request: Request) -> Self {
        TracingRequest::new(request, RequestOptions::new())
    }
}

/// Settings for the span of a request that is ready to be sent. Implemented for [`reqwest::Request`] and [`TracingRequest`].
///
/// ```
/// use opentracing_reqwest::{RequestExt, TracingClient};
///
/// # async fn load(client: &TracingClient, url: reqwest::Url) -> reqwest::Result<()> {
/// let request = reqwest::Request::new(reqwest::Method::GET, url);
/// let user = client.execute(request.operation_name("GET /users/{id}").peer_service("users")).await?;
/// # drop(user);
/// # Ok(())
/// # }
/// ```
pub trait RequestExt: Into<TracingRequest> {
    /// Sets these options, in place of all that were set before.
    fn options(self, options: RequestOptions) -> TracingRequest {
        TracingRequest { options, ..self.into() }
    }

    /// Sets the operation name. See [`RequestOptions::operation_name`].
    fn operation_name(self, name: impl Into<Cow<'static, str>>) -> TracingRequest {
        set(self, |options| options.operation_name(name))
    }

    /// Sets the tag `peer.service`. See [`RequestOptions::peer_service`].
    fn peer_service(self, name: impl Into<Cow<'static, str>>) -> TracingRequest {
        set(self, |options| options.peer_service(name))
    }

    /// Where the request is made, if another task or thread sends it. See [`RequestOptions::caller`].
    fn caller(self, caller: CallerContext) -> TracingRequest {
        set(self, |options| options.caller(caller))
    }

    /// Counts the attempts of a loop that retries. See [`RequestOptions::resend_counter`].
    fn resend_counter(self, counter: &ResendCounter) -> TracingRequest {
        set(self, |options| options.resend_counter(counter))
    }

    /// Sends no trace headers. See [`RequestOptions::without_propagation`].
    fn without_propagation(self) -> TracingRequest {
        set(self, RequestOptions::without_propagation)
    }

    /// Sends the request without a span. See [`RequestOptions::untraced`].
    fn untraced(self) -> TracingRequest {
        set(self, RequestOptions::untraced)
    }
}

impl RequestExt for Request {}

impl RequestExt for TracingRequest {}

fn set(request: impl Into<TracingRequest>, f: impl FnOnce(RequestOptions) -> RequestOptions) -> TracingRequest {
    let TracingRequest { request, options } = request.into();
    TracingRequest { request, options: f(options) }
}

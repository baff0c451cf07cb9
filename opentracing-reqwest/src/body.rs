//! The body of a response, whose end is the end of the span.

use bytes::Bytes;
use opentracing_core::http_rules::ExchangeBody;
use reqwest::{Body, Response, ResponseBuilderExt};

use crate::call::Call;

/// The same response, with a body that finishes the span.
pub(crate) fn trace(response: Response, call: Call) -> Response {
    Response::from(wrap(response, |inner| ExchangeBody::new(Some(call), inner)))
}

/// The same response with another body.
pub(crate) fn wrap<B>(response: Response, wrap: impl FnOnce(Body) -> B) -> http::Response<Body>
where
    B: http_body::Body<Data = Bytes, Error = reqwest::Error> + Send + Sync + 'static,
{
    let url = response.url().clone();
    let mut response = http::Response::<Body>::from(response);
    // The conversion back takes the URL from an extension that only a builder can set.
    if let Some(extensions) = http::Response::builder().url(url).extensions_mut() {
        response.extensions_mut().extend(std::mem::take(extensions));
    }
    response.map(|inner| Body::wrap(wrap(inner)))
}

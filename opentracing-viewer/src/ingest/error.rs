//! Why a request is refused.

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::RETRY_AFTER;

/// Why a request is refused, before or while it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    MediaType,
    ContentEncoding,
    TooLarge { max_bytes: usize },
    TooSlow,
    Busy,
    Broken(String),
    Failed,
}

impl Refusal {
    pub(super) fn status(&self) -> StatusCode {
        match self {
            Refusal::MediaType | Refusal::ContentEncoding => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Refusal::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Refusal::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Refusal::Busy => StatusCode::SERVICE_UNAVAILABLE,
            Refusal::Broken(_) => StatusCode::BAD_REQUEST,
            Refusal::Failed => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    pub(super) fn message(&self) -> String {
        match self {
            Refusal::MediaType => "unsupported Content-Type".to_owned(),
            Refusal::ContentEncoding => "unsupported Content-Encoding: send gzip or none".to_owned(),
            Refusal::TooLarge { max_bytes } => format!("the request has more than {max_bytes} bytes"),
            Refusal::TooSlow => "the body did not arrive in time".to_owned(),
            Refusal::Busy => "too many requests at the same time".to_owned(),
            Refusal::Broken(message) => message.clone(),
            Refusal::Failed => "the request could not be handled".to_owned(),
        }
    }

    /// Headers beside the type of the content.
    pub(super) fn finish(&self, mut response: Response) -> Response {
        if *self == Refusal::Busy {
            response.headers_mut().insert(RETRY_AFTER, http::HeaderValue::from_static("1"));
        }
        response
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        self.finish((self.status(), format!("{}\n", self.message())).into_response())
    }
}

//! Error responses.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use tonic::{Code, Status};

/// A status and a reason. The response body is `{"error": "…"}`.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) status: StatusCode,
    pub(crate) reason: String,
}

/// The body of an error response.
#[derive(Serialize, Deserialize)]
pub(crate) struct Reason {
    pub(crate) error: String,
}

impl Failure {
    pub(crate) fn new(status: StatusCode, reason: impl Into<String>) -> Self {
        Failure { status, reason: reason.into() }
    }

    pub(crate) fn not_found(what: &str, name: &str) -> Self {
        Failure::new(StatusCode::NOT_FOUND, format!("there is no {what} named {name}"))
    }
}

impl From<sqlx::Error> for Failure {
    fn from(_: sqlx::Error) -> Self {
        // The span has the error of the database. The customer does not need it.
        Failure::new(StatusCode::INTERNAL_SERVER_ERROR, "the database failed")
    }
}

/// Passes on client errors of a gRPC service. Any other error becomes 502.
impl From<Status> for Failure {
    fn from(status: Status) -> Self {
        match status.code() {
            Code::NotFound => Failure::new(StatusCode::NOT_FOUND, status.message()),
            Code::InvalidArgument => Failure::new(StatusCode::BAD_REQUEST, status.message()),
            _ => Failure::new(StatusCode::BAD_GATEWAY, "a service cannot be reached"),
        }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        (self.status, Json(Reason { error: self.reason })).into_response()
    }
}

//! The status of a call: from headers, from the HTTP status, from errors.

use std::borrow::Cow;
use std::error::Error;

use http::{HeaderMap, StatusCode};
use opentracing_core::encoding::decode_percent;
use opentracing_core::http_rules::{ErrorText, is_timeout};
use tonic::{Code, ConnectError, Status, TimeoutExpired, transport};

/// The status in trailers, or in the headers of a response without a body. An unknown number is `UNKNOWN`.
pub(crate) fn read(headers: &HeaderMap) -> Option<(Code, Cow<'_, str>)> {
    // `Status::from_header_map` panics on details that are not base64.
    let code = Code::from_bytes(headers.get(Status::GRPC_STATUS)?.as_bytes());
    Some((code, headers.get(Status::GRPC_MESSAGE).map_or(Cow::Borrowed(""), |value| decode_percent(value.as_bytes()))))
}

/// The code of a response without a gRPC status (gRPC, "HTTP to gRPC Status Code Mapping").
pub(crate) fn infer(status: StatusCode) -> Code {
    match status.as_u16() {
        400 => Code::Internal,
        401 => Code::Unauthenticated,
        403 => Code::PermissionDenied,
        404 => Code::Unimplemented,
        429 | 502..=504 => Code::Unavailable,
        _ => Code::Unknown,
    }
}

/// The code and the text of an error, as in the status that tonic makes of it, except that a time-out is `DEADLINE_EXCEEDED`, also that of
/// a layer.
pub(crate) fn of_error(error: &ErrorText<'_>) -> (Code, String) {
    let found = as_error(error);
    let mut next = found;
    while let Some(error) = next {
        if let Some(code) = code_of(error) {
            let text = error.downcast_ref::<Status>().map(|status| status.message().to_owned());
            return (code, text.unwrap_or_else(|| error.to_string()));
        }
        next = error.source();
    }
    let code = if found.is_some_and(is_timeout) { Code::DeadlineExceeded } else { Code::Unknown };
    (code, error.to_string())
}

/// The errors of tonic's services, and those that are boxed.
fn as_error<'a>(error: &ErrorText<'a>) -> Option<&'a (dyn Error + 'static)> {
    if let Some(error) = error.downcast_ref::<transport::Error>() {
        return Some(error);
    }
    if let Some(error) = error.downcast_ref::<Status>() {
        return Some(error);
    }
    error.as_error()
}

fn code_of(error: &(dyn Error + 'static)) -> Option<Code> {
    if let Some(status) = error.downcast_ref::<Status>() {
        return Some(status.code());
    }
    if error.is::<TimeoutExpired>() {
        return Some(Code::DeadlineExceeded);
    }
    if error.is::<ConnectError>() {
        return Some(Code::Unavailable);
    }
    if let Some(error) = error.downcast_ref::<hyper::Error>() {
        return match (error.is_timeout(), error.is_canceled()) {
            (true, _) => Some(Code::Unavailable),
            (_, true) => Some(Code::Cancelled),
            _ => None,
        };
    }
    Some(of_reset(error.downcast_ref::<h2::Error>()?.reason()))
}

/// gRPC over HTTP2, "Errors".
fn of_reset(reason: Option<h2::Reason>) -> Code {
    match reason {
        Some(
            h2::Reason::NO_ERROR
            | h2::Reason::PROTOCOL_ERROR
            | h2::Reason::INTERNAL_ERROR
            | h2::Reason::FLOW_CONTROL_ERROR
            | h2::Reason::SETTINGS_TIMEOUT
            | h2::Reason::FRAME_SIZE_ERROR
            | h2::Reason::COMPRESSION_ERROR
            | h2::Reason::CONNECT_ERROR,
        ) => Code::Internal,
        Some(h2::Reason::REFUSED_STREAM) => Code::Unavailable,
        Some(h2::Reason::CANCEL) => Code::Cancelled,
        Some(h2::Reason::ENHANCE_YOUR_CALM) => Code::ResourceExhausted,
        Some(h2::Reason::INADEQUATE_SECURITY) => Code::PermissionDenied,
        _ => Code::Unknown,
    }
}

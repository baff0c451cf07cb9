//! Known methods keep names of operations few.

use http::Method;

/// What stands for a method that is not known (OpenTelemetry semantic conventions, HTTP spans).
pub const OTHER_METHOD: &str = "_OTHER";

/// The method's name if it is a known one: those of RFC 9110, `PATCH` of RFC 5789, and `QUERY`.
///
/// Methods are case-sensitive (RFC 9110, section 9.1): `get` is not known.
pub fn known_method(method: &Method) -> Option<&'static str> {
    Some(match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::PATCH => "PATCH",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        Method::CONNECT => "CONNECT",
        Method::TRACE => "TRACE",
        _ if method.as_str() == "QUERY" => "QUERY",
        _ => return None,
    })
}

/// The method's name if it is a known one, else [`OTHER_METHOD`]: anybody can send any method, and each would be a name of its own.
pub fn method_name(method: &Method) -> &'static str {
    known_method(method).unwrap_or(OTHER_METHOD)
}

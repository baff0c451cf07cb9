//! Known methods.

use http::Method;

/// Replaces an unknown method (OpenTelemetry semantic conventions, HTTP spans).
pub const OTHER_METHOD: &str = "_OTHER";

/// The name of a method of RFC 9110, of `PATCH` (RFC 5789) or of `QUERY`; `None` for others.
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

/// The method's name if it is known, by the registry or by the list, else [`OTHER_METHOD`]: clients must not create unbounded span
/// names.
pub fn method_name(method: &Method, known_methods: &[&'static str]) -> &'static str {
    let listed = || known_methods.iter().copied().find(|known| *known == method.as_str());
    known_method(method).or_else(listed).unwrap_or(OTHER_METHOD)
}

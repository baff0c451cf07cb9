//! Requests from API Gateway, function URLs and load balancers.

use std::collections::BTreeMap;

use http::Method;
use opentracing_core::http_rules::{OTHER_METHOD, known_method};
use opentracing_core::{Span, tags};
use serde::Deserialize;

use super::{Fields, Headers, value};

pub(crate) struct HttpEvent {
    pub(crate) headers: Headers,
    method: Option<String>,
    /// A template such as `/users/{id}`.
    route: Option<String>,
    path: Option<String>,
    domain: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RequestContext {
    http: Option<RequestLine>,
    domain_name: Option<String>,
}

#[derive(Deserialize)]
struct RequestLine {
    method: Option<String>,
    path: Option<String>,
}

impl HttpEvent {
    /// Every such event has a `requestContext`.
    pub(super) fn new(fields: &Fields<'_>) -> Option<Self> {
        let context: RequestContext = value(fields.request_context)?;
        let line = context.http.unwrap_or(RequestLine { method: None, path: None });
        // The resource of REST APIs is the template alone, the key of HTTP APIs has the method in front of it.
        let key = value::<String>(fields.route_key);
        let template = key.as_deref().and_then(|key| key.split_once(' ')).map(|(_, template)| template.to_owned());
        let headers = headers(fields);
        let host = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("host")).map(|(_, host)| host.clone());
        Some(HttpEvent {
            method: line.method.or_else(|| value(fields.http_method)),
            route: template.or_else(|| value(fields.resource)),
            path: value(fields.raw_path).or(line.path).or_else(|| value(fields.path)),
            domain: context.domain_name.or(host),
            headers,
        })
    }

    /// `GET /users/{id}`, the method if there is no route, and nothing for a message of a WebSocket.
    pub(super) fn name(&self) -> Option<String> {
        let method = method_name(self.method.as_deref()?);
        Some(self.route.as_ref().map_or_else(|| method.to_owned(), |route| format!("{method} {route}")))
    }

    pub(super) fn set_tags(&self, span: &mut Span) {
        span.set(tags::HTTP_METHOD, self.method.as_deref().map(method_name));
        span.set(tags::HTTP_ROUTE, self.route.as_deref());
        if let (Some(domain), Some(path)) = (&self.domain, &self.path) {
            span.set(tags::HTTP_URL, format!("https://{domain}{path}"));
        }
    }
}

fn method_name(method: &str) -> &'static str {
    Method::from_bytes(method.as_bytes()).ok().and_then(|method| known_method(&method)).unwrap_or(OTHER_METHOD)
}

/// All values of all headers: `headers` of REST APIs has only the last value of each, and load balancers send one or the other.
fn headers(fields: &Fields<'_>) -> Headers {
    let several: Option<BTreeMap<String, Vec<String>>> = value(fields.multi_value_headers);
    match several {
        Some(several) => several
            .into_iter()
            .flat_map(|(name, values)| values.into_iter().map(move |value| (name.clone(), value)))
            .collect(),
        None => value::<BTreeMap<String, String>>(fields.headers).unwrap_or_default().into_iter().collect(),
    }
}

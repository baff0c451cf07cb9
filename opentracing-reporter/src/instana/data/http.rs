//! `data.http`.

use crate::instana::data::Source;
use crate::instana::facts::{Role, as_text, to_text};
use crate::wire::json::Object;

pub(crate) const TAGS: &[&str] = &["http.method", "http.url", "http.status_code", "http.route"];

const REQUEST_HEADER: &str = "http.request.header.";
const RESPONSE_HEADER: &str = "http.response.header.";

/// Whether the tag is a captured header.
pub(crate) fn is_header(key: &str) -> bool {
    key.starts_with(REQUEST_HEADER) || key.starts_with(RESPONSE_HEADER)
}

/// The core has already removed credentials and secrets from the URL.
pub(crate) fn write(source: Source<'_, '_>, data: &mut Object<'_>) {
    let Source { span, facts, role, detail } = source;
    data.object("http", |http| {
        source.text(http, "method", facts.http_method);
        if let Some(url) = facts.http_url {
            let url = to_text(url);
            let url = Url::split(&url);
            if role == Role::Entry {
                if !url.authority.is_empty() {
                    http.text("host", detail.text(url.authority));
                }
                http.text("url", detail.text(if url.path.is_empty() { "/" } else { url.path }));
                if !url.scheme.is_empty() {
                    http.text("protocol", url.scheme);
                }
            } else {
                http.text("url", detail.text(url.without_query));
            }
            if !url.query.is_empty() {
                http.text("params", detail.text(url.query));
            }
        }
        if let Some(status) = facts.status() {
            http.number("status", status);
        }
        if role == Role::Entry {
            source.text(http, "path_tpl", facts.http_route);
        }
        let of_request = |name: &str| span.tag(&[REQUEST_HEADER, name].concat()).is_some();
        http.object_if_any("header", |header| {
            for (key, value) in span.tags() {
                if let Some(name) = key.strip_prefix(REQUEST_HEADER) {
                    source.text(header, name, Some(value));
                } else if let Some(name) = key.strip_prefix(RESPONSE_HEADER)
                    && !of_request(name)
                {
                    source.text(header, name, Some(value));
                }
            }
        });
        let otherwise = facts.status().filter(|_| role == Role::Entry).and_then(reason);
        source.error(http, otherwise);
    });
}

/// Whether `data.http` has a field for the tag. It has none for a client's route, or for a response header with the name of a request
/// header.
pub(crate) fn has_field(source: Source<'_, '_>, key: &str) -> bool {
    match key.strip_prefix(RESPONSE_HEADER) {
        Some(name) => source.span.tag(&[REQUEST_HEADER, name].concat()).is_none(),
        None if key == "http.route" => source.role == Role::Entry,
        None => true,
    }
}

/// The reason phrase of the status.
fn reason(status: u64) -> Option<&'static str> {
    http::StatusCode::from_u16(status.try_into().ok()?).ok()?.canonical_reason()
}

/// The parts of a URL. Each may be empty.
#[derive(Debug)]
pub(crate) struct Url<'a> {
    scheme: &'a str,
    authority: &'a str,
    pub(crate) path: &'a str,
    query: &'a str,
    without_query: &'a str,
}

impl<'a> Url<'a> {
    pub(crate) fn split(url: &'a str) -> Self {
        let whole = url.split('#').next().unwrap_or(url);
        let (without_query, query) = whole.split_once('?').unwrap_or((whole, ""));
        let is_scheme = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
        let parts = without_query.split_once("://").filter(|(scheme, _)| is_scheme(scheme));
        let (scheme, rest) = parts.unwrap_or(("", without_query));
        let path = match (scheme, rest.find('/')) {
            // `*` of OPTIONS, or a path without a host.
            ("", _) => 0,
            (_, at) => at.unwrap_or(rest.len()),
        };
        Url { scheme, authority: &rest[..path], path: &rest[path..], query, without_query }
    }
}

/// The endpoint by which Instana groups calls: method and route.
pub(crate) fn endpoint(source: Source<'_, '_>) -> Option<String> {
    let route = source.facts.http_route?;
    let method = source.facts.http_method.as_ref().and_then(as_text).unwrap_or_default();
    Some(format!("{method} {route}").trim_start().to_owned())
}

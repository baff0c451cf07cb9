//! The check of every request.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN, HOST, HeaderName,
    LOCATION, ORIGIN, SET_COOKIE, VARY,
};
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};

use super::hosts::Hosts;
use super::token::{COOKIE_NAME, Token};

/// The address at which a connection came in: an extension of its requests.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LocalAddress(pub(crate) SocketAddr);

/// What requests are checked against.
#[derive(Clone, Debug)]
pub(crate) struct Guard {
    pub(crate) hosts: Arc<Hosts>,
    pub(crate) token: Option<Token>,
    /// Paths that take spans.
    pub(crate) ingest: &'static [&'static str],
}

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
const FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");

/// Refuses requests that name another host, come from pages of other sites, or lack the token.
pub(crate) async fn guard(State(guard): State<Guard>, request: Request, next: Next) -> Response {
    let local = request.extensions().get::<LocalAddress>();
    let host = match (host(&request), local) {
        (Some(host), Some(local)) if guard.hosts.allows(&host, local.0) => host,
        _ => {
            return refuse(
                StatusCode::MISDIRECTED_REQUEST,
                "unknown host: call the viewer by its address or as localhost",
            );
        }
    };
    let is_ingest = guard.ingest.contains(&request.uri().path());
    let origin = text(request.headers(), &ORIGIN).map(str::to_owned);
    let is_own = origin.as_ref().is_none_or(|origin| origin.eq_ignore_ascii_case(&format!("http://{host}")));
    let foreign = origin.filter(|origin| !is_own && is_ingest && guard.hosts.allows_origin(origin));
    if let Some(origin) = &foreign {
        if request.method() == Method::OPTIONS {
            return allow(StatusCode::NO_CONTENT.into_response(), origin);
        }
    } else if !is_own || is_cross_site(&request) {
        return refuse(StatusCode::FORBIDDEN, "requests of pages of other sites are refused");
    }
    if let Some(token) = &guard.token
        && !token.is_in(request.headers())
    {
        return enter(token, &request);
    }
    let response = next.run(request).await;
    match foreign {
        Some(origin) => allow(response, &origin),
        None => response,
    }
}

/// The host that the client means: `Host`, or the authority of an absolute URL.
fn host(request: &Request) -> Option<String> {
    let mut hosts = request.headers().get_all(HOST).into_iter();
    match (hosts.next(), hosts.next()) {
        (Some(host), None) => host.to_str().ok().map(str::to_owned),
        (None, _) => request.uri().authority().map(|authority| authority.as_str().to_owned()),
        _ => None,
    }
}

/// Whether a page of another site makes the request. Following a link to the viewer is no such request: the other page cannot read the
/// answer.
fn is_cross_site(request: &Request) -> bool {
    let headers = request.headers();
    let is_other = text(headers, &FETCH_SITE).is_some_and(|site| !matches!(site, "same-origin" | "none"));
    let is_link = matches!(*request.method(), Method::GET | Method::HEAD)
        && text(headers, &FETCH_MODE) == Some("navigate")
        && text(headers, &FETCH_DEST) == Some("document");
    is_other && !is_link
}

/// A link with the token, as the viewer prints it, sets the cookie and leads on without the token.
fn enter(token: &Token, request: &Request) -> Response {
    let query = request.uri().query().unwrap_or_default();
    let has_token = query.split('&').filter_map(|pair| pair.strip_prefix("token=")).any(|given| token.is(given));
    if !has_token || request.method() != Method::GET {
        return refuse(
            StatusCode::UNAUTHORIZED,
            "open the link that the viewer printed, or send the token as Authorization: Bearer",
        );
    }
    let cookie = format!("{COOKIE_NAME}={}; Path=/; HttpOnly; SameSite=Strict", token.as_str());
    let (Ok(cookie), Ok(location)) =
        (HeaderValue::from_str(&cookie), HeaderValue::from_str(&without_token(request.uri())))
    else {
        return refuse(StatusCode::BAD_REQUEST, "invalid URL");
    };
    (StatusCode::SEE_OTHER, [(SET_COOKIE, cookie), (LOCATION, location)]).into_response()
}

/// Path and query without the token. A path that begins with two slashes would lead to another host.
fn without_token(uri: &Uri) -> String {
    let path = format!("/{}", uri.path().trim_start_matches(['/', '\\']));
    let rest: Vec<&str> = uri
        .query()
        .unwrap_or_default()
        .split('&')
        .filter(|pair| !pair.starts_with("token=") && !pair.is_empty())
        .collect();
    if rest.is_empty() { path } else { format!("{path}?{}", rest.join("&")) }
}

fn allow(mut response: Response, origin: &str) -> Response {
    let headers = response.headers_mut();
    if let Ok(origin) = HeaderValue::from_str(origin) {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("POST"));
        headers.insert(
            ACCESS_CONTROL_ALLOW_HEADERS,
            HeaderValue::from_static("authorization, content-encoding, content-type"),
        );
        headers.insert(VARY, HeaderValue::from_static("Origin"));
    }
    response
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).map(|value| value.to_str().unwrap_or("?"))
}

fn refuse(status: StatusCode, message: &'static str) -> Response {
    (status, format!("{message}\n")).into_response()
}

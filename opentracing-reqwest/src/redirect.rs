//! Redirects without trace headers for other hosts.
//!
//! reqwest follows redirects inside of one call and cannot leave out headers on the way. Our policy lets it follow within the first host
//! and stops it where trace headers must not go. The call then continues with a request of its own.

use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use http::header::{
    AUTHORIZATION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, COOKIE, Entry, HeaderMap, HeaderName, HeaderValue,
    PROXY_AUTHORIZATION, REFERER, TRANSFER_ENCODING, WWW_AUTHENTICATE,
};
use http::{Method, StatusCode};
use opentracing_core::http_rules::remove_trace_headers;
use reqwest::redirect::{Action, Attempt};
use reqwest::{Request, Url};
use tokio::time::Instant;

use crate::call::Call;
use crate::redirect_policy::{Redirects, Verdict};
use crate::settings::Settings;

/// Settings of a call as a whole, which also apply after a redirect.
#[derive(Clone, Debug, Default)]
pub(crate) struct Follow {
    pub(crate) timeout: Option<Duration>,
    pub(crate) default_headers: HeaderMap,
    /// Whether reqwest writes `referer`.
    pub(crate) referer: bool,
    /// Whether to stop where trace headers must not go.
    pub(crate) stops: bool,
}

impl Follow {
    pub(crate) fn apply_defaults(&self, request: &mut Request) {
        if let Some(timeout) = self.timeout {
            request.timeout_mut().get_or_insert(timeout);
        }
        for (name, value) in &self.default_headers {
            if let Entry::Vacant(entry) = request.headers_mut().entry(name) {
                entry.insert(value.clone());
            }
        }
    }
}

/// One redirect that was followed.
pub(crate) struct Hop {
    pub(crate) status: StatusCode,
    pub(crate) url: Url,
}

/// The redirects of one call.
pub(crate) struct Journey {
    follow: Arc<Follow>,
    settings: Arc<Settings>,
    /// By the clock of reqwest's own time limits, which tests can pause.
    started: Instant,
    /// The URLs before the current request.
    earlier: Vec<Url>,
    hops: Vec<Hop>,
    /// As long as trace headers are sent along.
    home: Option<Home>,
    /// Where the policy stopped reqwest.
    next: Option<Next>,
}

struct Home {
    host: Box<str>,
    /// The request to send next, changed by the redirects so far.
    request: Request,
}

struct Next {
    request: Request,
    previous: Url,
}

impl Journey {
    /// Call it once the headers of the request are complete.
    pub(crate) fn start(follow: Arc<Follow>, call: &Call, request: &Request) -> Self {
        let settings = call.settings.clone();
        let home = (call.carries_trace && follow.stops)
            .then(|| Home { host: request.url().host_str().unwrap_or_default().into(), request: again(request) });
        Journey { follow, settings, started: Instant::now(), earlier: Vec::new(), hops: Vec::new(), home, next: None }
    }

    /// The redirects since the last call.
    pub(crate) fn take_hops(&mut self) -> Vec<Hop> {
        std::mem::take(&mut self.hops)
    }

    /// The request to continue with, if the policy has stopped reqwest.
    pub(crate) fn go_on(&mut self) -> Option<Request> {
        let Next { mut request, previous } = self.next.take()?;
        let headers = request.headers_mut();
        remove_trace_headers(&self.settings.tracer, headers);
        // Another host or port is another origin for reqwest.
        SENSITIVE.iter().for_each(|name| drop(headers.remove(name)));
        if self.follow.referer
            && let Some(referer) = referer(request.url(), previous)
        {
            request.headers_mut().insert(REFERER, referer);
        }
        if let Some(timeout) = request.timeout_mut() {
            *timeout = timeout.saturating_sub(self.started.elapsed());
        }
        Some(request)
    }

    fn decide(&mut self, redirects: &Redirects, attempt: Attempt<'_>) -> Action {
        match redirects.judge(&self.earlier, &attempt) {
            Verdict::Follow => {}
            Verdict::Stop => return attempt.stop(),
            Verdict::Fail(error) => return attempt.error(error),
        }
        self.hops.push(Hop { status: attempt.status(), url: attempt.url().clone() });
        let Some(home) = &mut self.home else { return attempt.follow() };
        redirected(&mut home.request, attempt.status());
        if home.may_see(attempt.url(), &self.settings) {
            return attempt.follow();
        }
        if let (Some(mut home), Some(previous)) = (self.home.take(), attempt.previous().last()) {
            *home.request.url_mut() = attempt.url().clone();
            self.next = Some(Next { request: home.request, previous: previous.clone() });
            self.earlier.extend_from_slice(attempt.previous());
        }
        attempt.stop()
    }
}

impl Home {
    fn may_see(&self, url: &Url, settings: &Settings) -> bool {
        let host = url.host_str().unwrap_or_default();
        *host == *self.host && settings.propagate_to.allows(host, url.port_or_known_default())
    }
}

thread_local! {
    /// The call that is being polled. A policy gets only URLs and a status.
    static POLLED: Cell<Option<Box<Journey>>> = const { Cell::new(None) };
}

/// Polls with the journey in the thread-local, where the policy finds it, and takes it back, also after a panic.
pub(crate) fn during<R>(journey: &mut Option<Box<Journey>>, poll: impl FnOnce() -> R) -> R {
    struct Swap<'a>(&'a mut Option<Box<Journey>>);

    impl Swap<'_> {
        fn swap(&mut self) {
            // Without thread-locals, at the end of a thread, the policy follows all redirects.
            let _ = POLLED.try_with(|polled| *self.0 = polled.replace(self.0.take()));
        }
    }

    impl Drop for Swap<'_> {
        fn drop(&mut self) {
            self.swap();
        }
    }

    let mut swap = Swap(journey);
    swap.swap();
    poll()
}

/// What the policy of a client decides about a redirect.
pub(crate) fn decide(redirects: &Redirects, attempt: Attempt<'_>) -> Action {
    if let Some(mut journey) = POLLED.try_with(Cell::take).ok().flatten() {
        let action = journey.decide(redirects, attempt);
        let _ = POLLED.try_with(|polled| polled.set(Some(journey)));
        return action;
    }
    // The wrapped client is used directly.
    match redirects.judge(&[], &attempt) {
        Verdict::Follow => attempt.follow(),
        Verdict::Stop => attempt.stop(),
        Verdict::Fail(error) => attempt.error(error),
    }
}

/// A copy, without the body if that is a stream. reqwest does not ask the policy then if the body would have to be sent again.
fn again(request: &Request) -> Request {
    request.try_clone().unwrap_or_else(|| {
        let mut copy = Request::new(request.method().clone(), request.url().clone());
        *copy.headers_mut() = request.headers().clone();
        *copy.version_mut() = request.version();
        *copy.timeout_mut() = request.timeout().copied();
        copy
    })
}

/// Changes method and body as reqwest does: by RFC 9110, section 15.4, and for 301 and 302 as browsers do.
fn redirected(request: &mut Request, status: StatusCode) {
    let method = request.method_mut();
    match status {
        StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND if *method == Method::POST => *method = Method::GET,
        StatusCode::SEE_OTHER if *method == Method::HEAD => {}
        StatusCode::SEE_OTHER => *method = Method::GET,
        _ => return,
    }
    *request.body_mut() = None;
    for name in [CONTENT_TYPE, CONTENT_LENGTH, CONTENT_ENCODING, TRANSFER_ENCODING] {
        request.headers_mut().remove(name);
    }
}

/// The `referer` that reqwest sends.
fn referer(next: &Url, mut previous: Url) -> Option<HeaderValue> {
    if next.scheme() == "http" && previous.scheme() == "https" {
        return None;
    }
    // Both are refused only by URLs without a host.
    let _ = previous.set_username("");
    let _ = previous.set_password(None);
    previous.set_fragment(None);
    previous.as_str().parse().ok()
}

/// The headers that reqwest withholds from another origin.
pub(crate) const SENSITIVE: [HeaderName; 5] =
    [AUTHORIZATION, COOKIE, HeaderName::from_static("cookie2"), PROXY_AUTHORIZATION, WWW_AUTHENTICATE];

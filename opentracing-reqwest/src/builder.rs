//! Building a client whose redirects keep trace headers from other hosts.

use std::time::Duration;

use http::header::HeaderMap;
use opentracing_core::Tracer;
use reqwest::ClientBuilder;

use crate::client::TracingClient;
use crate::redirect::{Follow, Redirects, SENSITIVE};

/// Builds a [`TracingClient`] that keeps trace headers and baggage from other hosts after a redirect.
///
/// Another host is one of another name than the first, or one that
/// [`propagate_to`](TracingClient::propagate_to) leaves out. There the call goes on with a request of its own, without
/// trace headers and without what reqwest keeps from other origins (`authorization`, `cookie`), and otherwise as reqwest would: same
/// change of methods, same limit, same `referer`.
///
/// What has to hold for such a call as a whole is told this builder and not reqwest's: redirects, time limit, headers that are
/// credentials.
#[derive(Debug)]
#[must_use = "a builder does nothing until it is built"]
pub struct TracingClientBuilder {
    builder: ClientBuilder,
    tracer: Tracer,
    redirects: Redirects,
    follow: Follow,
}

impl TracingClientBuilder {
    pub(crate) fn new(builder: ClientBuilder) -> Self {
        TracingClientBuilder {
            builder,
            tracer: Tracer::global(),
            redirects: Redirects::default(),
            follow: Follow::default(),
        }
    }

    /// The tracer that makes the spans. The global one by default.
    pub fn tracer(mut self, tracer: Tracer) -> Self {
        self.tracer = tracer;
        self
    }

    /// What becomes of redirects. Up to 10 are followed by default.
    pub fn redirects(mut self, redirects: Redirects) -> Self {
        self.redirects = redirects;
        self
    }

    /// How long a call may take, from sending the request to the end of the answer's body, redirects included; a request may say
    /// something else. No limit by default. That of reqwest's builder begins anew at another host.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.follow.timeout = Some(timeout);
        self
    }

    /// Headers that every request has unless it says something else. None by default. Those that are credentials for reqwest, as
    /// `authorization`, are not sent to another host after a redirect.
    ///
    /// If credentials are among the default headers of reqwest's builder, then trace headers are sent to other hosts after a redirect
    /// as well: going on without them, reqwest would add those headers again.
    pub fn default_headers(mut self, headers: HeaderMap) -> Self {
        self.follow.default_headers.extend(headers);
        self
    }

    /// Builds the client.
    ///
    /// # Errors
    ///
    /// Those of [`reqwest::ClientBuilder::build`].
    pub fn build(self) -> reqwest::Result<TracingClient> {
        let TracingClientBuilder { builder, tracer, redirects, mut follow } = self;
        let known = Known::of(&builder);
        follow.referer = known.referer;
        follow.stops = redirects != Redirects::None && !known.credentials;
        let client = builder.redirect(redirects.policy()).build()?;
        Ok(TracingClient::built(tracer, client, Some(follow)))
    }
}

/// What reqwest's builder has been told, as far as going on after a redirect has to respect it.
struct Known {
    credentials: bool,
    referer: bool,
}

impl Known {
    /// There are no accessors; the text for debugging is the only place where it shows.
    fn of(builder: &ClientBuilder) -> Self {
        let text = format!("{builder:?}");
        let credentials = names_credentials(&text) || !shows_credentials();
        Known { credentials, referer: text.contains("referer: true") }
    }
}

fn names_credentials(text: &str) -> bool {
    SENSITIVE.iter().any(|name| text.contains(&format!("{:?}", name.as_str())))
}

/// Whether the text of a builder with credentials shows that it has them. If that ever changes, all builders might have them.
fn shows_credentials() -> bool {
    let mut headers = HeaderMap::new();
    headers.insert(&SENSITIVE[0], http::HeaderValue::from_static("none"));
    names_credentials(&format!("{:?}", ClientBuilder::new().default_headers(headers)))
}

//! Building a client.

use std::sync::Arc;
use std::time::Duration;

use http::header::HeaderMap;
use opentracing_core::Tracer;
use reqwest::{Client, ClientBuilder};

use crate::client::TracingClient;
use crate::redirect::{Follow, SENSITIVE};
use crate::redirect_policy::Redirects;
use crate::settings::{Settings, setters};

/// Builds a [`TracingClient`]: the one place of its settings.
///
/// `C` is what the client is made of: reqwest's [`ClientBuilder`] by [`TracingClient::builder`], or a ready-made [`Client`] by
/// [`TracingClient::from_client`], which cannot have other redirects, time limits and default headers any more.
///
/// A client that is built here does not send trace headers and baggage to other hosts after a redirect. Another host is one with another
/// name than the first, or one that [`propagate_to`](Self::propagate_to) excludes. The call then goes on with a request of its own,
/// without trace headers and without the headers that reqwest withholds from other origins (`authorization`, `cookie`). Otherwise it
/// behaves as reqwest does: the same changes of the method, the same limit, the same `referer`.
///
/// ```
/// use opentracing_core::Tracer;
/// use opentracing_reqwest::{Redirects, TracingClient};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let client = TracingClient::builder()
///     .tracer(Tracer::noop())
///     .redirects(Redirects::Limited(3))
///     .timeout(std::time::Duration::from_secs(10))
///     .skip(|request| request.url().path() == "/health")
///     .build()?;
/// # drop(client);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "a builder does nothing until it is built"]
pub struct TracingClientBuilder<C = ClientBuilder> {
    inner: C,
    settings: Arc<Settings>,
    /// `None` for the policy of reqwest's builder.
    redirects: Option<Redirects>,
    follow: Follow,
}

impl<C> TracingClientBuilder<C> {
    pub(crate) fn new(inner: C) -> Self {
        TracingClientBuilder {
            inner,
            settings: Settings::new(Tracer::global()),
            redirects: None,
            follow: Follow::default(),
        }
    }

    /// The tracer. The default is the [global one](Tracer::global), which may be registered later.
    pub fn tracer(mut self, tracer: Tracer) -> Self {
        Arc::make_mut(&mut self.settings).tracer = tracer;
        self
    }

    setters!();
}

impl TracingClientBuilder<ClientBuilder> {
    /// Which redirects are followed. The default is the policy of reqwest's builder, which follows up to 10.
    ///
    /// A policy of reqwest's builder that is a closure stays what it is. reqwest then sends trace headers to other hosts after a
    /// redirect, and `log` gets a warning. Give the closure to [`Redirects::custom`] instead.
    pub fn redirects(mut self, redirects: Redirects) -> Self {
        self.redirects = Some(redirects);
        self
    }

    /// The time limit of a call, from sending the request to the end of the response body, redirects included. A request may set its
    /// own. No limit by default. The limit of reqwest's builder starts again at another host.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.follow.timeout = Some(timeout);
        self
    }

    /// Headers of every request that does not set them itself. None by default. Those that are credentials for reqwest, as
    /// `authorization`, are not sent to another host after a redirect.
    ///
    /// If the default headers of reqwest's builder contain credentials, trace headers are sent to other hosts after a redirect: a
    /// request of our own would get those credentials again.
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
        let TracingClientBuilder { inner, settings, redirects, mut follow } = self;
        let known = Known::of(&inner);
        follow.referer = known.referer;
        let client = match redirects.or_else(|| Redirects::of(&inner)) {
            Some(redirects) => {
                follow.stops = !matches!(redirects, Redirects::None) && !known.credentials;
                inner.redirect(redirects.policy())
            }
            None => {
                log::warn!(
                    "the redirect policy of reqwest's builder is a closure, so trace headers are sent to other hosts after a \
                     redirect: use `TracingClientBuilder::redirects` with `Redirects::custom` instead"
                );
                inner
            }
        };
        Ok(TracingClient::built(client.build()?, settings, Some(follow)))
    }
}

#[cfg(feature = "blocking")]
impl TracingClientBuilder<ClientBuilder> {
    /// Builds a client for programs without an async runtime. Behind the feature `blocking`.
    ///
    /// As for [`reqwest::blocking`], the default time limit of a call is 30 seconds; see [`timeout`](Self::timeout).
    ///
    /// # Errors
    ///
    /// Those of [`reqwest::ClientBuilder::build`].
    ///
    /// # Panics
    ///
    /// If the system cannot start a thread.
    pub fn build_blocking(mut self) -> reqwest::Result<crate::blocking::BlockingTracingClient> {
        self.follow.timeout.get_or_insert(BLOCKING_TIMEOUT);
        Ok(crate::blocking::BlockingTracingClient::new(self.build()?))
    }
}

#[cfg(feature = "blocking")]
const BLOCKING_TIMEOUT: Duration = Duration::from_secs(30);

impl TracingClientBuilder<Client> {
    /// Wraps the client.
    pub fn build(self) -> TracingClient {
        TracingClient::built(self.inner, self.settings, None)
    }
}

/// Settings of reqwest's builder that matter after a redirect.
struct Known {
    credentials: bool,
    referer: bool,
}

impl Known {
    /// There are no accessors; only the `Debug` text shows them.
    fn of(builder: &ClientBuilder) -> Self {
        let text = format!("{builder:?}");
        let credentials = names_credentials(&text) || !shows_credentials();
        Known { credentials, referer: text.contains("referer: true") }
    }
}

fn names_credentials(text: &str) -> bool {
    SENSITIVE.iter().any(|name| text.contains(&format!("{:?}", name.as_str())))
}

/// Whether the `Debug` text of a builder shows credentials. If that changes, any builder might have some.
fn shows_credentials() -> bool {
    let mut headers = HeaderMap::new();
    headers.insert(&SENSITIVE[0], http::HeaderValue::from_static("none"));
    names_credentials(&format!("{:?}", ClientBuilder::new().default_headers(headers)))
}

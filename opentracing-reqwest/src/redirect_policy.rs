//! Which redirects are followed.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use http::StatusCode;
use reqwest::redirect::{Attempt, Policy};
use reqwest::{ClientBuilder, Url};

use crate::redirect::decide;

/// Which redirects a client of [`TracingClientBuilder`](crate::TracingClientBuilder) follows.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Redirects {
    /// Follows so many, and fails at one more. The default, with 10.
    Limited(usize),
    /// Follows none: the redirect itself is the response.
    None,
    /// Follows those that a closure admits: see [`Redirects::custom`].
    Custom(RedirectPolicy),
}

/// The closure of [`Redirects::custom`].
#[derive(Clone)]
pub struct RedirectPolicy(Arc<dyn Fn(RedirectAttempt<'_>) -> RedirectAction + Send + Sync>);

/// A redirect to decide about, for a closure of [`Redirects::custom`]. It has the methods of [`reqwest::redirect::Attempt`].
#[derive(Debug)]
pub struct RedirectAttempt<'a> {
    status: StatusCode,
    url: &'a Url,
    previous: &'a [Url],
}

/// What a closure of [`Redirects::custom`] decides.
#[derive(Debug)]
pub struct RedirectAction(pub(crate) Verdict);

#[derive(Debug)]
pub(crate) enum Verdict {
    Follow,
    Stop,
    Fail(Box<dyn Error + Send + Sync>),
}

impl Default for Redirects {
    fn default() -> Self {
        Redirects::Limited(10)
    }
}

impl Redirects {
    /// Follows the redirects that the closure admits, as [`reqwest::redirect::Policy::custom`] does, and without a limit of its own.
    ///
    /// ```
    /// use opentracing_reqwest::{Redirects, TracingClient};
    ///
    /// # fn main() -> reqwest::Result<()> {
    /// let redirects = Redirects::custom(|attempt| match attempt.url().host_str() {
    ///     _ if attempt.previous().len() > 5 => attempt.error("too many redirects"),
    ///     Some("169.254.169.254") => attempt.stop(),
    ///     _ => attempt.follow(),
    /// });
    /// let client = TracingClient::builder().redirects(redirects).build()?;
    /// # drop(client);
    /// # Ok(())
    /// # }
    /// ```
    pub fn custom(policy: impl Fn(RedirectAttempt<'_>) -> RedirectAction + Send + Sync + 'static) -> Self {
        Redirects::Custom(RedirectPolicy(Arc::new(policy)))
    }

    /// The policy of reqwest's builder. `None` if it is a closure, which cannot be taken out of the builder.
    pub(crate) fn of(builder: &ClientBuilder) -> Option<Self> {
        // Each policy shows itself, so that no policy is mistaken for the default if reqwest's text changes.
        let shown = |policy| written_policy(&format!("{:?}", ClientBuilder::new().redirect(policy))).map(str::to_owned);
        let limited = shown(Policy::limited(7))?.replace('7', "");
        match written_policy(&format!("{builder:?}")) {
            None => Some(Redirects::default()),
            written if written == shown(Policy::none()).as_deref() => Some(Redirects::None),
            Some(written) => {
                let limit: String = written.chars().filter(char::is_ascii_digit).collect();
                let is_limited = written.replace(&*limit, "") == limited;
                limit.parse().ok().filter(|_| is_limited).map(Redirects::Limited)
            }
        }
    }

    pub(crate) fn policy(self) -> Policy {
        match self {
            Redirects::None => Policy::none(),
            followed => Policy::custom(move |attempt| decide(&followed, attempt)),
        }
    }

    /// Decides about a redirect. `earlier` are the URLs before those that the attempt knows.
    pub(crate) fn judge(&self, earlier: &[Url], attempt: &Attempt<'_>) -> Verdict {
        match self {
            Redirects::None => Verdict::Stop,
            // The first of the previous URLs is not a redirect.
            Redirects::Limited(limit) if earlier.len() + attempt.previous().len() > *limit => {
                Verdict::Fail("too many redirects".into())
            }
            Redirects::Limited(_) => Verdict::Follow,
            Redirects::Custom(RedirectPolicy(policy)) => {
                let previous = [earlier, attempt.previous()].concat();
                policy(RedirectAttempt { status: attempt.status(), url: attempt.url(), previous: &previous }).0
            }
        }
    }
}

impl<'a> RedirectAttempt<'a> {
    /// The status of the redirect.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// Where it leads to.
    pub fn url(&self) -> &'a Url {
        self.url
    }

    /// The URLs that were requested so far, the first one first.
    pub fn previous(&self) -> &'a [Url] {
        self.previous
    }

    /// Follows the redirect.
    pub fn follow(self) -> RedirectAction {
        RedirectAction(Verdict::Follow)
    }

    /// Does not follow: the redirect itself is the response.
    pub fn stop(self) -> RedirectAction {
        RedirectAction(Verdict::Stop)
    }

    /// Fails the call with this error.
    pub fn error(self, error: impl Into<Box<dyn Error + Send + Sync>>) -> RedirectAction {
        RedirectAction(Verdict::Fail(error.into()))
    }
}

impl fmt::Debug for RedirectPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedirectPolicy").finish_non_exhaustive()
    }
}

/// The policy in the `Debug` text of a builder, which leaves out the default one. There are no accessors.
fn written_policy(text: &str) -> Option<&str> {
    // Headers may have any text.
    let text = text.split("default_headers: ").next()?;
    let (_, policy) = text.split_once("redirect_policy: ")?;
    Some(policy.split(", ").next().unwrap_or(policy))
}

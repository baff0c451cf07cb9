//! The future of a response.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use opentracing_core::http_rules::{ErrorText, Exchange, ExchangeEnd, ExchangeFuture, HttpFailure};
use opentracing_core::{Value, logs, tags};
use pin_project_lite::pin_project;
use reqwest::{Client, Error, Request, Response};
use tower_service::Service;

use crate::call::Call;
use crate::options::RequestOptions;
use crate::redirect::{self, Follow, Hop, Journey};
use crate::settings::Settings;

pin_project! {
    /// Resolves to the response once its head arrives. The span started with this future, and lasts until the end of the response body.
    ///
    /// The span is active while the future is polled. Dropping the future before finishes the span with the tag
    /// `http.outcome=cancelled`, which is not an error.
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture {
        client: Client,
        #[pin]
        state: State,
        journey: Option<Box<Journey>>,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State {
        Sent { #[pin] pending: ExchangeFuture<Pending, Call> },
        /// The request could not be built.
        Failed { error: Option<Error> },
        Done,
    }
}

/// reqwest's future has no other public name.
type Pending = <Client as Service<Request>>::Future;

impl ResponseFuture {
    pub(crate) fn send(
        client: Client,
        mut request: Request,
        settings: &Arc<Settings>,
        options: &RequestOptions,
        follow: Option<&Arc<Follow>>,
    ) -> Self {
        if let Some(follow) = follow {
            follow.apply_defaults(&mut request);
        }
        let call = Call::start(settings, options, &mut request);
        let journey = match (follow, &call) {
            (Some(follow), Some(call)) => Some(Box::new(Journey::start(follow.clone(), call, &request))),
            _ => None,
        };
        let pending = ExchangeFuture::new(call, || (&client).call(request));
        ResponseFuture { client, state: State::Sent { pending }, journey }
    }

    pub(crate) fn failed(client: Client, error: Error) -> Self {
        ResponseFuture { client, state: State::Failed { error: Some(error) }, journey: None }
    }
}

impl Future for ResponseFuture {
    type Output = Result<Response, Error>;

    /// # Panics
    ///
    /// If it is polled again after it was ready.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            let mut pending = match this.state.as_mut().project() {
                StateProjection::Sent { pending } => pending,
                StateProjection::Failed { error } => return Poll::Ready(Err(error.take().expect(POLLED_AGAIN))),
                StateProjection::Done => panic!("{POLLED_AGAIN}"),
            };
            let (outcome, mut call) = match redirect::during(this.journey, || pending.as_mut().poll_output(cx)) {
                Poll::Ready(output) => output,
                Poll::Pending => {
                    record_redirects(this.journey, pending.exchange_mut());
                    return Poll::Pending;
                }
            };
            record_redirects(this.journey, call.as_mut());
            if outcome.is_ok()
                && let Some(request) = this.journey.as_mut().and_then(|journey| journey.go_on())
            {
                let pending = ExchangeFuture::new(call, || (&*this.client).call(request));
                this.state.set(State::Sent { pending });
                continue;
            }
            this.state.set(State::Done);
            return Poll::Ready(match (outcome, call) {
                (Ok(response), Some(call)) => Ok(call.on_response(response)),
                (Err(error), Some(mut call)) => {
                    call.finish(ExchangeEnd::Failed(HttpFailure::Service(ErrorText::new(&error))));
                    Err(error)
                }
                (outcome, None) => outcome,
            });
        }
    }
}

fn record_redirects(journey: &mut Option<Box<Journey>>, call: Option<&mut Call>) {
    if let (Some(journey), Some(call)) = (journey, call) {
        journey.take_hops().iter().for_each(|hop| record_redirect(call, hop));
    }
}

fn record_redirect(call: &mut Call, hop: &Hop) {
    call.count_redirect(hop.status, hop.url.host_str().unwrap_or_default());
    call.span.log_kv(&[
        (logs::EVENT, Value::Static("redirect")),
        (tags::HTTP_STATUS_CODE.name(), hop.status.as_u16().into()),
        (tags::HTTP_URL.name(), Value::Url(&[hop.url.as_str()])),
    ]);
}

impl fmt::Debug for ResponseFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let call = match &self.state {
            State::Sent { pending } => pending.exchange(),
            State::Failed { .. } | State::Done => None,
        };
        let context = call.and_then(|call| call.span.context());
        f.debug_struct("ResponseFuture").field("context", &context).finish_non_exhaustive()
    }
}

const POLLED_AGAIN: &str = "a future is not polled again after it was ready";

//! A call under way.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use opentracing_core::{Value, logs, tags};
use pin_project_lite::pin_project;
use reqwest::{Client, Error, Request, Response};
use tower_service::Service;

use crate::call::Call;
use crate::options::RequestOptions;
use crate::redirect::{self, Follow, Hop, Journey};
use crate::settings::Settings;

pin_project! {
    /// Gives the answer once its head is there. The span, which started with this future, goes on to the end of the answer's body.
    ///
    /// The span is active while the future is polled. Dropping the future earlier finishes the span, with the tag
    /// `http.outcome=cancelled`; that is no error.
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture {
        client: Client,
        #[pin]
        state: State,
        call: Option<Call>,
        journey: Option<Box<Journey>>,
    }

    impl PinnedDrop for ResponseFuture {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if let Some(mut call) = this.call.take() {
                {
                    let _scope = call.span.lend();
                    this.state.set(State::Done);
                }
                call.cancelled();
            }
        }
    }
}

pin_project! {
    #[project = StateProjection]
    enum State {
        Sent { #[pin] pending: Pending },
        /// The request could not be built.
        Failed { error: Option<Error> },
        Done,
    }
}

/// reqwest gives its future no other name.
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
        let mut call = Call::start(settings, options, &mut request);
        let journey = match (follow, &call) {
            (Some(follow), Some(call)) => Some(Box::new(Journey::start(follow.clone(), call, &request))),
            _ => None,
        };
        let pending = {
            let _scope = call.as_mut().map(|call| call.span.lend());
            (&client).call(request)
        };
        ResponseFuture { client, state: State::Sent { pending }, call, journey }
    }

    pub(crate) fn failed(client: Client, error: Error) -> Self {
        ResponseFuture { client, state: State::Failed { error: Some(error) }, call: None, journey: None }
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
            let pending = match this.state.as_mut().project() {
                StateProjection::Sent { pending } => pending,
                StateProjection::Failed { error } => return Poll::Ready(Err(error.take().expect(POLLED_AGAIN))),
                StateProjection::Done => panic!("{POLLED_AGAIN}"),
            };
            let Some(call) = this.call else { return pending.poll(cx) };
            let polled = {
                let _scope = call.span.lend();
                redirect::during(this.journey, || pending.poll(cx))
            };
            if let Some(journey) = this.journey {
                journey.take_hops().iter().for_each(|hop| record_redirect(call, hop));
            }
            let outcome = ready!(polled);
            let next = outcome.is_ok().then(|| this.journey.as_mut()?.go_on()).flatten();
            let ended = next.is_none();
            {
                let _scope = call.span.lend();
                this.state.set(match next {
                    Some(request) => State::Sent { pending: (&*this.client).call(request) },
                    None => State::Done,
                });
            }
            if ended && let Some(call) = this.call.take() {
                return Poll::Ready(match outcome {
                    Ok(response) => Ok(call.answered(response)),
                    Err(error) => {
                        call.failed(&error, "request");
                        Err(error)
                    }
                });
            }
        }
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
        let context = self.call.as_ref().and_then(|call| call.span.context());
        f.debug_struct("ResponseFuture").field("context", &context).finish_non_exhaustive()
    }
}

const POLLED_AGAIN: &str = "a future is not polled again after it was ready";

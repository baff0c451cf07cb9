//! The contract of HTTP adapters, on every way to trace a client of reqwest.

use opentracing_contract::{
    Answer, AnswerBody, ClientAdapter, ClientFeature, ClientSetup, ClientVariant, Outgoing, Protocol, Sender,
    check_client,
};
use opentracing_core::Span;
use opentracing_core::http_rules::ErrorStatuses;
use opentracing_reqwest::{
    RequestBuilderExt, ReqwestDecorator, TracingClient, TracingClientBuilder, TracingRequestBuilder,
};
use reqwest::{ClientBuilder, Request, RequestBuilder, Response};

fn reqwest(setup: &ClientSetup) -> ClientBuilder {
    let builder = reqwest::Client::builder().no_proxy();
    if setup.protocol() == Protocol::Http2 { builder.http2_prior_knowledge() } else { builder }
}

/// The client as the setup asks for it.
fn set_up<C>(client: TracingClientBuilder<C>, setup: &ClientSetup) -> TracingClientBuilder<C> {
    let client = client.tracer(setup.tracer().clone());
    match setup.variant() {
        ClientVariant::PeerService(name) => client.peer_service(name),
        ClientVariant::PropagatesTo(hosts) => client.propagate_to(hosts.parse().unwrap()),
        ClientVariant::ClientErrors => client.error_statuses(ErrorStatuses::ClientAndServerErrors),
        ClientVariant::Decorated => client.decorator(Decorated),
        _ => client,
    }
}

struct Decorated;

impl ReqwestDecorator for Decorated {
    fn on_request(&self, span: &mut Span, request: &Request) {
        span.set_operation_name("decorated").set_tag("decorated.path", request.url().path());
    }

    fn on_response(&self, span: &mut Span, response: &Response) {
        span.set_tag("decorated.status", i64::from(response.status().as_u16()));
    }
}

/// Says of the span what is to be said.
fn described(mut request: TracingRequestBuilder, outgoing: &Outgoing) -> TracingRequestBuilder {
    if let Some(name) = outgoing.operation_name {
        request = request.operation_name(name);
    }
    if let Some(name) = outgoing.peer_service {
        request = request.peer_service(name);
    }
    if let Some(caller) = &outgoing.caller {
        request = request.caller(caller.clone());
    }
    if !outgoing.is_propagated {
        request = request.without_propagation();
    }
    request.resend_count(outgoing.resend_count)
}

fn answer(response: Response) -> Answer {
    http::Response::from(response).map(AnswerBody::new)
}

/// A client that we have built, or that was ready-made.
struct Wrapper {
    is_built: bool,
}

impl ClientAdapter for Wrapper {
    fn features(&self) -> &[ClientFeature] {
        if self.is_built {
            ClientFeature::ALL
        } else {
            ClientFeature::ALL.strip_suffix(&[ClientFeature::RedirectsWithCare]).unwrap()
        }
    }

    fn client(&self, setup: &ClientSetup) -> Sender {
        let client = if self.is_built {
            set_up(TracingClient::from_builder(reqwest(setup)), setup).build().unwrap()
        } else {
            set_up(TracingClient::from_client(reqwest(setup).build().unwrap()), setup).build()
        };
        Sender::new(move |outgoing| {
            let (parts, body) = outgoing.request.clone().into_parts();
            let request = client.request(parts.method, parts.uri.to_string()).headers(parts.headers).body(body);
            let call = described(request, &outgoing).send();
            async move { Ok(answer(call.await?)) }
        })
    }
}

/// Requests of a client that is not wrapped, traced one by one.
struct Extension;

impl ClientAdapter for Extension {
    fn features(&self) -> &[ClientFeature] {
        &[
            ClientFeature::Http2,
            ClientFeature::StartsAtCall,
            ClientFeature::OperationNames,
            ClientFeature::ResendCounts,
            ClientFeature::Callers,
            ClientFeature::OptOut,
            ClientFeature::Upgrades,
            ClientFeature::FailureKinds,
            ClientFeature::Redirects,
        ]
    }

    fn client(&self, setup: &ClientSetup) -> Sender {
        let (client, tracer) = (reqwest(setup).build().unwrap(), setup.tracer().clone());
        Sender::new(move |outgoing| {
            let request = outgoing.request.clone().try_into().unwrap();
            let request = RequestBuilder::from_parts(client.clone(), request);
            let call = described(request.traced(&tracer), &outgoing).send();
            async move { Ok(answer(call.await?)) }
        })
    }
}

#[tokio::test]
async fn a_client_that_we_have_built_holds_the_contract() {
    let report = check_client(Wrapper { is_built: true }).await;
    report.assert_ok();
    assert!(report.skipped.is_empty(), "{report}");
}

#[tokio::test]
async fn a_ready_made_client_that_is_wrapped_holds_the_contract() {
    check_client(Wrapper { is_built: false }).await.assert_ok();
}

#[tokio::test]
async fn a_request_that_is_traced_by_itself_holds_the_contract() {
    check_client(Extension).await.assert_ok();
}

#[cfg(feature = "middleware")]
mod middleware {
    use opentracing_reqwest::{RequestOptions, TracingMiddleware};
    use reqwest_middleware::{ClientBuilder, RequestBuilder};

    use super::*;

    /// A client of `reqwest-middleware`.
    struct Middleware;

    impl ClientAdapter for Middleware {
        fn features(&self) -> &[ClientFeature] {
            // A middleware runs when the call is polled, and is not told of redirects.
            &[
                ClientFeature::Http2,
                ClientFeature::OperationNames,
                ClientFeature::PeerServices,
                ClientFeature::ResendCounts,
                ClientFeature::Callers,
                ClientFeature::OptOut,
                ClientFeature::HostAllowList,
                ClientFeature::ClientErrors,
                ClientFeature::Decorated,
                ClientFeature::Upgrades,
                ClientFeature::FailureKinds,
                ClientFeature::Redirects,
            ]
        }

        fn client(&self, setup: &ClientSetup) -> Sender {
            let middleware = TracingMiddleware::with_tracer(setup.tracer().clone());
            let middleware = match setup.variant() {
                ClientVariant::PeerService(name) => middleware.peer_service(name),
                ClientVariant::PropagatesTo(hosts) => middleware.propagate_to(hosts.parse().unwrap()),
                ClientVariant::ClientErrors => middleware.error_statuses(ErrorStatuses::ClientAndServerErrors),
                ClientVariant::Decorated => middleware.decorator(Decorated),
                _ => middleware,
            };
            let client = ClientBuilder::new(reqwest(setup).build().unwrap()).with(middleware).build();
            Sender::new(move |outgoing| {
                let request = outgoing.request.clone().try_into().unwrap();
                let call = RequestBuilder::from_parts(client.clone(), request).with_extension(options(&outgoing));
                async move { Ok(answer(call.send().await?)) }
            })
        }
    }

    fn options(outgoing: &Outgoing) -> RequestOptions {
        let mut options = RequestOptions::new().resend_count(outgoing.resend_count);
        if let Some(name) = outgoing.operation_name {
            options = options.operation_name(name);
        }
        if let Some(name) = outgoing.peer_service {
            options = options.peer_service(name);
        }
        if let Some(caller) = &outgoing.caller {
            options = options.caller(caller.clone());
        }
        if outgoing.is_propagated { options } else { options.without_propagation() }
    }

    #[tokio::test]
    async fn a_client_with_middleware_holds_the_contract() {
        check_client(Middleware).await.assert_ok();
    }
}

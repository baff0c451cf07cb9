//! Clients.

use bytes::Bytes;
use http::{Request, request, response};
use http_body_util::Full;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use opentracing_contract::{
    AnswerBody, ClientAdapter, ClientFeature, ClientSetup, ClientVariant, Outgoing, Protocol, Sender, check_client,
};
use opentracing_core::Span;
use opentracing_core::http_rules::{ErrorStatuses, ResendCounter};
use opentracing_tower::{
    CountResendsLayer, HttpDecorator, OperationName, PeerServiceName, TracingClientLayer, WithoutPropagation,
};
use tower::{ServiceBuilder, ServiceExt};
use tower_http::follow_redirect::FollowRedirectLayer;
use tower_service::Service;

/// The layer as the setup asks for it.
fn layer(setup: &ClientSetup) -> TracingClientLayer {
    let layer = TracingClientLayer::with_tracer(setup.tracer().clone());
    match setup.variant() {
        ClientVariant::PeerService(name) => layer.peer_service(name),
        ClientVariant::PropagatesTo(hosts) => layer.propagate_to(hosts.parse().unwrap()),
        ClientVariant::ClientErrors => layer.error_statuses(ErrorStatuses::ClientAndServerErrors),
        ClientVariant::Decorated => layer.decorator(Decorated),
        _ => layer,
    }
}

struct Decorated;

impl HttpDecorator for Decorated {
    fn on_request(&self, span: &mut Span, request: &request::Parts) {
        span.set_operation_name("decorated").set_tag("decorated.path", request.uri.path());
    }

    fn on_response(&self, span: &mut Span, response: &response::Parts) {
        span.set_tag("decorated.status", i64::from(response.status.as_u16()));
    }
}

/// The request with what is said about its span among its extensions.
fn request(outgoing: Outgoing) -> Request<Full<Bytes>> {
    let mut request = outgoing.request.map(Full::new);
    let extensions = request.extensions_mut();
    if let Some(name) = outgoing.operation_name {
        extensions.insert(OperationName(name.into()));
    }
    if let Some(name) = outgoing.peer_service {
        extensions.insert(PeerServiceName(name.into()));
    }
    if outgoing.resend_count > 0 {
        let counter = ResendCounter::new();
        (0..outgoing.resend_count).for_each(|_| {
            counter.begin("127.0.0.1");
        });
        extensions.insert(counter);
    }
    if let Some(caller) = outgoing.caller {
        extensions.insert(caller);
    }
    if !outgoing.is_propagated {
        extensions.insert(WithoutPropagation);
    }
    request
}

fn hyper(setup: &ClientSetup) -> Client<HttpConnector, Full<Bytes>> {
    let mut builder = Client::builder(TokioExecutor::new());
    // A connection that is closed while it is idle shows to the caller, as it would to ours.
    builder.retry_canceled_requests(false).http2_only(setup.protocol() == Protocol::Http2).build_http()
}

const FEATURES: &[ClientFeature] = &[
    ClientFeature::Http2,
    ClientFeature::StartsAtCall,
    ClientFeature::OperationNames,
    ClientFeature::PeerServices,
    ClientFeature::ResendCounts,
    ClientFeature::Callers,
    ClientFeature::OptOut,
    ClientFeature::HostAllowList,
    ClientFeature::ClientErrors,
    ClientFeature::Decorated,
    ClientFeature::Upgrades,
    // Without it the causes of the error are not known.
    #[cfg(feature = "hyper-util")]
    ClientFeature::FailureKinds,
];

/// The client of hyper-util, wrapped.
struct Hyper;

impl ClientAdapter for Hyper {
    fn features(&self) -> &[ClientFeature] {
        FEATURES
    }

    fn client(&self, setup: &ClientSetup) -> Sender {
        let client = layer(setup).wrap(hyper(setup));
        Sender::new(move |outgoing| {
            let answer = client.clone().call(request(outgoing));
            async move { Ok(answer.await?.map(AnswerBody::new)) }
        })
    }
}

/// A stack of layers, some outside of ours and some inside, whose errors are boxed. It makes the call once it is ready.
struct Stack;

impl ClientAdapter for Stack {
    fn features(&self) -> &[ClientFeature] {
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
        ]
    }

    fn client(&self, setup: &ClientSetup) -> Sender {
        let stack = ServiceBuilder::new()
            .boxed_clone_sync()
            .concurrency_limit(100)
            .layer(layer(setup))
            .concurrency_limit(100)
            .map_err(tower::BoxError::from)
            .service(hyper(setup));
        Sender::new(move |outgoing| {
            let answer = stack.clone().oneshot(request(outgoing));
            async move { Ok(answer.await?.map(AnswerBody::new)) }
        })
    }
}

/// A stack that follows redirects outside of the layer. Each is a call of its own, which begins a trace if no span is active, so the
/// contract's care does not fit; `attempts` tests what does.
struct Redirected;

impl ClientAdapter for Redirected {
    fn features(&self) -> &[ClientFeature] {
        &[
            ClientFeature::Http2,
            ClientFeature::PeerServices,
            ClientFeature::HostAllowList,
            ClientFeature::ClientErrors,
            ClientFeature::Decorated,
            ClientFeature::Redirects,
        ]
    }

    fn client(&self, setup: &ClientSetup) -> Sender {
        let stack = ServiceBuilder::new()
            .boxed_clone_sync()
            .layer(CountResendsLayer::new())
            .layer(FollowRedirectLayer::new())
            .layer(layer(setup))
            .service(hyper(setup));
        Sender::new(move |outgoing| {
            let answer = stack.clone().oneshot(request(outgoing));
            async move { Ok(answer.await?.map(AnswerBody::new)) }
        })
    }
}

#[tokio::test]
async fn a_stack_that_follows_redirects_holds_the_contract() {
    check_client(Redirected).await.assert_ok();
}

#[tokio::test]
async fn hyper_util_holds_the_contract() {
    check_client(Hyper).await.assert_ok();
}

#[tokio::test]
async fn a_stack_of_layers_holds_the_contract() {
    check_client(Stack).await.assert_ok();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn hyper_util_on_several_threads_holds_the_contract() {
    check_client(Hyper).await.assert_ok();
}

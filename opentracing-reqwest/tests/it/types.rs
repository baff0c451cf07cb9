//! Properties of the types.

use opentracing_core::Tracer;
use opentracing_reqwest::{
    RedirectAction, RedirectAttempt, Redirects, RequestBuilderExt, RequestOptions, ResponseFuture, TracingClient,
    TracingClientBuilder, TracingRequest, TracingRequestBuilder,
};

#[test]
fn types_are_thread_safe_and_printable() {
    fn check<T: Send + Sync + std::fmt::Debug>() {}
    check::<TracingClient>();
    check::<TracingClientBuilder>();
    check::<TracingRequestBuilder>();
    check::<RequestOptions>();
    check::<Redirects>();
    check::<RedirectAction>();
    check::<RedirectAttempt<'_>>();
    check::<TracingRequest>();
    #[cfg(feature = "blocking")]
    check::<opentracing_reqwest::BlockingTracingClient>();
    #[cfg(feature = "blocking")]
    check::<TracingRequestBuilder<opentracing_reqwest::Blocking>>();
    #[cfg(feature = "middleware")]
    check::<opentracing_reqwest::TracingMiddleware>();
    fn check_future<T: Send + std::fmt::Debug>() {}
    check_future::<ResponseFuture>();
}

#[test]
fn debug_texts_keep_credentials_to_themselves() {
    let client = TracingClient::builder().tracer(Tracer::noop()).peer_service("catalog").build().unwrap();
    assert!(format!("{client:?}").contains("catalog"));
    let request = client.get("http://shop.example/").bearer_auth("sesame");
    assert!(format!("{request:?}").contains("shop.example"));
    assert!(!format!("{request:?}").contains("sesame"));
    let request = reqwest::Client::new().get("http://shop.example/").traced(&Tracer::noop()).operation_name("GET /");
    assert!(format!("{request:?}").contains("GET /"));
}

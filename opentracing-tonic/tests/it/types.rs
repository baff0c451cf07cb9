//! What the types promise.

use std::fmt::Debug;

use opentracing_tonic::{
    Cause, ContextInterceptor, Ending, ErrorCodes, MetadataTags, PeerServiceName, ResponseBody, ResponseFuture,
    Tracing, TracingChannel, TracingClientLayer, TracingLayer,
};
use tonic::transport::Endpoint;

#[test]
fn types_can_be_shown_and_shared() {
    fn check<T: Debug + Send + Sync>() {}
    check::<TracingLayer>();
    check::<TracingClientLayer>();
    check::<Tracing<()>>();
    check::<TracingChannel<()>>();
    check::<TracingChannel>();
    check::<ContextInterceptor>();
    check::<MetadataTags>();
    check::<PeerServiceName>();
    check::<ErrorCodes>();
    check::<Cause>();
    check::<Ending<'_>>();
    check::<ResponseBody<()>>();
    check::<ResponseFuture<()>>();
}

#[test]
fn a_password_in_the_endpoint_is_not_shown() {
    let endpoint = Endpoint::from_static("http://ada:geheim@users.acme.example:50051");
    let shown = format!("{:?}", TracingClientLayer::default().peer(&endpoint));
    assert!(shown.contains("users.acme.example") && !shown.contains("geheim"), "{shown}");
}

#[test]
fn services_give_back_what_they_wrap() {
    let mut server = TracingLayer::default().wrap(1);
    *server.get_mut() += 1;
    assert_eq!((*server.get_ref(), server.into_inner()), (2, 2));
    let mut client = TracingClientLayer::default().wrap(1);
    *client.get_mut() += 1;
    assert_eq!((*client.get_ref(), client.into_inner()), (2, 2));
    assert_eq!(Tracing::new(3).into_inner(), 3);
    assert_eq!(TracingChannel::new(3).into_inner(), 3);
}

//! Streams that a task feeds.

use std::convert::Infallible;

use opentracing_core::mock::MockTracer;
use opentracing_core::{InSpan, Tracer};
use opentracing_tonic::TracingLayer;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::body::Body;
use tonic::server::Grpc;
use tonic::{Request, Response, Status};
use tonic_prost::ProstCodec;
use tower::service_fn;

use crate::echo::EchoClient;

type Replies = ReceiverStream<Result<String, Status>>;

/// As the crate's page shows.
fn countdown(tracer: Tracer, request: &Request<String>) -> Response<Replies> {
    let from: u32 = request.get_ref().parse().unwrap();
    let (sender, replies) = mpsc::channel(1);
    let work = async move {
        for number in (0..from).rev() {
            let span = tracer.span("count").start();
            if sender.send(Ok(number.to_string())).in_span(span).await.is_err() {
                return;
            }
        }
    };
    tokio::spawn(work.in_active_span());
    Response::new(ReceiverStream::new(replies))
}

#[tokio::test]
async fn their_spans_are_children_of_the_call() {
    let mock = MockTracer::new();
    let tracer = mock.tracer().clone();
    let service = service_fn(move |request: http::Request<Body>| {
        let tracer = tracer.clone();
        async move {
            let serve = service_fn(move |request: Request<String>| {
                let response = countdown(tracer.clone(), &request);
                async { Ok::<_, Status>(response) }
            });
            let mut grpc = Grpc::new(ProstCodec::<String, String>::default());
            Ok::<_, Infallible>(grpc.server_streaming(serve, request).await)
        }
    });
    let mut client = EchoClient::new(TracingLayer::with_tracer(mock.tracer().clone()).wrap(service));
    let mut answers = client.server_stream("3").await.unwrap();
    let mut count = 0;
    while answers.message().await.unwrap().is_some() {
        count += 1;
    }
    assert_eq!((count, mock.finished(4).await.len()), (3, 4));
    mock.assert_tree(
        "
        acme.test.Echo/ServerStream (server)
          count
          count
          count
        ",
    );
}

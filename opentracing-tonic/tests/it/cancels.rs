//! What a program itself gives up is no error, and what a server cancels is one.

use std::pin::pin;

use opentracing_core::OwnedSpan;
use opentracing_tonic::ErrorCodes;
use tokio_stream::StreamExt;
use tonic::Code;

use crate::support::{Fixture, check_tags, log_field};

/// A span whose call was dropped, with the outcome in the words of HTTP.
#[track_caller]
fn check_dropped(span: &OwnedSpan, outcome: &str) {
    check_tags(span, &[("rpc.status_code", "CANCELLED"), ("error", ""), ("grpc.outcome", outcome)]);
    assert_eq!(log_field(span, "event"), outcome);
}

#[tokio::test]
async fn reading_only_the_first_messages_is_no_error() {
    for (message, taken) in [("5 hang", 3), ("3 hang", 3), ("1 hang", 1), ("100", 3)] {
        let fixture = Fixture::start().await;
        let answers = fixture.client().server_stream(message).await.unwrap();
        let taken: Vec<_> = answers.take(taken).collect().await;
        assert!(taken.iter().all(Result::is_ok));
        drop(taken);
        let span = fixture.first("client").await;
        check_dropped(&span, "aborted");
    }
}

#[tokio::test]
async fn leaving_a_stream_that_has_nothing_to_say_is_no_error() {
    let fixture = Fixture::start().await;
    let mut answers = fixture.client().server_stream("1 hang").await.unwrap();
    answers.message().await.unwrap().expect("the first state");
    {
        let mut next = pin!(answers.message());
        assert!(futures_poll(next.as_mut()).await.is_none());
    }
    drop(answers);
    let (client, server) = fixture.spans(3).await;
    check_dropped(&client, "aborted");
    check_dropped(&server, "aborted");
    check_tags(&client, &[("grpc.response.messages", "1")]);
}

/// Polls once.
async fn futures_poll<F: Future>(mut future: std::pin::Pin<&mut F>) -> Option<F::Output> {
    std::future::poll_fn(|cx| {
        std::task::Poll::Ready(match future.as_mut().poll(cx) {
            std::task::Poll::Ready(output) => Some(output),
            std::task::Poll::Pending => None,
        })
    })
    .await
}

#[tokio::test]
async fn a_stream_that_nobody_reads_is_no_error() {
    let fixture = Fixture::start().await;
    drop(fixture.client().server_stream("2 hang").await.unwrap());
    let span = fixture.first("client").await;
    check_dropped(&span, "aborted");
}

#[tokio::test]
async fn reading_all_messages_but_not_the_trailers_is_no_error() {
    let fixture = Fixture::start().await;
    let mut answers = fixture.client().server_stream("3").await.unwrap();
    for _ in 0..3 {
        answers.message().await.unwrap().expect("a message");
    }
    drop(answers);
    let span = fixture.first("client").await;
    check_tags(&span, &[("error", ""), ("grpc.response.messages", "3")]);
    assert_ne!(log_field(&span, "event"), "error");
}

#[tokio::test]
async fn the_loser_of_a_hedge_is_no_error() {
    let fixture = Fixture::start().await;
    let (mut slow, mut fast) = (fixture.client(), fixture.client());
    {
        let mut slow = pin!(slow.unary("hang"));
        let first = async {
            // The second one starts when the first one is at work.
            fixture.mock.finished(1).await;
            fast.unary("hello").await
        };
        tokio::select! {
            _ = &mut slow => panic!("it hangs"),
            answer = first => assert!(answer.is_ok()),
        }
    }
    let spans = fixture.mock.finished(6).await;
    for span in spans.iter().filter(|span| &*span.operation_name != "work") {
        check_tags(span, &[("error", "")]);
    }
    let dropped = spans.iter().filter(|span| span.tag("grpc.outcome").is_some());
    assert_eq!(dropped.inspect(|span| check_dropped(span, "cancelled")).count(), 2);
}

#[tokio::test]
async fn a_program_may_say_that_what_it_drops_is_an_error() {
    let fixture = Fixture::start().await;
    let mut client = fixture.client_with(|layer| layer.local_cancel_is_error(true));
    {
        let mut call = pin!(client.unary("hang"));
        tokio::select! {
            _ = &mut call => panic!("it hangs"),
            _ = fixture.mock.finished(1) => {}
        }
    }
    let (client, server) = fixture.spans(3).await;
    check_tags(&client, &[("rpc.status_code", "CANCELLED"), ("error", "true"), ("grpc.outcome", "cancelled")]);
    assert_eq!(log_field(&client, "event"), "error");
    check_dropped(&server, "cancelled");
}

#[tokio::test]
async fn what_the_server_cancels_is_an_error_by_its_code() {
    let codes = ErrorCodes::SERVER.with(Code::Cancelled);
    let fixture = Fixture::with(opentracing_core::mock::MockTracer::new(), |layer| layer.error_codes(codes)).await;
    fixture.client().unary("fail 1 enough").await.unwrap_err();
    let (client, server) = fixture.spans(3).await;
    for span in [client, server] {
        check_tags(&span, &[("rpc.status_code", "CANCELLED"), ("error", "true"), ("grpc.outcome", "")]);
        assert_eq!(log_field(&span, "message"), "enough");
    }
    fixture.mock.reset();

    // What the client drops is none, whatever the codes say.
    drop(fixture.client().server_stream("1 hang").await.unwrap());
    let span = fixture.first("server").await;
    check_dropped(&span, "aborted");
    fixture.mock.reset();

    let mut client = fixture.client_with(|layer| layer.error_codes(ErrorCodes::CLIENT.without(Code::Cancelled)));
    client.unary("fail 1 enough").await.unwrap_err();
    let (client, _) = fixture.spans(3).await;
    check_tags(&client, &[("rpc.status_code", "CANCELLED"), ("error", ""), ("grpc.outcome", "")]);
}

//! The three kinds of streams, and how they end.

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tokio_stream::{StreamExt, iter};
use tonic::Code;

use crate::echo::{BIDI, SERVER_STREAM, UNARY};
use crate::support::{Fixture, check_tags, frame, log_field, request, status_of};

#[tokio::test]
async fn a_stream_of_answers_lasts_to_its_trailers() {
    let fixture = Fixture::start().await;
    let mut answers = fixture.client().server_stream("3").await.unwrap();
    let mut all = Vec::new();
    while let Some(answer) = answers.message().await.unwrap() {
        all.push(answer);
    }
    assert_eq!(all, ["2", "1", "0"]);

    let (client, server) = fixture.spans(5).await;
    // What happens while the answer streams is part of the span.
    fixture.mock.assert_tree(
        "
        acme.test.Echo/ServerStream (client)
          acme.test.Echo/ServerStream (server)
            work
            work
            work
        ",
    );
    let tags =
        [("rpc.status_code", "OK"), ("grpc.request.messages", "1"), ("grpc.response.messages", "3"), ("error", "")];
    check_tags(&client, &tags);
    check_tags(&server, &tags);
}

#[tokio::test]
async fn a_stream_of_requests_is_counted() {
    let fixture = Fixture::start().await;
    let messages = iter(["a", "b", "c", "d"]).map(str::to_owned);
    assert_eq!(fixture.client().client_stream(messages).await.unwrap().into_inner(), "4");

    let (client, server) = fixture.spans(2).await;
    let tags = [("rpc.status_code", "OK"), ("grpc.request.messages", "4"), ("grpc.response.messages", "1")];
    check_tags(&client, &tags);
    check_tags(&server, &tags);
}

#[tokio::test]
async fn a_client_that_has_said_all_still_listens() {
    let fixture = Fixture::start().await;
    let (sender, messages) = mpsc::channel(1);
    let mut answers = fixture.client().bidi(ReceiverStream::new(messages)).await.unwrap();
    for message in ["one", "two"] {
        sender.send(message.to_owned()).await.unwrap();
        assert_eq!(answers.message().await.unwrap().as_deref(), Some(message));
    }
    assert!(fixture.mock.finished_spans().is_empty(), "the call is not over");
    drop(sender);
    assert_eq!(answers.message().await.unwrap().as_deref(), Some("bye"));
    assert_eq!(answers.message().await.unwrap(), None);

    let (client, server) = fixture.spans(2).await;
    let tags = [("rpc.status_code", "OK"), ("grpc.request.messages", "2"), ("grpc.response.messages", "3")];
    check_tags(&client, &tags);
    check_tags(&server, &tags);
}

#[tokio::test]
async fn ten_thousand_messages_leave_one_span_of_the_usual_size() {
    let fixture = Fixture::start().await;
    let mut answers = fixture.client().server_stream("10000").await.unwrap();
    let mut count = 0;
    while answers.message().await.unwrap().is_some() {
        count += 1;
    }
    assert_eq!(count, 10_000);
    // The handler traces the last ten.
    let (client, server) = fixture.spans(12).await;
    for span in [&client, &server] {
        check_tags(span, &[("grpc.request.messages", "1"), ("grpc.response.messages", "10000")]);
        assert!(span.logs.is_empty() && span.tags.len() < 12 && span.truncated == 0, "{span:?}");
    }

    let messages = iter((0..10_000).map(|number| number.to_string()));
    let mut answers = fixture.client().bidi(messages).await.unwrap();
    while answers.message().await.unwrap().is_some() {}
    let spans = fixture.mock.finished(14).await;
    let echoes: Vec<_> = spans.iter().filter(|span| *span.operation_name == BIDI[1..]).collect();
    assert_eq!(echoes.len(), 2);
    for span in echoes {
        check_tags(span, &[("grpc.request.messages", "10000"), ("grpc.response.messages", "10001")]);
        assert!(span.logs.is_empty() && span.tags.len() < 12, "{span:?}");
    }
    assert_eq!(fixture.mock.tracer().stats().lost(), 0);
}

#[tokio::test]
async fn a_stream_may_fail_after_its_messages() {
    let fixture = Fixture::start().await;
    let mut answers = fixture.client().server_stream("2 fail 8 quota is used up").await.unwrap();
    for _ in 0..2 {
        answers.message().await.unwrap().expect("a message");
    }
    assert_eq!(answers.message().await.unwrap_err().code(), Code::ResourceExhausted);

    let (client, server) = fixture.spans(4).await;
    check_tags(
        &client,
        &[("rpc.status_code", "RESOURCE_EXHAUSTED"), ("error", "true"), ("grpc.response.messages", "2")],
    );
    check_tags(&server, &[("rpc.status_code", "RESOURCE_EXHAUSTED"), ("error", ""), ("grpc.response.messages", "2")]);
    assert_eq!(log_field(&client, "message"), "quota is used up");
}

#[tokio::test]
async fn a_panic_amid_a_stream_resets_it() {
    let fixture = Fixture::start().await;
    let mut answers = fixture.client().server_stream("2 panic").await.unwrap();
    let status = loop {
        match answers.message().await {
            Ok(answer) => assert!(answer.is_some(), "the stream did not come to its end"),
            Err(status) => break status,
        }
    };
    let (client, server) = fixture.spans(4).await;
    check_tags(&server, &[("rpc.status_code", "UNKNOWN"), ("error", "true"), ("grpc.response.messages", "2")]);
    assert_eq!(log_field(&server, "error.kind"), "panic");
    // The reset that the client met.
    check_tags(&client, &[("rpc.status_code", opentracing_tonic::code_name(status.code())), ("error", "true")]);
    assert_eq!(log_field(&client, "event"), "error");
}

#[tokio::test]
async fn a_client_that_gives_up_before_the_answer_is_seen_on_both_sides() {
    let fixture = Fixture::start().await;
    let mut client = fixture.client();
    {
        let mut call = std::pin::pin!(client.unary("hang"));
        // Until the handler is at work.
        let at_work = fixture.mock.finished(1);
        tokio::select! {
            _ = &mut call => panic!("it hangs"),
            spans = at_work => assert_eq!(&*spans[0].operation_name, "work"),
        }
    }
    let (client, server) = fixture.spans(3).await;
    check_tags(&client, &[("rpc.status_code", "CANCELLED"), ("error", ""), ("grpc.deadline_exceeded", "")]);
    check_tags(&server, &[("rpc.status_code", "CANCELLED"), ("error", ""), ("grpc.deadline_exceeded", "")]);
    assert_eq!(log_field(&client, "event"), "cancelled");
    assert_eq!(log_field(&server, "event"), "cancelled");
    assert_eq!(log_field(&server, "message"), "dropped before the response");
}

#[tokio::test]
async fn a_client_that_gives_up_amid_a_stream_is_seen_on_both_sides() {
    let fixture = Fixture::start().await;
    let mut answers = fixture.client().server_stream("2 hang").await.unwrap();
    for _ in 0..2 {
        answers.message().await.unwrap().expect("a message");
    }
    drop(answers);
    let (client, server) = fixture.spans(4).await;
    check_tags(&client, &[("rpc.status_code", "CANCELLED"), ("error", ""), ("grpc.response.messages", "2")]);
    check_tags(&server, &[("rpc.status_code", "CANCELLED"), ("error", ""), ("grpc.response.messages", "2")]);
    assert_eq!(log_field(&server, "message"), "dropped before the end of the response");
}

#[tokio::test]
async fn a_reset_of_the_stream_is_a_cancelled_call() {
    let fixture = Fixture::start().await;
    let mut sender = fixture.connection().await;
    let answer = sender.send_request(request(fixture.address, SERVER_STREAM, &[], "1 hang")).await.unwrap();
    let mut body = answer.into_body();
    body.frame().await.unwrap().unwrap();
    // hyper resets a stream whose body nobody reads.
    drop(body);
    let server = fixture.server_span(2).await;
    check_tags(&server, &[("rpc.status_code", "CANCELLED"), ("error", ""), ("grpc.response.messages", "1")]);
}

#[tokio::test]
async fn a_connection_that_breaks_is_a_cancelled_call() {
    let fixture = Fixture::start().await;
    {
        let mut sender = fixture.connection().await;
        let mut call = std::pin::pin!(sender.send_request(request(fixture.address, UNARY, &[], "hang")));
        tokio::select! {
            _ = &mut call => panic!("it hangs"),
            _ = fixture.mock.finished(1) => {}
        }
    }
    let server = fixture.server_span(2).await;
    check_tags(&server, &[("rpc.status_code", "CANCELLED"), ("error", "")]);
}

#[tokio::test]
async fn messages_are_counted_wherever_their_bytes_are_parted() {
    let fixture = Fixture::start().await;
    let mut sender = fixture.connection().await;
    // Three messages at once, one of them empty.
    let body = [frame("one"), vec![0; 5], frame("three")].concat();
    let call = Request::post(format!("http://{}{BIDI}", fixture.address))
        .header("content-type", "application/grpc+proto")
        .body(Full::new(Bytes::from(body)))
        .unwrap();
    assert_eq!(status_of(sender.send_request(call).await.unwrap()).await.as_deref(), Some("0"));
    let server = fixture.server_span(1).await;
    check_tags(&server, &[("grpc.request.messages", "3"), ("grpc.response.messages", "4")]);
}

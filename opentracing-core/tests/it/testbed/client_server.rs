//! A client sends a message with its context to a server, through a queue.

use std::collections::HashMap;

use opentracing_core::propagation::TextMap;
use opentracing_core::{InSpan, SpanKind};
use tokio::sync::mpsc;

use super::run;

#[test]
fn a_server_continues_the_trace_of_its_client() {
    run(|bed| async move {
        let (queue, mut messages) = mpsc::channel::<HashMap<String, String>>(1);
        let served = bed.clone();
        let server = tokio::spawn(async move {
            let message = messages.recv().await.unwrap();
            assert_eq!(message["body"], "hello");
            let caller = served.tracer().extract(TextMap, &message).unwrap();
            let mut span = served.start_with("receive", |builder| {
                builder.child_of(&caller).kind(SpanKind::Server);
            });
            span.set_tag("component", "example-server");
            assert_eq!(span.baggage_item("tenant").as_deref(), Some("acme"));
        });
        let mut send = bed.start_with("send", |builder| {
            builder.kind(SpanKind::Client).tag("component", "example-client");
        });
        send.set_baggage_item("tenant", "acme");
        let sender = bed.clone();
        async move {
            let mut message = HashMap::from([("body".to_owned(), "hello".to_owned())]);
            let context = sender.tracer().active_context().unwrap();
            sender.tracer().inject(&context, TextMap, &mut message).unwrap();
            queue.send(message).await.unwrap();
        }
        .in_span(send)
        .await;
        server.await.unwrap();

        assert!(bed.tracer().active_context().is_none());
        bed.check_tree(&["send", "  receive"]);
        bed.each("send", |span| assert_eq!(span.kind, SpanKind::Client));
        bed.each("receive", |span| assert_eq!((span.kind, span.is_local_root), (SpanKind::Server, true)));
        bed.check_tag("send", "component", Some("example-client"));
        bed.check_tag("receive", "component", Some("example-server"));
    });
}

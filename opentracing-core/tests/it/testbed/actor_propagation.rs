//! Actors get messages with a context beside them: told something, their spans follow from the sender's; asked, they answer.

use std::sync::Arc;

use opentracing_core::{InSpan, ReferenceKind, SpanContext, SpanKind};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use super::{Bed, run};

struct Message {
    context: Option<SpanContext>,
    /// Lets a test decide when the message is handled.
    may_handle: oneshot::Receiver<()>,
    answer: Option<oneshot::Sender<&'static str>>,
}

fn actor(bed: &Arc<Bed>) -> (mpsc::Sender<Message>, JoinHandle<()>) {
    let ((mailbox, mut messages), bed) = (mpsc::channel::<Message>(8), bed.clone());
    let task = tokio::spawn(async move {
        while let Some(Message { context, may_handle, answer }) = messages.recv().await {
            may_handle.await.unwrap();
            let received = bed.start_with("received", |builder| {
                builder.follows_from(&context).kind(SpanKind::Consumer);
            });
            async {
                if let Some(answer) = answer {
                    answer.send("received").unwrap();
                }
            }
            .in_span(received)
            .await;
        }
    });
    (mailbox, task)
}

#[test]
fn what_an_actor_is_told_follows_from_a_span_that_has_ended() {
    run(|bed| async move {
        let (mailbox, task) = actor(&bed);
        let mut gates = Vec::new();
        let tell = bed.start_with("tell", |builder| {
            builder.kind(SpanKind::Producer);
        });
        for _ in 0..2 {
            let (gate, may_handle) = oneshot::channel();
            let message = Message { context: tell.context(), may_handle, answer: None };
            mailbox.send(message).await.unwrap_or_else(|_| panic!("the actor lives"));
            gates.push(gate);
        }
        tell.finish();
        bed.check_order(&["tell"]);
        gates.into_iter().for_each(|gate| gate.send(()).unwrap());
        drop(mailbox);
        task.await.unwrap();
        bed.check_tree(&["tell", "  received", "  received"]);
        bed.each("received", |span| {
            assert_eq!((span.kind, span.references[0].kind), (SpanKind::Consumer, ReferenceKind::FollowsFrom));
        });
    });
}

#[test]
fn what_an_actor_is_asked_is_answered_in_the_askers_span() {
    run(|bed| async move {
        let (mailbox, task) = actor(&bed);
        let ask = bed.start_with("ask", |builder| {
            builder.kind(SpanKind::Producer);
        });
        let asking = bed.clone();
        async move {
            let (gate, may_handle) = oneshot::channel();
            gate.send(()).unwrap();
            let (answer, answered) = oneshot::channel();
            let message = Message { context: asking.tracer().active_context(), may_handle, answer: Some(answer) };
            mailbox.send(message).await.unwrap_or_else(|_| panic!("the actor lives"));
            let answer = answered.await.unwrap();
            asking.tracer().with_active(|span| {
                span.set_tag("answer", answer);
            });
        }
        .in_span(ask)
        .await;
        task.await.unwrap();
        bed.check_tree(&["ask", "  received"]);
        bed.check_tag("ask", "answer", Some("received"));
    });
}

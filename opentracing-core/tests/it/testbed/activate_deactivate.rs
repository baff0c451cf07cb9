//! Actions that are scheduled for later hold on to a span, which ends with the last of them.

use opentracing_core::SpanRef;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::run;

/// An action that runs on a task once it is told to.
fn schedule(span: &SpanRef, tag: &'static str) -> (oneshot::Sender<()>, JoinHandle<()>) {
    let ((go, told), span) = (oneshot::channel(), span.clone());
    let task = tokio::spawn(async move {
        told.await.unwrap();
        let _scope = span.activate();
        span.tracer().with_active(|span| {
            span.set_tag(tag, true);
        });
    });
    (go, task)
}

#[test]
fn a_span_ends_with_its_last_scheduled_action() {
    run(|bed| async move {
        let span = bed.start("started").detach();
        let (first, second) = (schedule(&span, "first"), schedule(&span, "second"));
        drop(span);
        first.0.send(()).unwrap();
        first.1.await.unwrap();
        bed.check_order(&[]);
        second.0.send(()).unwrap();
        second.1.await.unwrap();
        bed.check_tree(&["started"]);
        for tag in ["first", "second"] {
            bed.check_tag("started", tag, Some("true"));
        }
    });
}

#[test]
fn a_span_ends_with_an_action_that_is_cancelled() {
    run(|bed| async move {
        let span = bed.start("started").detach();
        let (_never, task) = schedule(&span, "cancelled");
        drop(span);
        task.abort();
        assert!(task.await.unwrap_err().is_cancelled());
        bed.check_tree(&["started"]);
        bed.check_tag("started", "cancelled", None);
    });
}

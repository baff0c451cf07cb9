//! Errors are recorded in the span in which they happen, by the code that knows that they are errors.

use std::io;

use opentracing_core::{InSpan, Value};
use tokio::sync::oneshot;

use super::run;

fn fail() -> Result<(), io::Error> {
    Err(io::Error::other("invalid value"))
}

#[test]
fn an_error_in_a_scope_marks_its_span() {
    run(|bed| async move {
        let scope = bed.start("one").activate();
        if let Err(error) = fail() {
            scope.span().mark_error(&error);
        }
        drop(scope);
        bed.check_tree(&["one"]);
        bed.each("one", |span| assert!(span.is_failed && span.logs.len() == 1));
    });
}

#[test]
fn an_error_in_a_callback_marks_the_span_that_is_active_there() {
    run(|bed| async move {
        let mut span = bed.start("one");
        let (respond, response) = oneshot::channel::<Result<(), io::Error>>();
        let called = bed.clone();
        let callback = async move {
            if let Err(error) = response.await.unwrap() {
                called.tracer().with_active(|span| {
                    span.mark_error(&error);
                });
            }
        };
        let task = tokio::spawn(callback.in_span_ref(&span.share()));
        respond.send(fail()).unwrap();
        task.await.unwrap();
        span.finish();
        bed.check_tree(&["one"]);
        bed.each("one", |span| assert!(span.is_failed));
    });
}

#[test]
fn each_attempt_is_logged_and_the_last_one_decides() {
    run(|bed| async move {
        let attempts = |name: &'static str, succeeds_at: usize| {
            let bed = bed.clone();
            let span = bed.start(name);
            async move {
                let mut outcome = Err(io::Error::other("not tried"));
                for attempt in 1..=3 {
                    tokio::task::yield_now().await;
                    outcome = if attempt == succeeds_at { Ok(()) } else { fail() };
                    let Err(error) = &outcome else { break };
                    let object = error.to_string();
                    bed.tracer().with_active(|span| {
                        span.log_kv(&[("event", "error".into()), ("error.object", (&object).into())]);
                    });
                }
                if outcome.is_err() {
                    bed.tracer().with_active(|span| {
                        span.set_tag("error", true);
                    });
                }
            }
            .in_span(span)
        };
        tokio::spawn(attempts("fails", 4)).await.unwrap();
        tokio::spawn(attempts("recovers", 3)).await.unwrap();
        bed.check_tree(&["fails", "recovers"]);
        bed.each("fails", |span| {
            assert_eq!((span.is_failed, span.logs.len()), (true, 3));
            assert_eq!(span.logs[2].field("error.object"), Some(Value::Str("invalid value")));
        });
        bed.each("recovers", |span| assert_eq!((span.is_failed, span.logs.len()), (false, 2)));
    });
}

#[test]
fn a_layer_that_only_activates_reports_nothing() {
    run(|bed| async move {
        let mut span = bed.start("one");
        // The layer passes the error on: who started the span reports it.
        let layer = async { fail() }.in_span_ref(&span.share());
        let outcome = tokio::spawn(layer).await.unwrap();
        span.set_tag("seen", "by the owner");
        span.mark_error(&outcome.unwrap_err());
        span.finish();
        bed.check_tree(&["one"]);
        bed.each("one", |span| assert_eq!((span.is_failed, span.logs.len()), (true, 1)));
    });
}

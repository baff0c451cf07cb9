//! What a user writes without looking anything up.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use opentracing_core::mock::MockTracer;
use opentracing_core::{InSpan, Span, SpanRef, Tracer, Value};

static TRACER: Tracer = Tracer::global();

#[test]
fn a_tracer_lies_in_a_static() {
    fn takes_static(_: &'static Tracer) {}
    takes_static(&TRACER);
}

#[test]
fn references_are_given_by_whatever_stands_for_a_span() {
    let mock = MockTracer::new();
    let tracer = mock.tracer();
    let scope = tracer.span("scope").start_active();
    let mut span = tracer.span("span").ignore_active_span().start();
    let lent = span.activate_borrowed();
    let shared = Arc::new(tracer.span("shared").ignore_active_span().start());
    let boxed = Box::new(SpanRef::active());
    let parents = [
        tracer.span("child").child_of(&scope).start().context(),
        tracer.span("child").child_of(&lent).start().context(),
        tracer.span("child").child_of(&shared).start().context(),
        tracer.span("child").child_of(&boxed).start().context(),
        tracer.span("child").child_of(&Some(&shared)).start().context(),
        tracer.span("child").follows_from(scope.span()).start().context(),
    ];
    let expected = [
        scope.span().context(),
        lent.span().context(),
        shared.context(),
        lent.span().context(),
        shared.context(),
        scope.span().context(),
    ];
    for (child, parent) in parents.into_iter().zip(expected) {
        assert_eq!(child.unwrap().parent_id(), parent.map(|context| context.span_id()));
    }
}

#[test]
fn t14_tags_take_the_texts_and_numbers_that_programs_have() {
    let mock = MockTracer::new();
    let names = ["a", "b"];
    let (cow, boxed, shared): (Cow<'_, str>, Box<str>, Arc<str>) =
        (Cow::Borrowed("cow"), "boxed".into(), "shared".into());
    let map = HashMap::from([("key".to_string(), "value".to_string())]);
    let mut span = mock.tracer().span(&cow).tag("built", &boxed).start();
    for name in &names {
        span.set_tag("each", name);
    }
    for (key, value) in &map {
        span.set_tag(key, value);
    }
    span.set_tag("cow", &cow)
        .set_tag("boxed", &boxed)
        .set_tag("shared", &shared)
        .set_tag(&boxed, names.len())
        .set_tag(&shared, u64::MAX)
        .set_tag("char", 'ü'.to_string().as_str());
    span.log_kv(&[("message", (&shared).into())]);
    span.finish();
    let span = mock.span("cow");
    for (key, value) in [
        ("built", Value::Str("boxed")),
        ("each", Value::Str("b")),
        ("key", Value::Str("value")),
        ("cow", Value::Str("cow")),
        ("boxed", Value::U64(2)),
        ("shared", Value::U64(u64::MAX)),
        ("char", Value::Str("ü")),
    ] {
        assert_eq!(span.tag(key), Some(value), "{key}");
    }
    assert_eq!(span.logs[0].field("message"), Some(Value::Str("shared")));
}

#[test]
fn a_struct_holds_a_span_and_takes_it_out() {
    #[derive(Debug, Default)]
    struct Job {
        span: Span,
    }
    impl Job {
        fn done(&mut self) {
            std::mem::take(&mut self.span).finish();
        }
    }
    let mock = MockTracer::new();
    let mut job = Job { span: mock.tracer().span("job").start() };
    job.done();
    mock.assert_tree("job");
    assert!(job.span.context().is_none() && Job::default().span.context().is_none());
}

#[test]
fn a_builder_is_filled_on_conditions() {
    let mock = MockTracer::new();
    for user in [Some(String::from("me")), None] {
        let mut builder = mock.tracer().span("work");
        if let Some(user) = &user {
            builder.tag("user", user);
        }
        builder.start().finish();
    }
    assert_eq!(mock.finished_spans().iter().map(|span| span.tags.len()).collect::<Vec<_>>(), [1, 0]);
}

#[test]
fn borrowed_work_runs_on_scoped_threads() {
    let mock = MockTracer::new();
    let tracer = mock.tracer();
    let parts = [1, 2, 3];
    {
        let _scope = tracer.span("all").start_active();
        let current = SpanRef::active();
        std::thread::scope(|threads| {
            for part in &parts {
                threads.spawn(current.wrap(move || tracer.span("part").tag("n", *part).start().finish()));
            }
        });
    }
    mock.assert_tree("all\n  part\n  part\n  part");
}

#[test]
fn a_future_that_borrows_runs_in_a_span() {
    fn must_be_send<T: Send>(future: T) -> T {
        future
    }
    let mock = MockTracer::new();
    let tracer = mock.tracer();
    let text = String::from("borrowed");
    let mut future = std::pin::pin!(must_be_send(
        async {
            let mut span = tracer.span("inner").start();
            std::future::ready(()).await;
            span.set_tag("text", &text);
            text.len()
        }
        .in_span(tracer.span("outer").start())
    ));
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(future.as_mut().poll(&mut cx).is_ready());
    mock.assert_tree("outer\n  inner");
}

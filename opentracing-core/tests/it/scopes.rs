//! Active spans on threads: the requirements A1 to A14. A9 is a program that does not compile, on the page of `Scope`.

use std::time::Duration;

use opentracing_core::mock::MockTracer;
use opentracing_core::{Span, SpanRef, Value};

#[test]
fn a1_a2_a_scope_makes_its_span_the_active_one() {
    let mock = MockTracer::new();
    assert!(mock.tracer().active_context().is_none());
    let span = mock.tracer().span("work").start();
    let context = span.context();
    let scope = span.activate();
    assert_eq!(mock.tracer().active_context(), context);
    assert_eq!(scope.span().context(), context);
    assert_eq!(mock.tracer().active_span().context(), context);
    scope.close();
    assert!(mock.tracer().active_context().is_none());
    mock.assert_tree("work");
}

#[test]
fn a3_nested_scopes_restore_the_one_before() {
    let mock = MockTracer::new();
    let outer = mock.tracer().span("outer").start_active();
    let context = outer.span().context();
    {
        let inner = mock.tracer().span("inner").start_active();
        assert_eq!(mock.tracer().active_context(), inner.span().context());
    }
    assert_eq!(mock.tracer().active_context(), context);
    drop(outer);
    mock.assert_tree("outer\n  inner");
}

#[test]
fn a4_a6_closing_finishes_the_span_or_not_as_it_was_activated() {
    let mock = MockTracer::new();
    let mut lent = mock.tracer().span("lent").start();
    {
        let scope = lent.activate_borrowed();
        scope.span().set_tag("while", "active");
        mock.tracer().span("child").start().finish();
    }
    assert!(mock.tracer().active_context().is_none());
    mock.assert_tree("child");
    assert!(!lent.share().is_finished());
    lent.finish();
    assert_eq!(mock.span("lent").tag("while"), Some(Value::Str("active")));

    let shared = mock.tracer().span("shared").start().detach();
    shared.activate().close();
    assert!(!shared.is_finished());
    shared.activate_finish_on_close().close();
    assert!(shared.is_finished());

    let taken_back = mock.tracer().span("taken back").start_active().into_span();
    assert!(mock.tracer().active_context().is_none());
    assert!(mock.finished_spans().iter().all(|span| &*span.operation_name != "taken back"));
    taken_back.finish();
    mock.span("taken back");
}

#[test]
fn a5_closing_in_the_wrong_order_changes_nothing_until_the_later_one_is_closed() {
    let mock = MockTracer::new();
    let parent = mock.tracer().span("parent").start_active();
    let child = mock.tracer().span("child").start_active();
    let context = child.span().context();
    drop(parent);
    assert!(mock.finished_spans().is_empty());
    assert_eq!(mock.tracer().active_context(), context);
    drop(child);
    assert!(mock.tracer().active_context().is_none());
    assert_eq!(mock.tracer().stats().scopes_out_of_order, 1);
    mock.assert_tree("parent\n  child");
}

#[test]
fn a7_starting_does_not_activate() {
    let mock = MockTracer::new();
    let _span = mock.tracer().span("work").start();
    assert!(mock.tracer().active_context().is_none());
}

#[test]
fn a8_a12_an_active_start_stores_its_span_as_the_active_one() {
    let mock = MockTracer::new();
    assert!(mock.tracer().active_span().is_noop());
    let scope = mock.tracer().span("work").start_active();
    let active = mock.tracer().active_span();
    assert_eq!(active.context(), scope.span().context());
    active.set_tag("by", "shorthand");
    drop(scope);
    assert!(active.is_finished() && mock.tracer().active_span().is_noop());
    assert_eq!(mock.span("work").tag("by"), Some(Value::Str("shorthand")));
}

#[test]
fn a11_spans_that_are_not_sampled_can_be_active() {
    let mock = MockTracer::with(|builder| builder.sampler(opentracing_core::ConstSampler::off()));
    let scope = mock.tracer().span("work").start_active();
    let context = mock.tracer().active_context().unwrap();
    assert!(context.is_valid() && !context.is_sampled());
    let child = mock.tracer().span("child").start().context().unwrap();
    assert_eq!(child.trace_id(), context.trace_id());
    assert_eq!(child.parent_id(), Some(context.span_id()));
    drop(scope);
    assert!(mock.finished_spans().is_empty());
}

#[test]
fn a14_the_active_span_of_one_tracer_is_not_the_parent_in_another() {
    let (one, other) = (MockTracer::new(), MockTracer::new());
    {
        let _scope = one.tracer().span("one").start_active();
        let _other = other.tracer().span("other").start_active();
        one.tracer().span("child").start().finish();
        assert_eq!(SpanRef::active().context(), other.tracer().active_context());
    }
    one.assert_tree("one\n  child");
    other.assert_tree("other");
}

#[test]
fn with_active_reaches_the_span_in_its_place() {
    let mock = MockTracer::new();
    assert_eq!(mock.tracer().with_active(|_| ()), None);
    let scope = mock.tracer().span("work").start_active();
    mock.tracer().with_active(|span| {
        span.set_tag("outer", 1);
        mock.tracer().with_active(|same| same.set_tag("inner", 2).log("nested").context());
        span.set_tag("after", 3);
    });
    drop(scope);
    let span = mock.span("work");
    assert_eq!((span.tags.len(), span.logs.len()), (3, 1));
}

#[test]
fn a_scope_may_close_while_its_span_is_being_used() {
    let mock = MockTracer::new();
    let mut scope = Some(mock.tracer().span("work").start_active());
    mock.tracer().with_active(|span| {
        scope.take();
        span.set_tag("stale", 1).log("stale");
        assert_eq!(span.context(), None);
        assert!(span.share().is_noop());
        let _next = mock.tracer().span("next").start_active();
        span.set_tag("still stale", 1);
    });
    mock.assert_tree("work\nnext");
    assert!(mock.finished_spans().iter().all(|span| span.tags.is_empty()));
}

#[test]
fn a_handle_taken_out_of_the_scope_works_on_other_threads() {
    let mock = MockTracer::new();
    let scope = mock.tracer().span("work").start_active();
    let handle = SpanRef::active();
    std::thread::spawn(handle.wrap(|| {
        SpanRef::active().set_tag("from", "elsewhere");
    }))
    .join()
    .unwrap();
    scope.span().set_tag("from here", true);
    drop(scope);
    assert!(handle.is_finished());
    let span = mock.span("work");
    assert_eq!(span.tag("from"), Some(Value::Str("elsewhere")));
    assert_eq!(span.tag("from here"), Some(Value::Bool(true)));
}

#[test]
fn a_wrapped_closure_runs_in_the_span_and_finishes_it() {
    let mock = MockTracer::new();
    let (tracer, span) = (mock.tracer().clone(), mock.tracer().span("work").start());
    std::thread::spawn(span.wrap(move || tracer.span("child").start().finish())).join().unwrap();
    mock.assert_tree("work\n  child");
}

#[test]
fn a_span_finished_on_another_thread_arrives() {
    let mock = MockTracer::new();
    let span = mock.tracer().span("work").start();
    std::thread::spawn(move || span.finish()).join().unwrap();
    mock.wait_for(1);
    mock.assert_tree("work");
}

#[test]
fn the_last_handle_of_a_detached_span_finishes_it() {
    let mock = MockTracer::new();
    let one = mock.tracer().span("work").start().detach();
    let two = one.clone();
    drop(one);
    assert!(mock.finished_spans().is_empty());
    drop(two);
    mock.assert_tree("work");
}

#[test]
fn a_leaked_scope_loses_no_span() {
    let mock = MockTracer::new();
    let tracer = mock.tracer().clone();
    std::thread::spawn(move || std::mem::forget(tracer.span("leaked").start_active())).join().unwrap();
    mock.wait_for(1);
    mock.assert_tree("leaked");
}

#[test]
fn a_leaked_scope_ends_with_its_thread_by_the_tracers_clock() {
    let mock = MockTracer::new();
    let tracer = mock.tracer().clone();
    std::thread::spawn(move || std::mem::forget(tracer.span("leaked").start_active())).join().unwrap();
    mock.wait_for(1);
    assert_eq!(mock.span("leaked").duration(), std::time::Duration::from_micros(1));
}

#[test]
fn a_scope_that_waited_for_a_later_one_ended_when_it_was_closed() {
    let mock = MockTracer::new();
    let early = mock.tracer().span("early").start_active();
    let late = mock.tracer().span("late").start_active();
    drop(early);
    mock.clock().advance(Duration::from_secs(1));
    drop(late);
    assert!(mock.span("early").duration() < std::time::Duration::from_millis(1));
    assert!(mock.span("late").duration() > std::time::Duration::from_millis(999));
}

#[test]
fn a_span_that_a_thread_local_holds_until_the_thread_ends_is_not_lost() {
    thread_local! {
        static HELD: std::cell::RefCell<Option<Span>> = const { std::cell::RefCell::new(None) };
    }
    let mock = MockTracer::new();
    let tracer = mock.tracer().clone();
    std::thread::spawn(move || {
        // Before the recorder's own thread-local is first used, and after: destructors run in the reverse order.
        HELD.with(|_| ());
        HELD.with(|held| *held.borrow_mut() = Some(tracer.span("held").start()));
    })
    .join()
    .unwrap();
    mock.wait_for(1);
    mock.assert_tree("held");
}

#[test]
fn a_scope_that_is_closed_out_of_order_ends_its_span_when_it_is_closed() {
    let mock = MockTracer::new();
    let outer = mock.tracer().span("outer").start_active();
    let inner = mock.tracer().span("inner").start_active();
    mock.clock().advance(Duration::from_secs(1));
    outer.close();
    mock.clock().advance(Duration::from_secs(10));
    inner.close();
    assert_eq!(mock.span("outer").duration().as_secs(), 1);
    assert_eq!(mock.span("inner").duration().as_secs(), 11);
}

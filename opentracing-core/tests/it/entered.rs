//! Spans that are entered and exited without a guard, as bridges from other tracing systems do it, and the ids of the active span.

use std::time::Duration;

use opentracing_core::mock::MockTracer;
use opentracing_core::{ReferenceKind, SpanContext, SpanId, SpanRef, TraceId, active_ids};

fn entered(mock: &MockTracer, name: &'static str) -> SpanRef {
    let span = mock.tracer().span(name).start().detach();
    span.enter();
    span
}

#[test]
fn a_span_is_active_between_enter_and_exit() {
    let mock = MockTracer::new();
    let span = entered(&mock, "outer");
    mock.tracer().span("inside").start().finish();
    span.exit();
    mock.tracer().span("outside").start().finish();
    assert!(mock.tracer().active_context().is_none());
    span.finish();
    mock.assert_tree("outer\n  inside\noutside");
}

#[test]
fn a_span_that_was_entered_twice_is_left_twice() {
    let mock = MockTracer::new();
    let span = entered(&mock, "outer");
    span.enter();
    span.exit();
    mock.tracer().span("inside").start().finish();
    span.exit();
    assert!(mock.tracer().active_context().is_none());
    span.exit();
    span.finish();
    mock.assert_tree("outer\n  inside");
}

#[test]
fn exits_in_another_order_leave_the_inner_span_active() {
    let mock = MockTracer::new();
    let (outer, inner) = (entered(&mock, "outer"), entered(&mock, "inner"));
    outer.exit();
    mock.tracer().span("leaf").start().finish();
    inner.exit();
    assert!(mock.tracer().active_context().is_none());
    inner.finish();
    outer.finish();
    mock.assert_tree("outer\n  inner\n    leaf");
    assert_eq!(mock.tracer().stats().scopes_out_of_order, 1);
}

#[test]
fn a_native_scope_inside_outlives_the_exit() {
    let mock = MockTracer::new();
    let outer = entered(&mock, "outer");
    let native = mock.tracer().span("native").start_active();
    outer.exit();
    mock.tracer().span("leaf").start().finish();
    native.close();
    assert!(mock.tracer().active_context().is_none());
    outer.finish();
    mock.assert_tree("outer\n  native\n    leaf");
}

/// A guard that was leaked, or dropped on another thread.
#[test]
fn a_span_without_an_exit_is_active_until_it_has_finished() {
    let mock = MockTracer::new();
    let outer = entered(&mock, "outer");
    let leaked = entered(&mock, "leaked");
    std::thread::scope(|scope| {
        scope.spawn(|| leaked.exit());
    });
    mock.tracer().span("before").start().finish();
    leaked.finish();
    mock.tracer().span("after").start().finish();
    outer.exit();
    mock.tracer().span("root").start().finish();
    outer.finish();
    mock.assert_tree("outer\n  leaked\n    before\n  after\nroot");
}

#[test]
fn entering_a_finished_span_does_nothing() {
    let mock = MockTracer::new();
    let span = mock.tracer().span("done").start().detach();
    span.finish();
    span.enter();
    mock.tracer().span("root").start().finish();
    span.exit();
    SpanRef::noop().enter();
    SpanRef::noop().exit();
    mock.assert_tree("done\nroot");
}

/// Work that is handed on still belongs to the trace, so a guard keeps a finished span active.
#[test]
fn a_scope_keeps_a_finished_span_active() {
    let mock = MockTracer::new();
    let span = mock.tracer().span("request").start().detach();
    span.finish();
    span.in_scope(|| mock.tracer().span("background").start().finish());
    mock.assert_tree("request\n  background");
}

#[test]
fn a_span_ends_at_its_last_exit() {
    let mock = MockTracer::new();
    for (name, exits) in [("left twice", 2), ("left once", 1), ("never left", 0)] {
        let span = mock.tracer().span(name).start().detach();
        for _ in 0..exits {
            span.enter();
            mock.clock().advance(Duration::from_secs(1));
            span.exit();
        }
        mock.clock().advance(Duration::from_secs(10));
        span.finish_at_last_exit();
    }
    let durations = ["left twice", "left once", "never left"].map(|name| mock.span(name).duration().as_secs());
    assert_eq!(durations, [2, 1, 10]);
}

#[test]
fn children_of_a_shared_span_inherit_later_baggage_and_decisions() {
    let mock = MockTracer::new();
    let span = entered(&mock, "shared");
    mock.tracer().span("first").start().finish();
    span.set_baggage_item("tenant", "7");
    let child = mock.tracer().span("second").start();
    assert_eq!(child.baggage_item("tenant").as_deref(), Some("7"));
    child.finish();
    span.set_tag("sampling.priority", 0);
    let unsampled = mock.tracer().span("third").child_of(&span).start();
    assert_eq!(unsampled.context().map(|context| context.is_sampled()), Some(false));
    span.exit();
}

#[test]
fn references_can_be_added_to_a_started_span() {
    let mock = MockTracer::new();
    let other = SpanContext::new(TraceId::from_parts(0, 7), SpanId::new(9));
    let root = mock.tracer().span("root").start();
    let mut child = mock.tracer().span("child").child_of(&root).start();
    child
        .add_reference(ReferenceKind::FollowsFrom, &other)
        .add_reference(ReferenceKind::FollowsFrom, &None::<SpanContext>);
    let scope = child.activate();
    scope.span().add_reference(ReferenceKind::ChildOf, &other);
    scope.close();
    let parent = root.context().map(|context| context.span_id());
    root.finish();
    let child = mock.span("child");
    let references: Vec<_> =
        child.references.iter().map(|reference| (reference.kind, reference.context.span_id())).collect();
    let (child_of, follows_from) = (ReferenceKind::ChildOf, ReferenceKind::FollowsFrom);
    let parent = parent.expect("the root has ids");
    assert_eq!(references, [(child_of, parent), (follows_from, SpanId::new(9)), (child_of, SpanId::new(9))]);
    assert_eq!(child.context.parent_id(), Some(parent));
}

#[test]
fn ids_of_the_active_span_are_those_of_its_context() {
    let mock = MockTracer::new();
    assert_eq!(active_ids(), None);
    let scope = mock.tracer().span("work").start_active();
    let context = scope.span().context().expect("the span has a context");
    let ids = active_ids().expect("a span is active");
    assert_eq!((ids.trace_id, ids.span_id, ids.is_sampled), (context.trace_id(), context.span_id(), true));
    assert_eq!(ids.trace_id.to_hex(), *context.trace_id().to_string().as_bytes());
    assert_eq!(ids.span_id.to_hex(), *context.span_id().to_string().as_bytes());
    // Sharing moves the record; the ids stay readable.
    scope.span().share();
    assert_eq!(active_ids(), Some(ids));
    scope.close();
    assert_eq!(active_ids(), None);
}

//! Orders of entering and leaving that guards of Rust do not have.

use opentracing_core::mock::MockTracer;
use opentracing_tracing::End;
use std::time::Duration;
use tracing::info_span;

use crate::{native, recorded, recorded_with, subscriber};

#[test]
fn a_native_scope_outlives_the_span_around_it() {
    let mock = recorded(|mock| {
        let outer = info_span!("outer").entered();
        let inner = mock.tracer().span("native").start_active();
        drop(outer);
        native(mock, "leaf");
        inner.close();
    });
    mock.assert_tree("outer\n  native\n    leaf");
}

#[test]
fn the_outer_of_two_spans_exits_first() {
    let mock = recorded(|mock| {
        let (outer, inner) = (info_span!("outer"), info_span!("inner"));
        let outer_guard = outer.enter();
        let inner_guard = inner.enter();
        drop(outer_guard);
        native(mock, "leaf");
        drop(inner_guard);
    });
    mock.assert_tree("outer\ninner\n  leaf");
}

#[test]
fn a_span_entered_twice_and_left_once_is_active() {
    let mock = recorded(|mock| {
        let span = info_span!("span", late = tracing::field::Empty);
        let first = span.enter();
        let second = span.enter();
        drop(second);
        native(mock, "leaf");
        span.record("late", 7);
        drop(first);
    });
    mock.assert_tree("span\n  leaf");
    assert_eq!(mock.span("span").tag("late"), Some(7_i64.into()));
}

/// The registry closes a span when its last handle is dropped, also while it is entered.
#[test]
fn a_handle_dropped_while_entered_finishes_the_span() {
    let mock = recorded(|mock| {
        let span = info_span!("span");
        let id = span.id().expect("the span is enabled");
        tracing::dispatcher::get_default(|dispatch| dispatch.enter(&id));
        drop(span);
        native(mock, "after");
        tracing::dispatcher::get_default(|dispatch| dispatch.exit(&id));
    });
    mock.assert_tree("span\nafter");
}

#[test]
fn a_leaked_guard_leaves_nothing_active_once_the_span_has_closed() {
    let mock = recorded(|mock| {
        for _ in 0..100 {
            let span = info_span!("leaked");
            std::mem::forget(span.enter());
        }
        native(mock, "after");
    });
    let roots = mock.finished_spans().iter().filter(|span| span.context.parent_id().is_none()).count();
    assert_eq!(roots, 101);
}

#[test]
fn a_guard_dropped_on_another_thread_is_no_harm() {
    let mock = MockTracer::new();
    let dispatch = tracing::Dispatch::new(subscriber(&mock, |layer| layer));
    tracing::dispatcher::with_default(&dispatch, || {
        let span = info_span!("moved");
        let guard = span.enter();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                tracing::dispatcher::with_default(&dispatch, || {
                    drop(guard);
                    native(&mock, "other thread");
                });
            });
        });
        drop(span);
        native(&mock, "after");
    });
    mock.assert_tree("moved\nother thread\nafter");
}

#[test]
fn a_span_entered_on_two_threads_has_children_of_both() {
    let mock = MockTracer::new();
    let dispatch = tracing::Dispatch::new(subscriber(&mock, |layer| layer));
    tracing::dispatcher::with_default(&dispatch, || {
        let span = info_span!("shared", by = tracing::field::Empty);
        let _here = span.enter();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                tracing::dispatcher::with_default(&dispatch, || {
                    let _there = span.enter();
                    span.record("by", "thread");
                    native(&mock, "there");
                });
            });
        });
        native(&mock, "here");
    });
    mock.assert_tree("shared\n  there\n  here");
    assert_eq!(mock.span("shared").tag("by"), Some("thread".into()));
}

#[test]
fn a_span_ends_at_its_last_exit_or_when_it_closes() {
    let spans = |mock: &MockTracer| {
        let (entered, never) = (info_span!("entered"), info_span!("never entered"));
        entered.in_scope(|| mock.clock().advance(Duration::from_secs(1)));
        mock.clock().advance(Duration::from_secs(10));
        drop((entered, never));
    };
    let seconds = |mock: &MockTracer| ["entered", "never entered"].map(|name| mock.span(name).duration().as_secs());
    assert_eq!(seconds(&recorded(spans)), [1, 11]);
    assert_eq!(seconds(&recorded_with(|layer| layer.end(End::Close), spans)), [11, 11]);
}

#[test]
fn a_panic_marks_the_spans_that_it_leaves() {
    let mock = recorded(|_| {
        let caught = std::panic::catch_unwind(|| info_span!("outer").in_scope(|| info_span!("inner").in_scope(panic)));
        assert!(caught.is_err());
    });
    mock.assert_tree("outer !\n  inner !");
}

fn panic() {
    std::panic::panic_any("no output of the panic hook is wanted here");
}

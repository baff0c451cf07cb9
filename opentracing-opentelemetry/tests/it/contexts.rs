//! One order of active spans: native spans and OpenTelemetry's contexts, in one thread.

use opentelemetry::trace::{
    SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState, Tracer, get_active_span, mark_span_as_active,
};
use opentelemetry::{Context, KeyValue};
use opentracing_core::{SpanRef, active_ids};

use crate::{assert_idle, native, served};

#[test]
fn a_native_span_in_a_context_is_its_child() {
    let (mock, tracer) = served();
    tracer.in_span("otel", |_| native(&mock, "native"));
    mock.assert_tree("otel\n  native");
    assert_idle(&mock);
}

#[test]
fn a_span_of_opentelemetry_in_a_native_span_is_its_child() {
    let (mock, tracer) = served();
    let scope = mock.tracer().span("native").start_active();
    tracer.start("by the current context");
    tracer.start_with_context("by a copy of it", &Context::current());
    scope.close();
    mock.assert_tree("native\n  by the current context\n  by a copy of it");
    assert_idle(&mock);
}

#[test]
fn spans_of_both_nest_in_any_order() {
    let (mock, tracer) = served();
    tracer.in_span("1", |_| {
        mock.tracer().span("2").start().in_scope(|| {
            tracer.in_span("3", |_| {
                tracer.in_span("4", |_| {
                    mock.tracer().span("5").start().in_scope(|| native(&mock, "6"));
                    native(&mock, "7");
                });
                native(&mock, "8");
            });
            native(&mock, "9");
            tracer.start("10");
        });
        native(&mock, "11");
    });
    native(&mock, "12");
    mock.assert_tree(
        "
        1
          2
            3
              4
                5
                  6
                7
              8
            9
            10
          11
        12
        ",
    );
    assert_eq!(mock.tracer().stats().scopes_out_of_order, 0);
    assert_idle(&mock);
}

#[test]
fn an_empty_context_asks_for_a_root() {
    let (mock, tracer) = served();
    mock.tracer().span("native").start().in_scope(|| drop(tracer.start_with_context("root", &Context::new())));
    assert_eq!(mock.span("root").parent_id, None);
    assert_ne!(mock.span("root").context.trace_id(), mock.span("native").context.trace_id());
}

#[test]
fn an_attached_context_without_a_span_does_not_hide_a_native_span() {
    let (mock, _) = served();
    mock.tracer().span("outer").start().in_scope(|| {
        let _guard = Context::new().with_value(7_u8).attach();
        native(&mock, "inner");
    });
    mock.assert_tree("outer\n  inner");
}

#[test]
fn an_older_context_attached_again_is_newer() {
    let (mock, tracer) = served();
    mock.tracer().span("first").start().in_scope(|| {
        let first = Context::current();
        mock.tracer().span("second").start().in_scope(|| {
            let guard = first.attach();
            native(&mock, "child of first");
            tracer.start("also");
            drop(guard);
            native(&mock, "child of second");
        });
    });
    mock.assert_tree("first\n  second\n    child of second\n  child of first\n  also");
    assert_idle(&mock);
}

#[test]
fn values_of_a_context_survive_a_native_span() {
    let (mock, _) = served();
    let _guard = Context::new().with_value("kept").attach();
    mock.tracer().span("native").start().in_scope(|| {
        assert_eq!(Context::map_current(|context| context.get::<&str>().copied()), Some("kept"));
    });
}

#[test]
fn the_context_of_a_native_span_writes_to_it() {
    let (mock, _) = served();
    mock.tracer().span("native").start().in_scope(|| {
        get_active_span(|span| {
            assert!(span.is_recording());
            span.set_attribute(KeyValue::new("by", "opentelemetry"));
            span.add_event("seen", vec![]);
        });
        let context = Context::current();
        std::thread::spawn(move || context.span().set_attribute(KeyValue::new("from", "another thread")))
            .join()
            .expect("the thread does not panic");
    });
    let span = mock.span("native");
    assert_eq!(span.tag("by"), Some("opentelemetry".into()));
    assert_eq!(span.tag("from"), Some("another thread".into()));
    assert_eq!(span.logs.len(), 1);
}

#[test]
fn opentelemetry_does_not_end_a_native_span() {
    let (mock, _) = served();
    mock.tracer().span("native").start().in_scope(|| {
        get_active_span(|span| span.end());
        mock.tracer().with_active(|span| {
            span.set_tag("after", true);
        });
    });
    assert_eq!(mock.span("native").tag("after"), Some(true.into()));
}

#[test]
fn native_code_writes_to_the_span_of_a_context() {
    let (mock, tracer) = served();
    tracer.in_span("otel", |context| {
        let ids = context.span().span_context().clone();
        assert_eq!(active_ids().map(|ids| ids.span_id.to_bytes()), Some(ids.span_id().to_bytes()));
        mock.tracer().with_active(|span| {
            span.set_tag("by", "native");
        });
        SpanRef::active().log("seen");
    });
    assert_eq!(mock.span("otel").tag("by"), Some("native".into()));
    assert_eq!(mock.span("otel").logs.len(), 1);
    assert_eq!(active_ids(), None);
}

#[test]
fn the_child_of_an_ended_span_keeps_its_parent() {
    let (mock, tracer) = served();
    tracer.in_span("otel", |context| {
        context.span().end();
        native(&mock, "native");
        tracer.start("also");
    });
    mock.assert_tree("otel\n  native\n  also");
}

#[test]
fn a_remote_context_is_the_parent() {
    let (mock, tracer) = served();
    let remote = SpanContext::new(TraceId::from(7), SpanId::from(9), TraceFlags::SAMPLED, true, TraceState::NONE);
    let guard = Context::new().with_remote_span_context(remote).attach();
    native(&mock, "native");
    tracer.start("otel");
    drop(guard);
    for name in ["native", "otel"] {
        let span = mock.span(name);
        assert_eq!((span.context.trace_id().low(), span.parent_id.map(|id| id.get())), (7, Some(9)), "{name}");
    }
    assert_idle(&mock);
}

#[test]
fn a_remote_context_that_is_not_sampled_makes_nothing() {
    let (mock, tracer) = served();
    let remote = SpanContext::new(TraceId::from(7), SpanId::from(9), TraceFlags::NOT_SAMPLED, true, TraceState::NONE);
    let _guard = Context::new().with_remote_span_context(remote).attach();
    native(&mock, "native");
    tracer.start("otel");
    assert!(mock.finished_spans().is_empty());
}

/// A guard that is dropped before one that was attached later leaves the later one current.
#[test]
fn guards_dropped_out_of_order_leave_nothing() {
    let (mock, tracer) = served();
    let outer = mark_span_as_active(tracer.start("outer"));
    let inner = mark_span_as_active(tracer.start("inner"));
    native(&mock, "in both");
    drop(outer);
    native(&mock, "in inner");
    drop(inner);
    native(&mock, "root");
    mock.assert_tree("outer\n  inner\n    in both\n    in inner\nroot");
    assert_idle(&mock);
}

#[test]
fn a_native_scope_outlives_the_context_around_it() {
    let (mock, tracer) = served();
    let outer = mark_span_as_active(tracer.start("outer"));
    let inner = mock.tracer().span("inner").start_active();
    drop(outer);
    native(&mock, "leaf");
    tracer.start("other leaf");
    inner.close();
    mock.assert_tree("outer\n  inner\n    leaf\n    other leaf");
    assert_idle(&mock);
}

#[test]
fn a_context_outlives_the_native_scope_around_it() {
    let (mock, tracer) = served();
    let outer = mock.tracer().span("outer").start_active();
    let inner = mark_span_as_active(tracer.start("inner"));
    outer.close();
    native(&mock, "leaf");
    drop(inner);
    native(&mock, "root");
    mock.assert_tree("outer\n  inner\n    leaf\nroot");
    assert_idle(&mock);
}

#[test]
fn entered_handles_are_in_step_too() {
    let (mock, tracer) = served();
    let span = mock.tracer().span("entered").start().detach();
    span.enter();
    tracer.in_span("otel", |_| native(&mock, "leaf"));
    span.exit();
    tracer.start("root");
    span.finish();
    mock.assert_tree("entered\n  otel\n    leaf\nroot");
    assert_idle(&mock);
}

#[test]
fn a_leaked_guard_is_no_harm_for_later_spans_of_native_code() {
    let (mock, tracer) = served();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            std::mem::forget(mark_span_as_active(tracer.start("leaked")));
            mock.tracer().span("native").start().in_scope(|| native(&mock, "leaf"));
        });
    });
    let native = mock.span("native");
    assert_eq!(mock.span("leaf").parent_id, Some(native.context.span_id()));
}

#[test]
fn contexts_too_deep_for_opentelemetry_are_ignored() {
    let (mock, tracer) = served();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let guards: Vec<_> = (0..70_000).map(|_| Context::new().with_value(1_u8).attach()).collect();
            mock.tracer().span("native").start().in_scope(|| {
                native(&mock, "leaf");
                // It could not be attached, so there is no parent.
                tracer.start("otel");
            });
            drop(guards);
            native(&mock, "root");
        });
    });
    mock.assert_tree("native\n  leaf\notel\nroot");
}

#[test]
fn a_panic_leaves_nothing_active() {
    let (mock, tracer) = served();
    let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        tracer.in_span("otel", |_| {
            mock.tracer()
                .span("native")
                .start()
                .in_scope(|| std::panic::resume_unwind(Box::new("no output is wanted")));
        });
    }));
    assert!(caught.is_err());
    mock.assert_tree("otel !\n  native !");
    assert_idle(&mock);
}

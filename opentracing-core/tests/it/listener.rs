//! The listener for active spans. A process has one, which ignores the threads of other tests.

use std::cell::RefCell;
use std::sync::Once;
use std::task::{Context, Waker};

use opentracing_core::mock::MockTracer;
use opentracing_core::{ActiveIds, ActiveSpanListener, InSpan, SpanId, set_active_span_listener};

thread_local! {
    /// The span ids that the listener was called with on this thread, 0 without a span. `None` while nobody listens.
    static SEEN: RefCell<Option<Vec<u64>>> = const { RefCell::new(None) };
}

struct Listens;

impl ActiveSpanListener for Listens {
    fn changed(&self, active: Option<ActiveIds>) {
        let id = active.map_or(0, |ids| ids.span_id.get());
        SEEN.with_borrow_mut(|seen| seen.iter_mut().for_each(|seen| seen.push(id)));
        if active.is_some_and(|ids| ids.span_id == SpanId::new(3)) {
            std::panic::resume_unwind(Box::new("the third span of a test makes the listener panic"));
        }
    }
}

/// The calls during the closure.
fn calls(f: impl FnOnce(&MockTracer)) -> Vec<u64> {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| set_active_span_listener(Listens).expect("there is no other"));
    let mock = MockTracer::new();
    SEEN.set(Some(Vec::new()));
    f(&mock);
    SEEN.take().unwrap_or_default()
}

#[test]
fn it_is_called_when_a_scope_opens_and_closes() {
    let seen = calls(|mock| {
        let outer = mock.tracer().span("outer").start_active();
        mock.tracer().span("inner").start_active().close();
        outer.close();
    });
    assert_eq!(seen, [1, 2, 1, 0]);
}

#[test]
fn it_is_called_around_each_poll() {
    let seen = calls(|mock| {
        let mut task = Box::pin(std::future::pending::<()>().in_span(mock.tracer().span("task").start()));
        for _ in 0..2 {
            assert!(task.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        }
        drop(task);
    });
    assert_eq!(seen, [1, 0, 1, 0, 1, 0]);
}

#[test]
fn it_is_called_for_spans_that_are_entered_and_shared() {
    let seen = calls(|mock| {
        let span = mock.tracer().span("span").start().detach();
        span.enter();
        span.in_scope(|| {});
        span.exit();
        span.finish();
    });
    assert_eq!(seen, [1, 1, 1, 0]);
}

#[test]
fn it_learns_of_the_span_that_is_left_when_scopes_close_out_of_order() {
    let seen = calls(|mock| {
        let outer = mock.tracer().span("outer").start_active();
        let inner = mock.tracer().span("inner").start_active();
        outer.close();
        inner.close();
    });
    assert_eq!(seen, [1, 2, 0]);
}

#[test]
fn its_panic_is_caught_and_a_second_one_is_refused() {
    let seen = calls(|mock| {
        for _ in 0..3 {
            mock.tracer().span("span").start_active().close();
        }
        assert!(set_active_span_listener(Listens).is_err());
        assert_eq!(mock.finished_spans().len(), 3);
    });
    assert_eq!(seen, [1, 0, 2, 0, 3, 0]);
}

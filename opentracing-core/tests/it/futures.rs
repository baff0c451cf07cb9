//! Spans that travel with futures, streams and tasks.

use std::cell::RefCell;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use futures_core::Stream;
use opentracing_core::mock::MockTracer;
use opentracing_core::{InSpan, Tracer, Value};

/// Pending once, then ready.
async fn yield_once() {
    let mut yielded = false;
    std::future::poll_fn(|_| if std::mem::replace(&mut yielded, true) { Poll::Ready(()) } else { Poll::Pending }).await;
}

fn poll_once<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn the_span_is_active_during_each_poll_only() {
    let mock = MockTracer::new();
    let tracer = mock.tracer().clone();
    let mut future = pin!(
        async {
            tracer.span("before").start().finish();
            yield_once().await;
            tracer.span("after").start().finish();
        }
        .in_span(mock.tracer().span("task").start())
    );
    assert!(poll_once(future.as_mut()).is_pending());
    assert!(mock.tracer().active_context().is_none());
    assert!(poll_once(future.as_mut()).is_ready());
    mock.assert_tree("task\n  before\n  after");
}

#[test]
fn two_tasks_on_one_thread_keep_their_spans_apart() {
    let mock = MockTracer::new();
    let tracer = mock.tracer();
    let job = |name: &'static str| {
        async move {
            tracer.span(name).start().finish();
            yield_once().await;
            tracer.span(name).start().finish();
        }
        .in_span(tracer.span("job").start())
    };
    let (mut one, mut two) = (pin!(job("one")), pin!(job("two")));
    assert!(poll_once(one.as_mut()).is_pending() && poll_once(two.as_mut()).is_pending());
    assert!(poll_once(one.as_mut()).is_ready() && poll_once(two.as_mut()).is_ready());
    mock.assert_tree("job\n  one\n  one\njob\n  two\n  two");
}

#[test]
fn the_span_finishes_when_the_future_is_ready_not_when_it_is_dropped() {
    let mock = MockTracer::new();
    let mut future = Box::pin(async {}.in_span(mock.tracer().span("task").start()));
    assert!(poll_once(future.as_mut()).is_ready());
    mock.assert_tree("task");
    assert!(future.context().is_none());
}

struct TracesOnDrop(Tracer);

impl Drop for TracesOnDrop {
    fn drop(&mut self) {
        self.0.span("destructor").start().finish();
    }
}

#[test]
fn destructors_of_a_cancelled_future_run_inside_the_span() {
    let mock = MockTracer::new();
    let held = TracesOnDrop(mock.tracer().clone());
    let mut future = Box::pin(
        async move {
            let _held = held;
            std::future::pending::<()>().await;
        }
        .in_span(mock.tracer().span("cancelled").start()),
    );
    assert!(poll_once(future.as_mut()).is_pending());
    drop(future);
    mock.assert_tree("cancelled\n  destructor");
    assert!(!mock.span("cancelled").is_failed);
}

#[test]
fn destructors_of_a_future_that_is_ready_run_inside_the_span() {
    struct Holding(TracesOnDrop);
    impl Future for Holding {
        type Output = ();
        fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
            let _ = &self.0;
            Poll::Ready(())
        }
    }
    let mock = MockTracer::new();
    let mut future = pin!(Holding(TracesOnDrop(mock.tracer().clone())).in_span(mock.tracer().span("ready").start()));
    assert!(poll_once(future.as_mut()).is_ready());
    mock.assert_tree("ready\n  destructor");
}

#[test]
fn a_panic_in_a_poll_marks_the_span_and_leaves_no_span_active() {
    let mock = MockTracer::new();
    let mut future = Box::pin(async { panic!("on purpose") }.in_span(mock.tracer().span("task").start()));
    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| poll_once(future.as_mut())));
    assert!(outcome.is_err());
    assert!(mock.tracer().active_context().is_none());
    // Dropped after the panic, as an executor may do that caught it.
    drop(future);
    let span = mock.span("task");
    assert_eq!(span.tag("error"), Some(Value::Bool(true)));
    assert_eq!(span.logs.len(), 1);
}

#[test]
fn a_span_that_somebody_else_owns_is_active_and_not_finished() {
    let mock = MockTracer::new();
    let tracer = mock.tracer();
    let parent = tracer.span("parent").start().detach();
    let mut future = pin!(async { tracer.span("child").start().finish() }.in_span_ref(&parent));
    assert!(poll_once(future.as_mut()).is_ready());
    assert!(!parent.is_finished());
    parent.finish();
    mock.assert_tree("parent\n  child");
}

#[test]
fn a_future_takes_the_active_span_along() {
    let mock = MockTracer::new();
    let tracer = mock.tracer();
    let future = {
        let _scope = tracer.span("request").start_active();
        async { tracer.span("later").start().finish() }.in_active_span()
    };
    let mut future = pin!(future);
    assert!(poll_once(future.as_mut()).is_ready());
    // The request had finished before: its span is still the parent.
    mock.assert_tree("request\n  later");
    let mut outside = pin!(async { tracer.span("outside").start().finish() }.in_active_span());
    assert!(poll_once(outside.as_mut()).is_ready());
    assert_eq!(mock.span("outside").parent_id, None);
}

#[test]
fn the_span_can_be_written_to_between_polls() {
    let mock = MockTracer::new();
    let mut future = pin!(yield_once().in_span(mock.tracer().span("task").start()));
    assert!(poll_once(future.as_mut()).is_pending());
    future.as_mut().span_mut().set_tag("between", 1);
    assert!(poll_once(future.as_mut()).is_ready());
    assert_eq!(mock.span("task").tag("between"), Some(Value::I64(1)));
}

/// Counts down, a traced item each.
struct Countdown {
    left: u32,
    tracer: Tracer,
    log: Rc<RefCell<Vec<u32>>>,
}

impl Stream for Countdown {
    type Item = u32;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<u32>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        self.left -= 1;
        self.tracer.span("item").start().finish();
        self.log.borrow_mut().push(self.left);
        Poll::Ready(Some(self.left))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left as usize, Some(self.left as usize))
    }
}

#[test]
fn a_stream_runs_in_its_span_until_its_end() {
    let mock = MockTracer::new();
    let log = Rc::default();
    let stream = Countdown { left: 2, tracer: mock.tracer().clone(), log: Rc::clone(&log) };
    let mut stream = pin!(stream.in_span(mock.tracer().span("stream").start()));
    let mut cx = Context::from_waker(Waker::noop());
    assert_eq!(stream.size_hint(), (2, Some(2)));
    assert_eq!(stream.as_mut().poll_next(&mut cx), Poll::Ready(Some(1)));
    assert_eq!(stream.as_mut().poll_next(&mut cx), Poll::Ready(Some(0)));
    assert!(mock.finished_spans().iter().all(|span| &*span.operation_name == "item"));
    assert_eq!(stream.as_mut().poll_next(&mut cx), Poll::Ready(None));
    assert_eq!(stream.as_mut().poll_next(&mut cx), Poll::Ready(None));
    mock.assert_tree("stream\n  item\n  item");
    assert_eq!(*log.borrow(), [1, 0]);
}

#[test]
fn a_stream_that_is_dropped_finishes_its_span() {
    let mock = MockTracer::new();
    let stream = Countdown { left: 2, tracer: mock.tracer().clone(), log: Rc::default() };
    drop(stream.in_span(mock.tracer().span("stream").start()));
    mock.assert_tree("stream");
}

#[test]
fn a_span_survives_polls_on_different_threads() {
    let mock = MockTracer::new();
    let tracer = mock.tracer().clone();
    let mut future = Box::pin(
        async move {
            tracer.span("here").start().finish();
            yield_once().await;
            tracer.span("there").start().finish();
        }
        .in_span(mock.tracer().span("task").start()),
    );
    assert!(poll_once(future.as_mut()).is_pending());
    std::thread::spawn(move || assert!(poll_once(future.as_mut()).is_ready())).join().unwrap();
    mock.wait_for(3);
    mock.assert_tree("task\n  here\n  there");
}

#[cfg(feature = "tokio")]
mod tokio_helpers {
    use super::*;
    use opentracing_core::SpanRef;
    use opentracing_core::task::{JoinSetExt, spawn, spawn_blocking};

    fn run<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap().block_on(future)
    }

    #[test]
    fn tasks_take_the_active_span_along() {
        let mock = MockTracer::new();
        let tracer = mock.tracer().clone();
        let request = async {
            let child = |name: &'static str| {
                let tracer = tracer.clone();
                move || tracer.span(name).start().finish()
            };
            let (spawned, blocking) = (child("spawned"), child("blocking"));
            spawn(async move { spawned() }).await.unwrap();
            spawn_blocking(blocking).await.unwrap();
            let mut set = tokio::task::JoinSet::new();
            let (task, blocked) = (child("in set"), child("blocking in set"));
            set.spawn_in_active_span(async move { task() });
            set.join_next().await.unwrap().unwrap();
            set.spawn_blocking_in_active_span(blocked);
            set.join_next().await.unwrap().unwrap();
            assert!(SpanRef::active().context().is_some());
        };
        run(request.in_span(mock.tracer().span("request").start()));
        mock.wait_for(5);
        mock.assert_tree("request\n  spawned\n  blocking\n  in set\n  blocking in set");
    }

    #[test]
    fn a_task_of_its_own_span_that_panics_is_marked() {
        let mock = MockTracer::new();
        let span = mock.tracer().span("task").start();
        let outcome = run(async { tokio::spawn(async { panic!("on purpose") }.in_span(span)).await });
        assert!(outcome.is_err());
        mock.wait_for(1);
        mock.assert_tree("task !");
        assert_eq!(mock.span("task").logs.len(), 1);
    }
}

#[test]
fn a_lent_span_is_not_finished_by_a_destructor_that_panics() {
    struct PanicsOnDrop;
    impl Drop for PanicsOnDrop {
        fn drop(&mut self) {
            panic!("on purpose");
        }
    }
    let mock = MockTracer::new();
    let owner = mock.tracer().span("owner").start().detach();
    let bomb = PanicsOnDrop;
    let future = async move {
        let _bomb = &bomb;
        std::future::pending::<()>().await;
    };
    let future = future.in_span_ref(&owner);
    assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(future))).is_err());
    owner.set_tag("late", true);
    assert!(!owner.is_finished());
    owner.finish();
    assert_eq!(mock.span("owner").tag("late"), Some(opentracing_core::Value::Bool(true)));
    assert_eq!(mock.tracer().stats().write_after_finish, 0);
}

#[test]
fn a_lent_span_that_is_taken_out_finishes_nothing() {
    let mock = MockTracer::new();
    let owner = mock.tracer().span("owner").start().detach();
    let mut future = Box::pin(std::future::pending::<()>().in_span_ref(&owner));
    let mut taken = std::mem::take(future.as_mut().span_mut());
    taken.set_tag("taken", true);
    taken.finish();
    drop(future);
    assert!(!owner.is_finished());
    owner.set_tag("late", true).finish();
    let span = mock.span("owner");
    assert_eq!((span.tags.len(), mock.tracer().stats().write_after_finish), (2, 0));
}

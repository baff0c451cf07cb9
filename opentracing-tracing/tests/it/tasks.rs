//! Futures, tasks and threads.

use opentracing_core::mock::MockTracer;
use opentracing_core::{InSpan, Tracer};
use tracing::instrument::WithSubscriber;
use tracing::{Instrument, info_span};

use crate::subscriber;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn spans_of_both_kinds_nest_across_awaits_and_spawns() {
    let mock = MockTracer::new();
    let dispatch = tracing::Dispatch::new(subscriber(&mock, |layer| layer));
    let tracer = mock.tracer().clone();
    let leaf_tracer = mock.tracer().clone();
    let work = async move {
        let inner = async {
            tokio::task::yield_now().await;
            let tracer = leaf_tracer.clone();
            let spawned = async move {
                tokio::task::yield_now().await;
                tracer.span("leaf").start().finish();
            };
            tokio::spawn(spawned.instrument(info_span!("spawned")).with_current_subscriber()).await.expect("no panic");
            leaf_tracer.span("after the await").start().finish();
        };
        inner.in_span(tracer.span("native").start()).await;
    };
    let outer = tracing::dispatcher::with_default(&dispatch, || info_span!("outer"));
    work.instrument(outer).with_subscriber(dispatch).await;
    mock.assert_tree("outer\n  native\n    spawned\n      leaf\n    after the await");
}

#[test]
fn a_future_dropped_before_it_is_ready_ends_its_span() {
    let mock = crate::recorded(|mock| {
        let tracer = mock.tracer().clone();
        let pending = async move {
            let _leaves = OnDrop(tracer);
            std::future::pending::<()>().await;
        };
        let mut task = Box::pin(pending.instrument(info_span!("task")));
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(task.as_mut().poll(&mut context).is_pending());
    });
    mock.assert_tree("task\n  in the destructor");
}

struct OnDrop(Tracer);

impl Drop for OnDrop {
    fn drop(&mut self) {
        self.0.span("in the destructor").start().finish();
    }
}

/// Two thousand spans from four threads, some of whose guards are leaked.
#[test]
fn many_threads_leave_nothing_open() {
    let mock = MockTracer::new();
    let dispatch = tracing::Dispatch::new(subscriber(&mock, |layer| layer));
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let dispatch = &dispatch;
            scope.spawn(move || {
                tracing::dispatcher::with_default(dispatch, || {
                    for number in 0..250 {
                        let outer = info_span!("outer", thread);
                        let _entered = outer.enter();
                        let inner = info_span!("inner", number);
                        if number % 7 == 0 {
                            std::mem::forget(inner.enter());
                        } else {
                            inner.in_scope(|| tracing::warn!("event"));
                        }
                    }
                });
            });
        }
    });
    let spans = mock.wait_for(2000);
    let orphans = spans.iter().filter(|span| &*span.operation_name == "inner" && span.context.parent_id().is_none());
    assert_eq!(orphans.count(), 0);
    let layer: &opentracing_tracing::TracerLayer = dispatch.downcast_ref().expect("the layer is there");
    assert!(format!("{layer:?}").contains("open: 0"), "{layer:?}");
    assert_eq!(mock.tracer().stats().open(), 0);
}

//! Contexts and spans across awaits, tasks and threads.

use opentelemetry::Context;
use opentelemetry::trace::{FutureExt, TraceContextExt, Tracer};
use opentracing_core::InSpan;
use tokio::task::yield_now;

use crate::{assert_idle, native, served};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_future_with_a_context_in_a_native_span_and_the_reverse() {
    let (mock, tracer) = served();
    let mock = std::sync::Arc::new(mock);
    let leaf = |name: &'static str| {
        let mock = mock.clone();
        async move {
            yield_now().await;
            native(&mock, name);
            yield_now().await;
        }
    };
    let otel = Context::new().with_span(tracer.start("otel"));
    let inner = leaf("leaf 1").in_span(mock.tracer().span("native 1").child_of(&parent(&otel)).start());
    let first = tokio::spawn(inner.with_context(otel));

    let native_span = mock.tracer().span("native").start();
    let (tracer_2, leaf_2) = (tracer.clone(), leaf("leaf 2"));
    let second = async move {
        yield_now().await;
        leaf_2.with_context(Context::current_with_span(tracer_2.start("otel 2"))).await;
        tracer_2.start("otel 3");
    };
    let second = tokio::spawn(second.in_span(native_span));
    first.await.expect("the task does not panic");
    second.await.expect("the task does not panic");
    mock.assert_tree("otel\n  native 1\n    leaf 1\nnative\n  otel 2\n    leaf 2\n  otel 3");
    assert_idle(&mock);
}

/// The context of an OpenTelemetry span, as native code finds it.
fn parent(context: &Context) -> opentracing_core::SpanContext {
    let _guard = context.clone().attach();
    let ids = opentracing_core::active_ids().expect("the span of the context is active");
    opentracing_core::SpanContext::new(ids.trace_id, ids.span_id).with_sampling(opentracing_core::Sampling::Sampled)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_current_context_takes_a_native_span_to_another_task() {
    let (mock, tracer) = served();
    let request = async {
        let task = async move {
            yield_now().await;
            tracer.start("otel in a task");
            Context::map_current(|context| context.span().set_attribute(opentelemetry::KeyValue::new("seen", true)));
        };
        tokio::spawn(task.with_current_context()).await.expect("the task does not panic");
    };
    request.in_span(mock.tracer().span("request").start()).await;
    mock.assert_tree("request\n  otel in a task");
    assert_eq!(mock.span("request").tag("seen"), Some(true.into()));
}

#[tokio::test]
async fn two_tasks_of_one_thread_do_not_mix() {
    let (mock, tracer) = served();
    let task = |name: &'static str, leaf: &'static str| {
        let context = Context::new().with_span(tracer.start(name));
        let mock = &mock;
        async move {
            for _ in 0..3 {
                native(mock, leaf);
                yield_now().await;
            }
        }
        .with_context(context)
    };
    tokio::join!(task("a", "a leaf"), task("b", "b leaf"), async {
        yield_now().await;
        native(&mock, "root");
    });
    mock.assert_tree("a\n  a leaf\n  a leaf\n  a leaf\nb\n  b leaf\n  b leaf\n  b leaf\nroot");
}

#[tokio::test]
async fn a_future_dropped_before_it_is_ready_leaves_nothing() {
    let (mock, tracer) = served();
    let future = std::future::pending::<()>().in_span(mock.tracer().span("native").start());
    let mut future = Box::pin(future.with_context(Context::new().with_span(tracer.start("otel"))));
    assert!(futures_poll(&mut future).await);
    drop(future);
    assert_idle(&mock);
    assert_eq!(mock.finished_spans().len(), 2);
}

async fn futures_poll<F: Future + Unpin>(future: &mut F) -> bool {
    std::future::poll_fn(|cx| std::task::Poll::Ready(std::pin::Pin::new(&mut *future).poll(cx).is_pending())).await
}

#[test]
fn many_threads_with_mixed_spans_lose_nothing() {
    let (mock, tracer) = served();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..200 {
                    Tracer::in_span(&tracer, "otel", |context| {
                        mock.tracer().span("native").start().in_scope(|| native(&mock, "leaf"));
                        std::thread::scope(|inner| {
                            inner.spawn(move || {
                                let _guard = context.attach();
                                opentracing_core::SpanRef::active().set_tag("seen", true);
                            });
                        });
                    });
                }
            });
        }
    });
    let spans = mock.finished_spans();
    assert_eq!(spans.len(), 2_400);
    assert!(spans.iter().filter(|span| &*span.operation_name == "otel").all(|span| span.tag("seen").is_some()));
    assert_eq!(mock.tracer().stats().scopes_out_of_order, 0);
}

//! Several callbacks run at once in the span that was active when they were made.

use std::sync::Arc;

use opentracing_core::InSpan;
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use super::run;

#[test]
fn callbacks_run_in_the_span_that_was_active() {
    run(|bed| async move {
        let parent = bed.start("parent");
        let inner = bed.clone();
        async move {
            // All three are in the middle of their spans at once.
            let barrier = Arc::new(Barrier::new(3));
            let mut callbacks = JoinSet::new();
            for _ in 0..3 {
                let (bed, barrier) = (inner.clone(), barrier.clone());
                let callback = async move {
                    let task = bed.start("task");
                    async { barrier.wait().await }.in_span(task).await;
                };
                callbacks.spawn(callback.in_active_span());
            }
            assert_eq!(callbacks.join_all().await.len(), 3);
        }
        .in_span(parent)
        .await;
        bed.check_tree(&["parent", "  task", "  task", "  task"]);
        bed.check_order(&["task", "task", "task", "parent"]);
    });
}

#[test]
fn a_span_ends_with_the_last_of_the_threads_that_hold_it() {
    run(|bed| async move {
        let parent = bed.start("parent").detach();
        let threads: Vec<_> = (0..3)
            .map(|_| {
                let (bed, parent) = (bed.clone(), parent.clone());
                std::thread::spawn(move || {
                    parent.in_scope(|| bed.start("task").finish());
                    drop(parent);
                })
            })
            .collect();
        drop(parent);
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        bed.check_tree(&["parent", "  task", "  task", "  task"]);
        bed.check_order(&["task", "task", "task", "parent"]);
    });
}

//! A task waits for a subtask, which takes the active span along.

use opentracing_core::InSpan;

use super::run;

#[test]
fn a_subtask_takes_the_active_span_along() {
    run(|bed| async move {
        let parent = bed.start("parent");
        let inner = bed.clone();
        async move {
            let bed = inner.clone();
            let subtask = async move { bed.start("child").finish() };
            tokio::spawn(subtask.in_active_span()).await.unwrap();
            // A task that takes nothing along is on its own.
            let bed = inner.clone();
            tokio::spawn(async move { bed.start("stray").finish() }).await.unwrap();
        }
        .in_span(parent)
        .await;
        bed.check_tree(&["parent", "  child", "stray"]);
        bed.check_order(&["child", "stray", "parent"]);
    });
}

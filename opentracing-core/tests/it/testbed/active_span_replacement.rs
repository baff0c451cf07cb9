//! A task with a span of its own activates another one for a while, which does not become part of its trace.

use opentracing_core::InSpan;

use super::run;

#[test]
fn an_active_span_is_replaced_for_a_while() {
    run(|bed| async move {
        let initial = bed.start("initial");
        let tasks = bed.clone();
        let task = tokio::spawn(async move {
            let task = tasks.start("task");
            async {
                {
                    let context = initial.context();
                    let _scope = initial.activate();
                    assert_eq!(tasks.tracer().active_context(), context);
                }
                // The task may go on another thread here.
                tokio::task::yield_now().await;
                tasks.start("subtask").finish();
            }
            .in_span(task)
            .await;
        });
        task.await.unwrap();
        bed.check_tree(&["initial", "task", "  subtask"]);
        bed.check_order(&["initial", "subtask", "task"]);
    });
}

//! A span is active in tasks that end before it does.

use opentracing_core::InSpan;

use super::run;

#[test]
fn a_span_outlives_the_tasks_in_which_it_was_active() {
    run(|bed| async move {
        let mut parent = bed.start("parent");
        let handle = parent.share();
        let spawn = |name: &'static str| {
            let bed = bed.clone();
            let work = async move {
                let task = bed.start(name);
                async { tokio::task::yield_now().await }.in_span(task).await;
            };
            tokio::spawn(work.in_span_ref(&handle))
        };
        for task in [spawn("task1"), spawn("task2")] {
            task.await.unwrap();
        }
        assert!(!handle.is_finished());
        parent.finish();
        bed.check_tree(&["parent", "  task1", "  task2"]);
        let finished = bed.finished();
        if let [one, two, parent] = &finished[..] {
            assert_eq!(&*parent.operation_name, "parent");
            assert!(one.end_unix_ns().max(two.end_unix_ns()) <= parent.end_unix_ns());
        }
    });
}

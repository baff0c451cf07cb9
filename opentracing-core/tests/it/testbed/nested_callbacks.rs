//! A task starts a task that starts a task; all write to one span, and the last one finishes it.

use tokio::sync::oneshot;

use super::run;

#[test]
fn nested_tasks_write_to_one_span() {
    run(|bed| async move {
        let span = bed.start("one").detach();
        let (done, all_done) = oneshot::channel();
        tokio::spawn(async move {
            span.set_tag("key1", "1");
            tokio::spawn(async move {
                let _scope = span.activate();
                span.tracer().with_active(|span| {
                    span.set_tag("key2", "2");
                });
                let span = span.clone();
                tokio::spawn(async move {
                    span.set_tag("key3", "3");
                    span.finish();
                    done.send(()).unwrap();
                });
            });
        });
        all_done.await.unwrap();
        bed.check_tree(&["one"]);
        for (key, value) in [("key1", "1"), ("key2", "2"), ("key3", "3")] {
            bed.check_tag("one", key, Some(value));
        }
    });
}

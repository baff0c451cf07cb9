//! Callbacks of a promise run after the span that made it has ended, and follow from it.

use opentracing_core::{ReferenceKind, tags};
use tokio::sync::broadcast;

use super::run;

#[test]
fn callbacks_follow_from_a_span_that_ended_before() {
    run(|bed| async move {
        let (resolve, _) = broadcast::channel::<&str>(1);
        let (reject, _) = broadcast::channel::<&str>(1);
        let mut parent = bed.start("promises");
        parent.set(tags::COMPONENT, "example-promises");
        let callbacks: Vec<_> = [("success1", &resolve), ("success2", &resolve), ("error", &reject)]
            .into_iter()
            .map(|(name, promise)| {
                let (bed, mut promise, parent) = (bed.clone(), promise.subscribe(), parent.context());
                tokio::spawn(async move {
                    let outcome = promise.recv().await.unwrap();
                    let mut span = bed.start_with(name, |builder| {
                        builder.follows_from(&parent);
                    });
                    span.set(tags::COMPONENT, outcome);
                })
            })
            .collect();
        parent.finish();
        bed.check_order(&["promises"]);
        resolve.send("success").unwrap();
        reject.send("error").unwrap();
        for callback in callbacks {
            callback.await.unwrap();
        }
        bed.check_tree(&["promises", "  error", "  success1", "  success2"]);
        bed.check_tag("promises", "component", Some("example-promises"));
        for (name, outcome) in [("success1", "success"), ("success2", "success"), ("error", "error")] {
            bed.check_tag(name, "component", Some(outcome));
            bed.each(name, |span| assert_eq!(span.references[0].kind, ReferenceKind::FollowsFrom));
        }
    });
}

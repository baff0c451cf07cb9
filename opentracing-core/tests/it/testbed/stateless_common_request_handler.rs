//! A handler that keeps nothing: each request carries its own span from before to after.

use std::sync::Arc;

use opentracing_core::{InSpan, SpanKind};
use tokio::sync::Barrier;

use super::{Bed, run};

async fn handle(bed: Arc<Bed>, all_at_once: Arc<Barrier>) {
    let span = bed.start_with("send", |builder| {
        builder.kind(SpanKind::Client);
    });
    let request = async {
        let before = bed.tracer().active_context();
        all_at_once.wait().await;
        // Before and after see the same span, whichever thread this is.
        assert_eq!(bed.tracer().active_context(), before);
        assert!(before.is_some());
    };
    request.in_span(span).await;
}

#[test]
fn requests_at_once_have_traces_of_their_own() {
    run(|bed| async move {
        let all_at_once = Arc::new(Barrier::new(3));
        let requests: Vec<_> = (0..3).map(|_| tokio::spawn(handle(bed.clone(), all_at_once.clone()))).collect();
        for request in requests {
            request.await.unwrap();
        }
        bed.check_tree(&["send", "send", "send"]);
        bed.each("send", |span| assert_eq!(span.kind, SpanKind::Client));
    });
}

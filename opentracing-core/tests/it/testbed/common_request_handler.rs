//! One handler serves all requests; what it does before and after a request runs in different tasks.

use std::sync::Arc;

use opentracing_core::{InSpan, Span, SpanContext, SpanKind};

use super::{Bed, run};

/// Which span the handler takes for the parent of a request.
enum Parent {
    /// The active one.
    Active,
    /// None.
    Ignored,
    /// Always the one that the handler was made with: a mistake.
    Kept(SpanContext),
}

struct Handler {
    bed: Arc<Bed>,
    parent: Parent,
}

impl Handler {
    fn new(bed: &Arc<Bed>, parent: Parent) -> Arc<Self> {
        Arc::new(Handler { bed: bed.clone(), parent })
    }

    fn before_request(&self) -> Span {
        self.bed.start_with("send", |builder| {
            builder.kind(SpanKind::Client);
            match &self.parent {
                Parent::Active => builder,
                Parent::Ignored => builder.ignore_active_span(),
                Parent::Kept(context) => builder.ignore_active_span().child_of(context),
            };
        })
    }

    fn after_request(&self, mut span: Span, response: &str) {
        span.set_tag("response", response);
        span.finish();
    }

    async fn send(self: Arc<Self>, message: &'static str) {
        let span = self.before_request();
        let response = tokio::spawn(async move { format!("{message}::response") }).await.unwrap();
        tokio::spawn(async move { self.after_request(span, &response) }).await.unwrap();
    }
}

#[test]
fn parallel_requests_have_traces_of_their_own() {
    run(|bed| async move {
        let handler = Handler::new(&bed, Parent::Ignored);
        let (one, two) = (tokio::spawn(handler.clone().send("one")), tokio::spawn(handler.send("two")));
        one.await.unwrap();
        two.await.unwrap();
        bed.check_tree(&["send", "send"]);
        let mut responses = Vec::new();
        bed.each("send", |span| {
            assert_eq!(span.kind, SpanKind::Client);
            responses.extend(super::text(span, "response"));
        });
        responses.sort_unstable();
        assert_eq!(responses, if bed.is_sampled() { vec!["one::response", "two::response"] } else { vec![] });
    });
}

#[test]
fn a_handler_that_ignores_the_active_span_starts_roots() {
    run(|bed| async move {
        let handler = Handler::new(&bed, Parent::Ignored);
        handler.send("message").in_span(bed.start("parent")).await;
        bed.check_tree(&["parent", "send"]);
    });
}

#[test]
fn a_handler_that_keeps_a_parent_takes_it_for_every_request() {
    run(|bed| async move {
        let parent = bed.start("parent");
        let handler = Handler::new(&bed, Parent::Kept(parent.context().unwrap()));
        handler.clone().send("first").in_span(parent).await;
        handler.send("later").await;
        bed.check_tree(&["parent", "  send", "  send"]);
    });
}

#[test]
fn a_handler_that_uses_the_active_span_takes_it_where_there_is_one() {
    run(|bed| async move {
        let handler = Handler::new(&bed, Parent::Active);
        handler.clone().send("first").in_span(bed.start("parent")).await;
        handler.send("later").await;
        bed.check_tree(&["parent", "  send", "send"]);
        bed.check_order(&["send", "parent", "send"]);
    });
}

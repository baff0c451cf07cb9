//! A listener for each request owns the request's span, and finishes it when the response arrives on another task.

use opentracing_core::{Span, SpanKind};
use tokio::sync::oneshot;

use super::run;

struct Listener {
    span: Span,
}

impl Listener {
    fn on_response(mut self, response: &str) {
        self.span.set_tag("response", response);
        self.span.finish();
    }
}

#[test]
fn a_listener_finishes_the_span_of_its_request() {
    run(|bed| async move {
        let span = bed.start_with("send", |builder| {
            builder.kind(SpanKind::Client);
        });
        let listener = Listener { span };
        let (respond, response) = oneshot::channel();
        let task = tokio::spawn(async move { listener.on_response(response.await.unwrap()) });
        bed.check_order(&[]);
        respond.send("message::response").unwrap();
        task.await.unwrap();
        bed.check_tree(&["send"]);
        bed.each("send", |span| assert_eq!(span.kind, SpanKind::Client));
        bed.check_tag("send", "response", Some("message::response"));
    });
}

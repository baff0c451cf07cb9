//! What a span keeps, and where it goes.

use opentracing_core::mock::MockTracer;
use opentracing_core::{SpanKind, Value};

#[test]
fn records_a_tree_of_spans_with_tags_and_logs() {
    let mock = MockTracer::new();
    {
        let scope = mock.tracer().span("GET /cart").kind(SpanKind::Server).tag("user", 7).start_active();
        scope.span().set_tag("cart.size", 3).log("cart loaded");
        let mut charge = mock.tracer().span("charge").kind(SpanKind::Client).start();
        charge.set_tag("error", true).set_tag("amount", 9.5);
    }
    mock.assert_tree(
        "
        GET /cart (server)
          charge (client) !
        ",
    );
    let root = mock.span("GET /cart");
    assert_eq!(root.tag("user"), Some(Value::I64(7)));
    assert_eq!(root.tag("cart.size"), Some(Value::I64(3)));
    assert_eq!(root.logs[0].field("event"), Some(Value::Str("cart loaded")));
    assert_eq!(mock.tracer().stats().delivered, 2);
}

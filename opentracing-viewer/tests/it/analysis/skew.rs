use opentracing_core::SpanKind::{Client, Server};
use opentracing_viewer::analysis::{MAX_SHIFT_NS, Node, Tree, clock_skew};

use super::{NodeExt, span};

/// The shifts as `id+ns`.
#[track_caller]
fn check(name: &str, nodes: &[Node<'_>], expected: &str) {
    let tree = Tree::new(nodes);
    let shifts = clock_skew(nodes, &tree);
    let shifts: Vec<String> =
        shifts.iter().map(|shift| format!("{}{:+}", nodes[tree.rows()[shift.row].node].id, shift.by_ns)).collect();
    assert_eq!(shifts.join(" "), expected, "{name}");
}

fn on(mut node: Node<'static>, host: &'static str) -> Node<'static> {
    node.host = Some(host);
    node
}

#[test]
fn moves_servers_whose_clock_is_slow() {
    let client = span(1, 0, 100, 120).kind(Client);
    let server = |start, end| span(2, 1, start, end).kind(Server).service("cart");
    check("fits", &[client.clone(), server(102, 118)], "");
    check("centred", &[client.clone(), server(50, 60)], "2+55");
    check("longer than the call", &[client.clone(), server(50, 90)], "2+50");
    check("later is no sign", &[client.clone(), server(150, 160)], "");
    check("rows below move along", &[client.clone(), server(50, 60), span(3, 2, 52, 53).service("cart")], "2+55 3+55");
    check("one host", &[on(client.clone(), "a"), on(server(50, 60), "a")], "");
    check("two hosts", &[on(client.clone(), "a"), on(server(50, 60), "b")], "2+55");
    check("one service without hosts", &[client.clone(), server(50, 60).service("shop")], "");
    check("no call", &[span(1, 0, 100, 120), server(50, 60)], "");
    let far = span(1, 0, MAX_SHIFT_NS + 100, MAX_SHIFT_NS + 100).kind(Client);
    check("too far", &[far.clone(), server(50, 60)], "");
    check("as far as allowed", &[far, server(100, 100)], "2+1000000000");
}

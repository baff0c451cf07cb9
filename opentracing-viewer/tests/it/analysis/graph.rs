use opentracing_core::SpanKind::{Client, Consumer, Producer, Server};
use opentracing_viewer::analysis::{EdgeKind, Graph, Layout, Node, NodeRole, Tree};

use super::{NodeExt, follower, span};

fn graph(nodes: &[Node<'_>]) -> Graph {
    let mut graph = Graph::default();
    graph.add(nodes, &Tree::new(nodes));
    graph
}

/// The edges as `from>to kind count/failed median`.
#[track_caller]
fn check(name: &str, nodes: &[Node<'_>], expected: &[&str]) {
    let edge = |edge: &opentracing_viewer::analysis::Edge| {
        let kind = match edge.kind {
            EdgeKind::Request => "request",
            EdgeKind::Message => "message",
            EdgeKind::Database => "database",
        };
        let calls = &edge.calls;
        format!("{}>{} {kind} {}/{} {}", edge.from, edge.to, calls.count(), calls.failed, calls.quantile(0.5))
    };
    assert_eq!(graph(nodes).edges().iter().map(edge).collect::<Vec<_>>(), expected, "{name}");
}

fn calling(mut node: Node<'static>, peer: &'static str) -> Node<'static> {
    node.peer = Some(peer);
    node
}

#[test]
fn finds_who_calls_whom() {
    let client = calling(span(2, 1, 1, 21).kind(Client), "cart-host");
    let server = span(3, 2, 5, 15).kind(Server).service("cart");
    let root = span(1, 0, 0, 30).kind(Server);
    check("a call", &[root.clone(), client.clone(), server.clone()], &["shop>cart request 1/0 20"]);
    let mut failed = server.clone();
    failed.is_failed = true;
    check("either half fails", &[root.clone(), client.clone(), failed], &["shop>cart request 1/1 20"]);
    check("a peer without spans", &[root.clone(), client.clone()], &["shop>cart-host request 1/0 20"]);
    let mut database = client.clone();
    database.is_database = true;
    check("a database", &[root.clone(), database], &["shop>cart-host database 1/0 20"]);
    check(
        "no client span",
        &[root.clone(), span(3, 1, 5, 15).kind(Server).service("cart")],
        &["shop>cart request 1/0 10"],
    );
    check(
        "an internal span between",
        &[root.clone(), client.clone(), span(4, 2, 2, 3), span(3, 4, 5, 15).kind(Server).service("cart")],
        &["shop>cart request 1/0 20"],
    );
    check("a redirect inside of one service", &[root.clone(), span(3, 1, 5, 15).kind(Server)], &[]);
    check(
        "a service that calls itself",
        &[root.clone(), client, server.service("shop")],
        &["shop>shop request 1/0 20"],
    );
    let message = [
        root.clone(),
        calling(span(2, 1, 1, 3).kind(Producer), "orders"),
        follower(3, 2, 9, 19).kind(Consumer).service("mail"),
    ];
    check("a message", &message, &["shop>mail message 1/0 10"]);
    check("a message that nobody handles", &message[..2], &["shop>orders message 1/0 2"]);
    check("a client without a name for its peer", &[root, span(2, 1, 1, 21).kind(Client)], &[]);
}

#[test]
fn knows_what_nodes_are() {
    let mut nodes = vec![span(1, 0, 0, 30).kind(Server), calling(span(2, 1, 1, 21).kind(Client), "cart")];
    nodes.push(calling(span(4, 1, 1, 21).kind(Producer), "orders"));
    let roles = |graph: &Graph| graph.nodes().into_iter().map(|node| (node.name, node.role)).collect::<Vec<_>>();
    let mut graph = graph(&nodes);
    let named = |cart| [("cart".into(), cart), ("orders".into(), NodeRole::Queue), ("shop".into(), NodeRole::Service)];
    assert_eq!(roles(&graph), named(NodeRole::Peer));
    let other = [span(7, 0, 0, 1).kind(Server).service("cart")];
    graph.add(&other, &Tree::new(&other));
    assert_eq!(roles(&graph), named(NodeRole::Service));
    assert_eq!(graph.nodes()[0].calls.count(), 1, "handled requests, not calls of it");
}

#[track_caller]
fn check_layers(name: &str, nodes: usize, edges: &[(usize, usize)], expected: &[usize]) {
    let layout = Layout::new(nodes, edges);
    assert_eq!(layout.places.iter().map(|place| place.layer).collect::<Vec<_>>(), expected, "{name}");
}

#[test]
fn lays_services_out_in_layers() {
    check_layers("no nodes", 0, &[], &[]);
    check_layers("no edges", 2, &[], &[0, 0]);
    check_layers("a chain", 3, &[(1, 0), (0, 2)], &[1, 0, 2]);
    check_layers("the longest way counts", 3, &[(0, 2), (0, 1), (1, 2)], &[0, 1, 2]);
    check_layers("a loop", 2, &[(0, 0), (0, 1)], &[0, 1]);
    check_layers("a circle behind a root", 3, &[(2, 0), (0, 1), (1, 0)], &[1, 2, 0]);
    check_layers("nothing but a circle", 2, &[(0, 1), (1, 0)], &[0, 1]);
}

#[test]
fn orders_layers_by_their_neighbours() {
    let crossed = Layout::new(4, &[(0, 3), (1, 2)]);
    let position = |node: usize| crossed.places[node].position;
    assert_eq!(position(0) < position(1), position(3) < position(2));
    assert_eq!((crossed.layers, crossed.height), (2, 2));
}

#[test]
fn leads_long_edges_past_the_nodes_between() {
    let layout = Layout::new(3, &[(0, 1), (1, 2), (0, 2)]);
    assert_eq!(layout.bends.iter().map(Vec::len).collect::<Vec<_>>(), [0, 0, 1]);
    let (between, bend) = (layout.places[1], layout.bends[2][0]);
    assert!(bend.layer == between.layer && bend.position != between.position, "{layout:?}");
    assert_eq!((bend.in_layer, layout.height, layout.places.len()), (2, 2, 3));
}

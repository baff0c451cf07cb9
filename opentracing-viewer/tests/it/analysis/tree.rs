use std::fmt::Write as _;

use opentracing_core::SpanKind::{Client, Consumer, Producer, Server};
use opentracing_viewer::analysis::{MIN_SIBLINGS, Node, Parent, Tree, like_siblings};

use super::{NodeExt, follower, span};

/// Each row as its id behind a dot for each level, with its marks: `?` missing parent, `=` duplicate, `x` cut, `~` not waited for, `>`
/// outlives its parent.
fn drawn(nodes: &[Node<'_>]) -> String {
    let mut text = String::new();
    for row in Tree::new(nodes).rows() {
        let marks = [
            (row.missing_parent.is_some(), '?'),
            (row.is_duplicate, '='),
            (row.is_cut, 'x'),
            (!row.is_blocking, '~'),
            (row.outlives_parent, '>'),
        ];
        let marks: String = marks.into_iter().filter_map(|(is_set, mark)| is_set.then_some(mark)).collect();
        write!(text, "{}{}{marks} ", ".".repeat(row.depth), nodes[row.node].id).expect("strings take any text");
    }
    text.trim_end().to_owned()
}

#[track_caller]
fn check(name: &str, nodes: &[Node<'_>], expected: &str) {
    assert_eq!(drawn(nodes), expected, "{name}");
}

fn two_parents(id: u64, first: u64, second: u64) -> Node<'static> {
    let mut node = span(id, first, 5, 6);
    node.parents.push(Parent { id: second, follows_from: true });
    node
}

#[test]
fn places_every_span() {
    check("no span", &[], "");
    check("one span", &[span(1, 0, 0, 9)], "1");
    check("children in any order", &[span(3, 2, 3, 4), span(1, 0, 1, 9), span(2, 1, 2, 5)], "1 .2 ..3");
    check(
        "siblings by start, then id",
        &[span(1, 0, 1, 9), span(4, 1, 2, 3), span(3, 1, 2, 3), span(2, 1, 5, 6)],
        "1 .3 .4 .2",
    );
    check("two roots", &[span(2, 0, 5, 6), span(1, 0, 1, 2)], "1 2");
    check("a missing parent", &[span(1, 0, 1, 9), span(3, 7, 2, 3), span(4, 3, 2, 3)], "1 3? .4");
    check("a span that names itself", &[span(1, 1, 1, 9)], "1");
    check("the second reference is found", &[span(1, 0, 1, 9), two_parents(2, 7, 1)], "1 .2~");
    check(
        "the first reference that is found wins",
        &[span(1, 0, 1, 9), span(3, 0, 2, 9), two_parents(2, 1, 3)],
        "1 .2 3",
    );
    check("follows from", &[span(1, 0, 1, 9), follower(2, 1, 5, 6)], "1 .2~");
    check("outlives its parent", &[span(1, 0, 1, 9), span(2, 1, 5, 12)], "1 .2>");
    let message = [span(1, 0, 1, 2).kind(Producer), span(2, 1, 5, 6).kind(Consumer), span(3, 2, 5, 6).kind(Consumer)];
    check("a consumer", &message, "1 .2~> ..3");
    check("an unknown start is the parent's", &[span(1, 0, 5, 9), span(2, 1, 0, 3), span(3, 1, 6, 7)], "1 .2 .3");
}

#[test]
fn copes_with_the_same_id_twice() {
    check("a retry", &[span(1, 0, 1, 9), span(1, 0, 1, 9), span(2, 1, 2, 3)], "1 .2");
    check("another span", &[span(1, 0, 1, 9), span(2, 1, 3, 5), span(2, 1, 4, 6)], "1 .2 .2=");
    let shared = [
        span(1, 0, 1, 9).kind(Client),
        span(1, 0, 2, 8).kind(Server).service("cart"),
        span(2, 1, 3, 4).service("cart"),
    ];
    check("the halves of a shared span", &shared, "1 .1 ..2");
    let reversed = [shared[1].clone(), shared[0].clone(), shared[2].clone()];
    check("the halves in the other order", &reversed, "1 .1 ..2");
    let own = [shared[0].clone(), shared[1].clone(), span(3, 1, 3, 4)];
    check("a child of the client's half", &own, "1 .1 .3");
    assert_eq!(Tree::new(&[span(1, 0, 1, 9), span(1, 0, 1, 9)]).retries(), 1);
}

#[test]
fn cuts_circles_where_they_start() {
    check("two spans", &[span(1, 2, 5, 9), span(2, 1, 3, 4)], "2x .1>");
    check(
        "three spans and a tail",
        &[span(1, 3, 5, 9), span(2, 1, 3, 4), span(3, 2, 4, 5), span(4, 1, 6, 7)],
        "2x .3> ..1> ...4",
    );
    check("a tail that comes first", &[span(4, 1, 6, 7), span(1, 2, 5, 9), span(2, 1, 3, 4)], "2x .1> ..4");
    check("beside a root", &[span(1, 2, 5, 9), span(2, 1, 3, 4), span(3, 0, 1, 2)], "3 2x .1>");
}

#[test]
fn lists_missing_parents_once() {
    let nodes = [span(1, 0, 1, 9), span(2, 8, 1, 2), span(3, 7, 1, 2), span(4, 8, 1, 2)];
    assert_eq!(Tree::new(&nodes).missing_parents(), [7, 8]);
}

#[test]
fn is_as_deep_as_the_trace() {
    let chain: Vec<_> = (1..=10_000).map(|id| span(id, id - 1, id, 20_000 - id)).collect();
    let tree = Tree::new(&chain);
    assert_eq!(tree.rows()[9_999].depth, 9_999);
    assert_eq!(tree.rows()[0].descendants, 9_999);
    let circle: Vec<_> = (1..=10_000).map(|id| span(id, id % 10_000 + 1, id, 20_000)).collect();
    assert_eq!(Tree::new(&circle).rows().iter().filter(|row| row.is_cut).count(), 1);
}

#[test]
fn groups_like_siblings() {
    let mut nodes = vec![span(1, 0, 0, 100)];
    nodes.extend((0..MIN_SIBLINGS as u64).map(|index| span(10 + index, 1, 10 * index, 10 * index + 4)));
    let groups = like_siblings(&nodes, &Tree::new(&nodes));
    assert_eq!(groups.len(), 1);
    assert_eq!((groups[0].parent, groups[0].first, groups[0].count, groups[0].total_ns), (0, 1, 5, 20));
    nodes.pop();
    assert_eq!(like_siblings(&nodes, &Tree::new(&nodes)), []);
}

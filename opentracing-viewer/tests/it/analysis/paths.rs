use opentracing_core::SpanKind::{Consumer, Producer};
use opentracing_viewer::analysis::{Node, Tree, critical_path, self_times};

use super::{NodeExt, follower, span};

/// The sections as `id:start-end`.
#[track_caller]
fn check_path(name: &str, nodes: &[Node<'_>], expected: &str) {
    let tree = Tree::new(nodes);
    let section = |section: opentracing_viewer::analysis::Section| {
        format!("{}:{}-{}", nodes[tree.rows()[section.row].node].id, section.start_ns, section.end_ns)
    };
    let path: Vec<String> = critical_path(&tree).into_iter().map(section).collect();
    assert_eq!(path.join(" "), expected, "{name}");
}

#[test]
fn finds_the_critical_path() {
    check_path("one span", &[span(1, 0, 1, 9)], "1:1-9");
    check_path("one child", &[span(1, 0, 0, 9), span(2, 1, 2, 5)], "1:0-2 2:2-5 1:5-9");
    check_path(
        "one after the other, with a gap",
        &[span(1, 0, 0, 9), span(2, 1, 1, 3), span(3, 1, 5, 9)],
        "1:0-1 2:1-3 1:3-5 3:5-9",
    );
    check_path("back to back", &[span(1, 0, 0, 9), span(2, 1, 0, 5), span(3, 1, 5, 9)], "2:0-5 3:5-9");
    check_path("the last to end wins", &[span(1, 0, 0, 9), span(2, 1, 1, 6), span(3, 1, 4, 8)], "1:0-4 3:4-8 1:8-9");
    check_path(
        "a loser's child is off too",
        &[span(1, 0, 0, 9), span(2, 1, 1, 6), span(3, 1, 4, 8), span(4, 2, 1, 3)],
        "1:0-4 3:4-8 1:8-9",
    );
    check_path(
        "the longer of two with one end",
        &[span(1, 0, 0, 9), span(2, 1, 5, 9), span(3, 1, 3, 9)],
        "1:0-3 3:3-9",
    );
    check_path("beyond the parent on both sides", &[span(1, 0, 3, 6), span(2, 1, 1, 9)], "2:3-6");
    check_path("after the parent", &[span(1, 0, 3, 6), span(2, 1, 6, 9)], "1:3-6");
    check_path(
        "a grandchild within its parent's part",
        &[span(1, 0, 3, 6), span(2, 1, 1, 9), span(3, 2, 2, 4)],
        "3:3-4 2:4-6",
    );
    check_path("no length", &[span(1, 0, 0, 9), span(2, 1, 5, 5), span(3, 2, 5, 5)], "1:0-9");
    check_path("a root without length", &[span(1, 0, 5, 5)], "");
    check_path("follows from", &[span(1, 0, 0, 9), follower(2, 1, 5, 9)], "1:0-9");
    check_path("a message", &[span(1, 0, 0, 9).kind(Producer), span(2, 1, 5, 8).kind(Consumer)], "1:0-9");
    check_path("two roots", &[span(1, 0, 0, 4), span(2, 0, 2, 6)], "1:0-4 2:2-6");
    check_path(
        "nested",
        &[span(1, 0, 0, 10), span(2, 1, 1, 9), span(3, 2, 2, 4), span(4, 2, 4, 8)],
        "1:0-1 2:1-2 3:2-4 4:4-8 2:8-9 1:9-10",
    );
}

#[track_caller]
fn check_self(name: &str, nodes: &[Node<'_>], expected: &[u64]) {
    assert_eq!(self_times(&Tree::new(nodes)), expected, "{name}");
}

#[test]
fn computes_self_time() {
    check_self("one span", &[span(1, 0, 1, 9)], &[8]);
    check_self("overlapping children count once", &[span(1, 0, 0, 10), span(2, 1, 1, 5), span(3, 1, 3, 7)], &[4, 4, 4]);
    check_self("one child inside another", &[span(1, 0, 0, 10), span(2, 1, 1, 8), span(3, 1, 3, 5)], &[3, 7, 2]);
    check_self("a child that is longer on both sides", &[span(1, 0, 3, 6), span(2, 1, 1, 9)], &[0, 8]);
    check_self("a child outside", &[span(1, 0, 3, 6), span(2, 1, 7, 9)], &[3, 2]);
    check_self("nobody waits", &[span(1, 0, 0, 9), follower(2, 1, 1, 9)], &[9, 8]);
    check_self("only children count", &[span(1, 0, 0, 9), span(2, 1, 2, 4), span(3, 2, 3, 8)], &[7, 1, 5]);
}

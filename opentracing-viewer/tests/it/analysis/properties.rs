use std::collections::HashSet;

use opentracing_viewer::analysis::{Layout, Node, Tree, clock_skew, critical_path, like_siblings, self_times};
use proptest::prelude::*;

use super::{follower, span};

/// Spans with few ids and times, so that missing parents, circles, duplicates and ties are frequent.
fn spans() -> impl Strategy<Value = Vec<Node<'static>>> {
    let span = (1..30_u64, 0..32_u64, 0..40_u64, 0..20_u64, prop::bool::weighted(0.1)).prop_map(
        |(id, parent, start, length, follows)| {
            if follows && parent != 0 {
                follower(id, parent, start, start + length)
            } else {
                span(id, parent, start, start + length)
            }
        },
    );
    prop::collection::vec(span, 0..40)
}

proptest! {
    #[test]
    fn every_span_has_one_row(nodes in spans()) {
        let tree = Tree::new(&nodes);
        let shown: HashSet<usize> = tree.rows().iter().map(|row| row.node).collect();
        prop_assert_eq!(shown.len(), tree.rows().len());
        prop_assert_eq!(shown.len() + tree.retries(), nodes.len());
        for (at, row) in tree.rows().iter().enumerate() {
            prop_assert!(row.parent.is_none_or(|parent| parent < at && parent + tree.rows()[parent].descendants >= at));
            prop_assert_eq!(row.depth, row.parent.map_or(0, |parent| tree.rows()[parent].depth + 1));
        }
    }

    #[test]
    fn the_order_of_spans_does_not_matter(nodes in spans()) {
        let mut seen = HashSet::new();
        let nodes: Vec<Node<'_>> = nodes.into_iter().filter(|node| seen.insert(node.id)).collect();
        let reversed: Vec<Node<'_>> = nodes.iter().rev().cloned().collect();
        let ids = |nodes: &[Node<'_>]| Tree::new(nodes).rows().iter().map(|row| (nodes[row.node].id, row.depth)).collect::<Vec<_>>();
        prop_assert_eq!(ids(&nodes), ids(&reversed));
    }

    #[test]
    fn the_critical_path_fills_each_root(nodes in spans()) {
        let tree = Tree::new(&nodes);
        let path = critical_path(&tree);
        let mut sections = path.iter();
        for root in tree.roots() {
            let mut reached = tree.rows()[root].start_ns;
            while reached < tree.rows()[root].end_ns {
                let section = sections.next().expect("the path ends early");
                let row = &tree.rows()[section.row];
                prop_assert_eq!(section.start_ns, reached);
                prop_assert!(row.start_ns <= section.start_ns && section.end_ns <= row.end_ns);
                prop_assert!((root..=root + tree.rows()[root].descendants).contains(&section.row));
                reached = section.end_ns;
            }
            prop_assert_eq!(reached, tree.rows()[root].end_ns);
        }
        prop_assert_eq!(sections.next(), None);
    }

    #[test]
    fn self_time_is_the_time_without_children(nodes in spans()) {
        let tree = Tree::new(&nodes);
        for (at, time) in self_times(&tree).into_iter().enumerate() {
            let row = &tree.rows()[at];
            let is_covered = |moment: u64| tree.children(at).map(|child| &tree.rows()[child]).any(|child| {
                child.is_blocking && (child.start_ns..child.end_ns).contains(&moment)
            });
            prop_assert_eq!(time, (row.start_ns..row.end_ns).filter(|moment| !is_covered(*moment)).count() as u64);
        }
    }

    #[test]
    fn nothing_panics(nodes in spans(), edges in prop::collection::vec((0..12_usize, 0..12_usize), 0..40)) {
        let tree = Tree::new(&nodes);
        clock_skew(&nodes, &tree);
        like_siblings(&nodes, &tree);
        let layout = Layout::new(12, &edges);
        let all = || layout.places.iter().chain(layout.bends.iter().flatten());
        let places: HashSet<_> = all().map(|place| (place.layer, place.position)).collect();
        prop_assert_eq!(places.len(), all().count());
    }
}

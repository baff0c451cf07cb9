//! The lines between the nodes of a graph, and their labels.

/// The size of a node, in pixels.
pub(super) const NODE: (usize, usize) = (170, 46);
/// The space between two nodes of a layer, and between two layers.
pub(super) const GAP: (usize, usize) = (150, 34);

/// A line from node to node as an SVG path, and the middle of its label's first line.
pub(super) struct Line {
    pub(super) path: String,
    pub(super) label: (usize, usize),
}

impl Line {
    /// A line from a node to another one on its right, past the free places between them. All are given by their upper left corner.
    pub(super) fn new(from: (usize, usize), bends: &[(usize, usize)], to: (usize, usize)) -> Line {
        let middle = |y: usize| y + NODE.1 / 2;
        let mut at = (from.0 + NODE.0, middle(from.1));
        let mut path = format!("M{} {}", at.0, at.1);
        for (x, y) in bends.iter().chain([&to]) {
            let (end, bow) = ((*x, middle(*y)), GAP.0 / 2);
            path += &format!("C{} {} {} {} {} {}", at.0 + bow, at.1, end.0.saturating_sub(bow), end.1, end.0, end.1);
            at = end;
            if (*x, *y) != to {
                at.0 += NODE.0;
                path += &format!("H{}", at.0);
            }
        }
        let label = match bends.first() {
            Some((x, y)) => (x + NODE.0 / 2, middle(*y) - 5),
            None => ((from.0 + NODE.0 + to.0) / 2, (middle(from.1) + middle(to.1)) / 2 - 4),
        };
        Line { path, label }
    }

    /// A line from a node to itself.
    pub(super) fn to_itself((x, y): (usize, usize)) -> Line {
        Line { path: format!("M{} {y}c-30 -30 -90 -30 -110 0", x + 140), label: (x + NODE.0 / 2, y.saturating_sub(20)) }
    }
}

/// The room for a label, and the height of its lines.
const LABEL: (usize, usize) = (120, 15);
/// How far a label moves at most, in steps.
const STEPS: usize = 30;
const STEP: usize = 5;

/// Moves labels down until they do not cover each other. Each comes with its number of lines.
pub(super) fn separate<'a>(lines: impl Iterator<Item = (&'a mut Line, usize)>) {
    let mut labels: Vec<_> = lines.map(|(line, count)| (&mut line.label, count)).collect();
    labels.sort_by_key(|(label, _)| (label.0, label.1));
    let mut taken: Vec<(usize, usize, usize)> = Vec::with_capacity(labels.len());
    for (label, count) in labels {
        let height = count * LABEL.1;
        let is_free = |y: usize| {
            !taken.iter().any(|(x, top, bottom)| label.0.abs_diff(*x) < LABEL.0 && y < *bottom && *top < y + height)
        };
        let y = (0..STEPS).map(|step| label.1 + step * STEP).find(|y| is_free(*y)).unwrap_or(label.1);
        label.1 = y;
        taken.push((label.0, y, y + height));
    }
}

//! Places for the nodes of a graph: layers from left to right, with few crossings.

/// Where the nodes of a graph are drawn.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Layout {
    /// The place of each node.
    pub places: Vec<Placed>,
    /// The places that each edge passes in the layers between its nodes, where no node is.
    pub bends: Vec<Vec<Placed>>,
    /// The number of layers.
    pub layers: usize,
    /// The number of nodes and passing edges in the fullest layer.
    pub height: usize,
}

/// The place of a node.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Placed {
    /// The layer, from 0 at the left.
    pub layer: usize,
    /// The place in the layer, from 0 at the top.
    pub position: usize,
    /// The number of nodes and passing edges in the layer.
    pub in_layer: usize,
}

/// Sweeps over the layers, each of which orders them by their neighbours.
const SWEEPS: usize = 4;

impl Layout {
    /// Places `nodes` nodes with these edges, given as pairs of indexes. The same graph always gets the same places. A node is one layer
    /// right of the rightmost node that leads to it; an edge that closes a circle does not count. Costs O(sweeps · e log n).
    pub fn new(nodes: usize, edges: &[(usize, usize)]) -> Layout {
        let forward = without_cycles(nodes, edges);
        let mut layer = longest_paths(nodes, &forward);
        let layers = layer.iter().max().map_or(0, |last| last + 1);
        // An edge over several layers becomes a chain of short ones, over nodes of its own.
        let mut chains: Vec<Vec<usize>> = Vec::with_capacity(edges.len());
        let mut short = Vec::with_capacity(edges.len());
        for &(from, to) in edges {
            let first = layer.len();
            layer.extend(layer[from] + 1..layer[to]);
            chains.push((first..layer.len()).collect());
            let stops: Vec<usize> = [from].into_iter().chain(first..layer.len()).chain([to]).collect();
            if layer[from] < layer[to] {
                short.extend(stops.windows(2).map(|pair| (pair[0], pair[1])));
            }
        }
        let mut order: Vec<Vec<usize>> = vec![Vec::new(); layers];
        for (node, layer) in layer.iter().enumerate() {
            order[*layer].push(node);
        }
        reduce_crossings(&mut order, &short, layer.len());
        let mut places = vec![Placed::default(); layer.len()];
        for (layer, members) in order.iter().enumerate() {
            for (position, node) in members.iter().enumerate() {
                places[*node] = Placed { layer, position, in_layer: members.len() };
            }
        }
        let height = order.iter().map(Vec::len).max().unwrap_or(0);
        let bends = chains.into_iter().map(|chain| chain.into_iter().map(|node| places[node]).collect()).collect();
        places.truncate(nodes);
        Layout { places, bends, layers, height }
    }
}

/// The edges without loops and without those that lead back on a walk in depth.
fn without_cycles(nodes: usize, edges: &[(usize, usize)]) -> Vec<(usize, usize)> {
    #[derive(Clone, Copy, PartialEq)]
    enum State {
        New,
        Open,
        Done,
    }
    let mut next: Vec<Vec<usize>> = vec![Vec::new(); nodes];
    let mut has_caller = vec![false; nodes];
    for &(from, to) in edges.iter().filter(|(from, to)| from != to) {
        next[from].push(to);
        has_caller[to] = true;
    }
    let mut state = vec![State::New; nodes];
    let mut forward = Vec::with_capacity(edges.len());
    // From the nodes that nobody calls, so that the edges that lead back are those that a reader would call so.
    let starts = (0..nodes).filter(|node| !has_caller[*node]).chain(0..nodes).collect::<Vec<_>>();
    for start in starts {
        if state[start] != State::New {
            continue;
        }
        state[start] = State::Open;
        let mut stack = vec![(start, 0)];
        while let Some((node, edge)) = stack.last_mut() {
            let from = *node;
            let Some(&to) = next[from].get(*edge) else {
                state[from] = State::Done;
                stack.pop();
                continue;
            };
            *edge += 1;
            if state[to] != State::Open {
                forward.push((from, to));
            }
            if state[to] == State::New {
                state[to] = State::Open;
                stack.push((to, 0));
            }
        }
    }
    forward
}

/// The number of edges on the longest way to each node.
fn longest_paths(nodes: usize, forward: &[(usize, usize)]) -> Vec<usize> {
    let mut next: Vec<Vec<usize>> = vec![Vec::new(); nodes];
    let mut open = vec![0_usize; nodes];
    for &(from, to) in forward {
        next[from].push(to);
        open[to] += 1;
    }
    let mut layer = vec![0; nodes];
    let mut ready: Vec<usize> = (0..nodes).filter(|node| open[*node] == 0).collect();
    while let Some(node) = ready.pop() {
        for &to in &next[node] {
            layer[to] = layer[to].max(layer[node] + 1);
            open[to] -= 1;
            if open[to] == 0 {
                ready.push(to);
            }
        }
    }
    layer
}

/// Orders each layer by the mean place of the neighbours on one side, and then on the other.
fn reduce_crossings(order: &mut [Vec<usize>], forward: &[(usize, usize)], nodes: usize) {
    let mut left: Vec<Vec<usize>> = vec![Vec::new(); nodes];
    let mut right: Vec<Vec<usize>> = vec![Vec::new(); nodes];
    for &(from, to) in forward {
        right[from].push(to);
        left[to].push(from);
    }
    for sweep in 0..SWEEPS {
        let neighbours = if sweep % 2 == 0 { &left } else { &right };
        let mut place = vec![0.0_f64; nodes];
        let set = |place: &mut Vec<f64>, members: &[usize]| {
            for (position, node) in members.iter().enumerate() {
                // Layers are centred, so a place is relative to the middle.
                place[*node] = position as f64 - (members.len() as f64 - 1.0) / 2.0;
            }
        };
        order.iter().for_each(|members| set(&mut place, members));
        let layers: Vec<usize> =
            if sweep % 2 == 0 { (0..order.len()).collect() } else { (0..order.len()).rev().collect() };
        for layer in layers {
            let mut keyed: Vec<(f64, usize)> = Vec::with_capacity(order[layer].len());
            for &node in &order[layer] {
                let near = &neighbours[node];
                let sum: f64 = near.iter().map(|other| place[*other]).sum();
                keyed.push((if near.is_empty() { place[node] } else { sum / near.len() as f64 }, node));
            }
            keyed.sort_by(|a, b| a.0.total_cmp(&b.0));
            order[layer] = keyed.into_iter().map(|(_, node)| node).collect();
            set(&mut place, &order[layer]);
        }
    }
}

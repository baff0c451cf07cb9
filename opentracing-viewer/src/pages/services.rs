//! The graph of services, drawn on the server.

use askama::Template;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;

use crate::analysis::{Edge, EdgeKind, Graph, Layout, Node, NodeRole, Parent, Placed, Tree};
use crate::pages::PageState;
use crate::pages::edges::{GAP, Line, NODE, separate};
use crate::pages::filter::{Pairs, query_of};
use crate::pages::format::{Length, Share};
use crate::pages::frame::{Frame, page};
use crate::pages::nodes::peer;
use crate::pages::operations::{RANGES, minutes, since};
use crate::pages::palette::Palette;
use crate::store::{Scope, Store, TraceRows};

#[derive(Template)]
#[template(path = "services.html")]
struct ServicesPage {
    frame: Frame,
    minutes: u64,
    focus: String,
    nodes: Vec<NodeView>,
    edges: Vec<EdgeView>,
    width: usize,
    height: usize,
    /// Too many nodes for a drawing.
    is_crowded: bool,
    traces: usize,
    is_sample: bool,
}

/// A node in the drawing and in the table.
struct NodeView {
    name: String,
    short: String,
    role: &'static str,
    class: String,
    link: String,
    x: usize,
    y: usize,
    count: u64,
    rate: String,
    failed: Share,
    p95: Length,
}

struct EdgeView {
    from: String,
    to: String,
    kind: &'static str,
    line: Line,
    width: String,
    class: &'static str,
    note: &'static str,
    link: String,
    count: u64,
    rate: String,
    failed: Share,
    p50: Length,
    p95: Length,
}

/// More traces are not read, the newest count.
const MAX_TRACES: usize = 5_000;
/// Graphs with more nodes are shown as a table, until one is focused.
const MAX_DRAWN: usize = 60;

pub(super) async fn services(State(state): State<PageState>, RawQuery(query): RawQuery, frame: Frame) -> Response {
    let pairs = Pairs::parse(query.as_deref());
    let minutes = minutes(&pairs);
    let focus = pairs.get("focus").unwrap_or_default().to_owned();
    let Some((graph, traces)) = state.app.ask(move |store| read(store, minutes)).await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    page(&draw(frame, &graph, traces, minutes, focus, &state.palette))
}

/// The graph of the newest traces.
fn read(store: &Store, minutes: u64) -> (Graph, usize) {
    let scope = Scope { from_unix_ns: Some(since(minutes)), ..Scope::default() };
    let (mut graph, mut traces) = (Graph::default(), 0);
    store.for_each_trace(&scope, |trace| {
        traces += 1;
        if traces <= MAX_TRACES {
            add(&mut graph, trace);
        }
    });
    (graph, traces)
}

fn add(graph: &mut Graph, trace: &TraceRows<'_>) {
    let rows = trace.rows();
    let services: Vec<_> = (0..rows.len()).map(|row| trace.service(row)).collect();
    let is_entry = |kind| matches!(kind, opentracing_core::SpanKind::Server | opentracing_core::SpanKind::Consumer);
    let answered: std::collections::HashSet<_> =
        rows.iter().filter(|row| is_entry(row.kind)).filter_map(|row| row.parent_id).collect();
    let peers: Vec<_> = rows
        .iter()
        .enumerate()
        .map(|(index, row)| {
            // Reading tags costs the most, so only those of calls without the other side are read.
            let is_exit = matches!(row.kind, opentracing_core::SpanKind::Client | opentracing_core::SpanKind::Producer);
            if is_exit && !answered.contains(&row.span_id) { peer(row.kind, |key| trace.tag(index, key)) } else { None }
        })
        .collect();
    let node = |index: usize| {
        let row = &rows[index];
        let mut node = Node::new(row.span_id.get(), &services[index], "");
        node.parents = row.parent_id.into_iter().map(|id| Parent { id: id.get(), follows_from: false }).collect();
        node.kind = row.kind;
        node.start_ns = row.start_unix_ns;
        node.duration_ns = row.duration_ns;
        node.is_failed = row.is_failed;
        node.peer = peers[index].as_ref().map(|(name, _)| name.as_str());
        node.is_database = peers[index].as_ref().is_some_and(|(_, is_database)| *is_database);
        node
    };
    let nodes: Vec<Node<'_>> = (0..rows.len()).map(node).collect();
    graph.add(&nodes, &Tree::new(&nodes));
}

fn draw(frame: Frame, graph: &Graph, traces: usize, minutes: u64, focus: String, palette: &Palette) -> ServicesPage {
    let mut nodes = graph.nodes();
    let mut edges = graph.edges();
    if nodes.iter().any(|node| node.name == focus) {
        edges.retain(|edge| edge.from == focus || edge.to == focus);
        nodes.retain(|node| {
            node.name == focus || edges.iter().any(|edge| edge.from == node.name || edge.to == node.name)
        });
    }
    let place = |name: &str| nodes.iter().position(|node| node.name == name).unwrap_or(0);
    let pairs: Vec<(usize, usize)> = edges.iter().map(|edge| (place(&edge.from), place(&edge.to))).collect();
    let layout = Layout::new(nodes.len(), &pairs);
    let height = layout.height.max(1) * (NODE.1 + GAP.1) + GAP.1;
    let at = |place: Placed| {
        let free = (layout.height - place.in_layer) * (NODE.1 + GAP.1) / 2;
        (10 + place.layer * (NODE.0 + GAP.0), GAP.1 + free + place.position * (NODE.1 + GAP.1))
    };
    let rate = |count: u64| format!("{:.1}/min", count as f64 / minutes as f64);
    let busiest = edges.iter().map(|edge| edge.calls.count()).max().unwrap_or(1);
    // Slow is what stands out from the other calls of its kind.
    let medians = |kind: EdgeKind| {
        let mut p95: Vec<u64> =
            edges.iter().filter(|edge| edge.kind == kind).map(|edge| edge.calls.quantile(0.95)).collect();
        p95.sort_unstable();
        p95.get(p95.len() / 2).copied().unwrap_or(0)
    };
    let usual = [EdgeKind::Request, EdgeKind::Message, EdgeKind::Database].map(|kind| (kind, medians(kind)));
    let edge_view = |(index, edge): (usize, &Edge)| {
        let (from, to) = pairs[index];
        let (start, end) = (at(layout.places[from]), at(layout.places[to]));
        let bends: Vec<_> = layout.bends[index].iter().map(|place| at(*place)).collect();
        let line = if from == to { Line::to_itself(start) } else { Line::new(start, &bends, end) };
        let p95 = edge.calls.quantile(0.95);
        let is_slow = usual.iter().any(|(kind, usual)| *kind == edge.kind && p95 > 2 * usual && p95 > 1_000_000);
        let (class, note) = match () {
            () if edge.calls.failed_share() >= 0.05 => ("failing", "failing"),
            () if is_slow => ("slow", "slow"),
            () => ("", ""),
        };
        EdgeView {
            line,
            width: format!("{:.1}", 1.0 + 3.0 * edge.calls.count() as f64 / busiest as f64),
            class,
            note,
            link: query_of([
                ("service", edge.from.as_str()),
                ("kind", if edge.kind == EdgeKind::Message { "producer" } else { "client" }),
            ]),
            from: edge.from.clone(),
            to: edge.to.clone(),
            kind: match edge.kind {
                EdgeKind::Request => "request",
                EdgeKind::Message => "message",
                EdgeKind::Database => "database",
            },
            count: edge.calls.count(),
            rate: rate(edge.calls.count()),
            failed: Share(edge.calls.failed_share()),
            p50: Length(edge.calls.quantile(0.5)),
            p95: Length(p95),
        }
    };
    let mut edge_views: Vec<EdgeView> = edges.iter().enumerate().map(edge_view).collect();
    separate(edge_views.iter_mut().map(|edge| (&mut edge.line, if edge.note.is_empty() { 1 } else { 2 })));
    let node_view = |(index, node): (usize, &crate::analysis::GraphNode)| {
        let (x, y) = at(layout.places[index]);
        let is_service = node.role == NodeRole::Service;
        NodeView {
            short: if node.name.chars().count() > 22 {
                node.name.chars().take(21).chain(['…']).collect()
            } else {
                node.name.clone()
            },
            role: match node.role {
                NodeRole::Service => "service",
                NodeRole::Database => "database",
                NodeRole::Queue => "queue",
                NodeRole::Peer => "peer",
            },
            class: if is_service { palette.class(&node.name) } else { "peer".to_owned() },
            link: if is_service {
                format!("/{}", query_of([("service", node.name.as_str())]))
            } else {
                format!("/{}", query_of([("text", node.name.as_str())]))
            },
            x,
            y,
            count: node.calls.count(),
            rate: rate(node.calls.count()),
            failed: Share(node.calls.failed_share()),
            p95: Length(node.calls.quantile(0.95)),
            name: node.name.clone(),
        }
    };
    ServicesPage {
        is_crowded: nodes.len() > MAX_DRAWN,
        nodes: nodes.iter().enumerate().map(node_view).collect(),
        edges: edge_views,
        width: layout.layers.max(1) * (NODE.0 + GAP.0) - GAP.0 + 20,
        height,
        frame,
        minutes,
        focus,
        traces: traces.min(MAX_TRACES),
        is_sample: traces > MAX_TRACES,
    }
}

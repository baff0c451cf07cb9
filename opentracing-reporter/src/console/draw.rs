//! Draws a trace: one line for the trace, and one for each span.

use opentracing_core::TraceId;

use super::bar::Axis;
use super::duration::human;
use super::entry::Entry;
use super::layout::{GAP, LEVEL, LEVELS, Layout, Widths};
use super::output::Look;
use super::pen::{Ink, Pen};
use super::store::Trace;
use super::text::{fit, width, wrap};
use super::tree::{Node, order};

/// The text of a line, and the widths of its parts.
struct Row<'a> {
    entry: &'a Entry,
    node: Node,
    service: &'a str,
    kind: &'static str,
    status: String,
    peer: String,
    duration: String,
    widths: Widths,
}

pub(super) fn draw(trace: &Trace, services: &[Box<str>], look: Look) -> String {
    let nodes = order(&trace.entries);
    let rows: Vec<Row<'_>> = nodes.iter().map(|node| Row::new(&trace.entries[node.entry], *node, services)).collect();
    let start = trace.entries.iter().map(|entry| entry.start_ns).min().unwrap_or(0);
    let length = trace.entries.iter().map(Entry::end_ns).max().unwrap_or(0).saturating_sub(start);
    let layout = Layout::of(&rows.iter().map(|row| row.widths).collect::<Vec<_>>(), look.columns);
    let mut pen = Pen::new(look.colors);
    head(&mut pen, trace, length, look.columns);
    for row in &rows {
        row.draw(&mut pen, &layout, layout.axis(start, length));
        row.draw_notes(&mut pen, &layout, look.columns);
    }
    pen.end_line();
    pen.finish()
}

fn head(pen: &mut Pen, trace: &Trace, length_ns: u64, columns: usize) {
    let entries = &trace.entries;
    let mut services: Vec<usize> = entries.iter().map(|entry| entry.service).collect();
    services.sort_unstable();
    services.dedup();
    let failed = entries.iter().filter(|entry| entry.is_failed).count();
    let id = digits(trace.id);
    pen.write(Ink::Dim, "trace ");
    pen.write(Ink::Bold, &id);
    let mut facts = vec![
        (Ink::Plain, "  ", human(length_ns)),
        (Ink::Plain, "  ", count(entries.len(), "span", "spans")),
        (Ink::Plain, ", ", count(services.len(), "service", "services")),
    ];
    if failed > 0 {
        facts.push((Ink::Error, ", ", count(failed, "error", "errors")));
    }
    if trace.is_continued {
        facts.insert(0, (Ink::Dim, "  ", "continued".to_owned()));
    }
    let mut room = columns.saturating_sub("trace ".len() + id.len());
    for (ink, gap, fact) in facts {
        let Some(left) = room.checked_sub(gap.len() + width(&fact)) else { break };
        room = left;
        pen.write(Ink::Plain, gap);
        pen.write(ink, &fact);
    }
    pen.end_line();
}

/// The trace id, with 16 digits if it has 64 bits, as in other tools.
fn digits(id: TraceId) -> String {
    if id.high() == 0 { format!("{:016x}", id.low()) } else { id.to_string() }
}

fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

impl<'a> Row<'a> {
    fn new(entry: &'a Entry, node: Node, services: &'a [Box<str>]) -> Self {
        let service: &str = services.get(entry.service).map_or("", |name| name);
        let kind = if entry.kind == Default::default() { "" } else { entry.kind.as_str() };
        let status = match (entry.is_failed, &*entry.status) {
            (true, "") => "✗".to_owned(),
            (true, status) => format!("✗ {status}"),
            (false, status) => status.to_owned(),
        };
        let arrow = if entry.kind.is_entry() { '←' } else { '→' };
        let peer = if entry.peer.is_empty() { String::new() } else { format!("{arrow} {}", entry.peer) };
        let duration = human(entry.duration_ns);
        let mark = if node.is_orphan { 2 } else { 0 };
        Row {
            widths: Widths {
                service: width(service),
                name: node.depth.min(LEVELS) * LEVEL + mark + width(&entry.name),
                kind: kind.len(),
                status: width(&fit(&status, 14)),
                peer: width(&peer),
                duration: width(&duration),
            },
            entry,
            node,
            service,
            kind,
            status,
            peer,
            duration,
        }
    }

    fn draw(&self, pen: &mut Pen, layout: &Layout, axis: Axis) {
        let service = Ink::Service(self.entry.service);
        let failed = |ink| if self.entry.is_failed { Ink::Error } else { ink };
        cell(pen, service, self.service, layout.service);
        let rails = self.rails(layout, false);
        pen.write(Ink::Dim, &rails);
        cell(pen, failed(Ink::Plain), &self.entry.name, layout.name.saturating_sub(width(&rails)));
        cell(pen, Ink::Dim, self.kind, layout.kind);
        cell(pen, failed(Ink::Plain), &self.status, layout.status);
        cell(pen, Ink::Plain, &self.peer, layout.peer);
        pen.blanks(layout.duration.saturating_sub(self.widths.duration));
        cell(pen, failed(Ink::Plain), &self.duration, self.widths.duration);
        pen.write(failed(service), &axis.bar(self.entry.start_ns, self.entry.duration_ns));
        pen.end_line();
    }

    fn draw_notes(&self, pen: &mut Pen, layout: &Layout, columns: usize) {
        let rails = self.rails(layout, true);
        let room = columns.saturating_sub(layout.service + GAP + width(&rails));
        for note in &self.entry.notes {
            for line in wrap(&note.text, room) {
                pen.blanks(layout.service + GAP);
                pen.write(Ink::Dim, &rails);
                pen.write(if note.is_error { Ink::Error } else { Ink::Dim }, line);
                pen.end_line();
            }
        }
    }

    /// The lines of the tree before the name, or before the notes below it. Deep levels show only their last part.
    fn rails(&self, layout: &Layout, below: bool) -> String {
        let Node { depth, rails, has_children, is_orphan, .. } = self.node;
        let shown = depth.min(layout.levels());
        let mut out = String::new();
        for up in (0..shown).rev() {
            let continues = up < 64 && rails >> up & 1 == 1;
            out.push_str(match (up, continues, below) {
                _ if up + 1 == shown && shown < depth => "⋯  ",
                (0, true, false) if self.entry.follows => "├┄ ",
                (0, false, false) if self.entry.follows => "└┄ ",
                (0, true, false) => "├─ ",
                (0, false, false) => "└─ ",
                (_, true, _) => "│  ",
                (_, false, _) => "   ",
            });
        }
        match (below, has_children, is_orphan) {
            (true, true, _) => out.push_str("│  "),
            (true, false, _) => out.push_str("   "),
            (false, _, true) => out.push_str("⋯ "),
            (false, _, false) => {}
        }
        out
    }
}

/// Writes a text into a column, followed by the gap. Writes nothing if the column has no width.
fn cell(pen: &mut Pen, ink: Ink, text: &str, columns: usize) {
    if columns > 0 {
        let text = fit(text, columns);
        pen.write(ink, &text);
        pen.blanks(columns.saturating_sub(width(&text)) + GAP);
    }
}

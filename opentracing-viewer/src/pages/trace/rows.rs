//! The first rows of the waterfall as HTML. The script draws all others in the same form.

use crate::pages::format::Length;
use crate::pages::palette::Palette;
use crate::pages::trace::columns::flags;
use crate::pages::trace::view::View;

/// One row, ready for the template.
pub(super) struct RowView {
    pub(super) row: usize,
    pub(super) level: usize,
    pub(super) indent: usize,
    pub(super) is_selected: bool,
    pub(super) has_children: bool,
    pub(super) span_id: String,
    pub(super) class: String,
    pub(super) service: String,
    pub(super) name: String,
    pub(super) is_failed: bool,
    pub(super) mark: &'static str,
    pub(super) x: String,
    pub(super) width: String,
    pub(super) sections: Vec<(String, String)>,
    pub(super) logs: Vec<String>,
    pub(super) offset: Length,
    pub(super) duration: Length,
    pub(super) label_x: String,
    pub(super) label_is_left: bool,
}

/// Rows on a page without script.
pub(super) const PAGE_ROWS: usize = 100;
/// Deeper rows are not moved further to the right.
const MAX_INDENT: usize = 24;

impl View {
    /// The rows of a page, from 0.
    pub(super) fn rows(&self, page: usize, selected: Option<usize>, palette: &Palette) -> Vec<RowView> {
        let first = page.saturating_mul(PAGE_ROWS).min(self.tree.rows().len());
        let last = (first + PAGE_ROWS).min(self.tree.rows().len());
        let mut sections = vec![Vec::new(); last - first];
        for section in self.path.iter().filter(|section| (first..last).contains(&section.row)) {
            let (from, to) = (self.place(section.start_ns), self.place(section.end_ns));
            sections[section.row - first].push((format!("{from:.3}"), format!("{:.3}", (to - from).max(0.1))));
        }
        let drawn = sections.into_iter().enumerate();
        drawn.map(|(index, sections)| self.row(first + index, sections, selected, palette)).collect()
    }

    fn row(&self, at: usize, sections: Vec<(String, String)>, selected: Option<usize>, palette: &Palette) -> RowView {
        let (row, span) = (&self.tree.rows()[at], self.span(at));
        let (from, to) = (self.place(row.start_ns), self.place(row.end_ns));
        // Before the bar if there is no room behind it, else inside of its end.
        let label_is_left = to > 75.0;
        RowView {
            row: at,
            level: row.depth + 1,
            indent: row.depth.min(MAX_INDENT) * 12,
            is_selected: selected == Some(at),
            has_children: row.descendants > 0,
            span_id: span.span_id.to_string(),
            class: palette.class(span.service()),
            service: span.service().to_string(),
            name: span.name.to_string(),
            is_failed: span.is_failed,
            mark: flags::text(flags::of(row, span)),
            x: format!("{from:.3}"),
            width: format!("{:.3}", (to - from).max(0.1)),
            sections,
            logs: span.logs.iter().map(|log| format!("{:.3}", self.place(log.unix_ns))).take(100).collect(),
            offset: Length(row.start_ns.saturating_sub(self.bounds.0)),
            duration: Length(row.duration_ns()),
            label_x: format!("{:.3}", if label_is_left && from > 20.0 { from } else { to }),
            label_is_left,
        }
    }
}
